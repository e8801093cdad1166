package conformance

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"statgate/scripts/verify/e2e/suite"
)

var balla = page{
	file: "000_011b0ecea0e884a5.txt", sha256: "02e75e0362ee42816ced4f73fc449c223ece6f550f955298562a0b3fa0de8101",
	cases: ballaCases,
	exemptions: []exemption{
		{"1-5", "introduction"},
		{"8", "introduction"},
		{"15-22", "instructions for the product's pages"},
		{"25.2", "the name of a principle"},
		{"26.3", "advice to the reader"},
		{"28.2", "advice to the reader"},
		{"41.2", "further reading"},
		{"42.2", "advice on the use of the figures"},
		{"45.2", "advice to the reader"},
		{"46", "a heading"},
		{"48", "a heading"},
		{"50", "a heading"},
		{"51.2", "advice to the reader"},
		{"52-53", "advice to the reader"},
	},
}

// Patterns that several cases use.
const (
	ballaList         = `{"data": "<list>", "page": "<number>", "limit": "<number>", "total": "<number?>"}`
	ballaUnauthorized = `{"error": "Your API key is missing, inactive, revoked or expired", "code": "UNAUTHORIZED"}`
	ballaForbidden    = `{"error": "<string>", "code": "FORBIDDEN"}`
	ballaNotFound     = `{"error": "<string>", "code": "NOT_FOUND"}`
)

var ballaCases = slices.Concat(ballaPlans, ballaKeys, ballaCalls, ballaLife, ballaRefusals, ballaData)

