package preset

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml"
	"github.com/invopop/jsonschema"
)

// Schema is the JSON Schema (2020-12) of a contract's file, for editors. It holds
// what a file looks like; what its parts have to do with each other only
// [Compile] knows.
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{
		Anonymous: true, ExpandedStruct: true, FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			if t == reflect.TypeFor[yaml.MapSlice]() {
				return &jsonschema.Schema{Type: "object"} // a tree of names
			}
			return nil
		},
		Namer: func(t reflect.Type) string { return t.Name() },
	}
	s := r.Reflect(&source{})
	s.Title = "Statgate contract"
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("preset: the schema of contracts: %w", err)
	}
	return append(raw, '\n'), nil
}
