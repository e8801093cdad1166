package docspage

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"statgate/functions"
	"statgate/shared/api/openapi"
	"statgate/shared/api/preset"
)

var (
	article = regexp.MustCompile(`(?s)<article class="endpoint" id="(\w+)".*?<span class="m (\w+)">.*?<figure class="code call">.*?<pre><code>(.*?)</code>`)
	markup  = regexp.MustCompile(`<[^>]*>`)
	target  = regexp.MustCompile(`^curl "([^"]*)"`)
	data    = regexp.MustCompile(`(?s) -d '(.*)'$`)
)

// The script reads the call of an endpoint from the page's sample, and shows its own sample
// when the reader changes the language or the form.
func TestScriptShowsTheCurlCommandOfThePage(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c, err := preset.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := openapi.Document(c, functions.All(functions.Deps{Contract: c}), "")
		if err != nil {
			t.Fatal(err)
		}
		page, err := Render(c, doc)
		if err != nil {
			t.Fatal(err)
		}
		var calls []call
		var want []string
		for _, m := range article.FindAllStringSubmatch(string(page), -1) {
			text := html.UnescapeString(markup.ReplaceAllString(m[3], ""))
			made := call{Method: m[2], URL: target.FindStringSubmatch(text)[1]}
			if strings.Contains(text, "$API_KEY") {
				made.Auth = auth(c)
			}
			if body := data.FindStringSubmatch(text); body != nil {
				made.Body = strings.ReplaceAll(body[1], `'\''`, "'")
			}
			calls, want = append(calls, made), append(want, text)
		}
		if len(calls) == 0 {
			t.Fatalf("%s: the page has no samples", name)
		}
		for i, made := range samplesOf(t, calls) {
			if made["curl"] != want[i] {
				t.Errorf("%s: got\n%s\nwant the page's\n%s", name, made["curl"], want[i])
			}
		}
	}
}
