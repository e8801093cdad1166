// Package view encodes objects in a contract's views: with other names, in another tree,
// with a few formats. Objects without a view are encoded unchanged.
//
// A view has the name of its object's type: "match" is the view of matches.Match, in lists
// and inside other objects. A leaf of a view is a path of the object's JSON names. If the
// value at the path is an object with a view, or a list of such objects, that view is
// applied. A null on the path makes the leaf null. A field tagged view:"name" is visible
// only to views. Views have no conditions, loops or arithmetic; use a separate type for
// those.
package view

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"statgate/shared/contract"
)

// Set is the views of a contract, compiled for the types of responses.
type Set struct {
	views map[string]*contract.Node
	types map[reflect.Type]*encoder
}

// encoder encodes values of one type; a nil encoder is encoding/json.
type encoder struct {
	write func(dst []byte, v reflect.Value) ([]byte, error)
}

// New compiles a contract's views for the types of responses. It fails for a path that does
// not exist or a format that does not fit, with the names of the view and the field.
func New(c *contract.Contract, answers ...reflect.Type) (*Set, error) {
	s := &Set{views: c.Shapes.Views, types: map[reflect.Type]*encoder{}}
	if len(s.views) == 0 {
		return s, nil
	}
	for _, t := range answers {
		if _, err := s.compile(t); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Name returns the name of a type's view: the type's name with a lower-case first letter.
func Name(t reflect.Type) string {
	r := []rune(t.Name())
	if len(r) == 0 {
		return ""
	}
	r[0] = unicode.ToLower(r[0])
	return string(r)
}

// Marshal encodes a value as JSON, with the views of the value and its parts.
func (s *Set) Marshal(v any) ([]byte, error) {
	if s == nil || v == nil {
		return json.Marshal(v)
	}
	at := reflect.ValueOf(v)
	if enc := s.types[at.Type()]; enc != nil {
		return enc.write(nil, at)
	}
	return json.Marshal(v)
}

// compile returns the encoder of a type, or nil if no part of it has a view.
func (s *Set) compile(t reflect.Type) (*encoder, error) {
	if enc, done := s.types[t]; done {
		return enc, nil
	}
	s.types[t] = nil // a recursive type is encoded without views where it recurs
	var enc *encoder
	var err error
	switch t.Kind() {
	case reflect.Pointer:
		enc, err = s.pointer(t)
	case reflect.Slice:
		enc, err = s.slice(t)
	case reflect.Struct:
		enc, err = s.object(t)
	}
	s.types[t] = enc
	return enc, err
}

func (s *Set) pointer(t reflect.Type) (*encoder, error) {
	to, err := s.compile(t.Elem())
	if to == nil {
		return nil, err
	}
	return &encoder{func(dst []byte, v reflect.Value) ([]byte, error) {
		if v.IsNil() {
			return append(dst, "null"...), nil
		}
		return to.write(dst, v.Elem())
	}}, nil
}

func (s *Set) slice(t reflect.Type) (*encoder, error) {
	of, err := s.compile(t.Elem())
	if of == nil {
		return nil, err
	}
	return &encoder{func(dst []byte, v reflect.Value) ([]byte, error) {
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = of.write(dst, v.Index(i)); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	}}, nil
}

// member is one name of an object and the encoder of its value.
type member struct {
	label []byte // `"name":`
	write func(dst []byte, v reflect.Value) ([]byte, error)
}

func object(members []member) *encoder {
	return &encoder{func(dst []byte, v reflect.Value) ([]byte, error) {
		dst = append(dst, '{')
		for i, m := range members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, m.label...)
			var err error
			if dst, err = m.write(dst, v); err != nil {
				return dst, err
			}
		}
		return append(dst, '}'), nil
	}}
}

func label(name string) []byte {
	raw, _ := json.Marshal(name) // a string always encodes
	return append(raw, ':')
}

// object compiles a struct by its view, or unchanged if only parts of it have views.
func (s *Set) object(t reflect.Type) (*encoder, error) {
	if n, ok := s.views[Name(t)]; ok {
		enc, err := s.tree(t, n)
		if err != nil {
			return nil, fmt.Errorf("view %s: %w", Name(t), err)
		}
		return enc, nil
	}
	var members []member
	viewed := false
	for _, f := range reflect.VisibleFields(t) {
		name, ok := jsonName(f)
		if !ok {
			continue
		}
		enc, err := s.compile(f.Type)
		if err != nil {
			return nil, err
		}
		viewed = viewed || enc != nil
		members = append(members, member{label(name), at(f.Index, enc)})
	}
	if !viewed {
		return nil, nil
	}
	return object(members), nil
}

// at encodes a field of a struct.
func at(index []int, enc *encoder) func(dst []byte, v reflect.Value) ([]byte, error) {
	return func(dst []byte, v reflect.Value) ([]byte, error) {
		field, err := v.FieldByIndexErr(index)
		if err != nil {
			return append(dst, "null"...), nil // through a nil embedded pointer
		}
		return enc.orPlain(dst, field)
	}
}

func (e *encoder) orPlain(dst []byte, v reflect.Value) ([]byte, error) {
	if e != nil {
		return e.write(dst, v)
	}
	for v.Kind() == reflect.Pointer && !v.Type().Implements(marshaler) {
		if v.IsNil() {
			return append(dst, "null"...), nil
		}
		v = v.Elem()
	}
	switch {
	case v.Type().Implements(marshaler):
	case v.Kind() == reflect.String && plain(v.String()):
		return append(append(append(dst, '"'), v.String()...), '"'), nil
	case v.CanInt():
		return strconv.AppendInt(dst, v.Int(), 10), nil
	}
	raw, err := json.Marshal(v.Interface())
	return append(dst, raw...), err
}

var marshaler = reflect.TypeFor[json.Marshaler]()

// plain reports whether a text needs no escapes in JSON.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// jsonName returns a field's JSON name, and false if the field is not encoded.
func jsonName(f reflect.StructField) (string, bool) {
	if !f.IsExported() || f.Anonymous && f.Tag.Get("json") == "" {
		return "", false
	}
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return "", false
	}
	if name == "" {
		name = f.Name
	}
	return name, true
}
