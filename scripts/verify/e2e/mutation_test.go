package main

import (
	"bytes"
	"compress/gzip"
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

	"statgate/scripts/verify/e2e/conformance"
	"statgate/scripts/verify/e2e/suite"
	"statgate/shared/contract"
	"statgate/shared/platform/deployment/deploymenttest"
)

// call is one exchange with a deployment that is broken on purpose.
type call struct {
	secret, method, path, query string
	status                      int
	header                      http.Header
	body                        []byte
}

func (c *call) set(status int, body []byte) { c.status, c.body = status, body }

// fault breaks a deployment: before changes requests, after changes answers. Either may be nil.
// Calls of after are serialised.
type fault struct {
	before func(*http.Request)
	after  func(*call)
}

// mutant is a deployment with one fault, and the cases that must fail because of it.
type mutant struct {
	name  string
	fails []string // case ids
	why   string   // part of the first case's failure
	fault func() fault
}

// unzip decodes a compressed body, so that faults can change its text.
func (c *call) unzip() {
	if c.header.Get("Content-Encoding") != "gzip" {
		return
	}
	c.header.Del("Content-Encoding")
	r, err := gzip.NewReader(bytes.NewReader(c.body))
	if err != nil {
		panic(err) // the gateway has just compressed it
	}
	if c.body, err = io.ReadAll(r); err != nil {
		panic(err)
	}
}

func after(f func(*call)) func() fault { return func() fault { return fault{after: f} } }

// replayed repeats the last remembered answer of the same request and secret where replay is
// true. Answers for which remember is true are remembered.
func replayed(replay func(*call) bool, remember func(*call) bool) func() fault {
	return func() fault {
		last := map[string]call{}
		return fault{after: func(c *call) {
			at := c.secret + " " + c.method + " " + c.path
			if old, ok := last[at]; ok && replay(c) {
				c.set(old.status, old.body)
				return
			}
			if remember(c) {
				last[at] = *c
			}
		}}
	}
}

func hasStatus(status int) func(*call) bool { return func(c *call) bool { return c.status == status } }

func hasCode(status int, code string) func(*call) bool {
	return func(c *call) bool { return c.status == status && bytes.Contains(c.body, []byte(`"`+code+`"`)) }
}

// dropped removes a header from answers with a status, 0 for any.
func dropped(name string, status int) func() fault {
	return after(func(c *call) {
		if status == 0 || c.status == status {
			c.header.Del(name)
		}
	})
}

// rewritten replaces text in the answers of paths with the suffix.
func rewritten(suffix, pattern, by string) func() fault {
	re := regexp.MustCompile(pattern)
	return after(func(c *call) {
		if strings.HasSuffix(c.path, suffix) && c.status < 300 {
			c.body = re.ReplaceAll(c.body, []byte(by))
		}
	})
}

// resent replaces text in the bodies sent to paths with the suffix.
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

// withoutQuery drops a parameter of requests to paths with the suffix.
func withoutQuery(suffix, name string) func() fault {
	return before(func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, suffix) {
			query := r.URL.Query()
			query.Del(name)
			r.URL.RawQuery = query.Encode()
		}
	})
}

// failuresHidden shows every webhook as one without failures.
var failuresHidden = after(func(c *call) {
	if strings.Contains(c.path, "/webhooks/") {
		c.body = regexp.MustCompile(`"failing_since":"[^"]*"`).ReplaceAll(c.body, []byte(`"failing_since":null`))
	}
})

