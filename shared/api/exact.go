package api

import (
	"bytes"
	"encoding/json"
)

// DecodeExactly is json.Unmarshal for what is handed back to a client as it came:
// where the target leaves the type open, a number keeps its digits ([json.Number])
// instead of becoming the nearest float.
func DecodeExactly(raw []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	return dec.Decode(v)
}

// EncodeExactly is json.Marshal without its escapes for HTML, which make six bytes
// of one that a client sent.
func EncodeExactly(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
