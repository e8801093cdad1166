package preset

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml"
	"github.com/invopop/jsonschema"
)

// Schema returns the JSON Schema (2020-12) of a contract file, for editors. It describes
// the form of each field. Only [Compile] checks rules that involve several fields.
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
		return nil, fmt.Errorf("preset: encoding the schema of contracts: %w", err)
	}
	return append(raw, '\n'), nil
}