var mutants = []mutant{
	{"an ended secret is still admitted", []string{"key.revoke", "key.revoke-self", "key.revoke-load", "rotate.at-once", "rotate.overlap", "expiry.short", "member.removed"}, "got 200", replayed(hasStatus(401), hasStatus(200))},
	{"a suspended member's keys are still admitted", []string{"member.suspended"}, "got 200", replayed(hasCode(403, "suspended"), hasStatus(200))},
	{"a removed scope is still granted", []string{"key.scope-cut"}, "got 200", replayed(hasCode(403, "forbidden"), hasStatus(200))},
	{"a widening takes effect later than promised", []string{"widen.scope", "widen.role"}, "want 200", lateWidening},
	{"a key is admitted once over its quota", []string{"quota.exact"}, "101 were admitted", overAdmission},
	{"key management has no bound", []string{"quota.management"}, "were admitted", after(func(c *call) {
		if c.status == 429 && strings.HasSuffix(c.path, "/keys/self") {
			c.set(200, []byte(`{}`))
		}
	})},
	{"the budget of key management is not told", []string{"quota.management"}, "RateLimit-Policy", after(func(c *call) {
		if policy, _, listed := strings.Cut(c.header.Get("RateLimit-Policy"), ", "); listed {
			c.header.Set("RateLimit-Policy", policy)
		}
	})},
	{"the cap on keys is exceeded", []string{"cap.parallel", "cap.freed"}, "keys were created", capExceeded},
	{"an unlisted transport is accepted", []string{"transport." + contract.Query}, "got 200", queryKeyAccepted},
	{"a listed transport is refused", []string{"transport." + contract.XAPIKey}, "got", before(func(r *http.Request) { r.Header.Del("X-API-Key") })},
	{"one route ignores its scope", []string{"scope.read:teams"}, "reached true, want false", ignoredScope},
	{"404 becomes 403", []string{"tenant.paths", "refuse.unknown-id"}, "want 404", after(func(c *call) {
		if c.status == 404 {
			c.status = 403
		}
	})},
	{"a 404 reveals whether the id exists", []string{"tenant.paths"}, "an unknown one", distinctNotFound},
	{"errors lack CORS", []string{"refuse.unknown-path", "refuse.no-key"}, "Access-Control-Allow-Origin", dropped("Access-Control-Allow-Origin", 0)},
	{"405 lacks Allow", []string{"refuse.method"}, "Allow", dropped("Allow", 405)},
	{"a 401 lacks the challenge", []string{"refuse.no-key"}, "WWW-Authenticate is", dropped("WWW-Authenticate", 401)},
	{"HEAD is refused", []string{"header.head"}, "want 200", after(func(c *call) {
		if c.method == http.MethodHead {
			c.status = 405
		}
	})},
	{"nothing is compressed", []string{"document.compressed"}, "Content-Encoding", before(func(r *http.Request) { r.Header.Del("Accept-Encoding") })},
	{"the page may run inline scripts", []string{"document.files"}, "the page has the policy", dropped("Content-Security-Policy", 0)},
	{"the document names another server", []string{"document.server"}, "want 200", rewritten("/openapi.json", `"url": "/"`, `"url": "/live"`)},
	{"Location leads elsewhere", []string{"header.location"}, "Location is", after(func(c *call) {
		if at := c.header.Get("Location"); at != "" {
			c.header.Set("Location", "/live"+at)
		}
	})},
	{"answers lack the remaining quota", []string{"header.rate"}, "X-RateLimit-Remaining", dropped("X-RateLimit-Remaining", 200)},
	{"answers lack the ETag", []string{"header.etag"}, "no ETag", dropped("ETag", 0)},
	{"creations lack Location", []string{"header.location"}, "Location is", dropped("Location", 201)},
	{"429 lacks Retry-After", []string{"quota.exact"}, "Retry-After", dropped("Retry-After", 429)},
	{"preflight needs a key", []string{"preflight"}, "want 204", after(func(c *call) {
		if c.method == http.MethodOptions {
			c.status = 401
		}
	})},
	{"cursors are ignored", []string{"page.keys", "page.members", "page.audit"}, "was skipped", before(func(r *http.Request) {
		q := r.URL.Query()
		q.Del("cursor")
		r.URL.RawQuery = q.Encode()
	})},
	{"usage counts a call twice", []string{"usage.exact", "usage.run"}, "with total", rewritten("/usage", `"total":\d+`, `"total":9`)},
	{"a visit is not in the trail", []string{"org.visited"}, "want one by", rewritten("/audit", `org\.visit`, "org.update")},
	{"the audit trail lacks rotations", []string{"audit.run"}, "key.rotate", rotationsHidden},
	{"an answer has an undocumented field", []string{"answers.valid"}, "additional properties", rewritten("/health", `\{`, `{"more":1,`)},
	{"a secret is shown again", []string{"secrets.once"}, "shows the secret", secretShown},
	{"a stale change is accepted", []string{"write.if-match"}, "of 16 changes under one ETag were made", before(func(r *http.Request) { r.Header.Del("If-Match") })},
	{"an Idempotency-Key is ignored", []string{"write.repeat", "repeat.operations"}, "got 409", before(func(r *http.Request) { r.Header.Del("Idempotency-Key") })},
	{"any transition is accepted", []string{"write.steps"}, "conflict.transition: ", after(func(c *call) {
		if hasCode(409, "illegal_transition")(c) {
			c.set(200, []byte(`{}`))
		}
	})},
	{"a 404 reveals another organisation's match", []string{"write.tenant"}, "an unknown one", after(func(c *call) {
		if c.status == 404 && strings.Contains(c.path, "/matches/m_") && !strings.Contains(c.path, "/m_0000") {
			c.body = bytes.ReplaceAll(c.body, []byte("no such"), []byte("not your"))
		}
	})},
	{"a deleted match is still readable", []string{"write.match"}, "not_found: ", replayed(hasStatus(404), hasStatus(200))},
	{"an invalid field is not named", []string{"write.fields"}, "does not name minute", after(func(c *call) {
		if c.status == 422 {
			c.body = bytes.ReplaceAll(c.body, []byte(`"minute"`), []byte(`"field"`))
		}
	})},
	{"deliveries are signed by another secret", []string{"webhook.sent.test", "webhook.sent"}, "no matching signature",
		rewritten("/webhooks", `"whsec_[^"]*"`, `"whsec_`+strings.Repeat("A", 43)+`="`)},
	{"a webhook's event types are ignored", []string{"webhook.sent.filter"}, "was sent to a webhook for deletions",
		resent("POST", "/webhooks", `"types":\[[^\]]*\]`, `"types":[]`)},
	{"a deleted webhook still receives events", []string{"webhook.sent.ended", "webhook.life"}, "to a disabled or deleted webhook", before(func(r *http.Request) {
		if r.Method == "DELETE" && strings.Contains(r.URL.Path, "/webhooks/") {
			r.Method = "GET"
		}
	})},
	{"attempts are counted wrongly", []string{"webhook.sent.again"}, "after the second attempt", rewritten("/deliveries", `"attempts":2`, `"attempts":3`)},
	{"a webhook hides its failures", []string{"webhook.sent.again"}, "failing_since is null", failuresHidden},
	{"a deletion leaves no tombstone", []string{"changes.fed"}, "the tombstone is", rewritten("/changes", `"deleted_at":"[^"]*"`, `"deleted_at":null`)},
	{"the change feed lists an event twice", []string{"changes.fed"}, "is listed twice", rewritten("/changes", `"event":"[^"]*"`, `"event":"evt_1"`)},
	{"the change feed ends", []string{"changes.cursor", "changes.fed"}, "want a next cursor", rewritten("/changes", `"next_cursor":"[^"]*"`, `"next_cursor":null`)},
	{"the change feed lists changes of others", []string{"changes.fed.tenant"}, "another organisation reads", rewritten("/changes", `"owner":"org_[^"]*"`, `"owner":"org_1"`)},
	{"the change feed ignores types", []string{"changes.fed.filter"}, "got {", withoutQuery("/changes", "types")},
	{"the change feed accepts an unknown team", []string{"changes.filters", "changes.fed.tenant"}, "not_found: ", after(func(c *call) {
		if strings.HasSuffix(c.path, "/changes") && c.status == 404 {
			c.set(200, []byte(`{"data":[],"next_cursor":"c","total":null}`))
		}
	})},
	{"the change feed has event ids of its own", []string{"webhook.sent.feed"}, "the webhook-id is", rewritten("/changes", `"event":"evt_`, `"event":"chg_`)},
	{"the change feed needs no scope", []string{"changes.scope"}, "to be denied", after(func(c *call) {
		if strings.HasSuffix(c.path, "/changes") && c.status == 403 {
			c.set(200, []byte(`{"data":[],"next_cursor":"c","total":null}`))
		}
	})},
	{"a revoked key still calls tools", []string{"mcp.revoked"}, "want 401", replayed(hasStatus(401), func(c *call) bool { return c.status == 200 && isMCP(c) })},
	{"a call of a tool is counted as another operation", []string{"mcp.cost", "mcp.tools"}, "usage of", rewritten("/usage", `callMCP\.\w+`, "callMCP")},
	{"a call of a tool costs nothing", []string{"mcp.cost"}, "call 2 leaves", frozenQuota},
	{"a key without the server's scope reaches it", []string{"mcp.scope"}, "got 200", onMCP(hasStatus(403), func(c *call) { c.set(200, []byte(`{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}`)) })},
	{"a tool ignores the key's scopes", []string{"mcp.tool-scope", "mcp.narrowed"}, "want a result that is an error",
		onMCP(says("requires the scope"), func(c *call) { c.body = bytes.Replace(c.body, []byte(`"isError":true`), []byte(`"isError":false`), 1) })},
	{"a tool is listed that the key may not call", []string{"mcp.tools", "mcp.tool-scope"}, "the tools are",
		onMCP(says(`"tools":[`), func(c *call) {
			c.body = bytes.Replace(c.body, []byte(`"tools":[`), []byte(`"tools":[{"name":"delete_all"},`), 1)
		})},
	{"batches are accepted", []string{"mcp.malformed"}, "want 400 with the error -32600", onMCP(says("batches"), func(c *call) { c.set(200, []byte(`[]`)) })},
	{"the list of tools may be cached for everybody", []string{"mcp.revisions"}, "want private",
		onMCP(says(`"cacheScope"`), func(c *call) { c.body = bytes.Replace(c.body, []byte(`"private"`), []byte(`"public"`), 1) })},
	{"a client may subscribe to changes", []string{"mcp.revisions"}, "want tools alone",
		onMCP(says(`"tools":{}`), func(c *call) {
			c.body = bytes.Replace(c.body, []byte(`"tools":{}`), []byte(`"tools":{"listChanged":true}`), 1)
		})},
	{"GET on the MCP server hangs on", []string{"mcp.methods"}, "want 405", onMCP(hasStatus(405), func(c *call) { c.set(200, []byte("event: open\n")) })},
	{"scripts may not send the protocol's headers", []string{"preflight"}, "does not allow the header mcp-", after(func(c *call) {
		allowed, _, others := strings.Cut(c.header.Get("Access-Control-Allow-Headers"), ", MCP-")
		if c.method == http.MethodOptions && others { // paths of sessions allow none
			c.header.Set("Access-Control-Allow-Headers", allowed)
		}
	})},
	{"pages cannot read the MCP server's answers", []string{"mcp.origin"}, "cannot read", onMCP(hasStatus(200), func(c *call) { c.header.Del("Access-Control-Allow-Origin") })},
	{"a token calls tools after its key is revoked", []string{"mcp.token"}, "want 401", replayed(hasStatus(401), func(c *call) bool { return c.status == 200 && isMCP(c) })},
	{"a used-up budget does not say how long to wait", []string{"mcp.quota"}, "Retry-After", onMCP(says("wait "), func(c *call) { c.header.Del("Retry-After") })},
	{"a tool is called once over the budget", []string{"mcp.quota"}, "101 were admitted", toolOverAdmission},
	{"the pages have no policy", []string{"console.page"}, "got the policy", dropped("Content-Security-Policy", 0)},
	{"a file of the console is gone", []string{"console.page"}, "want 200", after(func(c *call) {
		if strings.HasPrefix(c.path, "/console/app.") {
			c.set(http.StatusNotFound, []byte(`{"error":"not_found","message":"gone","details":null,"request_id":"x"}`))
		}
	})},
	{"files of the console are not cached", []string{"console.page"}, "Cache-Control", dropped("Cache-Control", 200)},
	{"the root leads nowhere", []string{"root"}, "want 302", dropped("Location", 302)},
	{"the document lacks a route", []string{"document.routes"}, "the document has routes", rewritten("/openapi.json", `"/health"`, `"/healthy"`)},
}

