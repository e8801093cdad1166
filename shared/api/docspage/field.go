package docspage

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// field is one line of a list of parameters or properties.
type field struct {
	Name     string
	Type     string
	Required bool
	Null     bool // may be null
	Text     template.HTML
	Facts    []string // limits, default, pattern
	Values   []string // of an enumeration
	Fields   []field  // of an object without a name, or of a list's items
	Object   string   // the name of the object, or of a list's items
}

// fields lists an object's properties.
func (d *document) fields(s schema, input bool) []field {
	s, _ = d.resolve(s)
	var list []field
	for _, name := range s.order() {
		f := d.field(name, s.Properties[name])
		f.Required = input && slices.Contains(s.Required, name)
		list = append(list, f)
	}
	return list
}

func (d *document) field(name string, s schema) field {
	bare, null := d.optional(s)
	bare, object := d.resolve(bare)
	f := field{Name: name, Null: null, Text: markdown(bare.Description)}
	f.Type = d.kind(bare, object)
	item := bare
	if bare.Items != nil {
		item, object = d.resolve(*bare.Items)
	}
	for _, v := range append(slices.Clone(bare.Enum), item.Enum...) {
		if text := fmt.Sprint(v); v != nil && !slices.Contains(f.Values, text) {
			f.Values = append(f.Values, text)
		}
	}
	f.Facts = facts(bare)
	if f.Object = d.refer(item, object); f.Object == "" {
		f.Fields = d.fields(item, false)
	}
	return f
}

// kind returns a readable name of a type.
func (d *document) kind(s schema, object string) string {
	switch {
	case len(s.AnyOf) > 0:
		return "object"
	case len(s.Type) == 0:
		return "any"
	case s.Type[0] == "array" && s.Items != nil:
		item, name := d.resolve(*s.Items)
		return "list of " + d.kind(item, name)
	case s.Type[0] == "object" && object != "":
		return object
	case s.Type[0] == "string" && s.Format != "":
		return s.Format
	}
	return s.Type[0]
}

func facts(s schema) []string {
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		add("%v to %v", *s.Minimum, *s.Maximum)
	case s.Minimum != nil && *s.Minimum != 0:
		add("at least %v", *s.Minimum)
	case s.Maximum != nil:
		add("at most %v", *s.Maximum)
	}
	switch {
	case s.MinLength != nil && s.MaxLength != nil:
		add("%d to %d characters", *s.MinLength, *s.MaxLength)
	case s.MaxLength != nil:
		add("at most %d characters", *s.MaxLength)
	}
	if s.Default != nil {
		add("default %v", s.Default)
	}
	return list
}

// markdown renders the Markdown that descriptions use: paragraphs and `code`.
func markdown(text string) template.HTML {
	var b strings.Builder
	for _, paragraph := range strings.Split(text, "\n\n") {
		if strings.TrimSpace(paragraph) == "" {
			continue
		}
		b.WriteString("<p>")
		for i, part := range strings.Split(paragraph, "`") {
			text := textEscaper.Replace(part)
			if i%2 == 1 {
				text = "<code>" + text + "</code>"
			}
			b.WriteString(text)
		}
		b.WriteString("</p>")
	}
	return template.HTML(b.String())
}