var ballaPlans = []Case{
	{ID: "plan.free", Sentences: []string{"6.1", "7.1"}, Source: fromPage, Fact: "the plan FREE has no keys: they need PRO or more",
		Answer: "409, and no key is created; management keys do not count, so that a customer can change to another plan", Prove: func(t *suite.T) {
			o := t.Org("FREE")
			t.Expect(suite.Post("/keys", suite.In{"name": "Dashboard Bot", "scopes": []string{"read"}}).By(o.Admin), 409, `{"error": "<string>", "code": "CONFLICT", "...": 0}`)
			t.MustOp(t.OperatorKey(), "updateOrg", suite.In{"org": o.ID, "plan": "PRO"})
			t.Key(o, suite.In{"scopes": []string{"read"}})
		}},
	{ID: "plan.keys", Sentences: []string{"7.1"}, Source: fromPage, Fact: "PRO has 3 keys, TEAM 10 and ENTERPRISE 50",
		Answer: "one key more is a 409; a revoked key no longer counts", Prove: func(t *suite.T) {
			t.Each(3, func(i int) {
				plan, keys := []string{"PRO", "TEAM", "ENTERPRISE"}[i], []int{3, 10, 50}[i]
				o := t.Org(plan)
				one := t.Key(o, suite.In{"scopes": []string{"read"}})
				for range keys - 1 {
					t.Key(o, suite.In{"scopes": []string{"read"}})
				}
				more := suite.Post("/keys", suite.In{"name": "one too many", "scopes": []string{"read"}}).By(o.Admin)
				t.Expect(more, 409, `{"error": "<string>", "code": "CONFLICT", "...": 0}`)
				t.MustOp(o.Admin, "revokeKey", suite.In{"key": one.ID})
				t.Expect(more, 201, "")
			})
		}},
	{ID: "plan.calls", Sentences: []string{"7.1", "11.1"}, Source: fromPage, Fact: "an hour has 1,000 requests on PRO, 10,000 on TEAM and 100,000 on ENTERPRISE",
		Answer: "X-RateLimit-Limit has the quota on each answer; the quota of FREE is 100", Prove: func(t *suite.T) {
			o := t.Org("ENTERPRISE")
			k := t.Key(o, suite.In{"scopes": []string{"read"}})
			for _, is := range [][2]string{{"PRO", "1000"}, {"TEAM", "10000"}, {"ENTERPRISE", "100000"}, {"FREE", "100"}} { // each plan differs from the one before
				plan, calls := is[0], is[1]
				awaitEffective(t, t.MustOp(t.OperatorKey(), "updateOrg", suite.In{"org": o.ID, "plan": plan}))
				r := t.Expect(suite.Get("/matches").By(k.Secret), 200, ballaList, "X-RateLimit-Limit", calls, "RateLimit-Policy", `~^"requests";q=`+calls+`;w=3600$`)
				reset, _ := strconv.ParseInt(r.Header.Get("X-RateLimit-Reset"), 10, 64)
				if left := time.Until(time.Unix(reset, 0)); left < -time.Minute || left > time.Hour+time.Minute {
					t.Errorf("the window ends at %s, want within the hour", r.Header.Get("X-RateLimit-Reset"))
				}
			}
		}},
	{ID: "plan.default", Source: ourDecision, Fact: "an organisation that is created without a plan is on PRO", Answer: "PRO", Prove: func(t *suite.T) {
		o := t.Org("")
		t.Expect(suite.Get("/orgs/"+o.ID).By(o.Admin), 200, `{"plan": "PRO", "...": 0}`)
	}},
	{ID: "quota.key", Sentences: []string{"12.1"}, Source: fromPage, Fact: "each key has its own quota",
		Answer: "requests of one key do not reduce the quota of the organisation's other keys", Prove: func(t *suite.T) {
			t.InWindow(20*time.Second, func() {
				one, two := t.Key(t.Home(), suite.In{"scopes": []string{"read"}}), t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
				for range 5 {
					t.Expect(suite.Get("/teams").By(one.Secret), 200, "")
				}
				t.Expect(suite.Get("/teams").By(two.Secret), 200, "", "X-RateLimit-Remaining", "99999")
			})
		}},
	{ID: "quota.hour", Sentences: []string{"63.1", "64.1", "66.1", "67.1"}, Source: fromPage, Fact: "request 1,001 of an hour on PRO is a 429 with Retry-After",
		Answer: "exactly 1,000 requests are admitted, however many clients send them concurrently; refused requests cost nothing", Prove: ballaHour},
	{ID: "quota.upgrade", Sentences: []string{"65.1"}, Source: fromPage, Fact: "requests are admitted again when the window ends or the plan is upgraded",
		Answer: "X-RateLimit-Reset has the window's end; a higher plan holds from the next request", Prove: func(t *suite.T) {
			t.InWindow(time.Minute, func() {
				o := t.Org("ENTERPRISE")
				k := t.Key(o, suite.In{"scopes": []string{"read"}})
				awaitEffective(t, t.MustOp(t.OperatorKey(), "updateOrg", suite.In{"org": o.ID, "plan": "FREE"}))
				t.Each(100, func(int) { t.Expect(suite.Get("/teams").By(k.Secret), 200, "") })
				r := t.Expect(suite.Get("/teams").By(k.Secret), 429, `{"error": "<string>", "code": "RATE_LIMITED"}`, "Retry-After", "~^[0-9]+$", "X-RateLimit-Remaining", "0")
				wait, _ := strconv.ParseInt(r.Header.Get("Retry-After"), 10, 64)
				if wait < 1 || wait > 3600 {
					t.Errorf("Retry-After is %d, want the seconds to the end of the hour", wait)
				}
				awaitEffective(t, t.MustOp(t.OperatorKey(), "updateOrg", suite.In{"org": o.ID, "plan": "PRO"}))
				t.Expect(suite.Get("/teams").By(k.Secret), 200, "", "X-RateLimit-Limit", "1000")
			})
		}},
}

