package view

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"statgate/shared/contract"
)

// tree compiles a view's tree of names.
func (s *Set) tree(t reflect.Type, n *contract.Node) (*encoder, error) {
	var members []member
	for _, f := range n.Fields {
		m := member{label: label(f.Name)}
		if f.Node.Path == "" {
			enc, err := s.tree(t, f.Node)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
			m.write = enc.write
		} else {
			write, err := s.leaf(t, f.Node)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
			m.write = write
		}
		members = append(members, m)
	}
	return object(members), nil
}

// leaf compiles a path and its format.
func (s *Set) leaf(t reflect.Type, n *contract.Node) (func([]byte, reflect.Value) ([]byte, error), error) {
	steps, to, err := walk(t, n.Path)
	if err != nil {
		return nil, err
	}
	var write func([]byte, reflect.Value) ([]byte, error)
	if n.Format == "" {
		enc, err := s.compile(to)
		if err != nil {
			return nil, err
		}
		write = enc.orPlain
	} else if write, err = format(n, to); err != nil {
		return nil, err
	}
	return func(dst []byte, v reflect.Value) ([]byte, error) {
		for _, index := range steps {
			for v.Kind() == reflect.Pointer {
				if v.IsNil() {
					return append(dst, "null"...), nil
				}
				v = v.Elem()
			}
			v = v.FieldByIndex(index)
		}
		if n.Format != "" && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return append(dst, "null"...), nil
			}
			v = v.Elem()
		}
		return write(dst, v)
	}, nil
}

// walk follows a dotted path of JSON names from a struct type.
func walk(t reflect.Type, path string) (steps [][]int, to reflect.Type, err error) {
	for _, name := range strings.Split(path, ".") {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return nil, nil, fmt.Errorf("path %q: %s has no fields", path, t)
		}
		index, next := find(t, name)
		if next == nil {
			return nil, nil, fmt.Errorf("path %q: %s has no %q", path, Name(t), name)
		}
		steps, t = append(steps, index), next
	}
	return steps, t, nil
}

func find(t reflect.Type, name string) ([]int, reflect.Type) {
	for _, f := range reflect.VisibleFields(t) {
		if got, ok := jsonName(f); ok && got == name || f.Tag.Get("view") == name {
			return f.Index, f.Type
		}
	}
	return nil, nil
}

// format compiles a format. The type of its values must be a string, or a time for epoch_ms.
func format(n *contract.Node, t reflect.Type) (func([]byte, reflect.Value) ([]byte, error), error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n.Format == "epoch_ms" {
		if t != reflect.TypeFor[time.Time]() {
			return nil, fmt.Errorf("format epoch_ms requires a time, but %q is %s", n.Path, t.Kind())
		}
		return epochMillis, nil
	}
	if t.Kind() != reflect.String {
		return nil, fmt.Errorf("format %s requires text, but %q is %s", n.Format, n.Path, t.Kind())
	}
	switch n.Format {
	case "epoch":
		return epoch, nil
	case "replace":
		if len(n.Args) != 2 {
			return nil, fmt.Errorf("format replace requires two arguments: the old and the new text")
		}
		return func(dst []byte, v reflect.Value) ([]byte, error) {
			if v.Len() == 0 && v.Type().Implements(marshaler) {
				return (*encoder)(nil).orPlain(dst, v) // such as an empty reference, which is null
			}
			raw, err := json.Marshal(strings.ReplaceAll(v.String(), n.Args[0], n.Args[1]))
			return append(dst, raw...), err
		}, nil
	}
	return codes(n.Args)
}

// epoch encodes an RFC 3339 time as seconds since 1970, and other text as null.
func epoch(dst []byte, v reflect.Value) ([]byte, error) {
	moment, err := time.Parse(time.RFC3339, v.String())
	if err != nil {
		return append(dst, "null"...), nil
	}
	return strconv.AppendInt(dst, moment.Unix(), 10), nil
}

// epochMillis encodes a time as milliseconds since 1970.
func epochMillis(dst []byte, v reflect.Value) ([]byte, error) {
	moment, ok := v.Interface().(time.Time)
	if !ok {
		return dst, fmt.Errorf("view: %s is not a time", v.Type())
	}
	return strconv.AppendInt(dst, moment.UnixMilli(), 10), nil
}

// codes encodes known texts as numbers ("live=2"), and others as null.
func codes(args []string) (func([]byte, reflect.Value) ([]byte, error), error) {
	known := map[string]int64{}
	for _, arg := range args {
		text, number, ok := strings.Cut(arg, "=")
		code, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil {
			return nil, fmt.Errorf("format code requires pairs such as live=2, got %q", arg)
		}
		known[text] = code
	}
	return func(dst []byte, v reflect.Value) ([]byte, error) {
		code, ok := known[v.String()]
		if !ok {
			return append(dst, "null"...), nil
		}
		return strconv.AppendInt(dst, code, 10), nil
	}, nil
}
