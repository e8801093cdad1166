package conformance

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"statgate/scripts/verify/e2e/suite"
	"statgate/shared/api"
)

var scorelytics = page{
	file: "001_6ee0938affaf90d1.txt", sha256: "4fe1527e155833e7cce1d84eb0ade2da852f1f19f42fdeed3408546505e72a54",
	cases: slices.Concat(scorelyticsKeys, scorelyticsScopes, scorelyticsLife, scorelyticsData),
	exemptions: []exemption{
		{"1", "a heading"},
		{"2.2", "introduction"},
		{"3", "introduction"},
		{"4-5", "headings"},
		{"10", "a heading"},
		{"11.2", "advice to the reader"},
		{"18.1", "examples of libraries"},
		{"18.2", "examples of libraries"},
		{"23", "advice to the reader"},
		{"24", "a heading"},
		{"26", "a heading"},
		{"33-35", "advice on where to keep a key"},
		{"36.2", "contact"},
		{"37-41", "advice on when to rotate"},
		{"48", "a heading"},
		{"54-55", "headings"},
		{"60", "further reading"},
	},
}

// The bodies for a refused key and for a missing scope. The message for a refused key is the
// page's.
const (
	badKey       = `{"error": "missing or invalid api key", "code": "invalid_api_key", "request_id": "~^req_."}`
	missingScope = `{"error": "<string>", "code": "insufficient_scope", "request_id": "~^req_."}`
)

const (
	leaguesPath = "/football/leagues"
	matchesPath = "/football/matches"
)

func scopes(names ...string) suite.In { return suite.In{"scopes": names} }

// reader creates a key with both read scopes.
func reader(t *suite.T) suite.Key { return t.Key(t.Home(), scopes("read:matches", "read:leagues")) }

