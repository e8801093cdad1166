package docspage

import (
	"bytes"
	"encoding/json"
	"html"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// value draws any JSON value.
func value(depth int) *rapid.Generator[any] {
	scalar := rapid.OneOf(rapid.String().AsAny(), rapid.Int().AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil),
		rapid.SampledFrom([]string{`"`, `<b>`, `a&#34;b`, `true`, `a: "b"`, `\`, `&amp;`}).AsAny())
	if depth == 0 {
		return scalar
	}
	return rapid.OneOf(scalar, rapid.SliceOfN(value(depth-1), 0, 3).AsAny(), rapid.MapOfN(rapid.String(), value(depth-1), 0, 3).AsAny())
}

func TestExamplesShowTheirJSONWithoutMarkup(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(value(3).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		shown := string(example(raw))
		if strings.ContainsAny(shown, "<>") {
			t.Fatalf("%s has markup: %s", raw, shown)
		}
		var flat bytes.Buffer
		if err := json.Compact(&flat, []byte(html.UnescapeString(shown))); err != nil {
			t.Fatalf("the text is not valid JSON: %v\n%s", err, shown)
		}
		if got, want := flat.String(), string(raw); got != want {
			t.Fatalf("shows %s, want %s", got, want)
		}
	})
}

func TestSmallObjectsAreOnOneLine(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		`{"a":{"home":1,"away":2}}`: "{\n  \"a\": { \"home\": 1, \"away\": 2 }\n}",
		`{}`:                        "{}",
		`[1,2]`:                     "[ 1, 2 ]",
		`not json`:                  "not json",
	}
	for raw, want := range cases {
		if got := pretty(json.RawMessage(raw)); got != want {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
	}
}
