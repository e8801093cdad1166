package api

import (
	"encoding/json"
	"reflect"
)

// Nullable is an input field that distinguishes absent, null and a value. A PATCH uses it
// for fields that null clears. Tag it with omitempty.
type Nullable[T any] struct {
	Sent  bool // the field was sent, possibly as null
	Null  bool
	Value T
}

// UnmarshalJSON reads a value or null.
func (n *Nullable[T]) UnmarshalJSON(raw []byte) error {
	n.Sent = true
	if string(raw) == "null" {
		n.Null = true
		return nil
	}
	return json.Unmarshal(raw, &n.Value)
}

// MarshalJSON writes the value or null.
func (n Nullable[T]) MarshalJSON() ([]byte, error) {
	if n.Null || !n.Sent {
		return []byte("null"), nil
	}
	return json.Marshal(n.Value)
}

// PointerType returns the type whose schema the field has.
func (Nullable[T]) PointerType() reflect.Type { return reflect.TypeFor[*T]() }
