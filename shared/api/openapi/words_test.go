package openapi_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"statgate/shared/api/preset"
)

// verbs are the words with which a summary may begin.
var verbs = []string{"Add", "Create", "Decide", "Delete", "Forfeit", "Get", "List", "Record", "Redeliver", "Remove",
	"Replace", "Revoke", "Rotate", "Search", "Submit", "Update"}

// odd matches words that documents avoid.
var odd = regexp.MustCompile(`(?i)\b(whoever|whatever|is none|what is none|(is|are) told|told of|goes by|became of|becomes of|puts? down|` +
	`is ended|is no [a-z]+|as well may|one that tries|that many|anew|nobody|makes of|what comes|lies in|goes on|holds to|has a look|at once|(is|can be|cannot be) had)\b`)

// texts calls see for each summary and description of a document, with its place.
// Properties and parameters without a description are seen with "".
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
				t.Errorf("%s: the %s has %q: %s", at, kind, word, text)
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
					t.Errorf("%s: %s %s: %q is not a verb of the list and an object in at most five words", name, method, path, summary)
				}
			}
		}
	}
}