func before(f func(*http.Request)) func() fault { return func() fault { return fault{before: f} } }

func isMCP(c *call) bool { return strings.HasSuffix(c.path, "/mcp") }

// onMCP changes answers of the MCP server.
func onMCP(which func(*call) bool, change func(*call)) func() fault {
	return after(func(c *call) {
		if isMCP(c) && which(c) {
			change(c)
		}
	})
}

func says(text string) func(*call) bool {
	return func(c *call) bool { return bytes.Contains(c.body, []byte(text)) }
}

var remaining = regexp.MustCompile(`"remaining":\d+`)

// frozenQuota tells each key what was left after its first call of a tool.
func frozenQuota() fault {
	first := map[string][]byte{}
	return fault{after: func(c *call) {
		left := remaining.Find(c.body)
		if !isMCP(c) || left == nil {
			return
		}
		if first[c.secret] == nil {
			first[c.secret] = left
		}
		c.body = remaining.ReplaceAll(c.body, first[c.secret])
	}}
}

// toolOverAdmission replaces the first refused call of a tool of each key by an admitted one.
func toolOverAdmission() fault {
	last := map[string]call{}
	done := map[string]bool{}
	return fault{after: func(c *call) {
		old, ok := last[c.secret]
		switch {
		case !isMCP(c):
		case bytes.Contains(c.body, []byte(`"structuredContent"`)):
			last[c.secret] = *c
		case c.header.Get("Retry-After") != "" && ok && !done[c.secret]:
			done[c.secret] = true
			c.header.Del("Retry-After")
			c.set(old.status, old.body)
		}
	}}
}

