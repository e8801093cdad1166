package console

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// visitor is a person with a browser of their own: cookies, storage, and tabs.
type visitor struct {
	*tab
	browser *browser
	id      string
	allowed []allowance
	faulty  bool // whether the test expects defects
}

// tab is an open page. Its methods wait for what they need, and fail the test without it.
type tab struct {
	browser *browser
	t       testing.TB
	id      string
	visitor *visitor
}

// options are how a person looks at pages.
type options struct {
	Scheme string `json:"scheme,omitempty"` // light or dark
	Width  int    `json:"width,omitempty"`  // pixels
	Height int    `json:"height,omitempty"` // pixels
}

// allowance is an answer that a story expects, and that is no defect.
type allowance struct {
	status int
	path   *regexp.Regexp
}

// open returns a new visitor with an empty tab. When the test ends, it fails for each defect
// that the visitor met: see [visitor.defects].
func open(t testing.TB, b *browser, o options) *visitor {
	t.Helper()
	c := command{"op": "open", "patience": patience.Milliseconds()}
	for name, value := range map[string]any{"scheme": o.Scheme, "width": o.Width, "height": o.Height} {
		if value != "" && value != 0 {
			c[name] = value
		}
	}
	var got struct{ Visitor, Tab string }
	if err := b.do(c, &got); err != nil {
		t.Fatalf("opening a browser: %v", err)
	}
	v := &visitor{browser: b, id: got.Visitor}
	v.tab = &tab{browser: b, t: t, id: got.Tab, visitor: v}
	v.allow(http.StatusUnauthorized, `/console/session/renew$`) // the first visit has no session
	t.Cleanup(func() {
		for _, d := range v.defects() {
			if !v.faulty {
				t.Error(d)
			}
		}
		if err := b.do(command{"op": "leave", "visitor": v.id}, nil); err != nil {
			t.Errorf("closing a browser: %v", err)
		}
	})
	return v
}

// patience is how long a tab waits for what it needs. A machine that is busy is slow.
const patience = 30 * time.Second

// allow allows answers with a status to requests whose path matches.
func (v *visitor) allow(status int, path string) {
	v.allowed = append(v.allowed, allowance{status, regexp.MustCompile(path)})
}

// exchange is a request of a page and its answer.
type exchange struct {
	Method, URL, Type, Sent string
	Status                  int
	RequestHeaders, Headers map[string]string
	Body                    string
}

// trouble is a message of a page's console, an exception or a breach of its policy.
type trouble struct{ Kind, Text, URL string }

// seen is all that a visitor's tabs did.
type seen struct {
	Troubles []trouble
	Traffic  []exchange
	Failed   []struct{ Method, URL, Text string }
	URLs     []string
	Texts    []string // of the console
}

func (v *visitor) seen() seen {
	v.t.Helper()
	var s seen
	v.must(command{"op": "seen", "visitor": v.id}, &s)
	return s
}

// defects returns what went wrong: messages of the console, exceptions, breaches of the content
// security policy, answers of 400 and above that no allowance names, and requests that failed.
func (v *visitor) defects() []string {
	v.t.Helper()
	var all []string
	s := v.seen()
	for _, t := range s.Troubles {
		all = append(all, fmt.Sprintf("%s at %s: %s", t.Kind, t.URL, t.Text))
	}
	for _, x := range s.Traffic {
		if x.Status >= http.StatusBadRequest && !v.allows(x) {
			all = append(all, fmt.Sprintf("%s %s: %d %.300s", x.Method, x.URL, x.Status, x.Body))
		}
	}
	for _, f := range s.Failed {
		// A page that is left ends its requests.
		if f.Text != "net::ERR_ABORTED" && !v.allows(exchange{URL: f.URL}) {
			all = append(all, fmt.Sprintf("%s %s: %s", f.Method, f.URL, f.Text))
		}
	}
	return all
}

// allows reports whether an allowance names an answer. Requests without one have status 0.
func (v *visitor) allows(x exchange) bool {
	path, _, _ := strings.Cut(x.URL, "?")
	for _, a := range v.allowed {
		if a.status == x.Status && a.path.MatchString(path) {
			return true
		}
	}
	return false
}

