package openapi

import (
	"slices"
	"strings"
	"testing"

	"statgate/functions"
	"statgate/shared/api"
	"statgate/shared/api/preset"
)

func TestEveryConditionSaysWhenItHappens(t *testing.T) {
	t.Parallel()
	for _, condition := range api.Conditions {
		if o := occasions[condition]; o.when == "" || o.message == "" {
			t.Errorf("condition %s has no text: add one to occasions", condition)
		}
	}
	for condition := range occasions {
		if !slices.Contains(api.Conditions, condition) {
			t.Errorf("occasions tells of %s, which is no condition", condition)
		}
	}
}

func TestEveryOperationAndFunctionHasAText(t *testing.T) {
	t.Parallel()
	for _, r := range api.Routes {
		if prose[r.Operation] == "" {
			t.Errorf("operation %s has no text: add one to prose", r.Operation)
		}
		if !slices.ContainsFunc(functionTags, func(f functionTag) bool { return f.function == r.Function }) {
			t.Errorf("function %s has no tag: add one to functionTags", r.Function)
		}
	}
}

// What is said by name of an operation, a type or a property goes stale silently
// where that is renamed, so each name must still mean something.
func TestNoTextIsOfWhatIsGone(t *testing.T) {
	t.Parallel()
	for _, list := range [][]string{keysOf(prose), keysOf(own), keysOf(rawAnswers), repeatable} {
		for _, operation := range list {
			if _, ok := api.Find(operation); !ok {
				t.Errorf("there is a text of operation %s, which is gone", operation)
			}
		}
	}
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	r := newRegistry(nil)
	for _, h := range functions.All(functions.Deps{Contract: c}) {
		out := h.Output
		if out.Implements(listed) {
			field, _ := out.FieldByName("Data")
			out = field.Type.Elem()
		}
		if out != raw {
			r.Schema(out, true, h.Operation)
		}
	}
	for full, name := range names {
		if r.schemas[name] == nil {
			t.Errorf("names has %s for %s, which no answer holds", name, full)
		}
	}
	for at := range canned {
		schema, property, _ := strings.Cut(at, ".")
		if schema == "" || strings.HasSuffix(schema, "Input") || strings.HasSuffix(schema, "List") {
			continue
		}
		if s := r.schemas[schema]; s == nil || s.Properties[property] == nil {
			t.Errorf("there is an example of %s, which is gone", at)
		}
	}
}

func keysOf[V any](m map[string]V) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	return list
}
