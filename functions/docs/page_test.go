package docs_test

import (
	"context"
	"reflect"
	"testing"

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
	if got["Content-Security-Policy"] != want || got["X-Content-Type-Options"] != "nosniff" {
		t.Errorf("got %v, want the policy %s and nosniff", got, want)
	}
}