// lateWidening refuses for 2 s more after a change that names the time it takes effect.
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

// overAdmission replaces the first 429 of each key by the key's last 200.
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

func capExceeded() fault {
	var made []byte
	return fault{after: func(c *call) {
		switch {
		case c.status == 201 && strings.HasSuffix(c.path, "/keys"):
			made = c.body
		case hasCode(409, "key_limit_reached")(c):
			c.set(201, made)
		}
	}}
}

func queryKeyAccepted() fault {
	return fault{before: func(r *http.Request) {
		if secret := r.URL.Query().Get(contract.Query); secret != "" {
			r.Header.Set("Authorization", "Bearer "+secret)
		}
	}}
}

// ignoredScope answers as the handler would for any scopes.
func ignoredScope() fault {
	return fault{after: func(c *call) {
		if c.status == 403 && strings.HasSuffix(c.path, "/football/leagues") {
			c.set(200, []byte(`{"data":[],"next_cursor":null,"total":0}`))
		}
	}}
}

var idPattern = regexp.MustCompile(`(key|org|usr)_[0-9a-z]{26}`)

// distinctNotFound changes the message of a 404 if the id exists.
func distinctNotFound() fault {
	exist := map[string]bool{}
	return fault{after: func(c *call) {
		if c.status < 300 && c.secret != "" { // the document, which is open, has example ids
			for _, id := range idPattern.FindAllString(string(c.body), -1) {
				exist[id] = true
			}
		}
		if ids := idPattern.FindAllString(c.path, -1); c.status == 404 && len(ids) > 0 && exist[ids[0]] {
			c.body = bytes.ReplaceAll(c.body, []byte("no such"), []byte("not your"))
		}
	}}
}

