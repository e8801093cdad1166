package deployment_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"statgate/authorizer"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/deployment/deploymenttest"
)

// derive creates a token with a key.
func derive(t *testing.T, w *deploymenttest.Fixture, secret, body string) string {
	t.Helper()
	return ok(t, w.Call(t, secret, "POST", "/tokens", body), 201)["token"].(string)
}

func TestTokenIsLimitedByItsScopesAndItsKeyOnTheNextRequest(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, user := w.Org(t, "Derived", "TEAM", "d@example.com")
		id, secret := w.Key(t, org, "parent", "read:teams", "read:leagues", "keys:read")
		token := derive(t, w, secret, `{"scopes":["read:teams"],"expires_in":"10m"}`)
		ok(t, w.Call(t, token, "GET", teams, ""), 200)
		isError(t, w.Call(t, token, "GET", "/football/leagues", ""), 403, "forbidden") // refused by the policy
		all := derive(t, w, secret, "")
		ok(t, w.Call(t, all, "GET", "/football/leagues", ""), 200)
		isError(t, w.Call(t, all, "GET", "/keys", ""), 403, "forbidden")
		ok(t, w.Call(t, secret, "GET", "/keys", ""), 200)
		isError(t, w.Call(t, all, "POST", "/tokens", ""), 403, "forbidden")
		isError(t, w.Call(t, all, "POST", "/keys/self/revoke", ""), 403, "forbidden")
		if self := ok(t, w.Call(t, token, "GET", "/keys/self", ""), 200); self["token"] != true || fmt.Sprint(self["scopes"]) != "[read:teams]" || self["id"] != id {
			t.Errorf("self: got %v", self)
		}

		// Refused by the gate, as the policies are still cached.
		ok(t, w.Call(t, w.Operator, "PATCH", "/keys/"+id, `{"scopes":["read:leagues"]}`), 200)
		isError(t, w.Call(t, token, "GET", teams, ""), 403, "forbidden")
		isError(t, w.Call(t, all, "GET", teams, ""), 403, "forbidden")
		ok(t, w.Call(t, all, "GET", "/football/leagues", ""), 200)
		ok(t, w.Call(t, w.Operator, "PATCH", "/orgs/"+org+"/members/"+user, `{"state":"suspended"}`), 200)
		isError(t, w.Call(t, all, "GET", "/football/leagues", ""), 403, "suspended")
		ok(t, w.Call(t, w.Operator, "PATCH", "/orgs/"+org+"/members/"+user, `{"state":"active"}`), 200)
		ok(t, w.Call(t, all, "GET", "/football/leagues", ""), 200)

		ok(t, w.Call(t, w.Operator, "POST", "/keys/"+id+"/rotate", `{"overlap":"30m"}`), 200)
		ok(t, w.Call(t, all, "GET", "/football/leagues", ""), 200)
		w.Clock.Advance(30*time.Minute + time.Second)
		isError(t, w.Call(t, all, "GET", "/football/leagues", ""), 401, "unauthorized")
		if strings.Contains(w.Log.String(), token) || strings.Contains(w.Log.String(), all) {
			t.Error("a token is in the log")
		}
	})
}

func TestTokensEndWithTheirKeyOnTheNextRequest(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, _ := w.Org(t, "Dying", "TEAM", "d@example.com")
		for _, end := range []string{"/revoke", "/rotate"} {
			id, secret := w.Key(t, org, "parent", "read:teams")
			token := derive(t, w, secret, "")
			ok(t, w.Call(t, token, "GET", teams, ""), 200)
			ok(t, w.Call(t, w.Operator, "POST", "/keys/"+id+end, ""), 200)
			isError(t, w.Call(t, token, "GET", teams, ""), 401, "unauthorized")
		}
		_, secret := w.Key(t, org, "parent", "read:teams")
		token := derive(t, w, secret, `{"expires_in":"1m"}`)
		ok(t, w.Call(t, token, "GET", teams, ""), 200)
		w.Clock.Advance(61 * time.Second) // before the cached policy expires
		isError(t, w.Call(t, token, "GET", teams, ""), 401, "unauthorized")
		ok(t, w.Call(t, secret, "GET", teams, ""), 200)
	})
}

func TestATokenLeavesNothingBehindThatOutlivesIt(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, _ := w.Org(t, "Lasting", "TEAM", "l@example.com")
		_, secret := w.Key(t, org, "parent", "read:matches", "write:matches", "write:webhooks")
		hook := ok(t, w.Call(t, secret, "POST", "/webhooks", `{"url":"https://example.com/hook"}`), 201)["id"].(string)
		token := derive(t, w, secret, "")
		trail := func() string { return string(w.Call(t, w.Operator, "GET", "/audit?org="+org, "").Body) }
		list := func() string { return string(w.Call(t, secret, "GET", "/webhooks", "").Body) }
		was, had := trail(), list()
		bodies := map[string]string{"createWebhook": `{"url":"https://example.com/mine"}`, "updateWebhook": `{"url":"https://example.com/mine"}`}
		tried := 0
		for _, r := range api.For(w.Contract) {
			if !r.Lasts {
				continue
			}
			path := strings.TrimPrefix(strings.NewReplacer("{webhook}", hook, "{", "", "}", "").Replace(r.Path), w.Contract.Base)
			got := w.Call(t, token, r.Method, path, bodies[r.Operation])
			isError(t, got, 403, "forbidden")
			if open := len(r.Permissions) == 0 || strings.HasPrefix(r.Path, w.Contract.Base+"/webhooks"); open && !strings.Contains(string(got.Body), "a token cannot") {
				t.Errorf("%s: %s does not say that a token was sent", r.Operation, got.Body)
			}
			tried++
		}
		if tried < 15 || trail() != was || list() != had {
			t.Errorf("after %d requests of a token: the trail %v, the webhooks %v", tried, trail() != was, list() != had)
		}
		ok(t, w.Call(t, token, "POST", "/webhooks/"+hook+"/deliveries", ""), 202)
		ok(t, w.Call(t, token, "GET", "/webhooks", ""), 200)
	})
}