// ballaHour uses up the quota of an hour on PRO.
func ballaHour(t *suite.T) {
	t.InWindow(2*time.Minute, func() {
		o := t.Org("PRO")
		k := t.Key(o, suite.In{"scopes": []string{"read"}})
		var admitted, refused atomic.Int64
		t.Each(4, func(int) { // more workers would starve the other cases
			for range 256 {
				r := t.Send(suite.Get("/teams?limit=1").By(k.Secret))
				switch r.Status {
				case http.StatusOK:
					admitted.Add(1)
				case http.StatusTooManyRequests:
					refused.Add(1)
					if wait, err := strconv.Atoi(r.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 3600 || r.Text("code") != "RATE_LIMITED" {
						t.Errorf("a 429 has Retry-After %q and code %q", r.Header.Get("Retry-After"), r.Text("code"))
					}
				default:
					t.Errorf("got %d", r.Status)
				}
			}
		})
		t.WantAdmitted(1000, admitted.Load(), refused.Load(), 1024)
	})
}

// awaitEffective waits until a widening takes effect, if the answer names a time.
func awaitEffective(t *suite.T, r suite.Reply) {
	if by := r.Text("effective_by"); by != "" {
		at, err := time.Parse(time.RFC3339, by)
		if err != nil {
			t.Fatalf("effective_by is %q", by)
		}
		t.Until(at)
	}
}

var ballaKeys = []Case{
	{ID: "secret.format", Sentences: []string{"26.1"}, Source: fromPage, Fact: "a key is balla_sk_ and 64 hexadecimal characters",
		Answer: "lower-case hexadecimal of 32 random bytes, no tag", Prove: func(t *suite.T) {
			t.Expect(suite.Post("/keys", suite.In{"name": "Dashboard Bot", "scopes": []string{"read"}}).By(t.Home().Admin), 201,
				`{"secret": "~^balla_sk_[0-9a-f]{64}$", "name": "Dashboard Bot", "scopes": ["read"], "...": 0}`)
		}},
	{ID: "secret.case", Source: ourDecision, Fact: "a key is case-sensitive", Answer: "the same key in upper-case hexadecimal is refused", Prove: func(t *suite.T) {
		k := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
		t.Expect(suite.Get("/matches").By("balla_sk_"+strings.ToUpper(strings.TrimPrefix(k.Secret, "balla_sk_"))), 401, ballaUnauthorized)
		t.Expect(suite.Get("/matches").By(k.Secret), 200, ballaList)
	}},
	{ID: "secret.once", Sentences: []string{"26.2", "28.1", "28.3"}, Source: fromPage, Fact: "the full key is shown when it is created and never again",
		Answer: "lists and details show the prefix and the last four characters", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
			r := t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200, `{"prefix": "balla_sk_", "last_four": "~^[0-9a-f]{4}$", "...": 0}`)
			if r.At("secret") != nil || r.Text("last_four") != k.Secret[len(k.Secret)-4:] {
				t.Errorf("the key's details show the secret or a wrong last_four")
			}
		}},
	{ID: "secret.lost", Sentences: []string{"28.4"}, Source: fromPage, Fact: "a lost key is replaced by rotating it or by creating another",
		Answer: "both answer with a new secret", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
			rotated := t.MustOp(t.Home().Admin, "rotateKey", suite.In{"key": k.ID}).Text("secret")
			for _, secret := range []string{rotated, t.Key(t.Home(), suite.In{"scopes": []string{"read"}}).Secret} {
				if secret == k.Secret {
					t.Errorf("the new secret is the old one")
				}
				t.Expect(suite.Get("/matches").By(secret), 200, ballaList)
			}
		}},
	{ID: "scopes", Sentences: []string{"9.1", "10.1", "23.1", "23.2"}, Source: fromPage, Fact: "a key has a name and scopes: read, write, matches, players, teams, seasons and stats",
		Answer: "all seven together or any of them; an unknown scope is a 422", Prove: func(t *suite.T) {
			all := []string{"read", "write", "matches", "players", "teams", "seasons", "stats"}
			make := func(scopes ...string) suite.Request {
				return suite.Post("/keys", suite.In{"name": "Stats Exporter", "scopes": scopes}).By(t.Org("ENTERPRISE").Admin)
			}
			t.Expect(make(all...), 201, `{"name": "Stats Exporter", "scopes": ["<string>", "..."], "...": 0}`)
			for _, scope := range all {
				t.Expect(make(scope), 201, `{"scopes": [`+strconv.Quote(scope)+`], "...": 0}`)
			}
			t.Expect(make("leagues"), 422, `{"error": "<string>", "code": "VALIDATION_FAILED", "details": {"fieldErrors": {"scopes": "<list>"}, "formErrors": []}}`)
		}},
	{ID: "scopes.meet", Source: ourDecision, Fact: "a verb applies to the named resources, by default to all; a resource without a verb can be read",
		Answer: "read reads everything, matches reads matches, write with teams does not write matches", Prove: func(t *suite.T) {
			for _, c := range []struct {
				scopes           []string
				matches, teams   int
				made             int
				players, seasons int
			}{
				{[]string{"read"}, 200, 200, 403, 200, 200}, {[]string{"matches"}, 200, 403, 403, 403, 403}, {[]string{"read", "teams"}, 403, 200, 403, 403, 403},
				{[]string{"write"}, 403, 403, 201, 403, 403}, {[]string{"write", "matches"}, 200, 403, 201, 403, 403}, {[]string{"write", "teams"}, 403, 200, 403, 403, 403},
				{[]string{"players"}, 403, 403, 403, 200, 403}, {[]string{"seasons"}, 403, 403, 403, 403, 200},
			} {
				k := t.Key(t.Home(), suite.In{"scopes": c.scopes})
				for path, status := range map[string]int{"/matches": c.matches, "/teams": c.teams, "/players": c.players, "/seasons": c.seasons} {
					t.Expect(suite.Get(path).By(k.Secret), status, "")
				}
				t.Expect(suite.Post("/matches", ballaMatch(t, strings.Join(c.scopes, " "))).By(k.Secret), c.made, "")
			}
		}},
	{ID: "scopes.least", Sentences: []string{"49.1"}, Source: fromPage, Fact: "a key can have exactly the scopes that it needs",
		Answer: "stats reads statistics and standings, and nothing else", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"stats"}})
			t.Expect(suite.Get("/stats").By(k.Secret), 200, ballaList)
			for _, path := range []string{"/matches", "/teams", "/players", "/seasons", "/leagues"} {
				t.Expect(suite.Get(path).By(k.Secret), 403, ballaForbidden)
			}
		}},
	{ID: "scopes.added", Sentences: []string{"25.1", "59.1", "60.1", "61.1", "62.1"}, Source: fromPage, Fact: "a read-only key gets a 403 for a POST until the scope write is added",
		Answer: "the edited key can write from the time in effective_by, with the same secret", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
			body := ballaMatch(t, "added")
			t.Expect(suite.Get("/matches").By(k.Secret), 200, ballaList)
			t.Expect(suite.Post("/matches", body).By(k.Secret), 403, ballaForbidden)
			awaitEffective(t, t.Expect(suite.Patch("/keys/"+k.ID, suite.In{"scopes": []string{"read", "write"}}).By(t.Home().Admin), 200, `{"scopes": ["read", "write"], "...": 0}`))
			t.Expect(suite.Post("/matches", body).By(k.Secret), 201, `{"id": "<string>", "status": "scheduled", "...": 0}`)
		}},
	{ID: "names", Sentences: []string{"47.1"}, Source: fromPage, Fact: "names distinguish keys in the list", Answer: "the list shows the keys' names, up to 80 characters", Prove: func(t *suite.T) {
		o := t.Org("PRO")
		for _, name := range []string{"Dashboard Bot", "Stats Exporter"} {
			t.Key(o, suite.In{"name": name, "scopes": []string{"read"}})
		}
		t.Expect(suite.Get("/keys?limit=2").By(o.Admin), 200, `{"data": [{"name": "Stats Exporter", "...": 0}, {"name": "Dashboard Bot", "...": 0}], "...": 0}`)
	}},
}

