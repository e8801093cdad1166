// Package jsonrpc decodes the envelope of a JSON-RPC 2.0 message: no more of it than is
// needed to know what a request costs.
package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Codes of JSON-RPC errors.
const (
	ParseError     = -32700
	InvalidRequest = -32600
	MethodNotFound = -32601
	InvalidParams  = -32602
	ServerError    = -32000 // a budget is used up
)

// Error is the error of a response.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

// Message is a decoded request, notification or response.
type Message struct {
	ID       json.RawMessage // a string or an integer; nil for a notification
	Method   string          // "" for a response
	Tool     string          // name of the called tool, for a request with the method tools/call
	envelope map[string]json.RawMessage
}

// Decode decodes a message. Its *Error is of the code ParseError or InvalidRequest. With an
// error, the message has the id if it could be read.
func Decode(body []byte) (*Message, *Error) {
	m := &Message{}
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	switch {
	case len(trimmed) == 0:
		return m, &Error{Code: ParseError, Message: "the body is empty: send one JSON-RPC message"}
	case !json.Valid(body):
		return m, &Error{Code: ParseError, Message: "the body is not JSON: " + syntax(body)}
	case trimmed[0] == '[':
		return m, &Error{Code: InvalidRequest, Message: "batches are not accepted: send one message per request"}
	case trimmed[0] != '{' || json.Unmarshal(body, &m.envelope) != nil:
		return m, &Error{Code: InvalidRequest, Message: "the message must be a JSON object"}
	}
	if raw, sent := m.envelope["id"]; sent {
		if !isID(raw) {
			return m, &Error{Code: InvalidRequest, Message: "id: must be a string, or an integer of at most 2^53-1"}
		}
		m.ID = raw
	}
	if text(m.envelope["jsonrpc"]) != "2.0" {
		return m, &Error{Code: InvalidRequest, Message: `jsonrpc: must be "2.0"`}
	}
	return m, m.method()
}

// method reads what is called.
func (m *Message) method() *Error {
	raw, sent := m.envelope["method"]
	if !sent {
		_, result := m.envelope["result"]
		_, failure := m.envelope["error"]
		if result != failure {
			return nil // a response
		}
		return &Error{Code: InvalidRequest, Message: "method: is required"}
	}
	if m.Method = text(raw); m.Method == "" {
		return &Error{Code: InvalidRequest, Message: "method: must be a text"}
	}
	params, sent := m.envelope["params"]
	if !sent {
		return nil
	}
	var named map[string]json.RawMessage
	if json.Unmarshal(params, &named) != nil || named == nil {
		return &Error{Code: InvalidRequest, Message: "params: must be an object"}
	}
	if m.Method == "tools/call" && m.ID != nil { // a notification has no result, so it calls nothing
		m.Tool = text(named["name"])
	}
	// Encoded again, so that a name that is given twice has one value for every reader.
	m.envelope["params"] = encode(named)
	return nil
}

// Encoded returns the message with each name once, as it was decoded.
func (m *Message) Encoded() []byte {
	kept := map[string]json.RawMessage{}
	for _, name := range []string{"jsonrpc", "id", "method", "params", "result", "error"} {
		if raw, sent := m.envelope[name]; sent {
			kept[name] = raw
		}
	}
	return encode(kept)
}

// Response encodes an error response. A nil id is null.
func Response(id json.RawMessage, e *Error) []byte {
	if id == nil {
		id = json.RawMessage("null")
	}
	return encode(struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   *Error          `json:"error"`
	}{"2.0", id, e})
}

// encode encodes values of this package, which always encode.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func text(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// maxID is the largest integer that decoders keep which read numbers as floating-point numbers.
// The SDK is one of them.
const maxID = 1<<53 - 1

// isID reports whether an id is a string or an integer that clients in any language keep.
func isID(raw json.RawMessage) bool {
	var s string
	if raw[0] == '"' {
		return json.Unmarshal(raw, &s) == nil
	}
	var n int64
	return json.Unmarshal(raw, &n) == nil && string(raw) != "null" && -maxID <= n && n <= maxID
}

// syntax says where JSON is wrong.
func syntax(body []byte) string {
	err := json.Unmarshal(body, new(json.RawMessage))
	var wrong *json.SyntaxError
	if errors.As(err, &wrong) {
		return fmt.Sprintf("%v, at byte %d", wrong, wrong.Offset)
	}
	return "its syntax is wrong"
}