func TestKeyAndItsTokensShareExactlyOneQuota(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		if left := time.Until(time.Now().Truncate(time.Hour).Add(time.Hour)); left < 3*time.Minute {
			w.Clock.Advance(left + time.Second) // the whole run must fit into one quota window
		}
		org, _ := w.Org(t, "Shared", "FREE", "s@example.com")
		id, secret := w.Key(t, org, "parent", "read:teams")
		spenders := []string{secret}
		for range 3 { // each counts as a call
			spenders = append(spenders, derive(t, w, secret, ""))
		}
		var admitted, refused, other atomic.Int64
		parallel(32, func(i int) {
			for range 5 {
				switch r, err := w.Try(spenders[i%len(spenders)], "GET", w.Base+teams, ""); {
				case err == nil && r.Status == 200:
					admitted.Add(1)
				case err == nil && r.Status == 429:
					refused.Add(1)
				default:
					other.Add(1)
				}
			}
		})
		if admitted.Load() != 97 || refused.Load() != 63 || other.Load() != 0 {
			t.Errorf("admitted %d, refused %d, other %d, want 97, 63, 0", admitted.Load(), refused.Load(), other.Load())
		}
		isError(t, w.Call(t, secret, "POST", "/tokens", ""), 429, "rate_limited")
		ok(t, w.Call(t, secret, "POST", "/keys/self/revoke", ""), 200)
		for _, spender := range spenders {
			isError(t, w.Call(t, spender, "GET", teams, ""), 401, "unauthorized")
		}
		if got := ok(t, w.Call(t, w.Operator, "GET", "/keys/"+id+"/usage", ""), 200)["total"]; got != 101.0 {
			t.Errorf("usage: got %v, want 100 calls and the revocation", got)
		}
	})
}

// checkPolicy checks whether the caller's policy allows each route as wanted.
func checkPolicy(t *testing.T, whose string, c *api.Caller, routes []api.Route, want func(api.Route) bool) {
	t.Helper()
	policy := authorizer.Policy(routes, c.Permissions, arn)
	for _, r := range routes {
		path := strings.NewReplacer("{", "", "}", "").Replace(r.Path)
		if got := authorizer.Evaluate(policy, arn+"/"+r.Method+path); got != want(r) {
			t.Errorf("%s, %s: the policy says %v, want %v", whose, r.ID(), got, want(r))
		}
	}
}

// checkGate checks whether the gate admits each route as wanted.
func checkGate(t *testing.T, whose string, w *deploymenttest.Fixture, c *api.Caller, routes []api.Route, want func(api.Route) bool) {
	t.Helper()
	for _, r := range routes {
		if _, err := w.Gate.Admit(t.Context(), c, r, contract.Requests); (err == nil) != want(r) {
			t.Errorf("%s, %s: the gate says %v, want admission %v", whose, r.ID(), err, want(r))
		}
	}
}

// TestPolicyAndGateAgreeOnEveryTokenAndRoute checks whether policy and gate allow each
// route to a token with one scope of its key. It checks the gate again after the key
// lost the scope, while the policy is still cached.
func TestPolicyAndGateAgreeOnEveryTokenAndRoute(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		w := deploymenttest.New(t, name)
		if _, has := w.Contract.Operations["createToken"]; !has {
			continue
		}
		var data []string
		for _, scope := range w.Contract.Scopes.Names() {
			if !w.Contract.Scopes.IsManagementScope(scope) {
				data = append(data, scope)
			}
		}
		org, _ := w.Org(t, "Matrix", w.Contract.Plans[len(w.Contract.Plans)-1].Name, "m@example.com")
		id, secret := w.Key(t, org, "parent", append(data, "keys:read")...)
		var keyed []api.Route
		for _, r := range api.For(w.Contract) {
			if !r.Open {
				keyed = append(keyed, r)
			}
		}
		for _, scope := range data {
			grants, err := w.Contract.Scopes.Permissions([]string{scope})
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := json.Marshal([]string{scope})
			c, err := w.Keys.Authenticate(t.Context(), derive(t, w, secret, `{"scopes":`+string(raw)+`}`))
			if err != nil {
				t.Fatal(err)
			}
			allowed := func(r api.Route) bool { return expected(grants, r) }
			checkPolicy(t, name+", token "+scope, c, keyed, allowed)
			checkGate(t, name+", token "+scope, w, c, keyed, func(r api.Route) bool { return allowed(r) && !r.Lasts })
			ok(t, w.Call(t, w.Operator, "PATCH", "/keys/"+id, `{"scopes":["keys:read"]}`), 200)
			checkGate(t, name+", token "+scope+" of a key without it", w, c, keyed, func(r api.Route) bool { return len(r.Permissions) == 0 && !r.Lasts })
			all, _ := json.Marshal(append(data, "keys:read"))
			ok(t, w.Call(t, w.Operator, "PATCH", "/keys/"+id, `{"scopes":`+string(all)+`}`), 200)
		}
	}
}
