package bind

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/humantext"
)

// textRule is the rule for the strings of one type. The struct tag text of an input's field
// names the rule of its strings:
//
//   - line: text that people write, in one line
//   - lines: text that people write, which may have line breaks
//   - id: text that programs compare, such as ids, scopes, durations and URLs
//
// The first two are cleaned as package humantext says, before any other validation. Strings
// without the tag have the rule id; [Unruled] finds those whose schema does not bound them
// either. Path parameters have no rule: malformed ids are not found, like unknown ones.
type textRule struct {
	kind   string               // of a string: line, lines or id
	fields map[string]*textRule // of an object
	items  *textRule            // of a list
	open   bool                 // an object with arbitrary content, such as metadata
}

// patterns are what a schema can say of a rule.
var patterns = map[string]string{
	"line":  `^[^\x00-\x1f\x7f-\x9f]*$`,
	"lines": `^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$`,
}

// rulesOf returns the rules of a type whose field has the tag text.
func rulesOf(t reflect.Type, text string) *textRule {
	t = valueType(t)
	switch {
	case t == reflect.TypeFor[api.Object]():
		return &textRule{open: true}
	case t.Kind() == reflect.String || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		if text == "" {
			text = "id"
		}
		return &textRule{kind: text}
	case t.Kind() == reflect.Slice:
		return &textRule{items: rulesOf(t.Elem(), text)}
	case t.Kind() == reflect.Struct:
		r := &textRule{fields: map[string]*textRule{}}
		for name, f := range jsonFields(t) {
			r.fields[name] = rulesOf(f.Type, f.Tag.Get("text"))
		}
		return r
	}
	return nil
}

// valueType returns the type of a field's value: what a pointer or an [api.Nullable] holds.
func valueType(t reflect.Type) reflect.Type {
	if pointer, ok := pointerType(t); ok {
		t = pointer
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// pointerType returns the pointer type that an [api.Nullable] stands for.
func pointerType(t reflect.Type) (reflect.Type, bool) {
	n, ok := reflect.Zero(t).Interface().(interface{ PointerType() reflect.Type })
	if !ok {
		return nil, false
	}
	return n.PointerType(), true
}

// jsonFields returns the fields of a struct by their JSON names.
func jsonFields(t reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		if name := FieldName(f); name != "" {
			fields[name] = f
		}
	}
	return fields
}

// FieldName returns the JSON name of an input's field, "" if clients cannot set the field.
func FieldName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if f.Anonymous || !f.IsExported() || name == "-" {
		return ""
	}
	return name
}

// Unruled lists the strings of an input that have neither the tag text nor an enumeration, a
// pattern or a format of dates, and unknown values of the tag.
func Unruled(input reflect.Type) []string {
	var names []string
	for name, f := range jsonFields(input) {
		t := valueType(f.Type)
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		text, tagged := f.Tag.Lookup("text")
		switch {
		case tagged && (t.Kind() != reflect.String || !slices.Contains([]string{"line", "lines", "id"}, text)):
			names = append(names, name+": unknown rule "+text)
		case t.Kind() == reflect.String && !tagged && f.Tag.Get("enum")+f.Tag.Get("pattern") == "" && !Dated(&huma.Schema{Format: f.Tag.Get("format")}):
			names = append(names, name)
		case t == reflect.TypeFor[api.Object]() || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		case t.Kind() == reflect.Map || t.Kind() == reflect.Interface:
			names = append(names, name+": "+t.String()+" has no rule")
		case t.Kind() == reflect.Struct:
			for _, inner := range Unruled(t) {
				names = append(names, name+"."+inner)
			}
		}
	}
	slices.Sort(names)
	return names
}

// describe adds to a schema what it can say of the rules.
func (b *Binder) describe(s *huma.Schema, r *textRule) {
	for s != nil && s.Ref != "" {
		s = b.registry.SchemaFromRef(s.Ref)
	}
	if s == nil || r == nil {
		return
	}
	if s.Type == huma.TypeString && s.Pattern == "" && patterns[r.kind] != "" {
		s.Pattern = patterns[r.kind]
		s.PrecomputeMessages()
	}
	b.describe(s.Items, r.items)
	for name, p := range s.Properties {
		b.describe(p, r.fields[name])
	}
}

// clean applies the rules to a value. It adds the problems to wrong, by their place.
func (r *textRule) clean(at string, value any, wrong map[string][]string) any {
	if r == nil {
		return value
	}
	switch v := value.(type) {
	case string:
		return r.text(at, v, wrong)
	case []any:
		for i := range v {
			item := r.items
			if r.open {
				item = r
			}
			v[i] = item.clean(fmt.Sprintf("%s[%d]", at, i), v[i], wrong)
		}
	case map[string]any:
		if r.open {
			return r.cleanOpen(at, v, wrong)
		}
		for name := range v {
			v[name] = r.fields[name].clean(strings.TrimPrefix(at+"."+name, "."), v[name], wrong)
		}
	}
	return value
}

// text applies the rule to one string. Text that is refused is returned in a clean form, so
// that the other checks of the field apply to what people see of it.
func (r *textRule) text(at, text string, wrong map[string][]string) string {
	got, err := text, error(nil)
	switch {
	case r.kind == "line":
		got, err = humantext.Line(text)
	case r.kind == "lines" || r.open:
		got, err = humantext.Lines(text)
	default:
		err = humantext.Check(text)
	}
	if err != nil {
		wrong[at] = append(wrong[at], err.Error())
		got, _ = humantext.Clean(text)
	}
	return got
}

// cleanOpen applies the rules to an object with arbitrary content. Its names are lines.
func (r *textRule) cleanOpen(at string, object map[string]any, wrong map[string][]string) map[string]any {
	name := &textRule{kind: "line"}
	got := make(map[string]any, len(object))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		cleaned := name.text(at, key, wrong)
		if _, twice := got[cleaned]; twice {
			wrong[at] = append(wrong[at], fmt.Sprintf("must have each name only once, got %q twice", clip(cleaned)))
		}
		got[cleaned] = r.clean(at+"."+cleaned, object[key], wrong)
	}
	return got
}
