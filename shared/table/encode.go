package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Encode returns a struct as an item, by its json tags. A number that is not an int64
// is an error. The caller adds the keys.
func Encode(v any) (Item, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("table: encoding %T: %w", v, err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		return nil, fmt.Errorf("table: encoding %T: %w", v, err)
	}
	if err := wholeNumbers(m); err != nil {
		return nil, fmt.Errorf("table: encoding %T: %w", v, err)
	}
	return m, nil
}

// Decode fills a struct from an item by its json tags; other attributes are ignored.
func Decode(it Item, into any) error {
	raw, err := json.Marshal(it)
	if err != nil {
		return fmt.Errorf("table: decoding %T: %w", into, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("table: decoding %T: %w", into, err)
	}
	return nil
}

func wholeNumbers(at any) error {
	switch at := at.(type) {
	case map[string]any:
		for k, v := range at {
			if n, ok := v.(json.Number); ok {
				i, err := n.Int64()
				if err != nil {
					return fmt.Errorf("%s: %s is not an int64", k, n)
				}
				at[k] = i
			} else if err := wholeNumbers(v); err != nil {
				return err
			}
		}
	case []any:
		for i, v := range at {
			if n, ok := v.(json.Number); ok {
				w, err := n.Int64()
				if err != nil {
					return fmt.Errorf("%s is not an int64", n)
				}
				at[i] = w
			} else if err := wholeNumbers(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// Storable reports whether text from a request can be part of a key: valid UTF-8 of
// 1 to maxBytes bytes. Other text names no stored item, so it need not be read.
func Storable(text string, maxBytes int) bool {
	return text != "" && len(text) <= maxBytes && utf8.ValidString(text)
}

// Join makes a key of parts: Join("ORG", id) is "ORG#id".
func Join(parts ...string) string { return strings.Join(parts, "#") }
