// Package view writes objects as a contract shows them: under other names, in
// another tree, with a few formats. What has no view is written as it is.
//
// A view is named by its object's type: "match" shows matches.Match wherever it
// stands, in lists and inside other objects. A leaf of a view is a path into the
// object, by its own JSON names; where the path leads to an object that has a
// view, or to a list of them, that view is used in turn. Anything on the way that
// is null makes the leaf null. A field tagged view:"name" is for views alone: the
// object as it is does not show it. There are no conditions, loops or arithmetic: what
// needs more is a type of its own.
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

// Set is the views of a contract, compiled for the types that are answered with.
type Set struct {
	views map[string]*contract.Node
	types map[reflect.Type]*encoder
}

// encoder writes values of one type; nil writes them as encoding/json does.
type encoder struct {
	write func(dst []byte, v reflect.Value) ([]byte, error)
}

// New compiles a contract's views for the answers' types. A path that leads
// nowhere, or a format that does not fit, is an error naming the view and the field.
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

// Name is what a type's view is called: its name with a small first letter.
func Name(t reflect.Type) string {
	r := []rune(t.Name())
	if len(r) == 0 {
		return ""
	}
	r[0] = unicode.ToLower(r[0])
	return string(r)
}

// Marshal writes a value as JSON, by the views that it or its parts have.
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

// compile returns the encoder of a type, nil where no part of it has a view.
func (s *Set) compile(t reflect.Type) (*encoder, error) {
	if enc, done := s.types[t]; done {
		return enc, nil
	}
	s.types[t] = nil // a type that holds itself is written as it is there
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

// member is one name of an object and how its value is written.
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

// object compiles a struct: by its view, or as it is where only its parts have one.
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

// at writes a field of a struct.
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

// plain tells whether a text needs no escape in JSON.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// jsonName is the field's name in JSON; false for what is not written.
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