var scorelyticsKeys = []Case{
	{ID: "key.required", Sentences: []string{"2.1"}, Source: fromPage, Fact: "every request below /v1 needs a key",
		Answer: "401 without a key on every route below /v1", Prove: func(t *suite.T) {
			for _, r := range api.For(t.Contract()) {
				if path, below := strings.CutPrefix(r.Path, "/v1"); below {
					t.Expect(suite.Ask(r.Method, strings.NewReplacer("{", "", "}", "").Replace(path)), 401, badKey)
				}
			}
		}},
	{ID: "secret.format", Sentences: []string{"7.1", "9.1"}, Source: fromPage, Fact: "a production key is sk_live_ and 32 random bytes in base62",
		Answer: "43 characters after the prefix, padded, without a tag", Prove: func(t *suite.T) {
			t.Expect(suite.Post("/keys", suite.In{"name": "App"}).By(t.Home().Admin), 201, `{"secret": "~^sk_live_[0-9A-Za-z]{43}$", "...": 0}`)
		}},
	{ID: "secret.unstructured", Source: ourDecision, Fact: "a key of another length than ours is looked up, not refused as malformed",
		Answer: "32 to 43 characters are accepted, because imported keys may be shorter; an unknown key is a 401 like any other", Prove: func(t *suite.T) {
			for _, n := range []int{16, 32, 40, 43, 44} {
				t.Expect(suite.Get(leaguesPath).By("sk_live_"+strings.Repeat("a", n)), 401, badKey)
			}
		}},
	{ID: "environment", Sentences: []string{"8.1"}, Source: fromPage, Fact: "a staging key is refused in production",
		Answer: "one deployment per environment; a key of another environment is a 401", Prove: func(t *suite.T) {
			k := reader(t)
			t.Expect(suite.Get(leaguesPath).By(k.Secret), 200, "")
			t.Expect(suite.Get(leaguesPath).By("sk_test_"+strings.TrimPrefix(k.Secret, "sk_live_")), 401, badKey)
		}},
	{ID: "transport.all", Sentences: []string{"11.1", "12.2", "13.1", "14.1", "15.1", "16.2", "17.1", "19.1", "20.2", "21.1", "22.1"}, Source: fromPage,
		Fact:   "a key in X-API-Key, as bearer token or in the query parameter api_key gets the same answer",
		Answer: "the edge moves the key from all three into one header", Prove: func(t *suite.T) {
			k := reader(t)
			first := t.Expect(suite.Get(matchesPath+"?limit=2").By(k.Secret).Via("x-api-key"), 200, "")
			for _, via := range []string{"bearer", "api_key"} {
				t.SameAnswer(t.Expect(suite.Get(matchesPath+"?limit=2").By(k.Secret).Via(via), 200, ""), first)
				t.Expect(suite.Get(matchesPath).By(k.Secret[:len(k.Secret)-1]+"-").Via(via), 401, badKey)
			}
		}},
	{ID: "transport.conflict", Source: ourDecision, Fact: "two different keys in one request are refused, the same key twice is accepted",
		Answer: "401", Prove: func(t *suite.T) {
			a, b := reader(t), reader(t)
			twice := suite.Get(leaguesPath).By(a.Secret).Via("x-api-key")
			t.Expect(twice.With("Authorization", "Bearer "+b.Secret), 401, badKey)
			t.Expect(twice.With("Authorization", "Bearer "+a.Secret), 200, "")
		}},
	{ID: "refused", Sentences: []string{"57.1"}, Source: fromPage, Fact: "a missing, malformed or revoked key is a 401 with the page's message",
		Answer: "one body for all of them, and for expired and unknown keys", Prove: func(t *suite.T) {
			k := reader(t)
			t.MustOp(t.Home().Admin, "revokeKey", suite.In{"key": k.ID})
			for _, secret := range []string{"", "nonsense", "sk_live_" + strings.Repeat("x", 43), k.Secret} {
				t.Expect(suite.Get(leaguesPath).By(secret), 401, badKey)
			}
			t.Expect(suite.Get(leaguesPath).With("X-Api-Kee", k.Secret), 401, badKey)
		}},
	{ID: "verify", Sentences: []string{"49.1", "50.1", "51.1", "52.1", "53.1"}, Source: fromPage,
		Fact:   "GET /health needs no key, and GET /v1/football/leagues verifies a key and its scope",
		Answer: "200; 401 with code insufficient_scope if the key is valid but lacks the scope", Prove: func(t *suite.T) {
			t.Expect(suite.Get("/health").AtRoot(), 200, `{"status": "ok"}`, "X-RateLimit-Limit", "")
			t.Expect(suite.Get(leaguesPath).By(t.Key(t.Home(), scopes("read:leagues")).Secret), 200, "")
			t.Expect(suite.Get(leaguesPath).By(t.Key(t.Home(), scopes("read:matches")).Secret), 401, missingScope)
		}},
	{ID: "documents", Source: ourDecision, Fact: "the OpenAPI document and the documentation page need no key", Answer: "/openapi.json and /api-docs at the root", Prove: func(t *suite.T) {
		for _, path := range []string{"/openapi.json", "/api-docs"} {
			t.Expect(suite.Get(path).AtRoot(), 200, "", "X-RateLimit-Limit", "")
		}
	}},
	{ID: "ready", Source: fromDocs, Fact: "GET /readyz needs no key and is not metered",
		Answer: "200 if both tables answer, else 503", Prove: func(t *suite.T) {
			t.Expect(suite.Get("/readyz").AtRoot(), 200, `{"status": "ok"}`, "X-RateLimit-Limit", "")
		}},
}

