package console

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// place is a place where a secret could have been left, with what is there.
type place struct {
	name string
	text string
	has  string // a text that has to be there, so that the search looks at the right place; "" for places that are empty
}

// secrets are what was secret in the stories, by a name that a failure may print.
type secrets map[string]string

// forms returns the ways to spell a secret: as it is, without its prefix, and encoded.
func forms(secret string) []string {
	all := []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret))}
	if escaped := url.QueryEscape(secret); escaped != secret {
		all = append(all, escaped)
	}
	if i := strings.LastIndexAny(secret, "_."); i >= 0 && len(secret)-i > 20 {
		all = append(all, secret[i+1:])
	}
	return all
}

// search fails for each place that has a secret in any form, and for each that lacks what it
// has to have.
func search(t *testing.T, places []place, all secrets) {
	t.Helper()
	for _, p := range places {
		if !strings.Contains(p.text, p.has) {
			t.Errorf("%s: has no %q, so it is not the place that the test means: %.200s", p.name, p.has, p.text)
		}
		for name, secret := range all {
			if len(secret) < 16 {
				t.Fatalf("%s: %d characters are no secret", name, len(secret))
			}
			for n, form := range forms(secret) {
				if i := strings.Index(p.text, form); i >= 0 {
					around := p.text[max(0, i-80):i] + "…" + p.text[i+len(form):min(len(p.text), i+len(form)+40)]
					t.Errorf("%s: has the %s (form %d): %s", p.name, name, n, around)
				}
			}
		}
	}
}

// scripted are the places that scripts of a page can read.
var scripted = []struct{ name, script string }{
	{"localStorage", `() => JSON.stringify({...localStorage})`},
	{"sessionStorage", `() => JSON.stringify({...sessionStorage})`},
	{"names of IndexedDB", `async () => JSON.stringify(await indexedDB.databases())`},
	{"names of caches", `async () => self.caches ? JSON.stringify(await caches.keys()) : ""`},
	{"service workers", `async () => navigator.serviceWorker ? JSON.stringify((await navigator.serviceWorker.getRegistrations()).map((r) => r.scope)) : ""`},
	{"cookies that scripts can read", `() => document.cookie`},
	{"window.name", `() => window.name`},
	{"state of the history", `() => JSON.stringify(history.state)`},
	{"address of the page", `() => location.href`},
	{"referrer of the page", `() => document.referrer`},
	{"title of the page", `() => document.title`},
	{"markup of the page", `() => document.documentElement.outerHTML`},
	{"text of the page", `() => document.body.innerText`},
	{"values of inputs", `() => JSON.stringify([...document.querySelectorAll("input")].map((e) => [e.value, e.defaultValue]))`},
	{"values of text areas", `() => JSON.stringify([...document.querySelectorAll("textarea")].map((e) => [e.value, e.defaultValue]))`},
	{"values of choices", `() => JSON.stringify([...document.querySelectorAll("option, select, button")].map((e) => e.value))`},
	{"attributes", `() => JSON.stringify([...document.querySelectorAll("*")].flatMap((e) => [...e.attributes].map((a) => a.value)))`},
	{"comments of the markup", `() => { const all = []; const w = document.createTreeWalker(document, NodeFilter.SHOW_COMMENT); while (w.nextNode()) all.push(w.currentNode.data); return JSON.stringify(all); }`},
	{"shadow trees", `() => JSON.stringify([...document.querySelectorAll("*")].map((e) => e.shadowRoot?.innerHTML ?? ""))`},
	{"templates", `() => JSON.stringify([...document.querySelectorAll("template")].map((e) => e.innerHTML))`},
	{"regions that are read aloud", `() => JSON.stringify([...document.querySelectorAll("[aria-live], [role=status], [role=alert]")].map((e) => e.textContent))`},
	{"selected text", `() => String(getSelection())`},
	{"configuration in the page", `() => JSON.stringify([...document.querySelectorAll("meta")].map((e) => e.content))`},
	{"texts of style sheets", `() => JSON.stringify([...document.styleSheets].map((s) => [...s.cssRules].map((r) => r.cssText).join()))`},
	{"addresses in the timings of resources", `() => JSON.stringify(performance.getEntries().map((e) => e.name))`},
	{"marks and measures", `() => JSON.stringify([...performance.getEntriesByType("mark"), ...performance.getEntriesByType("measure")].map((e) => [e.name, e.detail]))`},
	{"global variables", `() => { const own = Object.getOwnPropertyNames(window).filter((n) => { try { return ["string", "object"].includes(typeof window[n]) && window[n] !== window; } catch { return false; } });
		return own.map((n) => { try { return n + JSON.stringify(window[n]); } catch { return n; } }).join("\n"); }`},
	{"properties of elements", `() => { const seen = []; for (const e of document.querySelectorAll("input, textarea, dialog, main, output, code")) for (const n of Object.getOwnPropertyNames(e)) { try { seen.push(n + "=" + String(e[n])); } catch {} } return seen.join("\n"); }`},
	{"address of each frame", `() => JSON.stringify(Array.from(window).map((f) => { try { return f.location.href; } catch { return ""; } }))`},
	{"links", `() => JSON.stringify([...document.links].map((l) => l.href))`},
}

