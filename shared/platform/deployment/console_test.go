package deployment_test

import (
	"encoding/json"
	"html"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"statgate/shared/api/preset"
	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

var bundle = deploymenttest.Page

// withConsole starts a deployment that has a bundle.
func withConsole(t *testing.T, contractName string, console fs.FS, stagePath string) *deploymenttest.Fixture {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	setup := deploymenttest.Setup{Console: console, StagePath: stagePath}
	return deploymenttest.With(t, contractName, map[string]table.Table{"keys": db.Table("keys"), "stats": db.Table("stats")}, setup)
}

// at requests a path of a deployment without a key.
func at(t *testing.T, w *deploymenttest.Fixture, method, path string, headers ...string) deploymenttest.Reply {
	t.Helper()
	r, err := w.Try("", method, w.URL+path, "", headers...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// policy is the one that the pages must have, word for word.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

func TestPagesForbidInlineScriptFramesAndOtherSites(t *testing.T) {
	t.Parallel()
	w := withConsole(t, "statgate", bundle, "")
	for _, path := range []string{"/console", "/api-docs"} {
		r := at(t, w, "GET", path)
		if got := r.Header.Get("Content-Security-Policy"); r.Status != 200 || got != policy {
			t.Errorf("%s: got %d with the policy %q, want %q", path, r.Status, got, policy)
		}
		if got := r.Header.Get("Cache-Control"); got != "public, max-age=300" {
			t.Errorf("%s: got Cache-Control %q", path, got)
		}
	}
}

func TestConsolePageHasTheConfigurationOfItsDeployment(t *testing.T) {
	t.Parallel()
	content := regexp.MustCompile(`name="statgate-config" content="([^"]*)"`)
	for _, name := range preset.Names() {
		w := withConsole(t, name, bundle, "")
		r := at(t, w, "GET", "/console")
		found := content.FindStringSubmatch(string(r.Body))
		if found == nil {
			t.Fatalf("%s: the page has no configuration: %.300s", name, r.Body)
		}
		var got struct{ Contract, Product, Base, Environment string }
		if err := json.Unmarshal([]byte(html.UnescapeString(found[1])), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c := w.Contract
		if got.Contract != c.Name || got.Product != c.Title || got.Base != c.Base || got.Environment != c.Environments[0] {
			t.Errorf("%s: got %+v", name, got)
		}
		if !strings.Contains(string(r.Body), "<title>"+html.EscapeString(c.Title)+"</title>") {
			t.Errorf("%s: the page's title is not the product's", name)
		}
	}
}

func TestConsoleAssetsAreCachedForAYearAndOtherNamesAreNotFound(t *testing.T) {
	t.Parallel()
	w := withConsole(t, "statgate", bundle, "")
	for name, kind := range map[string]string{"app.4FJ2Q7XN.js": "text/javascript; charset=utf-8", "style.7YQ2M4AB.css": "text/css; charset=utf-8"} {
		r := at(t, w, "GET", "/console/"+name)
		if r.Status != 200 || string(r.Body) != string(bundle[name].Data) {
			t.Errorf("%s: got %d with %d bytes", name, r.Status, len(r.Body))
		}
		if got := r.Header.Get("Content-Type"); got != kind {
			t.Errorf("%s: got type %q, want %q", name, got, kind)
		}
		if got := r.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: got Cache-Control %q", name, got)
		}
		if again := at(t, w, "GET", "/console/"+name, "If-None-Match", r.Header.Get("ETag")); again.Status != 304 || len(again.Body) != 0 {
			t.Errorf("%s with its ETag: got %d with %d bytes", name, again.Status, len(again.Body))
		}
	}
	for _, name := range []string{"index.html", "app.js", "other.OLDHASH2.js", "app.OLDHASH2.svg", "..%2findex.html", "%2e%2e%2fapp.4FJ2Q7XN.js", "contract.json", "session"} {
		r := at(t, w, "GET", "/console/"+name)
		isError(t, r, 404, "not_found")
		if got := r.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: got Cache-Control %q", name, got)
		}
	}
}

// A cache may have the page of an earlier deployment.
func TestFilesOfAnEarlierConsoleAreReplacedAndNotCached(t *testing.T) {
	t.Parallel()
	w := withConsole(t, "statgate", bundle, "")
	for name, want := range map[string]string{"app.OLDHASH2.js": "location.reload()", "style.OLDHASH2.css": string(bundle["style.7YQ2M4AB.css"].Data)} {
		r := at(t, w, "GET", "/console/"+name)
		if r.Status != 200 || !strings.Contains(string(r.Body), want) {
			t.Errorf("%s: got %d %.300s, want %q", name, r.Status, r.Body, want)
		}
		if got := r.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: got Cache-Control %q, want no-store", name, got)
		}
	}
}

func TestConsoleWithoutABundleSaysHowToBuildItAndIsNotCached(t *testing.T) {
	t.Parallel()
	w := withConsole(t, "statgate", os.DirFS(t.TempDir()+"/none"), "")
	r := at(t, w, "GET", "/console")
	if r.Status != 503 || !strings.Contains(string(r.Body), "make console") || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		t.Errorf("got %d %s", r.Status, r.Body)
	}
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("got Cache-Control %q", got)
	}
	isError(t, at(t, w, "GET", "/console/app.4FJ2Q7XN.js"), 404, "not_found")
}