var scorelyticsScopes = []Case{
	{ID: "scope.missing", Sentences: []string{"25.1", "58.1"}, Source: fromPage, Fact: "a missing scope is a 401 on the endpoints that need it only",
		Answer: "401 insufficient_scope; with `permission: {status: 403, …}` in the contract it is a 403", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), scopes("read:leagues"))
			t.Expect(suite.Get(matchesPath).By(k.Secret), 401, missingScope)
			t.Expect(suite.Get(leaguesPath).By(k.Secret), 200, "")
		}},
	{ID: "scope.matches", Sentences: []string{"28.1"}, Source: fromPage,
		Fact:   "read:matches reads matches with events, stats and lineups, standings and head-to-head",
		Answer: "all of these, with the standings of any season", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), scopes("read:matches"))
			m := someMatch(t, k)
			for _, part := range []string{"", "/events", "/stats", "/lineups", "/h2h"} {
				t.Expect(suite.Get(matchesPath+"/"+m.Text("id")+part).By(k.Secret), 200, "")
			}
			league, old, current := seasons(t, k)
			for _, season := range []string{old, current} {
				t.Expect(suite.Get(standingsOf(league, season)).By(k.Secret), 200, "")
			}
			t.Expect(suite.Get(leaguesPath).By(k.Secret), 401, missingScope)
		}},
	{ID: "scope.leagues", Sentences: []string{"29.1"}, Source: fromPage, Fact: "read:leagues reads leagues and current standings only",
		Answer: "401 insufficient_scope for an earlier season, and for standings at another round or date", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), scopes("read:leagues"))
			league, old, current := seasons(t, reader(t))
			t.Expect(suite.Get("/football/leagues/"+league+"/standings").By(k.Secret), 200, "")
			t.Expect(suite.Get(standingsOf(league, current)).By(k.Secret), 200, "")
			for _, other := range []string{standingsOf(league, old), standingsOf(league, current) + "&round=1", standingsOf(league, current) + "&date=2026-01-01"} {
				t.Expect(suite.Get(other).By(k.Secret), 401, missingScope)
			}
			t.Expect(suite.Get(matchesPath).By(k.Secret), 401, missingScope)
		}},
	{ID: "scope.streams", Sentences: []string{"30.1", "31.1"}, Source: fromPage, Fact: "stream:websocket and mcp:invoke are separate scopes and read nothing over HTTP",
		Answer: "keys may have them; mcp:invoke opens the MCP server, and sockets do not exist yet", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), scopes("stream:websocket", "mcp:invoke"))
			t.Expect(suite.Get("/keys/self").By(k.Secret), 200, `{"scopes": ["stream:websocket", "mcp:invoke"], "permissions": ["live:stream", "mcp:invoke"], "...": 0}`)
			for _, path := range []string{leaguesPath, matchesPath} {
				t.Expect(suite.Get(path).By(k.Secret), 401, missingScope)
			}
		}},
	{ID: "mcp", Source: ourDecision, Fact: "mcp:invoke alone opens every tool of the MCP server, and no other scope does",
		Answer: "POST /v1/mcp. Tools read what both read scopes read. Without mcp:invoke, 401 insufficient_scope", Prove: func(t *suite.T) {
			list := suite.Post("/mcp", suite.In{"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
			k := t.Key(t.Home(), scopes("mcp:invoke"))
			shown := t.Expect(list.By(k.Secret), 200, `{"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "<string>", "inputSchema": "<object>", "annotations": {"readOnlyHint": true, "...": 0}, "...": 0}, "..."], "...": 0}}`)
			want := map[string]bool{"list_leagues": true, "get_matches": true, "get_match": true, "get_match_events": true, "get_match_stats": true,
				"get_match_lineups": true, "get_standings": true, "get_head_to_head": true}
			for i := range len(want) + 1 {
				if name := shown.Text("result.tools." + strconv.Itoa(i) + ".name"); want[name] != (i < len(want)) {
					t.Errorf("tool %d is %q, want exactly the tools %v", i, name, slices.Sorted(maps.Keys(want)))
				}
			}
			t.Expect(list.By(reader(t).Secret), 401, missingScope)
		}},
	{ID: "mcp.budget", Source: ourDecision, Fact: "calls of tools have a budget of their own: 30 a minute on Trial, 120 on Starter and 600 on Growth",
		Answer: "a call leaves the budget of requests as it is; one call too many is a 429 with an error of JSON-RPC and Retry-After", Prove: func(t *suite.T) {
			for plan, limit := range map[string]int64{"TRIAL": 30, "STARTER": 120, "GROWTH": 600} {
				k := t.Key(t.Org(plan), scopes("mcp:invoke"))
				call := suite.Post("/mcp", suite.In{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": suite.In{"name": "list_leagues", "arguments": suite.In{}}})
				r := t.Expect(call.By(k.Secret), 200, `{"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": "<string>"}], "structuredContent": "<object>", "...": 0}}`)
				if got := r.At("result._meta.quota.limit"); got != float64(limit) {
					t.Errorf("%s: the budget is %v calls, want %d", plan, got, limit)
				}
				t.Expect(suite.Get("/keys/self").By(k.Secret), 200, `{"usage": {"window": {"used": 0, "...": 0}, "...": 0}, "...": 0}`)
			}
		}},
	{ID: "mcp.oauth", Source: ourDecision, Fact: "the MCP server takes API keys; it offers no OAuth",
		Answer: "a 401 has WWW-Authenticate: Bearer without resource_metadata, and there is no document at /.well-known/oauth-protected-resource", Prove: func(t *suite.T) {
			r := t.Expect(suite.Post("/mcp", suite.In{"jsonrpc": "2.0", "id": 1, "method": "ping"}), 401, badKey)
			if challenge := r.Header.Get("WWW-Authenticate") + r.Header.Get("X-Amzn-Remapped-Www-Authenticate"); challenge != "" && challenge != api.Challenge {
				t.Errorf("WWW-Authenticate is %q, want %s", challenge, api.Challenge)
			}
			for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server"} {
				t.Expect(suite.Get(path).AtRoot(), 404, "")
			}
		}},
	{ID: "scope.default", Sentences: []string{"32.1"}, Source: fromPage, Fact: "a key has all read scopes by default",
		Answer: "read:matches and read:leagues", Prove: func(t *suite.T) {
			r := t.Expect(suite.Post("/keys", suite.In{"name": "Default"}).By(t.Home().Admin), 201, `{"scopes": ["read:matches", "read:leagues"], "...": 0}`)
			for _, path := range []string{leaguesPath, matchesPath} {
				t.Expect(suite.Get(path).By(r.Text("secret")), 200, "")
			}
		}},
	{ID: "tokens", Sentences: []string{"36.1"}, Source: fromPage, Fact: "a key can create short-lived tokens with fewer scopes",
		Answer: "POST /v1/tokens with the key itself. A token lives 1 minute to 1 day, has scopes of the key and uses its quota. It creates no tokens, and is refused on the next request after the key's revocation", Prove: func(t *suite.T) {
			k := reader(t)
			made := t.Expect(suite.Post("/tokens", suite.In{"scopes": []string{"read:leagues"}, "expires_in": "1m"}).By(k.Secret), 201,
				`{"token": "~^sk_live_[0-9A-Za-z]{43}$", "key": "`+k.ID+`", "scopes": ["read:leagues"], "created_at": "<string>", "expires_at": "<string>"}`)
			token := made.Text("token")
			t.Expect(suite.Get(leaguesPath).By(token), 200, "")
			t.Expect(suite.Get(matchesPath).By(token), 401, missingScope)
			t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200, `{"usage": {"total": 2, "...": 0}, "...": 0}`)
			t.Expect(suite.Post("/tokens", suite.In{}).By(token), 403, missingScope)
			t.Expect(suite.Post("/tokens", suite.In{"expires_in": "25h"}).By(k.Secret), 400, "")
			t.MustOp(t.Home().Admin, "revokeKey", suite.In{"key": k.ID})
			t.Expect(suite.Get(leaguesPath).By(token), 401, badKey)
		}},
	{ID: "scope.restricted", Sentences: []string{"32.2"}, Source: fromPage, Fact: "a key's scopes can be reduced later",
		Answer: "the reduction holds from the next request", Prove: func(t *suite.T) {
			k := reader(t)
			t.Expect(suite.Get(matchesPath).By(k.Secret), 200, "")
			t.MustOp(t.Home().Admin, "updateKey", suite.In{"key": k.ID, "scopes": []string{"read:leagues"}})
			t.Expect(suite.Get(matchesPath).By(k.Secret), 401, missingScope)
			t.Expect(suite.Get(leaguesPath).By(k.Secret), 200, "")
		}},
}

var scorelyticsLife = []Case{
	{ID: "rotation", Sentences: []string{"42.1", "43.1", "44.1", "45.1"}, Source: fromPage,
		Fact:   "a key is replaced by creating another, waiting until the old one has no traffic, and revoking it",
		Answer: "each key shows its usage by hour and operation, its last use and its requests in the window", Prove: func(t *suite.T) {
			old := reader(t)
			t.Expect(suite.Get(matchesPath).By(old.Secret), 200, "")
			next := reader(t)
			t.Expect(suite.Get(matchesPath).By(next.Secret), 200, "")
			for _, k := range []suite.Key{old, next} {
				t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200, `{"usage": {"total": 1, "...": 0}, "...": 0}`)
			}
			t.MustOp(t.Home().Admin, "revokeKey", suite.In{"key": old.ID})
			t.Expect(suite.Get(matchesPath).By(old.Secret), 401, badKey)
			t.Expect(suite.Get(matchesPath).By(next.Secret), 200, "")
		}},
	{ID: "revocation", Sentences: []string{"46.1"}, Source: fromPage, Fact: "a revocation is immediate",
		Answer: "no request that begins after its answer is admitted", Prove: func(t *suite.T) {
			k := reader(t)
			t.Expect(suite.Get(leaguesPath).By(k.Secret), 200, "")
			t.MustOp(t.Home().Admin, "revokeKey", suite.In{"key": k.ID})
			t.Expect(suite.Get(leaguesPath).By(k.Secret), 401, badKey)
		}},
	{ID: "revocation.in-flight", Sentences: []string{"46.2", "47.1"}, Source: fromPage, Fact: "a request in flight gets a 401 when its key is revoked",
		Answer: "the key's version is read again before each answer", Prove: revokeInFlight},
	{ID: "rotation.offered", Source: ourDecision, Fact: "a key can also be rotated in one step", Answer: "the old secret is refused immediately, or after an overlap of at most 7 days", Prove: func(t *suite.T) {
		k := reader(t)
		r := t.MustOp(t.Home().Admin, "rotateKey", suite.In{"key": k.ID})
		t.Expect(suite.Get(leaguesPath).By(k.Secret), 401, badKey)
		t.Expect(suite.Get(leaguesPath).By(r.Text("secret")), 200, "")
		long := t.Op(t.Home().Admin, "rotateKey", suite.In{"key": k.ID, "overlap": "8d"})
		if long.Status != 400 || long.Text("code") != "invalid_request" {
			t.Errorf("an overlap of 8 days: got %d %s", long.Status, long.Text("code"))
		}
	}},
	{ID: "expiry", Source: ourDecision, Fact: "a key has no expiry unless one is set", Answer: "expires_at is null", Prove: func(t *suite.T) {
		t.Expect(suite.Get("/keys/"+reader(t).ID).By(t.Home().Admin), 200, `{"expires_at": null, "state": "active", "...": 0}`)
	}},
	{ID: "plans", Source: ourDecision, Fact: "Trial has one key, Starter three and Growth ten; Starter is the default", Answer: "one key more is a 409", Prove: func(t *suite.T) {
		t.Expect(suite.Get("/orgs/"+t.Org("").ID).By(t.OperatorKey()), 200, `{"plan": "STARTER", "...": 0}`)
		o := t.Org("TRIAL")
		t.Key(o, scopes("read:leagues"))
		t.Expect(suite.Post("/keys", suite.In{"name": "One more"}).By(o.Admin), 409, `{"error": "<string>", "code": "conflict", "details": "<any>", "request_id": "~^req_."}`)
	}},
	{ID: "quota", Sentences: []string{"59.1"}, Source: fromPage, Fact: "too many requests are a 429",
		Answer: "code rate_limited, with Retry-After", Prove: func(t *suite.T) {
			t.InWindow(25*time.Second, func() {
				k := t.Key(t.Org("TRIAL"), scopes("read:leagues"))
				var admitted, refused atomic.Int64
				t.Each(70, func(int) {
					switch r := t.Send(suite.Get(leaguesPath).By(k.Secret)); {
					case r.Status == 200:
						admitted.Add(1)
					case r.Status == 429 && r.Text("code") == "rate_limited" && r.Header.Get("Retry-After") != "":
						refused.Add(1)
					default:
						t.Errorf("got %d", r.Status)
					}
				})
				t.WantAdmitted(60, admitted.Load(), refused.Load(), 70)
			})
		}},
	{ID: "quota.headers", Source: fromDocs, Fact: "the window is a minute, and X-RateLimit-Reset is its end in seconds since 1970",
		Answer: "300 requests a minute on Starter", Prove: func(t *suite.T) {
			k := t.Key(t.Org("STARTER"), scopes("read:leagues"))
			r := t.Expect(suite.Get(leaguesPath).By(k.Secret), 200, "", "X-RateLimit-Limit", "300", "X-RateLimit-Reset", "~^[0-9]{10}$")
			reset, err := strconv.ParseInt(r.Header.Get("X-RateLimit-Reset"), 10, 64)
			if err != nil || reset%60 != 0 {
				t.Errorf("the window ends at %d (%v), want a whole minute", reset, err)
			}
		}},
}