// ballaMatch is a match between own teams that no other case creates.
func ballaMatch(t *suite.T, round string) suite.In {
	return suite.In{"home": suite.In{"name": "Harbour Works"}, "away": suite.In{"name": "Old Mill"}, "kickoff_at": "2026-05-02T14:00:00Z", "round": t.Email(round)}
}

var ballaCalls = []Case{
	{ID: "bearer", Sentences: []string{"29.1", "30.1", "31.1", "56.1", "57.1", "58.1"}, Source: fromPage, Fact: "the key is sent in the Authorization header, as Bearer",
		Answer: "Bearer only", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
			t.Expect(suite.Get("/matches").By(k.Secret), 200, `{"data": "<list>", "page": 1, "limit": 50, "total": "<number>"}`)
			t.Expect(suite.Get("/matches").By(k.Secret).Via("x-api-key"), 401, `{"error": "<string>", "code": "UNAUTHORIZED"}`)
			for _, header := range []string{k.Secret, "Basic " + k.Secret, "Token " + k.Secret} {
				t.Expect(suite.Get("/matches").With("Authorization", header), 401, ballaUnauthorized)
			}
		}},
	{ID: "fetch", Sentences: []string{"32.1", "33.1", "35.1", "36.1", "37.1"}, Source: fromPage, Fact: "a browser can list matches with a Content-Type header on its GET",
		Answer: "the preflight allows both headers, and the GET ignores Content-Type", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"matches"}})
			t.Expect(suite.Ask("OPTIONS", "/matches").With("Origin", "https://app.example", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization,content-type"),
				204, "", "Access-Control-Allow-Origin", "*", "Access-Control-Allow-Methods", "~GET", "Access-Control-Allow-Headers", "~Authorization.*Content-Type")
			t.Expect(suite.Get("/matches").By(k.Secret).With("Content-Type", "application/json", "Origin", "https://app.example"), 200, ballaList,
				"Access-Control-Allow-Origin", "*", "Content-Type", "~^application/json", "Access-Control-Expose-Headers", "~X-RateLimit-Remaining")
		}},
	{ID: "docs", Sentences: []string{"41.1", "62.1"}, Source: fromPage, Fact: "/api-docs lists every endpoint with the scopes that it needs", Answer: "one page at the root, without a key", Prove: ballaDocs},
	{ID: "root", Source: ourDecision, Fact: "health, the OpenAPI document and the documentation need no key", Answer: "at the root", Prove: func(t *suite.T) {
		for path, kind := range map[string]string{"/health": "~^application/json", "/openapi.json": "~^application/json", "/api-docs": "~^text/html"} {
			t.Expect(suite.Get(path).AtRoot(), 200, "", "Content-Type", kind)
		}
	}},
}