// must sends a command and fails the test if it fails, with the page as readers of screens
// read it.
func (p *tab) must(c command, result any) {
	p.t.Helper()
	if c["visitor"] == nil {
		c["tab"] = p.id
	}
	if err := p.browser.do(c, result); err != nil {
		var outline, url string
		_ = p.browser.do(command{"op": "url", "tab": p.id}, &url)
		_ = p.browser.do(command{"op": "outline", "tab": p.id}, &outline)
		p.t.Fatalf("%v\nat %s:\n%s", err, url, outline)
	}
}

// second opens another tab with the cookies of the first.
func (v *visitor) second() *tab {
	v.t.Helper()
	p := &tab{browser: v.browser, t: v.t, visitor: v}
	v.must(command{"op": "tab", "visitor": v.id}, &p.id)
	return p
}

// at names an element as people do: by its role and name, or by the label of a field. The name
// is exact; between slashes it is a regular expression that ignores case.
type at struct {
	Role  string `json:"role,omitempty"`
	Name  string `json:"name,omitempty"`
	Label string `json:"label,omitempty"`
	Text  string `json:"text,omitempty"`
	Has   string `json:"has,omitempty"` // a text inside
	CSS   string `json:"css,omitempty"` // for what only scripts see
	Nth   *int   `json:"nth,omitempty"`
}

func button(name string) at  { return at{Role: "button", Name: name} }
func link(name string) at    { return at{Role: "link", Name: name} }
func heading(name string) at { return at{Role: "heading", Name: name} }
func field(label string) at  { return at{Label: label} }
func words(text string) at   { return at{Text: text} }
func dialog(name string) at  { return at{Role: "dialog", Name: name} }
func row(has string) at      { return at{Role: "row", Has: has} }

// act performs an action of the driver on an element. Each target is within the one before.
func (p *tab) act(action, value string, result any, path []at) {
	p.t.Helper()
	p.must(command{"op": "act", "action": action, "value": value, "path": path}, result)
}

func (p *tab) click(path ...at)               { p.t.Helper(); p.act("click", "", nil, path) }
func (p *tab) fill(text string, path ...at)   { p.t.Helper(); p.act("fill", text, nil, path) }
func (p *tab) choose(name string, path ...at) { p.t.Helper(); p.act("choose", name, nil, path) }
func (p *tab) check(path ...at)               { p.t.Helper(); p.act("check", "", nil, path) }
func (p *tab) see(path ...at)                 { p.t.Helper(); p.act("see", "", nil, path) }
func (p *tab) gone(path ...at)                { p.t.Helper(); p.act("gone", "", nil, path) }
func (p *tab) text(path ...at) (text string) {
	p.t.Helper()
	p.act("text", "", &text, path)
	return text
}
func (p *tab) value(path ...at) (text string) {
	p.t.Helper()
	p.act("value", "", &text, path)
	return text
}
func (p *tab) count(path ...at) (n int) { p.t.Helper(); p.act("count", "", &n, path); return n }
func (p *tab) html() (text string)      { p.t.Helper(); p.must(command{"op": "html"}, &text); return text }
func (p *tab) url() (text string)       { p.t.Helper(); p.must(command{"op": "url"}, &text); return text }
func (p *tab) keys(keys ...string)      { p.t.Helper(); p.must(command{"op": "keys", "keys": keys}, nil) }
func (p *tab) write(text string)        { p.t.Helper(); p.must(command{"op": "type", "text": text}, nil) }
func (p *tab) reload()                  { p.t.Helper(); p.must(command{"op": "reload"}, nil) }
func (p *tab) back()                    { p.t.Helper(); p.must(command{"op": "back"}, nil) }
func (p *tab) scheme(name string)       { p.t.Helper(); p.must(command{"op": "scheme", "scheme": name}, nil) }
func (p *tab) size(width, height int) {
	p.t.Helper()
	p.must(command{"op": "size", "width": width, "height": height}, nil)
}
func (p *tab) evaluate(script string, got any) {
	p.t.Helper()
	p.must(command{"op": "evaluate", "script": script}, got)
}

// goes opens an address and returns the answer's status and headers.
func (p *tab) goes(url string) (status int, headers map[string]string) {
	p.t.Helper()
	var got struct {
		Status  int
		Headers map[string]string
	}
	p.must(command{"op": "goto", "url": url}, &got)
	return got.Status, got.Headers
}
