package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/scripts/verify/e2e/suite"
	"statgate/shared/contract"
	"statgate/shared/platform/deployment/deploymenttest"
)

// call is one exchange on its way through a deployment that is broken on purpose.
type call struct {
	secret, method, path, query string
	status                      int
	header                      http.Header
	body                        []byte
}

func (c *call) set(status int, body []byte) { c.status, c.body = status, body }

// fault breaks a deployment: before spoils requests, after answers. Either may be
// nil. Both are called one at a time.
type fault struct {
	before func(*http.Request)
	after  func(*call)
}

// mutant is a deployment with one thing wrong, and the lines that must say so.
type mutant struct {
	name  string
	fails []string // case ids
	why   string   // is in what the first of them says
	fault func() fault
}

func after(f func(*call)) func() fault { return func() fault { return fault{after: f} } }

// replayed answers from what a route answered the same secret before, where now
// tells that it should.
func replayed(now func(*call) bool, then func(*call) bool) func() fault {
	return func() fault {
		last := map[string]call{}
		return fault{after: func(c *call) {
			at := c.secret + " " + c.method + " " + c.path
			if old, ok := last[at]; ok && now(c) {
				c.set(old.status, old.body)
				return
			}
			if then(c) {
				last[at] = *c
			}
		}}
	}
}

func is(status int) func(*call) bool { return func(c *call) bool { return c.status == status } }

func says(status int, code string) func(*call) bool {
	return func(c *call) bool { return c.status == status && bytes.Contains(c.body, []byte(`"`+code+`"`)) }
}

// dropped leaves a header out of answers of a status, 0 for any.
func dropped(name string, status int) func() fault {
	return after(func(c *call) {
		if status == 0 || c.status == status {
			c.header.Del(name)
		}
	})
}

// rewritten replaces text in the answers of paths that end so.
func rewritten(suffix, pattern, by string) func() fault {
	re := regexp.MustCompile(pattern)
	return after(func(c *call) {
		if strings.HasSuffix(c.path, suffix) && c.status < 300 {
			c.body = re.ReplaceAll(c.body, []byte(by))
		}
	})
}

// resent replaces text in what is sent to paths that end so.
func resent(method, suffix, pattern, by string) func() fault {
	re := regexp.MustCompile(pattern)
	return before(func(r *http.Request) {
		if r.Method != method || !strings.HasSuffix(r.URL.Path, suffix) {
			return
		}
		body, _ := io.ReadAll(r.Body)
		body = re.ReplaceAll(body, []byte(by))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	})
}

// failuresHidden shows every webhook as one that is well.
var failuresHidden = after(func(c *call) {
	if strings.Contains(c.path, "/webhooks/") {
		c.body = regexp.MustCompile(`"failing_since":"[^"]*"`).ReplaceAll(c.body, []byte(`"failing_since":null`))
	}
})

