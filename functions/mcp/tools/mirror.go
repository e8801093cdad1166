package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/api/schema"
	"statgate/shared/api/view"
	"statgate/shared/contract"
)

// mirrored is the result of a tool that corresponds to an operation of the REST API.
type mirrored interface {
	answer(ctx context.Context, c *Call, e api.Encoder) (*Answer, error)
}

// mirror returns a tool with the input In whose structured result is the JSON object of a
// REST operation: the contract's view of Out, the type of the handler's result, and the
// contract's shape of lists and objects. An object that does not fit in an answer is cut, and
// has next_cursor too.
func mirror[In, Out any](title, description string, run func(ctx context.Context, c *Call, in *In) (mirrored, error)) definition {
	out := reflect.TypeFor[Out]()
	types := []reflect.Type{out}
	if out.Implements(reflect.TypeFor[api.Listed]()) {
		types = []reflect.Type{itemOf(out), reflect.SliceOf(itemOf(out))}
	}
	return definition{
		title: title, description: description, input: reflect.TypeFor[In](),
		output: func(c *contract.Contract) (json.RawMessage, error) { return mirroredSchema(c, out) },
		runner: func(c *contract.Contract) (runner, error) {
			encoder := api.Encoder{Contract: c}
			var err error
			if encoder.Views, err = view.New(c, types...); err != nil {
				return nil, err
			}
			return func(ctx context.Context, c *Call, in any) (*Answer, error) {
				typed, ok := in.(*In)
				if !ok {
					return nil, fmt.Errorf("tools: called with %T", in)
				}
				found, err := run(ctx, c, typed)
				if err != nil {
					return nil, err
				}
				return found.answer(ctx, c, encoder)
			}, nil
		},
	}
}

// itemOf returns the type of a list's items.
func itemOf(list reflect.Type) reflect.Type {
	data, _ := list.FieldByName("Data") // every api.List has it
	return data.Type.Elem()
}

// mirroredSchema returns the schema of a result as the contract shows it.
func mirroredSchema(c *contract.Contract, out reflect.Type) (json.RawMessage, error) {
	registry := schema.New("#/$defs/", c.Shapes.Views)
	var object *huma.Schema
	list := out.Implements(reflect.TypeFor[api.Listed]())
	switch {
	case list:
		object = schema.Envelope(c, c.Shapes.List, registry.Schema(itemOf(out), true, ""), nil)
	case c.Shapes.Item != nil:
		object = schema.Envelope(c, c.Shapes.Item, registry.Schema(out.Elem(), true, ""), nil)
	default:
		copied := *registry.Schema(out.Elem(), false, "")
		object = &copied
	}
	if err := registry.Err(); err != nil {
		return nil, err
	}
	if !list {
		properties := map[string]*huma.Schema{"next_cursor": {Type: huma.TypeString, Description: "Cursor of the rest; omitted if the object is whole"}}
		for name, s := range object.Properties {
			properties[name] = s
		}
		object.Properties = properties
	}
	object.Extensions = nil
	defs := registry.Map()
	for _, s := range defs {
		s.Extensions = nil // the order of properties is for documents
	}
	return closed(object, object.Required, reached(object, defs))
}

// reached returns the definitions that a schema refers to, also by other definitions.
func reached(from *huma.Schema, all map[string]*huma.Schema) map[string]*huma.Schema {
	found := map[string]*huma.Schema{}
	for pending := []*huma.Schema{from}; len(pending) > 0; pending = pending[1:] {
		raw, err := json.Marshal(pending[0])
		if err != nil {
			return all
		}
		for name, s := range all {
			if found[name] == nil && strings.Contains(string(raw), `"#/$defs/`+name+`"`) {
				found[name] = s
				pending = append(pending, s)
			}
		}
	}
	return found
}

// parts is a result made of rows. An answer has as many of them as fit.
type parts[R any] struct {
	heading string
	none    string // the line of a result without rows
	rows    []R
	line    func(r *R) string
	value   func(rows []R) any // the result of the REST operation with these rows only
	at      func(n int) (string, error)
	more    string // position after the last row; "" at the end of the result
	limit   int    // rows that the client asked for, for lists that say so
}

