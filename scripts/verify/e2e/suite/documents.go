package suite

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"statgate/shared/api"
)

func documents() []Case {
	return []Case{
		{ID: "document.routes", Guarantee: "the OpenAPI document lists exactly the contract's routes", Run: documentRoutes},
		{ID: "document.server", Guarantee: "paths of the OpenAPI document lead to the API below the document's server", Run: documentServer},
		{ID: "document.compressed", Guarantee: "the two documents are compressed and may be cached for five minutes; the files of the page are compressed, too", Run: documentCompressed},
		{ID: "document.files", Guarantee: "the script and style sheet of the documentation page may be cached for a year, and the page allows no others", Run: documentFiles},
		{ID: "document.open", Guarantee: "health, OpenAPI document and documentation page need no key", Run: documentOpen},
		{ID: "console.page", Guarantee: "the console's page and its files need no key, and browsers run no other script there", Run: consolePage},
		{ID: "root", Guarantee: "the root leads to the documentation page", Run: root},
		{ID: "preflight", Guarantee: "a browser's preflight needs no key, on any path, and console sessions allow no other origin", Run: preflight},
	}
}

func documentRoutes(t *T) {
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(t.document.Body, &doc); err != nil {
		t.Fatalf("%v", err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("openapi is %q, want 3.1", doc.OpenAPI)
	}
	var got, want []string
	for path, methods := range doc.Paths {
		for method := range methods {
			got = append(got, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range api.Documented(t.contract) {
		want = append(want, r.ID())
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the document has routes %q, want %q", got, want)
	}
}

func documentServer(t *T) {
	var doc struct{ Servers []struct{ URL string } }
	if err := json.Unmarshal(t.document.Body, &doc); err != nil || len(doc.Servers) != 1 {
		t.Fatalf("got servers %v (%v), want one", doc.Servers, err)
	}
	// The server ends where the paths of the document begin, each with a slash.
	server := strings.TrimSuffix(doc.Servers[0].URL, "/")
	for operation, secret := range map[string]string{"getHealth": "", "getSelf": t.home.admin} {
		at := t.resolved(t.routes["getOpenAPI"].Path, server+t.routes[operation].Path)
		t.wantStatus(t.send(request{method: http.MethodGet, path: at, secret: secret}), http.StatusOK)
	}
}

func documentCompressed(t *T) {
	fetch := func(path, encoding string) Reply {
		return t.send(request{method: http.MethodGet, path: path, headers: []string{"Accept-Encoding", encoding}})
	}
	pages := []string{t.routes["getOpenAPI"].Path, t.routes["getDocs"].Path}
	for _, path := range slices.Concat(pages, t.documentFiles(t.op("", "getDocs", nil))) {
		plain, small := fetch(path, "identity"), fetch(path, "gzip")
		if small.Header.Get("Content-Encoding") != "gzip" || len(small.Body) > len(plain.Body)/2 {
			t.Errorf("%s: got %d bytes with Content-Encoding %q, %d without", path, len(small.Body), small.Header.Get("Content-Encoding"), len(plain.Body))
			continue
		}
		r, err := gzip.NewReader(bytes.NewReader(small.Body))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if whole, err := io.ReadAll(r); err != nil || !bytes.Equal(whole, plain.Body) {
			t.Errorf("%s: the compressed body differs (%v)", path, err)
		}
		for _, answer := range []Reply{plain, small} {
			if cache, vary := answer.Header.Get("Cache-Control"), answer.Header.Get("Vary"); slices.Contains(pages, path) && cache != "public, max-age=300" || !strings.Contains(vary, "Accept-Encoding") {
				t.Errorf("%s: got Cache-Control %q and Vary %q", path, cache, vary)
			}
		}
	}
}

// loaded matches the files that the documentation page loads.
var loaded = regexp.MustCompile(`<(?:link rel="stylesheet" href|script src)="([^"]*)"`)

func documentFiles(t *T) {
	page := t.op("", "getDocs", nil)
	policy := page.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'; script-src 'self'; style-src 'self'") || strings.Contains(policy, "unsafe") || page.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the page has the policy %q and X-Content-Type-Options %q", policy, page.Header.Get("X-Content-Type-Options"))
	}
	for _, path := range t.documentFiles(page) {
		r := t.send(request{method: http.MethodGet, path: path})
		kind, cache := r.Header.Get("Content-Type"), r.Header.Get("Cache-Control")
		if r.Status != http.StatusOK || !strings.HasPrefix(kind, "text/") || cache != "public, max-age=31536000, immutable" {
			t.Errorf("%s: got %d with Content-Type %q and Cache-Control %q", path, r.Status, kind, cache)
		}
		t.wantError(t.send(request{method: http.MethodGet, path: path + ".map"}), api.NotFound)
	}
}

// documentFiles returns the paths of the files that the documentation page loads.
func (t *T) documentFiles(page Reply) (paths []string) {
	for _, m := range loaded.FindAllSubmatch(page.Body, -1) {
		paths = append(paths, t.resolved(t.routes["getDocs"].Path, string(m[1])))
	}
	if len(paths) != 2 {
		t.Fatalf("the page loads %d files, want a script and a style sheet", len(paths))
	}
	return paths
}

func documentOpen(t *T) {
	for operation, kind := range map[string]string{"getHealth": "application/json", "getOpenAPI": "application/json", "getDocs": "text/html"} {
		r := t.op("", operation, nil)
		if r.Status != http.StatusOK || !strings.HasPrefix(r.Header.Get("Content-Type"), kind) || len(r.Body) == 0 {
			t.Errorf("%s: got %d, %q, %d bytes", operation, r.Status, r.Header.Get("Content-Type"), len(r.Body))
		}
		if r.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: no CORS header lets browsers read the answer", operation)
		}
	}
}

// pagePolicy is the Content-Security-Policy of the pages.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// consoleFile matches the links of the page to its files.
var consoleFile = regexp.MustCompile(`(?:href|src)="(console/[^"]+)"`)

func consolePage(t *T) {
	at := t.routes["getConsole"].Path
	page := t.op("", "getConsole", nil)
	t.wantStatus(page, http.StatusOK)
	for _, operation := range []string{"getConsole", "getDocs"} {
		if got := t.op("", operation, nil).Header.Get("Content-Security-Policy"); got != pagePolicy {
			t.Errorf("%s: got the policy %q, want %q", operation, got, pagePolicy)
		}
	}
	links := consoleFile.FindAllStringSubmatch(string(page.Body), -1)
	if len(links) < 2 {
		t.Fatalf("the page has the links %q, want a script and a style", links)
	}
	for _, link := range links {
		file := t.send(request{method: http.MethodGet, path: t.resolved(at, link[1])})
		t.wantStatus(file, http.StatusOK)
		if got := file.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: got Cache-Control %q", file.asked, got)
		}
		if got := file.Header.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: got X-Content-Type-Options %q", file.asked, got)
		}
	}
}