// rotationsHidden removes rotations from the audit trail.
func rotationsHidden() fault {
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

// muted gives requests of a path that must not happen another method, and their answers the
// status and body that they would have.
func muted(method, path string, status int, body string) func() fault {
	re := regexp.MustCompile(path)
	return func() fault {
		return fault{before: func(r *http.Request) {
			if r.Method == method && re.MatchString(r.URL.Path) {
				r.Method = "TRACE"
			}
		}, after: func(c *call) {
			if c.method == "TRACE" {
				c.set(status, []byte(body))
				c.header.Set("Content-Type", "application/json")
			}
		}}
	}
}

// withdrawalIgnored approves an application where it was to be withdrawn, and answers as if it
// were withdrawn.
func withdrawalIgnored() fault {
	var ignored sync.Map
	return fault{before: func(r *http.Request) {
		if r.Method != "PATCH" || !strings.Contains(r.URL.Path, "/applications/") {
			return
		}
		body, _ := io.ReadAll(r.Body)
		if bytes.Contains(body, []byte("withdrawn")) {
			ignored.Store(r.URL.Path, true)
		} else {
			ignored.Delete(r.URL.Path)
		}
		body = bytes.ReplaceAll(body, []byte("withdrawn"), []byte("approved"))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}, after: func(c *call) {
		if _, is := ignored.Load(c.path); is {
			c.body = bytes.ReplaceAll(c.body, []byte(`"approved"`), []byte(`"withdrawn"`))
		}
	}}
}

// contestMutants are faults of a contract whose webhooks receive events of contests.
var contestMutants = []mutant{
	{"a contest webhook's event types are ignored", []string{"teambattles.webhook.events"}, "was sent to a webhook for match.cancelled",
		resent("POST", "/webhooks", `"events":\["match.cancelled"\]`, `"events":["match.cancelled","match.created"]`)},
	{"contest events are signed by another secret", []string{"teambattles.webhook.test", "teambattles.webhook.rotate"}, "no matching signature",
		rewritten("/webhooks", `"whsec_[^"]{40,}"`, `"whsec_`+strings.Repeat("A", 43)+`="`)},
	{"a withdrawn approval stays", []string{"teambattles.webhook.withdrawn", "teambattles.permissions.webhooks"}, "want 403", withdrawalIgnored},
	{"an inactive member's webhook receives the team's events", []string{"teambattles.webhook.readers"}, "the webhook of a former member got",
		before(func(r *http.Request) {
			if r.Method == "PUT" && strings.Contains(r.URL.Path, "/contestants/") {
				body, _ := io.ReadAll(r.Body)
				body = bytes.ReplaceAll(body, []byte("inactive"), []byte("active"))
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			}
		})},
	{"a webhook acts for its maker after another user set its URL", []string{"teambattles.webhook.readers"}, "the webhook of a colleague got",
		muted("PATCH", `/webhooks/whk_[^/]*$`, 200, `{"ok":true}`)},
	{"a replay sends nothing", []string{"teambattles.webhook.replay"}, "the replay did not arrive",
		muted("POST", `/replay$`, 202, `{"ok":true}`)},
	{"a refused delivery is retried", []string{"teambattles.webhook.refused"}, "want failed",
		rewritten("/deliveries", `"status":"failed"`, `"status":"pending"`)},
	{"a test says that a refused event was accepted", []string{"teambattles.webhook.test"}, "want",
		rewritten("/test", `"delivered":false`, `"delivered":true`)},
	{"the list of deliveries never ends", []string{"teambattles.webhook.replay"}, "isDone",
		rewritten("/deliveries", `"isDone":true`, `"isDone":false`)},
}

// secretShown shows the newest secret in the name of an object read by id.
func secretShown() fault {
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

// withFault serves a deployment with a fault.
func withFault(backend http.Handler, f fault) http.Handler {
	var mutex sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.before != nil {
			f.before(r)
		}
		c := &call{secret: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), method: r.Method, path: r.URL.Path, query: r.URL.RawQuery}
		rec := httptest.NewRecorder()
		backend.ServeHTTP(rec, r)
		c.status, c.header, c.body = rec.Code, rec.Header(), rec.Body.Bytes()
		if f.after != nil {
			c.unzip()
			func() {
				mutex.Lock()
				defer mutex.Unlock() // a fault that panics must not block later requests
				f.after(c)
			}()
		}
		for name, values := range c.header {
			w.Header()[name] = values
		}
		w.WriteHeader(c.status)
		_, _ = w.Write(c.body)
	})
}