func TestRootLeadsToTheDocumentationOfTheStage(t *testing.T) {
	t.Parallel()
	for stagePath, want := range map[string]string{"": "/api-docs", "/live": "/live/api-docs"} {
		w := withConsole(t, "statgate", bundle, stagePath)
		for _, method := range []string{"GET", "HEAD"} {
			r, err := http.NewRequestWithContext(t.Context(), method, w.URL+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			got.Body.Close()
			if got.StatusCode != 302 || got.Header.Get("Location") != want || got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s / of the stage %q: got %d with %v, want %s", method, stagePath, got.StatusCode, got.Header, want)
			}
		}
		isError(t, at(t, w, "POST", "/"), 404, "not_found")
		isError(t, at(t, w, "GET", "/nowhere"), 404, "not_found")
	}
}

// TestEveryAnswerForbidsBrowsersToGuessItsType covers answers of functions, of API Gateway and
// of the edge.
func TestEveryAnswerForbidsBrowsersToGuessItsType(t *testing.T) {
	t.Parallel()
	for _, edge := range []bool{true, false} {
		w := deploymenttest.Edged(t, "statgate", edge)
		statuses := map[int]bool{}
		for _, c := range []struct{ secret, method, path, body string }{
			{"", "GET", "/health", ""}, {"", "GET", "/openapi.json", ""}, {"", "GET", "/api-docs", ""}, {"", "GET", "/console", ""},
			{"", "OPTIONS", "/v1/keys", ""}, {"", "DELETE", "/v1/keys", ""}, {"", "GET", "/nowhere", ""},
			{"", "GET", "/v1/keys", ""}, {"malformed", "GET", "/v1/keys", ""}, {w.Operator, "GET", "/v1/keys/self", ""},
			{w.Operator, "POST", "/v1/keys", "{"}, {w.Operator, "POST", "/v1/keys", "{}"}, {w.Operator, "POST", "/v1/keys", `{"name":"a","scopes":["read:teams"]}`},
		} {
			r, err := w.Try(c.secret, c.method, w.URL+c.path, c.body)
			if err != nil {
				t.Fatal(err)
			}
			statuses[r.Status] = true
			if got := r.Header.Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("edge %v: %s %s: %d has X-Content-Type-Options %q", edge, c.method, c.path, r.Status, got)
			}
		}
		if got := slices.Sorted(maps.Keys(statuses)); !slices.Equal(got, []int{200, 201, 204, 400, 401, 404, 405, 422}) {
			t.Errorf("edge %v: the requests gave %v", edge, got)
		}
	}
}

func TestConsoleIsCompressedWithAndWithoutAnEdge(t *testing.T) {
	t.Parallel()
	for _, edge := range []bool{true, false} {
		db, err := local.OpenMemory(table.Keys, table.Stats)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		w := deploymenttest.With(t, "statgate", map[string]table.Table{"keys": db.Table("keys"), "stats": db.Table("stats")},
			deploymenttest.Setup{Console: bundle, Edge: &edge})
		for path, compressed := range map[string]bool{"/console": true, "/console/app.4FJ2Q7XN.js": true, "/console/style.7YQ2M4AB.css": false} {
			r := at(t, w, "GET", path, "Accept-Encoding", "gzip")
			if got := r.Header.Get("Content-Encoding") == "gzip"; r.Status != 200 || got != compressed {
				t.Errorf("edge %v: %s: got %d, compressed %v, want %v", edge, path, r.Status, got, compressed)
			}
		}
	}
}
