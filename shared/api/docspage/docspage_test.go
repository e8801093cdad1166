package docspage_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"

	"statgate/functions"
	"statgate/shared/api"
	"statgate/shared/api/docspage"
	"statgate/shared/api/openapi"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

func document(t *testing.T, name string) (*contract.Contract, []byte) {
	t.Helper()
	c, err := preset.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi.Document(c, functions.All(functions.Deps{Contract: c}), "")
	if err != nil {
		t.Fatal(err)
	}
	return c, doc
}

func render(t *testing.T, c *contract.Contract, doc []byte) string {
	t.Helper()
	page, err := docspage.Render(c, doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestPageSendsNoRequests(t *testing.T) {
	t.Parallel()
	// Attributes, CSS and script that make a browser send a request.
	requests := regexp.MustCompile(`(?i)\ssrc(set)?=|<link[^>]*href="[^d]|<(img|iframe|object|embed|video|audio|base|form)\b|@import|url\(|\bfetch\(|XMLHttpRequest|new WebSocket|EventSource|sendBeacon|\bimport\(`)
	for _, name := range preset.Names() {
		c, doc := document(t, name)
		page := render(t, c, doc)
		if found := requests.FindString(page); found != "" {
			t.Errorf("%s: the page has %q", name, found)
		}
		for _, m := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if to := m[1]; !strings.HasPrefix(to, "#") && to != "openapi.json" && to != "data:," {
				t.Errorf("%s: the page links to %s", name, to)
			}
		}
	}
}

func TestPolicyAllowsOnlyTheInlineStyleAndScript(t *testing.T) {
	t.Parallel()
	c, doc := document(t, "statgate")
	page := render(t, c, doc)
	policy := html.UnescapeString(regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)[1])
	if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %s, want default-src 'none' first and nothing unsafe", policy)
	}
	for _, tag := range []string{"style", "script"} {
		inline := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(page, -1)
		if got, want := len(inline), 1; got != want {
			t.Fatalf("the page has %d inline %ss, want %d", got, tag, want)
		}
		sum := sha256.Sum256([]byte(inline[0][1]))
		if want := tag + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s", want)
		}
	}
	if found := regexp.MustCompile(`\s(style|on[a-z]+)="`).FindString(page); found != "" {
		t.Errorf("the page has an inline %s, which its policy refuses", found)
	}
}

func TestPageIsCompleteWithoutAScript(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c, doc := document(t, name)
		page := regexp.MustCompile(`(?s)<script>.*?</script>`).ReplaceAllString(render(t, c, doc), "")
		for _, r := range api.Documented(c) {
			article := regexp.MustCompile(`(?s)<article class="endpoint" id="` + r.Operation + `".*?</article>`).FindString(page)
			if article == "" {
				t.Errorf("%s: the page has no %s", name, r.Operation)
				continue
			}
			wants := []string{`<span class="m ` + r.Method + `">`, html.EscapeString(r.Summary), "curl &#34;"}
			if strings.Contains(article, "curl \"") {
				wants[2] = "curl \""
			}
			for _, scope := range openapi.Scopes(c, r) {
				wants = append(wants, `<code class="scope">`+scope+`</code>`)
			}
			for _, want := range wants {
				if !strings.Contains(article, want) {
					t.Errorf("%s: %s lacks %s", name, r.Operation, want)
				}
			}
		}
		if !strings.Contains(page, "<th>Code</th>") != (name == "fullengage") {
			t.Errorf("%s: the page must list error codes exactly if the contract's errors have them", name)
		}
		for _, code := range openapi.Codes(c) {
			if name == "fullengage" {
				break // its errors have no codes
			}
			if !strings.Contains(page, "<code>"+code+"</code>") {
				t.Errorf("%s: the page lacks the error code %s", name, code)
			}
		}
	}
}

func TestQuickStartExplainsDatesOnlyIfTheContractHasLeagues(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"statgate": "dates are local to the league", "balla": "dates are local to the league", "scorelytics": "dates in filters are in UTC",
		"teambattles": "", "fullengage": "",
	} {
		c, doc := document(t, name)
		start, _, _ := strings.Cut(html.UnescapeString(render(t, c, doc)), `id="keys-guide"`)
		if _, after, _ := strings.Cut(start, `id="start"`); strings.Contains(after, "dates") != (want != "") || !strings.Contains(after, want) {
			t.Errorf("%s: the quick start must say %q about dates", name, want)
		}
	}
}

func TestEveryLinkWithinThePageHasATarget(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c, doc := document(t, name)
		page := render(t, c, doc)
		seen := map[string]bool{}
		for _, m := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if seen[m[1]] {
				t.Errorf("%s: two elements have the id %s", name, m[1])
			}
			seen[m[1]] = true
		}
		for _, m := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if !seen[m[1]] {
				t.Errorf("%s: a link to #%s has no target", name, m[1])
			}
		}
	}
}

func TestEveryCurlCallsItsOwnOperation(t *testing.T) {
	t.Parallel()
	call := regexp.MustCompile(`(?s)<article class="endpoint" id="(\w+)".*?curl (?:&#34;|")<span class="host">https://[^<]*</span>([^"&?]*)[^\n]*(?:\n  -X (\w+))?`)
	for _, name := range preset.Names() {
		c, doc := document(t, name)
		check, err := openapi.Check(doc)
		if err != nil {
			t.Fatal(err)
		}
		found := call.FindAllStringSubmatch(render(t, c, doc), -1)
		if got, want := len(found), len(api.Documented(c)); got != want {
			t.Errorf("%s: found %d curl requests, want %d", name, got, want)
		}
		for _, m := range found {
			method := m[3]
			if method == "" {
				method = "GET"
			}
			if got, _ := check.Operation(method, m[2]); got != m[1] {
				t.Errorf("%s: the curl request of %s is %s %s, which is operation %q", name, m[1], method, m[2], got)
			}
		}
	}
}

func TestTextsOfTheDocumentAreEscaped(t *testing.T) {
	t.Parallel()
	c, doc := document(t, "statgate")
	const evil = `<img src=x onerror=alert(1)>`
	for _, plain := range []string{"List leagues", "League id", "Leicester City FC", "A valid API key is required"} {
		changed := bytes.ReplaceAll(doc, []byte(plain), []byte(evil))
		if bytes.Equal(changed, doc) {
			t.Fatalf("the document has no %q", plain)
		}
		if strings.Contains(render(t, c, changed), "<img") {
			t.Errorf("markup in place of %q is not escaped", plain)
		}
	}
}

func TestCurlRequestsGoToTheServerOfTheDocument(t *testing.T) {
	t.Parallel()
	c, _ := document(t, "statgate")
	doc, err := openapi.Document(c, functions.All(functions.Deps{Contract: c}), "https://api.club.example")
	if err != nil {
		t.Fatal(err)
	}
	page := render(t, c, doc)
	if !strings.Contains(page, "https://api.club.example") || strings.Contains(page, `>https://your-host.example<`) {
		t.Error("the curl requests do not go to the document's server")
	}
}

func TestInvalidDocumentIsAnError(t *testing.T) {
	t.Parallel()
	c, _ := document(t, "statgate")
	for _, doc := range []string{``, `[]`, `{"paths":{"/x":{"get":{"operationId":"x"}}}}`, `{"paths":{"/x":{"get":{"operationId":"x","tags":["y"]}}}}`} {
		if _, err := docspage.Render(c, []byte(doc)); err == nil {
			t.Errorf("%q: rendered, want an error", doc)
		}
	}
}