func root(t *T) {
	docs := t.routes["getDocs"].Path
	r := t.send(request{method: http.MethodGet, path: "/"})
	if r.Status != http.StatusFound || t.resolved("/", r.Header.Get("Location")) != docs {
		t.Errorf("%s: got %d to %q, want 302 to %s", r.asked, r.Status, r.Header.Get("Location"), docs)
	}
}

func preflight(t *T) {
	t.each(len(t.deployed), func(i int) {
		route := t.deployed[i]
		r := t.send(request{method: http.MethodOptions, path: pathOf(route, nil), headers: []string{"Origin", "https://example.com",
			"Access-Control-Request-Method", route.Method, "Access-Control-Request-Headers", "authorization,content-type"}})
		h := r.Header
		if r.Status != http.StatusNoContent || len(r.Body) > 0 {
			t.Errorf("%s: got %s, want 204 without a body", r.asked, r.brief())
		}
		if route.SameOrigin {
			t.wantNoCORS(r)
			return
		}
		if h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Allow-Methods"), route.Method) {
			t.Errorf("%s: allows methods %q for origin %q", r.asked, h.Get("Access-Control-Allow-Methods"), h.Get("Access-Control-Allow-Origin"))
		}
		for _, name := range []string{"authorization", "x-api-key", "content-type", "idempotency-key", "if-none-match", "mcp-protocol-version", "mcp-method", "mcp-name", "mcp-session-id"} {
			if !strings.Contains(strings.ToLower(h.Get("Access-Control-Allow-Headers")), name) {
				t.Errorf("%s: does not allow the header %s", r.asked, name)
			}
		}
	})
}
