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

// judge validates a YAML text as an editor does.
func judge(t *testing.T, s *jsonschema.Schema, raw []byte) error {
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

func TestEveryPresetIsValidBySchema(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for _, name := range Names() {
		raw, err := fs.ReadFile(presets, path.Join("presets", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := judge(t, s, raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaRefusesWhatEditorsShouldUnderline(t *testing.T) {
	t.Parallel()
	s := schema(t)
	raw, err := fs.ReadFile(presets, "presets/statgate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	good := string(raw)
	for what, change := range map[string][2]string{
		"an unknown name":     {"name: statgate", "nmae: statgate"},
		"an unknown style":    {"style: cursor", "style: pages"},
		"a base without /":    {"base: /v1", "base: v1"},
		"too few bytes":       {"random_bytes: 24", "random_bytes: 8"},
		"a status of success": {"quota: {status: 429", "quota: {status: 200"},
		"a text for a number": {"keys: 10, budgets", "keys: ten, budgets"},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s: the preset has no %q", what, change[0])
		}
		if judge(t, s, []byte(bad)) == nil {
			t.Errorf("%s passes: %s", what, change[1])
		}
	}
}

func TestSchemaDescribesEveryName(t *testing.T) {
	t.Parallel()
	raw, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := api.DecodeExactly(raw, &doc); err != nil {
		t.Fatal(err)
	}
	described(t, "contract", doc)
	for name, def := range doc["$defs"].(map[string]any) {
		described(t, name, def.(map[string]any))
	}
}

func described(t *testing.T, of string, object map[string]any) {
	properties, _ := object["properties"].(map[string]any)
	if len(properties) == 0 {
		t.Errorf("%s has no names", of)
	}
	for name, p := range properties {
		if text, _ := p.(map[string]any)["description"].(string); text == "" {
			t.Errorf("%s.%s has no description: tag its field with jsonschema_description", of, name)
		}
	}
}
