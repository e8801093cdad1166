package bind

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
)

// queryValues parses query parameters by their schemas. Items of a list are separated by
// commas, or the parameter is repeated, or both. Other parameters may be given only once.
func (b *Binder) queryValues(q url.Values) (map[string]any, error) {
	values := map[string]any{}
	for _, name := range sorted(q) {
		ours := name
		if to, ok := b.rename[name]; ok {
			ours = to
		}
		schema := b.schema.Properties[ours]
		if schema == nil {
			return nil, unknownParameter(name)
		}
		if len(q[name]) != 1 && schema.Type != huma.TypeArray {
			return nil, b.parameter(name, "must be given only once")
		}
		text := strings.Join(q[name], ",")
		v, ok := parse(schema, text)
		if !ok {
			return nil, b.parameter(name, "%s, got %q", unparsed(schema, text), clip(text))
		}
		values[name] = v
	}
	return values, nil
}

func sorted(q url.Values) []string {
	names := make([]string, 0, len(q))
	for name := range q {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func parse(schema *huma.Schema, text string) (any, bool) {
	switch schema.Type {
	case huma.TypeInteger:
		n, err := strconv.ParseInt(text, 10, 32)
		return float64(n), err == nil && text[0] != '+'
	case huma.TypeBoolean:
		return text == "true", text == "true" || text == "false"
	case huma.TypeArray:
		var list []any
		for _, part := range strings.Split(text, ",") {
			v, ok := parse(schema.Items, part)
			if !ok || part == "" {
				return nil, false
			}
			if !slices.Contains(list, v) { // the same item again changes nothing
				list = append(list, v)
			}
		}
		return list, true
	}
	return text, true
}

// unparsed says why text is no value of a schema.
func unparsed(schema *huma.Schema, text string) string {
	if _, whole := new(big.Int).SetString(text, 10); whole && schema.Type == huma.TypeInteger && text[0] != '+' {
		return "is out of range"
	}
	return "must be " + kind(schema)
}

// kind names a schema's type in error messages, with its article.
func kind(schema *huma.Schema) string {
	switch schema.Type {
	case huma.TypeArray:
		return "a list separated by commas"
	case huma.TypeInteger:
		return "an integer"
	case huma.TypeBoolean:
		return "true or false"
	}
	return "a " + schema.Type
}

func clip(text string) string {
	if len(text) > 60 {
		return strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}

// parameter returns the error for a query parameter that cannot be parsed.
func (b *Binder) parameter(name, format string, args ...any) error {
	condition := api.Unreadable
	switch b.condition(name) {
	case api.InputLimit:
		condition = api.UnreadableLimit
	case api.InputCursor:
		condition = api.UnreadableCursor
	}
	return refused(condition, name, fmt.Sprintf(format, args...))
}

// unknownParameter returns the error for a query parameter that the operation does
// not have, even if another operation has one of this name.
func unknownParameter(name string) error {
	return refused(api.Unreadable, name, "unknown query parameter")
}

func refused(condition, name, what string) error {
	return &api.Error{Condition: condition, Message: clip(name) + ": " + what, Fields: map[string][]string{name: {what}}}
}

// condition returns the condition of an invalid field. Limits, cursors and dates
// have conditions of their own, the same in query and body. Bodies of key
// management always get [api.InputField].
func (b *Binder) condition(field string) string {
	if b.route.Management && !b.FromQuery() {
		return api.InputField
	}
	ours := field
	if to, ok := b.rename[field]; ok {
		ours = to
	}
	switch {
	case ours == "limit":
		return api.InputLimit
	case ours == "cursor" || ours == "page" || ours == "offset":
		return api.InputCursor
	}
	if s := b.schema.Properties[ours]; s != nil && Dated(s) {
		return api.InputDate
	}
	if b.FromQuery() {
		return api.InputParameter
	}
	return api.InputField
}

// Dated reports whether an input is a date or a time. Handlers parse the format
// iso-8601 themselves, as it allows more than RFC 3339.
func Dated(s *huma.Schema) bool {
	return s.Format == "date" || s.Format == "date-time" || s.Format == "iso-8601"
}

// refuse returns one error for all invalid fields, under the contract's names.
func (b *Binder) refuse(values map[string]any, wrong map[string][]string) error {
	fields, form := map[string][]string{}, []string{}
	var names []string
	for at, what := range wrong {
		if at == "" {
			form = append(form, what...)
			continue
		}
		name := b.located(at)
		fields[name] = append(fields[name], what...)
		names = append(names, name)
	}
	sort.Strings(names)
	if len(names) == 0 {
		return &api.Error{Condition: api.InputField, Message: "validation failed", Fields: fields, Form: form}
	}
	cond := b.condition(names[0])
	message := "validation failed"
	if cond != api.InputField {
		message = clip(names[0]) + ": " + strings.Join(fields[names[0]], "; ")
		if v, ok := values[names[0]].(string); ok && b.FromQuery() {
			message += ", got " + strconv.Quote(clip(v))
		}
	}
	return &api.Error{Condition: cond, Message: message, Fields: fields, Form: form}
}

// located returns a place such as statuses[0].name under the contract's name. In a
// query a list is one parameter, so the place is the parameter's name.
func (b *Binder) located(at string) string {
	end := strings.IndexAny(at, ".[")
	if end < 0 {
		return b.Name(at)
	}
	if b.FromQuery() {
		return b.Name(at[:end])
	}
	return b.Name(at[:end]) + at[end:]
}

// bodyValues parses a JSON object. An empty body is an empty object. A duplicate key
// is an error, as its first value would be lost.
func (b *Binder) bodyValues(body []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return map[string]any{}, nil
	}
	var duplicates []string
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	v, err := readValue(dec, "", 0, &duplicates)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("unexpected data after the JSON value")
		}
	}
	if err != nil {
		return nil, api.Fail(api.InputJSON, "the body is not valid JSON: %s", problem(err, body))
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, &api.Error{Condition: api.InputField, Message: "validation failed", Fields: map[string][]string{}, Form: []string{"the body must be a JSON object"}}
	}
	if len(duplicates) > 0 {
		fields := map[string][]string{}
		for _, at := range duplicates {
			fields[at] = []string{"must be given only once"}
		}
		return nil, &api.Error{Condition: api.InputField, Message: "validation failed", Fields: fields, Form: []string{}}
	}
	return object, nil
}