var mutants = []mutant{
	{"a dead secret goes on being admitted", []string{"key.revoke", "key.revoke-self", "key.revoke-load", "rotate.at-once", "rotate.overlap", "expiry.short", "member.removed"}, "got 200", replayed(is(401), is(200))},
	{"a suspended member's keys go on", []string{"member.suspended"}, "got 200", replayed(says(403, "suspended"), is(200))},
	{"a scope that was cut goes on", []string{"key.scope-cut"}, "got 200", replayed(says(403, "forbidden"), is(200))},
	{"a widening comes later than it says", []string{"widen.scope", "widen.role"}, "want 200", lateWidening},
	{"a key is admitted once too often", []string{"quota.exact"}, "101 were admitted", overAdmission},
	{"the cap gives way", []string{"cap.parallel", "cap.freed"}, "were made", capGivesWay},
	{"an unlisted transport is taken", []string{"transport." + contract.Query}, "got 200", queryTaken},
	{"a listed transport is not", []string{"transport." + contract.XAPIKey}, "got", before(func(r *http.Request) { r.Header.Del("X-API-Key") })},
	{"one route forgets its scope", []string{"scope.read:teams"}, "reached true, want false", forgottenScope},
	{"404 becomes 403", []string{"tenant.paths", "refuse.unknown-id"}, "want 404", after(func(c *call) {
		if c.status == 404 {
			c.status = 403
		}
	})},
	{"what exists is told from what does not", []string{"tenant.paths"}, "an unknown one", toldApart},
	{"errors lack CORS", []string{"refuse.unknown-path", "refuse.no-key"}, "Access-Control-Allow-Origin", dropped("Access-Control-Allow-Origin", 0)},
	{"405 lacks Allow", []string{"refuse.method"}, "Allow", dropped("Allow", 405)},
	{"answers lack what is left", []string{"header.rate"}, "X-RateLimit-Remaining", dropped("X-RateLimit-Remaining", 200)},
	{"answers lack the ETag", []string{"header.etag"}, "no ETag", dropped("ETag", 0)},
	{"creations do not say where", []string{"header.location"}, "Location is", dropped("Location", 201)},
	{"429 lacks Retry-After", []string{"quota.exact"}, "Retry-After", dropped("Retry-After", 429)},
	{"preflight needs a key", []string{"preflight"}, "want 204", after(func(c *call) {
		if c.method == http.MethodOptions {
			c.status = 401
		}
	})},
	{"cursors are not looked at", []string{"page.keys", "page.members", "page.audit"}, "passed over", before(func(r *http.Request) {
		q := r.URL.Query()
		q.Del("cursor")
		r.URL.RawQuery = q.Encode()
	})},
	{"usage counts a call twice", []string{"usage.exact", "usage.run"}, "in all", rewritten("/usage", `"total":\d+`, `"total":9`)},
	{"the trail forgets rotations", []string{"audit.run"}, "key.rotate", forgetful},
	{"a field is not in the document", []string{"answers.valid"}, "additional properties", rewritten("/health", `\{`, `{"more":1,`)},
	{"a secret is shown again", []string{"secrets.once"}, "shows the secret", talkative},
	{"a stale change is made", []string{"write.if-match"}, "of 16 changes under one ETag were made", before(func(r *http.Request) { r.Header.Del("If-Match") })},
	{"an Idempotency-Key is not looked at", []string{"write.repeat"}, "got 409", before(func(r *http.Request) { r.Header.Del("Idempotency-Key") })},
	{"any step is taken", []string{"write.steps"}, "no conflict.transition", after(func(c *call) {
		if says(409, "illegal_transition")(c) {
			c.set(200, []byte(`{}`))
		}
	})},
	{"another's match is told from none", []string{"write.tenant"}, "an unknown one", after(func(c *call) {
		if c.status == 404 && strings.Contains(c.path, "/matches/m_") && !strings.Contains(c.path, "/m_0000") {
			c.body = bytes.ReplaceAll(c.body, []byte("no such"), []byte("not your"))
		}
	})},
	{"a deleted match is still read", []string{"write.match"}, "no not_found", replayed(is(404), is(200))},
	{"a wrong field is not named", []string{"write.fields"}, "does not name minute", after(func(c *call) {
		if c.status == 422 {
			c.body = bytes.ReplaceAll(c.body, []byte(`"minute"`), []byte(`"field"`))
		}
	})},
	{"deliveries are signed by another secret", []string{"webhook.sent.test", "webhook.sent"}, "no matching signature",
		rewritten("/webhooks", `"whsec_[^"]*"`, `"whsec_`+strings.Repeat("A", 43)+`="`)},
	{"a webhook's types are not looked at", []string{"webhook.sent.filter"}, "was sent to who wants deletions",
		resent("POST", "/webhooks", `"types":\[[^\]]*\]`, `"types":[]`)},
	{"a deleted webhook goes on", []string{"webhook.sent.ended", "webhook.life"}, "to a webhook that had ended", before(func(r *http.Request) {
		if r.Method == "DELETE" && strings.Contains(r.URL.Path, "/webhooks/") {
			r.Method = "GET"
		}
	})},
	{"attempts are counted wrongly", []string{"webhook.sent.again"}, "after the second attempt", rewritten("/deliveries", `"attempts":2`, `"attempts":3`)},
	{"a webhook hides that it fails", []string{"webhook.sent.again"}, "does not say that it fails", failuresHidden},
	{"the document lacks a route", []string{"document.routes"}, "it has", rewritten("/openapi.json", `"/health"`, `"/healthy"`)},
}

func before(f func(*http.Request)) func() fault { return func() fault { return fault{before: f} } }

// lateWidening goes on refusing for a while after a change that names its moment.
func lateWidening() fault {
	refused := map[string]call{}
	var until time.Time
	return fault{after: func(c *call) {
		at := c.secret + " " + c.path
		old, was := refused[at]
		switch {
		case c.method == http.MethodPatch && c.status == 200:
			until = time.Now().Add(2 * time.Second)
		case c.status == 403:
			refused[at] = *c
		case was && time.Now().Before(until):
			c.set(old.status, old.body)
		}
	}}
}

// overAdmission turns the first refusal of each key into what it got before.
func overAdmission() fault {
	last := map[string]call{}
	done := map[string]bool{}
	return fault{after: func(c *call) {
		old, ok := last[c.secret]
		switch {
		case c.status == 200 && c.method == http.MethodGet:
			last[c.secret] = *c
		case c.status == 429 && ok && !done[c.secret]:
			done[c.secret] = true
			c.set(old.status, old.body)
		}
	}}
}