// ballaDocs compares the documentation page with the OpenAPI document. The part of each
// operation must have its path and each scope that opens it.
func ballaDocs(t *suite.T) {
	markup := strings.NewReplacer("<wbr>", "", "<var>", "", "</var>", "") // in paths
	page := markup.Replace(html.UnescapeString(string(t.Expect(suite.Get("/api-docs").AtRoot(), 200, "").Body)))
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string   `json:"operationId"`
			Scopes      []string `json:"x-scopes"`
		}
	}
	if err := json.Unmarshal(t.Expect(suite.Get("/openapi.json").AtRoot(), 200, "").Body, &document); err != nil {
		t.Fatalf("parsing the OpenAPI document: %v", err)
	}
	scoped := 0
	for path, methods := range document.Paths {
		for method, operation := range methods {
			_, part, found := strings.Cut(page, `id="`+operation.OperationID+`"`)
			part, _, _ = strings.Cut(part, "</article>")
			if !found || !strings.Contains(part, path) || !strings.Contains(part, strings.ToUpper(method)) {
				t.Errorf("the documentation page lacks %s %s", method, path)
			}
			for _, scope := range operation.Scopes {
				scoped++
				if !strings.Contains(part, `<code class="scope">`+scope+`</code>`) {
					t.Errorf("the part of %s %s lacks the scope %s", method, path, scope)
				}
			}
		}
	}
	if scoped < 30 {
		t.Errorf("the document has %d scopes, want at least 30", scoped)
	}
}