const maxDepth = 32

// readValue parses one value and appends the places of duplicate keys to duplicates.
func readValue(dec *json.Decoder, at string, depth int, duplicates *[]string) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("nested deeper than 32 levels")
	}
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return readObject(dec, at, depth, duplicates)
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			v, err := readValue(dec, at+"["+strconv.Itoa(len(list))+"]", depth+1, duplicates)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := dec.Token()
		return list, err
	}
	if n, ok := token.(json.Number); ok {
		if _, err := n.Float64(); err != nil {
			return nil, fmt.Errorf("the number %s is out of range", clip(n.String()))
		}
	}
	return token, nil
}

// floats converts a value's numbers to float64, which schema validation expects.
func floats(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64() // readValue has checked the range
		return f
	case []any:
		for i := range v {
			v[i] = floats(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = floats(v[name])
		}
	}
	return v
}

func readObject(dec *json.Decoder, at string, depth int, duplicates *[]string) (any, error) {
	object := map[string]any{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name := key.(string)
		where := strings.TrimPrefix(at+"."+name, ".")
		if _, ok := object[name]; ok && !slices.Contains(*duplicates, where) {
			*duplicates = append(*duplicates, where)
		}
		if object[name], err = readValue(dec, where, depth+1, duplicates); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return object, err
}

// problem describes invalid JSON with its line and column. The decoder's own offsets
// count from its last token, so problem parses the whole body again.
func problem(err error, body []byte) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "unexpected end"
	}
	if bytes.HasPrefix(body, []byte("\ufeff")) { // RFC 8259, 8.1
		return "must not start with a byte order mark"
	}
	var broken, whole *json.SyntaxError
	if !errors.As(err, &broken) || !errors.As(json.Unmarshal(body, &json.RawMessage{}), &whole) {
		return err.Error()
	}
	before := body[:min(int(whole.Offset), len(body))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return fmt.Sprintf("%v (line %d, column %d)", whole, line, column)
}
