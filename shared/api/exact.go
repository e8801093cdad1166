package api

import (
	"bytes"
	"encoding/json"
)

// DecodeExactly is json.Unmarshal for values that are returned to clients unchanged. In
// untyped targets it decodes numbers to [json.Number], which keeps all digits.
func DecodeExactly(raw []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	return dec.Decode(v)
}

// EncodeExactly is json.Marshal without HTML escapes, which turn one byte into six.
func EncodeExactly(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