var ballaLife = []Case{
	{ID: "usage", Sentences: []string{"13.1", "42.1"}, Source: fromPage, Fact: "a key shows its last use, its total requests and its quota",
		Answer: "last_used_at, usage.total and usage.window of each key, and its requests by hour and operation", Prove: func(t *suite.T) {
			t.InWindow(20*time.Second, func() {
				k := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
				view := suite.Get("/keys/" + k.ID).By(t.Home().Admin)
				t.Expect(view, 200, `{"last_used_at": null, "usage": {"total": 0, "window": {"limit": 100000, "used": 0, "remaining": 100000, "resets_at": "<time?>"}}, "...": 0}`)
				for range 3 {
					t.Expect(suite.Get("/teams").By(k.Secret), 200, "")
				}
				t.Expect(view, 200, `{"last_used_at": "<time>", "usage": {"total": 3, "window": {"limit": 100000, "used": 3, "remaining": 99997, "resets_at": "<time>"}}, "...": 0}`)
				t.Expect(suite.Get("/keys/"+k.ID+"/usage").By(t.Home().Admin), 200, `{"total": 3, "data": [{"operation": "listTeams", "count": 3, "start": "<time>", "hour": "<time>"}], "...": 0}`)
			})
		}},
	{ID: "audit", Sentences: []string{"14.1"}, Source: fromPage, Fact: "there is a full audit trail", Answer: "each entry has the action, user, key and time; changes of keys and of matches are recorded", Prove: func(t *suite.T) {
		k := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
		t.MustOp(t.Home().Admin, "updateKey", suite.In{"key": k.ID, "name": "renamed"})
		t.MustOp(t.Home().Admin, "rotateKey", suite.In{"key": k.ID})
		t.MustOp(t.Home().Admin, "revokeKey", suite.In{"key": k.ID})
		entry := func(action string) string {
			return `{"action": "` + action + `", "target": "` + k.ID + `", "at": "<time>", "actor": {"key": "<string>", "user": "` + t.Home().Owner + `", "created_by": "<string>", "session": null}, "method": "key", "request_id": "<string>", "...": 0}`
		}
		t.Expect(suite.Get("/audit?key="+k.ID).By(t.Home().Admin), 200,
			`{"data": [`+entry("key.revoke")+`,`+entry("key.rotate")+`,`+entry("key.update")+`,`+entry("key.create")+`], "...": 0}`)
	}},
	{ID: "rotate", Sentences: []string{"44.1", "44.2", "45.1"}, Source: fromPage, Fact: "rotating gives a new secret with the same name, scopes and settings, and ends the old one immediately",
		Answer: "the key keeps its id; the old secret is refused on the next request; an overlap is refused", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"name": "Stats Exporter", "scopes": []string{"read", "teams"}, "expires_in": "30d", "metadata": suite.In{"team": "web"}})
			before := t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200, "")
			t.Expect(suite.Get("/teams").By(k.Secret), 200, ballaList)
			t.Expect(suite.Post("/keys/"+k.ID+"/rotate", suite.In{"overlap": "1h"}).By(t.Home().Admin), 422, "")
			after := t.Expect(suite.Post("/keys/"+k.ID+"/rotate", nil).By(t.Home().Admin), 200, `{"secret": "~^balla_sk_[0-9a-f]{64}$", "name": "Stats Exporter", "scopes": ["read", "teams"], "metadata": {"team": "web"}, "...": 0}`)
			for _, name := range []string{"id", "expires_at", "created_at", "user", "plan", "environment"} {
				if before.Text(name) != after.Text(name) {
					t.Errorf("%s was %q and is %q", name, before.Text(name), after.Text(name))
				}
			}
			t.Expect(suite.Get("/teams").By(k.Secret), 401, ballaUnauthorized)
			t.Expect(suite.Get("/teams").By(after.Text("secret")), 200, ballaList)
			t.Expect(suite.Get("/matches").By(after.Text("secret")), 403, ballaForbidden)
		}},
	{ID: "revoke", Sentences: []string{"44.3", "44.4"}, Source: fromPage, Fact: "a revoked key is refused for good", Answer: "refused on the next request; an edit or a rotation is a 409", Prove: func(t *suite.T) {
		k := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
		t.Expect(suite.Get("/teams").By(k.Secret), 200, ballaList)
		t.Expect(suite.Post("/keys/"+k.ID+"/revoke", nil).By(t.Home().Admin), 200, `{"state": "revoked", "revoked_at": "<time>", "...": 0}`)
		t.Expect(suite.Get("/teams").By(k.Secret), 401, ballaUnauthorized)
		t.Expect(suite.Post("/keys/"+k.ID+"/rotate", nil).By(t.Home().Admin), 409, `{"error": "<string>", "code": "CONFLICT"}`)
		t.Expect(suite.Patch("/keys/"+k.ID, suite.In{"expires_in": "30d"}).By(t.Home().Admin), 409, `{"error": "<string>", "code": "CONFLICT"}`)
		t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200, `{"state": "revoked", "...": 0}`)
	}},
	{ID: "old", Sentences: []string{"51.1"}, Source: fromPage, Fact: "keys should be rotated every 90 days", Answer: "rotate_recommended marks a key whose secret is older; no key is refused for its age", Prove: func(t *suite.T) {
		k := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
		t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200, `{"rotate_recommended": false, "...": 0}`)
		t.Expect(suite.Get("/keys?limit=1").By(t.Home().Admin), 200, `{"data": [{"rotate_recommended": "<bool>", "...": 0}], "...": 0}`)
	}},
	{ID: "expiry", Source: ourDecision, Fact: "a key may have an expiry", Answer: "expires_in or expires_at, at most a year ahead; null without one", Prove: func(t *suite.T) {
		make := func(spec suite.In) suite.Request {
			spec["name"], spec["scopes"] = "ending", []string{"read"}
			return suite.Post("/keys", spec).By(t.Home().Admin)
		}
		t.Expect(make(suite.In{}), 201, `{"expires_at": null, "...": 0}`)
		t.Expect(make(suite.In{"expires_in": "30d"}), 201, `{"expires_at": "<time>", "...": 0}`)
		t.Expect(make(suite.In{"expires_in": "2y"}), 422, `{"error": "<string>", "code": "VALIDATION_FAILED", "details": "<object>"}`)
	}},
}