func capGivesWay() fault {
	var made []byte
	return fault{after: func(c *call) {
		switch {
		case c.status == 201 && strings.HasSuffix(c.path, "/keys"):
			made = c.body
		case says(409, "key_limit_reached")(c):
			c.set(201, made)
		}
	}}
}

func queryTaken() fault {
	return fault{before: func(r *http.Request) {
		if secret := r.URL.Query().Get(contract.Query); secret != "" {
			r.Header.Set("Authorization", "Bearer "+secret)
		}
	}}
}

// forgottenScope answers as the handler would, whatever the scopes.
func forgottenScope() fault {
	return fault{after: func(c *call) {
		if c.status == 403 && strings.HasSuffix(c.path, "/football/leagues") {
			c.set(200, []byte(`{"data":[],"next_cursor":null,"total":0}`))
		}
	}}
}

var idPattern = regexp.MustCompile(`(key|org|usr)_[0-9a-z]{26}`)

// toldApart words a refusal differently where the id is somebody's.
func toldApart() fault {
	exist := map[string]bool{}
	return fault{after: func(c *call) {
		if c.status < 300 && c.secret != "" { // the document has examples
			for _, id := range idPattern.FindAllString(string(c.body), -1) {
				exist[id] = true
			}
		}
		if ids := idPattern.FindAllString(c.path, -1); c.status == 404 && len(ids) > 0 && exist[ids[0]] {
			c.body = bytes.ReplaceAll(c.body, []byte("no such"), []byte("not your"))
		}
	}}
}

// forgetful leaves rotations out of the audit trail.
func forgetful() fault {
	return fault{after: func(c *call) {
		var page map[string]any
		if !strings.HasSuffix(c.path, "/audit") || json.Unmarshal(c.body, &page) != nil {
			return
		}
		entries, _ := page["data"].([]any)
		page["data"] = slices.DeleteFunc(entries, func(e any) bool { return e.(map[string]any)["action"] == "key.rotate" })
		c.body, _ = json.Marshal(page)
	}}
}

// talkative shows the newest secret as the name of whatever is asked for.
func talkative() fault {
	secret := ""
	return fault{after: func(c *call) {
		var k struct{ Secret string }
		if json.Unmarshal(c.body, &k) == nil && k.Secret != "" {
			secret = k.Secret
			return
		}
		if idPattern.MatchString(c.path) && c.status == 200 {
			c.body = bytes.Replace(c.body, []byte(`"name":"`), []byte(`"name":"`+secret), 1)
		}
	}}
}

// broken serves a deployment with a fault.
func broken(whole http.Handler, f fault) http.Handler {
	var mutex sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.before != nil {
			f.before(r)
		}
		c := &call{secret: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), method: r.Method, path: r.URL.Path, query: r.URL.RawQuery}
		rec := httptest.NewRecorder()
		whole.ServeHTTP(rec, r)
		c.status, c.header, c.body = rec.Code, rec.Header(), rec.Body.Bytes()
		if f.after != nil {
			mutex.Lock()
			f.after(c)
			mutex.Unlock()
		}
		for name, values := range c.header {
			w.Header()[name] = values
		}
		w.WriteHeader(c.status)
		_, _ = w.Write(c.body)
	})
}

// TestSuiteFailsOnWhatIsBroken proves that the suite can fail, line by line.
func TestSuiteFailsOnWhatIsBroken(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			w := deploymenttest.New(t, "statgate")
			w.Gate.Patience = patience
			server := httptest.NewServer(broken(w.Gateway, m.fault()))
			t.Cleanup(server.Close)
			needed := append([]string{"rotate.at-once", "key.create", "document.open"}, m.fails...)
			var out bytes.Buffer
			result, err := suite.Run(t.Context(), suite.Options{BaseURL: server.URL + w.Contract.Base, Operator: w.Operator, Contract: w.Contract,
				Receive: "127.0.0.1", Patience: 15 * time.Second, Parallel: 32, Out: &out, Only: func(id string) bool { return slices.Contains(needed, id) }})
			if err != nil {
				t.Fatal(err)
			}
			for i, id := range m.fails {
				why, failed := result.Failures[id]
				if !failed || i == 0 && !strings.Contains(why, m.why) {
					t.Errorf("%s does not fail by %q, but by %q:\n%s", id, m.why, why, out.String())
				}
			}
			if !strings.Contains(out.String(), "FAIL "+m.fails[0]) || strings.HasSuffix(out.String(), " 0 failed\n") {
				t.Errorf("the report does not say so:\n%s", out.String())
			}
		})
	}
}
