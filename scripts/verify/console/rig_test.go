package console

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// policy is the content security policy of pages.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// faultyPage has the defects that the rig has to find.
const faultyPage = `<!doctype html><html lang="en"><title>Faulty</title><main><h1>Faulty</h1><img src="data:,"><pre>a line that is too wide for a narrow window of a phone</pre><script>1</script>
<input style="color: red"></main><script src="/faulty.js"></script></html>`

const faultyScript = `console.error("an error of the page"); fetch("/broken"); fetch("/forbidden");
document.body.append("from the script"); setTimeout(() => { throw new Error("an exception of the page") });
try { document.querySelector("h1").innerHTML = "<b>bold</b>" } catch {}
const run = document.createElement("script"); try { run.text = "1" } catch {}`

// TestTheRigNoticesWhatIsWrongWithAPage opens a page with defects under the policy of pages, so
// that the stories cannot pass because the rig is blind.
func TestTheRigNoticesWhatIsWrongWithAPage(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte(faultyPage))
		case "/faulty.js":
			w.Header().Set("Content-Type", "text/javascript")
			w.Write([]byte(faultyScript))
		case "/broken":
			w.WriteHeader(http.StatusInternalServerError)
		case "/forbidden":
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	t.Cleanup(server.Close)
	v := visit(t)
	v.faulty = true
	v.allow(http.StatusForbidden, "/forbidden")
	v.goes(server.URL)
	v.see(at{Text: "/from the script/"})
	var rules []string
	for _, b := range v.breaches("") {
		rules = append(rules, b.Rule)
	}
	for _, want := range []string{"image-alt", "label"} {
		if !slices.Contains(rules, want) {
			t.Errorf("got the breaches %q, want %s", rules, want)
		}
	}
	v.size(narrowest, 740)
	var wider int
	if v.must(command{"op": "wide"}, &wider); wider == 0 {
		t.Error("the page is too wide, and the rig did not notice")
	}
	all := strings.Join(v.defects(), "\n")
	for _, want := range []string{"script-src-elem refused inline", "style-src-attr refused inline", "require-trusted-types-for refused trusted-types-sink",
		"console at", "an error of the page", "exception at", "an exception of the page", "/broken: 500"} {
		if !strings.Contains(all, want) {
			t.Errorf("the rig did not notice %q in:\n%s", want, all)
		}
	}
	if strings.Contains(all, "/forbidden") {
		t.Errorf("an answer that the test allows is a defect:\n%s", all)
	}
}