// answer implements mirrored.
func (p *parts[R]) answer(ctx context.Context, c *Call, e api.Encoder) (*Answer, error) {
	lines, used, position := []string{plain(p.heading)}, 0, p.more
	for i := range p.rows {
		row := plainCopy(p.rows[i])
		text := p.line(&row)
		size, err := sizeOf(e, text, row)
		if err != nil {
			return nil, err
		}
		if used += size; i > 0 && used > maxBytes-spare {
			if position, err = p.at(i); err != nil {
				return nil, api.UnavailableError("cutting an answer", err)
			}
			p.rows = p.rows[:i]
			break
		}
		lines = append(lines, text)
	}
	if len(p.rows) == 0 && p.none != "" {
		lines = append(lines, p.none)
	}
	cursor, err := c.cursor(ctx, position)
	if err != nil {
		return nil, err
	}
	data, err := object(c, e, p.value(p.rows), p.limit, cursor)
	return &Answer{Text: joined(lines, cursor), Data: data}, err
}

// sizeOf returns the bytes of a row in an answer: those of its line and of its object.
func sizeOf(e api.Encoder, line string, row any) (int, error) {
	raw, err := e.Views.Marshal(row)
	if err != nil {
		return 0, fmt.Errorf("tools: encoding a row: %w", err)
	}
	text, err := json.Marshal(line)
	return len(raw) + len(text) + 1, err
}

// object encodes a result as the REST operation does.
func object(c *Call, e api.Encoder, value any, limit int, cursor *string) (json.RawMessage, error) {
	_, list := value.(api.Listed)
	a, err := e.Success(&api.Request{Now: c.Now}, 200, plainCopy(value), api.PageInfo{Next: cursor, Page: 1, Limit: limit})
	if err != nil || list || cursor == nil {
		return a.Body, err
	}
	return append(a.Body[:len(a.Body)-1], `,"next_cursor":`+strconv.Quote(*cursor)+"}"...), nil
}

// offsets returns the rows from a cursor on, and the positions of those that follow.
func offsets[R any](ctx context.Context, c *Call, cursor string, all []R) ([]R, func(n int) (string, error), error) {
	from, err := c.offset(ctx, cursor, len(all))
	if err != nil {
		return nil, nil, err
	}
	return all[from:], func(n int) (string, error) { return strconv.Itoa(from + n), nil }, nil
}

// after returns the rows after the position in a cursor, and the positions of rows. The rows
// are in ascending order of their positions.
func after[R any](ctx context.Context, c *Call, cursor string, all []R, position func(r R) string) ([]R, func(n int) (string, error), error) {
	from, err := c.position(ctx, cursor)
	if err != nil {
		return nil, nil, err
	}
	rest := api.Slice(all, api.Page{After: from}, position).Data
	return rest, func(n int) (string, error) { return position(rest[n-1]), nil }, nil
}

// whole returns a result of one row that is the result itself.
func whole[R any](row *R, line func(r *R) string) mirrored {
	shown := plainCopy(*row)
	return &parts[R]{heading: line(&shown), value: func([]R) any { return row }}
}

// maxText is the longest text of the data in an answer, in characters. Names have at most 100.
const maxText = 120

// plainCopy returns a copy of a value with every text plain and short.
func plainCopy[T any](v T) T {
	return withTexts(v, func(text string) string { return truncated(plain(text)) })
}

// withTexts returns a copy of a value in which every text is replaced: data that people wrote
// must not look like instructions or like further lines. The value may be shared by requests.
func withTexts[T any](v T, replace func(string) string) T {
	copied, ok := copyOf(reflect.ValueOf(&v).Elem(), replace).Interface().(T)
	if !ok {
		return v // an interface without a value
	}
	return copied
}

func copyOf(v reflect.Value, replace func(string) string) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(copyOf(v.Elem(), replace))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(copyOf(v.Elem(), replace))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if out.Field(i).CanSet() {
				out.Field(i).Set(copyOf(v.Field(i), replace))
			}
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		}
		for i := range v.Len() {
			out.Index(i).Set(copyOf(v.Index(i), replace))
		}
	case reflect.String:
		out.SetString(replace(v.String()))
	}
	return out
}

func truncated(text string) string {
	if len(text) <= maxText {
		return text
	}
	runes := []rune(text)
	if len(runes) <= maxText {
		return text
	}
	return string(runes[:maxText-1]) + "…"
}