var ballaRefusals = []Case{
	{ID: "unauthorized", Sentences: []string{"54.1", "55.1"}, Source: fromPage, Fact: "a missing, inactive, revoked or expired key is a 401",
		Answer: "one answer for all of them; a key is inactive while its owner is suspended", Prove: func(t *suite.T) {
			get := func(secret string) { t.Expect(suite.Get("/matches").By(secret), 401, ballaUnauthorized) }
			get("")
			get("balla_sk_" + strings.Repeat("0", 64))
			get("sg_live_" + strings.Repeat("0", 43))
			short := t.Key(t.Home(), suite.In{"scopes": []string{"read"}, "expires_in": "2s"})
			gone := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
			t.MustOp(t.Home().Admin, "revokeKey", suite.In{"key": gone.ID})
			get(gone.Secret)
			o := t.Org("PRO")
			user := t.MustOp(o.Admin, "addMember", suite.In{"org": o.ID, "email": t.Email("member"), "role": "member"}).Text("user")
			idle := t.Key(o, suite.In{"scopes": []string{"read"}, "user": user})
			t.Expect(suite.Get("/matches").By(idle.Secret), 200, ballaList)
			t.MustOp(o.Admin, "updateMember", suite.In{"org": o.ID, "user": user, "state": "suspended"})
			get(idle.Secret)
			t.Until(time.Now().Add(3 * time.Second))
			get(short.Secret)
		}},
	{ID: "not-found", Source: ourDecision, Fact: "unknown objects and those of another organisation get the same 404", Answer: "one body for both", Prove: func(t *suite.T) {
		o := t.Org("PRO")
		theirs := t.Key(o, suite.In{"scopes": []string{"read"}})
		foreign := t.Expect(suite.Get("/keys/"+theirs.ID).By(t.Home().Admin), 404, ballaNotFound)
		t.SameAnswer(foreign, t.Expect(suite.Get("/keys/key_01k5z3m9v8e2q4w6r8t0y2u4i6").By(t.Home().Admin), 404, ballaNotFound))
		k := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
		for _, path := range []string{"/matches/nothing", "/teams/unknown", "/players/unknown", "/leagues/nowhere", "/nothing"} {
			t.Expect(suite.Get(path).By(k.Secret), 404, ballaNotFound)
		}
	}},
	{ID: "input", Source: ourDecision, Fact: "an unreadable input is a 400, an invalid one a 422 that names the fields", Answer: "limits are 1–100, dates are ISO 8601, pages begin with 1", Prove: func(t *suite.T) {
		k := t.Key(t.Home(), suite.In{"scopes": []string{"read", "write"}})
		for _, query := range []string{"limit=0", "limit=101", "limit=x", "page=0", "page=1000000", "date=tomorrow", "cursor=x", "colour=red"} {
			t.Expect(suite.Get("/matches?"+query).By(k.Secret), 400, `{"error": "<string>", "code": "BAD_REQUEST", "...": 0}`)
		}
		t.Expect(suite.Post("/matches", []byte("{")).By(k.Secret), 400, `{"error": "<string>", "code": "BAD_REQUEST"}`)
		t.Expect(suite.Post("/matches", suite.In{"home": suite.In{"name": "x"}}).By(k.Secret), 422,
			`{"error": "<string>", "code": "VALIDATION_FAILED", "details": {"fieldErrors": {"away": "<list>"}, "formErrors": []}}`)
		t.Expect(suite.Put("/matches", suite.In{}).By(k.Secret), 405, `{"error": "<string>", "code": "METHOD_NOT_ALLOWED"}`, "Allow", "~GET")
	}},
}

