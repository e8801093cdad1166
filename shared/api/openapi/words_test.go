package openapi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"statgate/shared/api/preset"
)

// verbs are the words with which a summary may begin.
var verbs = []string{"Add", "Create", "Decide", "Delete", "Forfeit", "Get", "List", "Record", "Redeliver", "Remove",
	"Replace", "Replay", "Revoke", "Rotate", "Search", "Submit", "Test", "Update"}

// riddles compiles the phrases that documents must not have: those of the Vale rule, and
// some that are allowed in comments.
func riddles(t *testing.T) *regexp.Regexp {
	t.Helper()
	raw, err := os.ReadFile("../../../scripts/lint/vale/styles/Statgate/Riddles.yml")
	if err != nil {
		t.Fatal(err)
	}
	var rule struct {
		Tokens []string `yaml:"tokens"`
	}
	if err := yaml.Unmarshal(raw, &rule); err != nil {
		t.Fatal(err)
	}
	if len(rule.Tokens) < 20 {
		t.Fatalf("the rule has %d phrases, want at least 20", len(rule.Tokens))
	}
	tokens := append(rule.Tokens, `is ended`, `is no [a-z]+`, `what comes`, `goes on`, `holds to`, `has a look`, `at once`, `cannot be had`)
	return regexp.MustCompile(`(?i)\b(?:` + strings.Join(tokens, "|") + `)\b`)
}

// texts calls see with each summary and description of a document and its place. For a
// property or parameter without a description, the text is "".
func texts(v any, at string, see func(at, kind, text string)) {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			texts(item, fmt.Sprintf("%s[%d]", at, i), see)
		}
	case map[string]any:
		for _, kind := range []string{"summary", "description"} {
			if text, ok := v[kind].(string); ok {
				see(at, kind, text)
			}
		}
		properties, _ := v["properties"].(map[string]any)
		for name, p := range properties {
			if text, _ := p.(map[string]any)["description"].(string); text == "" {
				see(at+"."+name, "property", "")
			}
		}
		if _, isParameter := v["in"]; isParameter && v["description"] == nil && v["schema"] != nil {
			see(at, "parameter", "")
		}
		for name, child := range v {
			if name == "example" || name == "value" {
				continue // data, not prose
			}
			if name == "properties" {
				for property, p := range properties {
					texts(p, at+"."+property, see)
				}
				continue
			}
			texts(child, at+"/"+name, see)
		}
	}
}

func TestEveryPropertyAndParameterIsDescribedInPlainWords(t *testing.T) {
	t.Parallel()
	odd := riddles(t)
	for _, name := range preset.Names() {
		c := load(t, name)
		var doc any
		if err := json.Unmarshal(write(t, c, all(c)), &doc); err != nil {
			t.Fatal(err)
		}
		texts(doc, name, func(at, kind, text string) {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: the %s has no description", at, kind)
			}
			if word := odd.FindString(text); word != "" {
				t.Errorf("%s: the %s has %q, say who does what in plain words: %s", at, kind, word, text)
			}
		})
	}
}

func TestSummariesAreAVerbAndAnObjectInAtMostFiveWords(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c := load(t, name)
		for path, methods := range at(t, write(t, c, all(c)), "paths").(map[string]any) {
			for method, op := range methods.(map[string]any) {
				summary, _ := op.(map[string]any)["summary"].(string)
				words := strings.Fields(summary)
				if len(words) < 2 || len(words) > 5 || !slices.Contains(verbs, words[0]) {
					t.Errorf("%s: %s %s: %q must be a verb of the list and an object, at most five words", name, method, path, summary)
				}
			}
		}
	}
}
