package docs_test

import (
	"context"
	"reflect"
	"testing"
	"testing/fstest"

	"statgate/functions/docs"
	"statgate/shared/api"
	"statgate/shared/api/docspage"
)

// raw calls a handler without input and returns its answer.
func raw(t *testing.T, d docs.Deps, operation string) api.Raw {
	t.Helper()
	for _, h := range docs.Handlers(d) {
		if h.Operation != operation {
			continue
		}
		value, err := h.Call(context.Background(), &api.Request{}, reflect.New(h.Input).Interface())
		if err != nil {
			t.Fatal(err)
		}
		answer, ok := value.(api.Raw)
		if !ok {
			t.Fatalf("got %T, want a raw answer", value)
		}
		return answer
	}
	t.Fatalf("no handler of %s", operation)
	return api.Raw{}
}

func TestPageAllowsOnlyItsOwnFilesAndRequests(t *testing.T) {
	t.Parallel()
	got := raw(t, docs.Deps{Page: []byte("page"), Assets: docspage.Assets()}, "getDocs").Header
	const want = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	if got["Content-Security-Policy"] != want {
		t.Errorf("got %v, want the policy %s", got, want)
	}
}

func TestFilesOfThePageAreReadByName(t *testing.T) {
	t.Parallel()
	got, err := docs.ReadAssets(fstest.MapFS{"page.1.css": {Data: []byte("css")}, "page.1.js": {Data: []byte("js")}, "other": {}})
	if err != nil || len(got) != 2 || string(got["page.1.css"]) != "css" || string(got["page.1.js"]) != "js" {
		t.Errorf("got %q (%v), want the two files", got, err)
	}
	if got, err := docs.ReadAssets(fstest.MapFS{"other": {}}); err == nil {
		t.Errorf("without files: got %q, want an error", got)
	}
}