var ballaData = []Case{
	{ID: "groups", Source: fromDocs, Fact: "the API has teams, players, matches, seasons and stats", Answer: "one list each, directly under /api; empty if the deployment has no data", Prove: func(t *suite.T) {
		k := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
		for _, path := range []string{"/matches", "/teams", "/players", "/seasons", "/stats"} {
			t.Expect(suite.Get(path).By(k.Secret), 200, ballaList)
		}
		for _, path := range []string{"/players", "/stats"} {
			if r := t.Expect(suite.Get(path).By(k.Secret), 200, ballaList); len(r.At("data").([]any)) == 0 && r.At("total") != 0.0 {
				t.Errorf("%s is empty, but has a total of %v", path, r.At("total"))
			}
		}
	}},
	{ID: "pages", Source: fromDocs, Fact: "lists are paged with page and limit", Answer: "pages begin with 1 and have at most 100 items, 50 by default; a page beyond the end is empty", Prove: func(t *suite.T) {
		k := t.Key(t.Home(), suite.In{"scopes": []string{"read", "write"}})
		for i := range 3 {
			t.Expect(suite.Post("/matches", ballaMatch(t, fmt.Sprint(i))).By(k.Secret), 201, "")
		}
		seen := map[any]bool{}
		for page := 1; page <= 3; page++ {
			r := t.Expect(suite.Get(fmt.Sprintf("/matches?limit=1&page=%d", page)).By(k.Secret), 200,
				fmt.Sprintf(`{"data": ["<object>"], "page": %d, "limit": 1, "total": "<number>"}`, page))
			if id := r.At("data.0.id"); id == nil || seen[id] {
				t.Errorf("page %d shows %v, which is missing or a repeat", page, id)
			}
			seen[r.At("data.0.id")] = true
		}
		t.Expect(suite.Get("/players?limit=100&page=100").By(k.Secret), 200, `{"data": [], "page": 100, "limit": 100, "total": "<number>"}`)
	}},
	{ID: "write", Source: ourDecision, Fact: "write allows POST, PATCH and DELETE of an organisation's own matches", Answer: "one PATCH changes status and score; If-Match with a stale ETag is a 412", Prove: func(t *suite.T) {
		k := t.Key(t.Home(), suite.In{"scopes": []string{"read", "write"}})
		made := t.Expect(suite.Post("/matches", ballaMatch(t, "write")).By(k.Secret), 201, `{"id": "<string>", "status": "scheduled", "owner": "`+t.Home().ID+`", "version": 1, "...": 0}`, "ETag", "<any>")
		at, tag := "/matches/"+made.Text("id"), made.Header.Get("ETag")
		t.Expect(suite.Patch(at, suite.In{"status": "finished"}).By(k.Secret), 409, `{"error": "<string>", "code": "CONFLICT"}`)
		t.Expect(suite.Patch(at, suite.In{"status": "live"}).By(k.Secret).With("If-Match", tag), 200, `{"status": "live", "version": 2, "...": 0}`)
		t.Expect(suite.Patch(at, suite.In{"minute": 9}).By(k.Secret).With("If-Match", tag), 412, `{"error": "<string>", "code": "PRECONDITION_FAILED"}`)
		t.Expect(suite.Patch(at, suite.In{"status": "finished", "score": suite.In{"full_time": suite.In{"home": 2, "away": 1}}}).By(k.Secret), 200,
			`{"status": "finished", "score": {"full_time": {"home": 2, "away": 1}, "winner": "home", "...": 0}, "...": 0}`)
		t.Expect(suite.Delete(at).By(k.Secret), 200, `{"success": true}`)
		t.Expect(suite.Get(at).By(k.Secret), 404, ballaNotFound)
	}},
}
