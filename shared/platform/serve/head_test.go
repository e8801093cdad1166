package serve_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"statgate/functions/docs"
	"statgate/shared/api/preset"
	"statgate/shared/platform/serve"
)

func TestHEADSpendsAndAnswersLikeGETWithoutABody(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	called := 0
	fn, g := function(t, &log, func() (string, error) { called++; return "a", nil })
	get, err := fn.Handle(t.Context(), event())
	if err != nil {
		t.Fatal(err)
	}
	ev := event()
	ev.HTTPMethod = "HEAD"
	head, err := fn.Handle(t.Context(), ev)
	if err != nil || head.StatusCode != 200 || head.Body != "" || g.admitted != 2 || called != 2 {
		t.Errorf("got %d with %d bytes (%v), %d admitted, %d calls, want 200 without a body, and one more of both", head.StatusCode, len(head.Body), err, g.admitted, called)
	}
	for name, value := range get.Headers {
		if head.Headers[name] != value {
			t.Errorf("%s: got %q, want GET's %q", name, head.Headers[name], value)
		}
	}
	ev.Headers["If-None-Match"] = get.Headers["Etag"] + get.Headers["ETag"]
	if r, err := fn.Handle(t.Context(), ev); err != nil || r.StatusCode != 304 {
		t.Errorf("If-None-Match: got %d (%v), want 304", r.StatusCode, err)
	}
	ev = event()
	ev.HTTPMethod, ev.Headers = "HEAD", nil
	if r, err := fn.Handle(t.Context(), ev); err != nil || r.StatusCode != 401 || r.Body != "" {
		t.Errorf("without a key: got %d with %d bytes (%v), want 401 without a body", r.StatusCode, len(r.Body), err)
	}
}

func TestDocumentsMayBeCachedForFiveMinutesTheirFilesForeverAndNothingElse(t *testing.T) {
	t.Parallel()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	fn, err := serve.New(serve.Options{Contract: c, Handlers: docs.Handlers(docs.Deps{OpenAPI: []byte("{}"), Page: []byte("page"), Assets: map[string][]byte{"page.1.css": []byte("css"), "page.1.js": []byte("js")}}),
		Clock: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path   string
		asset  string
		query  map[string]string
		status int
		want   string
	}{
		{"/openapi.json", "", nil, 200, "public, max-age=300"},
		{"/api-docs", "", nil, 200, "public, max-age=300"},
		{"/api-docs/{asset}", "page.1.css", nil, 200, "public, max-age=31536000, immutable"},
		{"/api-docs/{asset}", "page.1.js", nil, 200, "public, max-age=31536000, immutable"},
		{"/api-docs/{asset}", "page.2.js", nil, 404, "no-store"},
		{"/api-docs/{asset}", "../contract.json", nil, 404, "no-store"},
		{"/health", "", nil, 200, "private, no-cache"},
		{"/openapi.json", "", map[string]string{"unknown": "1"}, 400, "no-store"},
	} {
		ev := event()
		ev.Resource, ev.QueryStringParameters = c.path, c.query
		if c.asset != "" {
			ev.PathParameters = map[string]string{"asset": c.asset}
		}
		r, err := fn.Handle(t.Context(), ev)
		if err != nil || r.StatusCode != c.status || r.Headers["Cache-Control"] != c.want || r.Headers["Vary"] != "Accept-Encoding" {
			t.Errorf("%s %s %v: got %d with Cache-Control %q and Vary %q (%v), want %d with %q", c.path, c.asset, c.query, r.StatusCode, r.Headers["Cache-Control"], r.Headers["Vary"], err, c.status, c.want)
		}
	}
}
