package bind

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
)

// queryValues reads query parameters as their schemas have them. Lists are
// written with commas; a parameter may be given once.
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
		if len(q[name]) != 1 {
			return nil, b.parameter(name, "given more than once")
		}
		v, ok := parse(schema, q[name][0])
		if !ok {
			return nil, b.parameter(name, "%q is no %s", clip(q[name][0]), kind(schema))
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
			list = append(list, v)
		}
		return list, true
	}
	return text, true
}

// kind is what a parameter takes, in a reader's words.
func kind(schema *huma.Schema) string {
	if schema.Type == huma.TypeArray {
		return "list"
	}
	return schema.Type
}

func clip(text string) string {
	if len(text) > 60 {
		return strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}

// parameter refuses a query parameter of which no value can be read.
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

// unknownParameter refuses a query parameter that is none, whatever its name
// means elsewhere.
func unknownParameter(name string) error {
	return refused(api.Unreadable, name, "unknown query parameter")
}

func refused(condition, name, what string) error {
	return &api.Error{Condition: condition, Message: clip(name) + ": " + what, Fields: map[string][]string{name: {what}}}
}

// condition says what it means that a field is wrong. Limits, cursors and dates
// have conditions of their own, which are the same from query and body; key
// management's bodies are validated field by field instead.
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

// Dated tells whether an input is a date or a time. The handlers themselves read
// those of the format iso-8601, which is wider than RFC 3339.
func Dated(s *huma.Schema) bool {
	return s.Format == "date" || s.Format == "date-time" || s.Format == "iso-8601"
}

// refuse makes one error of all that is wrong, under the contract's names.
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
			message += ", not " + strconv.Quote(clip(v))
		}
	}
	return &api.Error{Condition: cond, Message: message, Fields: fields, Form: form}
}

// located is a place such as statuses[0].name as the client knows it: it begins with
// the contract's name, and in a query, where a list is one parameter, it is no more.
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

// bodyValues reads a JSON object. No body is an empty object. A key that is given
// twice is refused, as its first value would be lost.
func (b *Binder) bodyValues(body []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return map[string]any{}, nil
	}
	var twice []string
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	v, err := readValue(dec, "", 0, &twice)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the JSON value")
		}
	}
	if err != nil {
		return nil, api.Fail(api.InputJSON, "the body is not valid JSON: %s", problem(err, body))
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, &api.Error{Condition: api.InputField, Message: "validation failed", Fields: map[string][]string{}, Form: []string{"the body must be a JSON object"}}
	}
	if len(twice) > 0 {
		fields := map[string][]string{}
		for _, at := range twice {
			fields[at] = []string{"given more than once"}
		}
		return nil, &api.Error{Condition: api.InputField, Message: "validation failed", Fields: fields, Form: []string{}}
	}
	return object, nil
}

const maxDepth = 32

// readValue reads one value and notes the keys that an object has twice.
func readValue(dec *json.Decoder, at string, depth int, twice *[]string) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("nested deeper than 32 levels")
	}
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return readObject(dec, at, depth, twice)
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			v, err := readValue(dec, at+"["+strconv.Itoa(len(list))+"]", depth+1, twice)
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

// floats makes floats of a value's numbers, which schemas are checked against.
func floats(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64() // in range: readValue saw to it
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

func readObject(dec *json.Decoder, at string, depth int, twice *[]string) (any, error) {
	object := map[string]any{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name := key.(string)
		where := strings.TrimPrefix(at+"."+name, ".")
		if _, ok := object[name]; ok && !slices.Contains(*twice, where) {
			*twice = append(*twice, where)
		}
		if object[name], err = readValue(dec, where, depth+1, twice); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return object, err
}

// problem says where JSON is broken, by line and column. A decoder's own errors
// count from its last token, so the place is looked up in the whole body.
func problem(err error, body []byte) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
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