// revokeInFlight keeps a key busy while it is revoked. A request in flight at the revocation
// gets either its data or the refusal. A request that begins later must get the refusal.
func revokeInFlight(t *suite.T) {
	k := reader(t)
	var revoked, stop atomic.Bool
	var served, late atomic.Int64
	var all sync.WaitGroup
	all.Go(func() {
		t.Each(16, func(int) {
			for !stop.Load() {
				began := revoked.Load()
				r := t.Send(suite.Get(matchesPath + "?limit=200").By(k.Secret))
				refused := r.Status == 401 && r.Text("error") == "missing or invalid api key"
				switch {
				case r.Status == 200 && !began:
					served.Add(1)
				case refused && began:
					late.Add(1)
				case !refused && r.Status != 429:
					t.Errorf("got %d %s; the request began after the revocation: %t", r.Status, r.Text("code"), began)
				}
			}
		})
	})
	deadline := time.Now().Add(2 * time.Minute)
	wait := func(n *atomic.Int64) {
		for n.Load() < 20 && time.Now().Before(deadline) {
			time.Sleep(5 * time.Millisecond)
		}
	}
	wait(&served)
	t.MustOp(t.Home().Admin, "revokeKey", suite.In{"key": k.ID})
	revoked.Store(true)
	wait(&late)
	stop.Store(true)
	all.Wait()
	if served.Load() == 0 || late.Load() == 0 {
		t.Errorf("%d requests before and %d after the revocation prove nothing, want at least 1 of each", served.Load(), late.Load())
	}
}

// seasons finds a league with an earlier season through its matches, and returns the oldest and
// the current season.
func seasons(t *suite.T, k suite.Key) (league, old, current string) {
	m := someMatch(t, k)
	league = m.Text("league_id")
	old = m.Text("season")
	current = t.Expect(suite.Get("/football/leagues/"+league+"/standings").By(k.Secret), 200, "").Text("season")
	if old == current {
		t.NotApplicable("the league %s has one season", league)
	}
	return league, old, current
}

func standingsOf(league, season string) string {
	return "/football/leagues/" + league + "/standings?season=" + url.QueryEscape(season)
}

// someMatch returns the first match of the list.
func someMatch(t *suite.T, k suite.Key) suite.Reply {
	list := t.Expect(suite.Get(matchesPath+"?limit=1").By(k.Secret), 200, "")
	if list.Text("data.0.id") == "" {
		t.NotApplicable("the deployment has no matches")
	}
	return t.Expect(suite.Get(matchesPath+"/"+list.Text("data.0.id")).By(k.Secret), 200, matchShape)
}
