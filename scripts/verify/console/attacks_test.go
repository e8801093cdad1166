package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// pages are the pages of a deployment that a browser opens.
var pages = []string{"/console", "/api-docs"}

// injections are what an attacker tries who has found a way to change a page.
var injections = []struct{ name, script, directive string }{
	{"an inline script", `() => { const s = document.createElement("script"); try { s.textContent = "window.pwned = 1" } catch { throw new Error("refused") } document.body.append(s); }`, "require-trusted-types-for"},
	{"a script of the page's own origin that is a document", `() => { const s = document.createElement("script"); try { s.src = location.origin + "/openapi.json" } catch {} document.body.append(s); }`, "require-trusted-types-for"},
	{"markup with a handler", `() => { try { document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.pwned = 1'>") } catch {} }`, "require-trusted-types-for"},
	{"a handler by attribute", `() => { const b = document.createElement("button"); try { b.setAttribute("onclick", "window.pwned = 1") } catch {} document.body.append(b); b.click(); }`, "/script-src-attr|require-trusted-types-for/"},
	{"an address that is a script", `() => { const a = document.createElement("a"); a.href = "javascript:window.pwned = 1"; document.body.append(a); a.click(); }`, "script-src-elem"},
	{"a text that is evaluated", `() => setTimeout(() => { try { window.eval("window.pwned = 1") } catch {} })`, "/script-src|require-trusted-types-for/"},
	{"a style", `() => { const s = document.createElement("style"); s.textContent = "body { display: none }"; document.head.append(s); }`, "style-src-elem"},
	{"a base address", `() => { const b = document.createElement("base"); b.href = "https://attacker.example/"; document.head.append(b); }`, "base-uri"},
	{"a form to elsewhere", `() => { const f = document.createElement("form"); f.action = "https://attacker.example/"; f.method = "post"; document.body.append(f); f.submit(); }`, "form-action"},
	{"a request to elsewhere", `async () => { try { await fetch("https://attacker.example/") } catch {} }`, "connect-src"},
	{"a picture from elsewhere", `() => { const i = document.createElement("img"); i.src = "https://attacker.example/i.png"; document.body.append(i); }`, "img-src"},
	{"a frame", `() => { const f = document.createElement("iframe"); f.src = "https://attacker.example/"; document.body.append(f); }`, "frame-src"},
	{"an object", `() => { const o = document.createElement("object"); o.data = "https://attacker.example/o"; document.body.append(o); }`, "/object-src|require-trusted-types-for/"},
	{"a policy of trusted types", `() => { try { trustedTypes.createPolicy("mine", { createScript: (s) => s }) } catch {} }`, "trusted-types"},
}

// violated is a script that performs an injection, and returns the directives that refused it.
const violated = `async () => {
	const refused = [];
	delete window.pwned;
	const note = (e) => refused.push(e.effectiveDirective);
	document.addEventListener("securitypolicyviolation", note);
	try { await (%s)(); } catch {}
	for (const end = Date.now() + 10000; refused.length === 0 && Date.now() < end; ) await new Promise((r) => setTimeout(r, 10));
	document.removeEventListener("securitypolicyviolation", note);
	return { refused, pwned: window.pwned === 1 };
}`

func TestPagesRefuseWhatIsInjected(t *testing.T) {
	t.Parallel()
	s := deploy(t, "statgate")
	for _, page := range pages {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			v := visit(t)
			v.faulty = true // every injection is a breach of the policy
			v.goes(s.URL + page)
			for _, i := range injections {
				var got struct {
					Refused []string
					Pwned   bool
				}
				v.evaluate(fmt.Sprintf(violated, i.script), &got)
				if got.Pwned {
					t.Errorf("%s ran", i.name)
				}
				if !refusedBy(got.Refused, i.directive) {
					t.Errorf("%s: refused by %q, want by %s", i.name, got.Refused, i.directive)
				}
			}
		})
	}
}

// refusedBy reports whether one of the directives, which stand between slashes and bars, refused
// an injection.
func refusedBy(refused []string, directives string) bool {
	for _, one := range refused {
		for d := range strings.SplitSeq(strings.Trim(directives, "/"), "|") {
			if one == d {
				return true
			}
		}
	}
	return false
}

// elsewhere serves a page of another origin.
func elsewhere(t *testing.T, markup string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><html lang=en><title>Elsewhere</title>%s</html>", markup)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestNoOtherPageCanFrameThePages(t *testing.T) {
	t.Parallel()
	s := deploy(t, "statgate")
	for _, page := range pages {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			v := visit(t)
			v.faulty = true // the browser tells of the refusal
			v.goes(elsewhere(t, fmt.Sprintf(`<iframe src="%s" onload="document.body.append('loaded')"></iframe>`, s.URL+page)))
			v.see(words("/loaded/"))
			if all := strings.Join(v.defects(), "\n"); !strings.Contains(all, "frame-ancestors") {
				t.Errorf("%s can be framed; the browser told only:\n%s", page, all)
			}
			for _, x := range v.seen().Traffic {
				if strings.HasSuffix(x.URL, page) && x.Headers["x-content-type-options"] != "nosniff" {
					t.Errorf("%s: X-Content-Type-Options is %q", page, x.Headers["x-content-type-options"])
				}
			}
		})
	}
}
