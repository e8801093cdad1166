package preset

import (
	"bytes"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"statgate/shared/api"
)

// schema compiles the schema of contract files.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("contract.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("contract.schema.json")
}

// validate checks a YAML text against the schema, as an editor does.
func validate(t *testing.T, s *jsonschema.Schema, raw []byte) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func TestEveryPresetMatchesTheSchema(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for _, name := range Names() {
		raw, err := fs.ReadFile(presets, path.Join("presets", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaRefusesInvalidFields(t *testing.T) {
	t.Parallel()
	s := schema(t)
	raw, err := fs.ReadFile(presets, "presets/statgate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	good := string(raw)
	for name, change := range map[string][2]string{
		"an unknown name":     {"name: statgate", "nmae: statgate"},
		"an unknown style":    {"style: cursor", "style: pages"},
		"a base without /":    {"base: /v1", "base: v1"},
		"too few bytes":       {"random_bytes: 24", "random_bytes: 8"},
		"a status of success": {"quota: {status: 429", "quota: {status: 200"},
		"a text for a number": {"keys: 10, budgets", "keys: ten, budgets"},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s: the preset has no %q", name, change[0])
		}
		if validate(t, s, []byte(bad)) == nil {
			t.Errorf("%s is accepted, want it refused: %s", name, change[1])
		}
	}
}

func TestSchemaDescribesEveryField(t *testing.T) {
	t.Parallel()
	raw, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := api.DecodeExactly(raw, &doc); err != nil {
		t.Fatal(err)
	}
	checkDescriptions(t, "contract", doc)
	for name, def := range doc["$defs"].(map[string]any) {
		checkDescriptions(t, name, def.(map[string]any))
	}
}

func checkDescriptions(t *testing.T, parent string, object map[string]any) {
	properties, _ := object["properties"].(map[string]any)
	if len(properties) == 0 {
		t.Errorf("%s has no fields", parent)
	}
	for name, p := range properties {
		if text, _ := p.(map[string]any)["description"].(string); text == "" {
			t.Errorf("%s.%s has no description: tag its field with jsonschema_description", parent, name)
		}
	}
}