// TestSuiteDetectsEveryFault proves that each case can fail.
func TestSuiteDetectsEveryFault(t *testing.T) {
	t.Parallel()
	for contract, all := range map[string][]mutant{"statgate": mutants, "teambattles": contestMutants} {
		for _, m := range all {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				m.detected(t, contract)
			})
		}
	}
}

// detected checks that the suite reports a fault.
func (m mutant) detected(t *testing.T, contract string) {
	t.Helper()
	w := deploymenttest.New(t, contract)
	w.Gate.Patience = patience
	if slices.Contains(m.fails, "webhook.sent.filter") {
		w.Simulate(t) // a filter needs an existing team
	}
	server := httptest.NewServer(withFault(w.Gateway, m.fault()))
	t.Cleanup(server.Close)
	needed := append([]string{"rotate.at-once", "key.create", "document.open"}, m.fails...)
	var out bytes.Buffer
	result, err := suite.Run(t.Context(), suite.Options{BaseURL: server.URL + w.Contract.Base, Operator: w.Operator, Contract: w.Contract, Facts: conformance.Cases(contract),
		Receive: "127.0.0.1", Patience: 15 * time.Second, Parallel: 32, Out: &out, Only: func(id string) bool { return slices.Contains(needed, id) }})
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range m.fails {
		why, failed := result.Failures[id]
		if !failed || i == 0 && !strings.Contains(why, m.why) {
			t.Errorf("%s: got failure %q, want one with %q:\n%s", id, why, m.why, out.String())
		}
	}
	if !strings.Contains(out.String(), "FAIL "+m.fails[0]) || strings.HasSuffix(out.String(), " 0 failed\n") {
		t.Errorf("the report does not show the failure:\n%s", out.String())
	}
}