// inPage returns the places in a tab that scripts can read.
func (p *tab) inPage() []place {
	p.t.Helper()
	var all []place
	for _, s := range scripted {
		var text string
		p.evaluate(s.script, &text)
		all = append(all, place{name: s.name, text: text})
	}
	var outline, stored string
	p.must(command{"op": "outline"}, &outline)
	var state json.RawMessage
	p.must(command{"op": "stored", "visitor": p.visitor.id}, &state)
	var origins struct{ Origins json.RawMessage }
	if err := json.Unmarshal(state, &origins); err != nil {
		p.t.Fatal(err)
	}
	stored = string(origins.Origins)
	return append(all, place{name: "what readers of screens read", text: outline, has: "heading"}, place{name: "storage of the origin, IndexedDB included", text: stored})
}

// session is the address below which secrets are exchanged for tokens.
const sessionPath = "/console/session/"

// inBrowser returns the places in what a visitor's browser noted, sent and received. The
// requests that carry a secret by their nature are named in mayCarry and mayAnswer.
func (v *visitor) inBrowser() []place {
	v.t.Helper()
	s := v.seen()
	text := map[string]*strings.Builder{}
	note := func(name string, parts ...any) {
		if text[name] == nil {
			text[name] = &strings.Builder{}
		}
		fmt.Fprintln(text[name], parts...)
	}
	for _, u := range s.URLs {
		note("addresses that the tabs visited", u)
	}
	for _, m := range s.Texts {
		note("messages of the browser's console", m)
	}
	for _, x := range s.Traffic {
		note("addresses of requests", x.URL)
		note("referrers of requests", x.RequestHeaders["referer"])
		for name, value := range x.RequestHeaders {
			if name != "authorization" && name != "cookie" && name != "x-api-key" {
				note("headers of requests", name, value)
			}
		}
		for name, value := range x.Headers {
			if name != "set-cookie" {
				note("headers of answers", name, value)
			}
		}
		if !strings.Contains(x.URL, sessionPath) && !mayCarry(x) {
			note("bodies of requests", x.Sent)
		}
		switch {
		case strings.Contains(x.URL, sessionPath) || mayAnswer(x):
		case x.Status >= http.StatusBadRequest:
			note("bodies of refusals", x.Body)
		case x.Type == "fetch" || x.Type == "xhr":
			note("answers of the API", x.Body)
		default:
			note("the page, its styles and scripts", x.Body)
		}
	}
	var all []place
	for name, b := range text {
		all = append(all, place{name: name, text: b.String()})
	}
	return all
}

// mayCarry reports whether a request has a secret in its body: a test of a key that a person
// pasted sends it in a header, so none does.
func mayCarry(exchange) bool { return false }

// mayAnswer reports whether an answer has a secret, as it is shown once.
func mayAnswer(x exchange) bool {
	path, _, _ := strings.Cut(x.URL, "?")
	for _, end := range []string{"/keys", "/rotate", "/rotate-secret", "/webhooks", "/portal-links"} {
		if x.Method == http.MethodPost && strings.HasSuffix(path, end) && x.Status < http.StatusMultipleChoices {
			return true
		}
	}
	return false
}

// cookie is a cookie of a visitor.
type cookie struct {
	Name, Value, Path string
	HTTPOnly          bool `json:"httpOnly"`
	Secure            bool
	SameSite          string
}

func (v *visitor) cookies() []cookie {
	v.t.Helper()
	var all []cookie
	v.must(command{"op": "cookies", "visitor": v.id}, &all)
	return all
}

// tokens returns the access tokens that a visitor was given.
func (v *visitor) tokens() []string {
	v.t.Helper()
	var all []string
	for _, x := range v.seen().Traffic {
		if token, ok := found([]byte(x.Body), "access_token").(string); ok && strings.Contains(x.URL, sessionPath) {
			all = append(all, token)
		}
	}
	return all
}
