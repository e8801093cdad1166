package docspage_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"statgate/functions"
	"statgate/shared/api"
	"statgate/shared/api/docspage"
	"statgate/shared/api/openapi"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

// made has the contract and the document of each preset, which the tests share.
var made sync.Map

type source struct {
	contract *contract.Contract
	document []byte
	err      error
}

func document(t *testing.T, name string) (*contract.Contract, []byte) {
	t.Helper()
	once, _ := made.LoadOrStore(name, sync.OnceValue(func() (s source) {
		if s.contract, s.err = preset.Load(name); s.err == nil {
			s.document, s.err = openapi.Document(s.contract, functions.All(functions.Deps{Contract: s.contract}), "")
		}
		return s
	}))
	s := once.(func() source)()
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.contract, s.document
}

func render(t *testing.T, c *contract.Contract, doc []byte) string {
	t.Helper()
	page, err := docspage.Render(c, doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestPageLoadsOnlyItsOwnFilesAndLinksToItsOwnHost(t *testing.T) {
	t.Parallel()
	// Elements and attributes that make a browser send a request, besides the two that the
	// test looks at.
	requests := regexp.MustCompile(`(?i)\ssrcset=|<(img|iframe|object|embed|video|audio|base|form)\b|url\(`)
	loaded := regexp.MustCompile(`<(?:link rel="stylesheet" href|script src)="api-docs/([^"]*)"`)
	for _, name := range preset.Names() {
		c, doc := document(t, name)
		page := render(t, c, doc)
		if found := requests.FindString(page); found != "" {
			t.Errorf("%s: the page has %q", name, found)
		}
		files := docspage.Assets()
		for _, m := range loaded.FindAllStringSubmatch(page, -1) {
			if files[m[1]] == nil {
				t.Errorf("%s: the page loads %s, which does not exist", name, m[1])
			}
			delete(files, m[1])
		}
		if len(files) > 0 {
			t.Errorf("%s: the page does not load %v", name, slices.Collect(maps.Keys(files)))
		}
		for _, m := range regexp.MustCompile(`\s(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if to := m[1]; !strings.HasPrefix(to, "#") && !strings.HasPrefix(to, "api-docs/page.") && to != "openapi.json" && to != "data:," && to != "console" {
				t.Errorf("%s: the page leads to %s", name, to)
			}
		}
	}
}

func TestPageHasNothingThatItsPolicyRefuses(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c, doc := document(t, name)
		page := render(t, c, doc)
		if found := regexp.MustCompile(`(?i)\s(style|on[a-z]+)=|<style|<script>|javascript:`).FindString(page); found != "" {
			t.Errorf("%s: the page has an inline %s", name, found)
		}
	}
	for name, content := range docspage.Assets() {
		// Sinks of trusted types, code in strings, and addresses of other hosts.
		if found := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|parseFromString|createContextualFragment|srcdoc|\beval\(|new Function|setAttribute\('style|@import|\burl\(['"h/d]`).Find(content); found != nil {
			t.Errorf("%s has %s", name, found)
		}
	}
}

func TestNameOfAFileChangesWithItsContent(t *testing.T) {
	t.Parallel()
	for name, content := range docspage.Assets() {
		sum := sha256.Sum256(content)
		if want := regexp.MustCompile(`^page\.` + hex.EncodeToString(sum[:6]) + `\.(css|js)$`); !want.MatchString(name) {
			t.Errorf("got name %s, want %s", name, want)
		}
	}
}

// compressedLimit is what the page, its script and its styles may have together, in bytes.
const compressedLimit = 60_000

func TestPageAndItsFilesAreSmall(t *testing.T) {
	t.Parallel()
	size := func(content []byte) int {
		var out bytes.Buffer
		w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Len()
	}
	files := 0
	for _, content := range docspage.Assets() {
		files += size(content)
	}
	for _, name := range preset.Names() {
		c, doc := document(t, name)
		if got := files + size([]byte(render(t, c, doc))); got > compressedLimit {
			t.Errorf("%s: got %d bytes, want at most %d", name, got, compressedLimit)
		}
	}
}

func TestEveryObjectIsListedOnceAndEveryReferenceLeadsToOne(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c, doc := document(t, name)
		page := render(t, c, doc)
		listed := map[string]bool{}
		for _, m := range regexp.MustCompile(`<ul class="fields" id="o-(\w+)"><li>`).FindAllStringSubmatch(page, -1) {
			listed[m[1]] = true
		}
		referred := regexp.MustCompile(`data-object="(\w+)"`).FindAllStringSubmatch(page, -1)
		if len(referred) == 0 || len(listed) == 0 {
			t.Fatalf("%s: %d references to %d objects", name, len(referred), len(listed))
		}
		for _, m := range referred {
			if !listed[m[1]] {
				t.Errorf("%s: the page has no object %s", name, m[1])
			}
		}
		for object := range listed {
			if !strings.Contains(page, `data-object="`+object+`"`) {
				t.Errorf("%s: nothing refers to the object %s", name, object)
			}
		}
	}
}

func TestCallsThatEndSomethingAreMarked(t *testing.T) {
	t.Parallel()
	c, doc := document(t, "statgate")
	page := render(t, c, doc)
	for _, r := range api.Documented(c) {
		want := r.Urgent || r.Method == "DELETE" || r.Operation == "rotateWebhook"
		if got := strings.Contains(page, `id="`+r.Operation+`" data-danger>`); got != want {
			t.Errorf("%s is marked: %v, want %v", r.Operation, got, want)
		}
	}
}

func TestPageKnowsWhetherThereIsAConsole(t *testing.T) {
	t.Parallel()
	c, doc := document(t, "statgate")
	without := *c
	without.NoConsole = true
	for _, one := range []struct {
		contract *contract.Contract
		want     string
	}{{c, `data-console="console"`}, {&without, `data-console=""`}} {
		if page := render(t, one.contract, doc); !strings.Contains(page, one.want) {
			t.Errorf("the page lacks %s", one.want)
		}
	}
}

func TestAddressesAreRelativeToTheLastSegmentOfThePage(t *testing.T) {
	t.Parallel()
	c, doc := document(t, "statgate")
	changed := *c
	changed.Operations = maps.Clone(c.Operations)
	changed.Operations["getDocs"] = contract.Operation{Path: "/guide/reference"}
	page := render(t, &changed, doc)
	for _, want := range []string{`data-root="./../"`, `data-console="../console"`, `href="../openapi.json"`, `src="../api-docs/page.`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestPageIsCompleteWithoutAScript(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c, doc := document(t, name)
		page := render(t, c, doc)
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
		if !strings.Contains(page, `<th scope="col">Code</th>`) != (name == "fullengage") {
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
