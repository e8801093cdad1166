package tools

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api/bind"
	"statgate/shared/humantext"
)

// inputSchema returns the JSON Schema of a tool's arguments.
func inputSchema(b *bind.Binder) (json.RawMessage, error) {
	schema, _ := b.Schema()
	return closed(schema, b.Required(), nil)
}

// outputSchema returns the JSON Schema of a tool's structured result.
func outputSchema(t reflect.Type) (json.RawMessage, error) {
	if name := omitted(t, map[reflect.Type]bool{}); name != "" {
		return nil, fmt.Errorf("%s: an embedded type must be exported, because the schema omits the fields of others", name)
	}
	registry := huma.NewMapRegistry("#/$defs/", huma.DefaultSchemaNamer)
	schema := huma.SchemaFromType(registry, t)
	if schema.Ref != "" {
		schema = registry.SchemaFromRef(schema.Ref)
	}
	return closed(schema, schema.Required, registry.Map())
}

// omitted returns the name of an embedded type whose fields JSON has and the schema has not, or "".
func omitted(t reflect.Type, seen map[reflect.Type]bool) string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return omitted(t.Elem(), seen)
	case reflect.Struct:
		if seen[t] {
			return ""
		}
		seen[t] = true
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Anonymous && !f.IsExported() {
				return t.Name() + "." + f.Name
			}
			if name := omitted(f.Type, seen); f.IsExported() && name != "" {
				return name
			}
		}
	}
	return ""
}

// closed encodes the schema of an object with its required properties and the schemas that it
// refers to.
func closed(s *huma.Schema, required []string, defs map[string]*huma.Schema) (json.RawMessage, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encoding a schema: %w", err)
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, fmt.Errorf("decoding a schema: %w", err)
	}
	if object["properties"] == nil {
		object["properties"] = map[string]any{}
	}
	object["type"], object["additionalProperties"] = "object", false
	if len(required) > 0 {
		object["required"] = required
	}
	if len(defs) > 0 {
		object["$defs"] = defs
	}
	return json.Marshal(object)
}

// plain returns a text of the data as one line without control characters.
func plain(text string) string {
	if text == "" {
		return ""
	}
	line, _ := humantext.Clean(text)
	return line
}
