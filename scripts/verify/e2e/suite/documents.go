package suite

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

func documents() []Case {
	return []Case{
		{ID: "document.routes", Guarantee: "the OpenAPI document lists exactly the contract's routes", Run: documentRoutes},
		{ID: "document.open", Guarantee: "health, OpenAPI document and documentation page need no key", Run: documentOpen},
		{ID: "preflight", Guarantee: "a browser's preflight needs no key, on any path", Run: preflight},
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
	for _, r := range t.deployed {
		want = append(want, r.ID())
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the document has routes %q, want %q", got, want)
	}
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

func preflight(t *T) {
	t.each(len(t.deployed), func(i int) {
		route := t.deployed[i]
		r := t.send(request{method: http.MethodOptions, path: pathOf(route, nil), headers: []string{"Origin", "https://example.com",
			"Access-Control-Request-Method", route.Method, "Access-Control-Request-Headers", "authorization,content-type"}})
		h := r.Header
		if r.Status != http.StatusNoContent || len(r.Body) > 0 {
			t.Errorf("%s: got %s, want 204 without a body", r.asked, r.brief())
		}
		if h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Allow-Methods"), route.Method) {
			t.Errorf("%s: allows methods %q for origin %q", r.asked, h.Get("Access-Control-Allow-Methods"), h.Get("Access-Control-Allow-Origin"))
		}
		for _, name := range []string{"authorization", "x-api-key", "content-type", "idempotency-key", "if-none-match"} {
			if !strings.Contains(strings.ToLower(h.Get("Access-Control-Allow-Headers")), name) {
				t.Errorf("%s: does not allow the header %s", r.asked, name)
			}
		}
	})
}
