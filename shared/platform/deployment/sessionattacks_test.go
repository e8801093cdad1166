package deployment_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"statgate/shared/platform/deployment/deploymenttest"
)

// member adds a member to an organisation.
func member(t *testing.T, w *deploymenttest.Fixture, org, email, role string) string {
	t.Helper()
	return ok(t, w.Call(t, w.Operator, "POST", "/orgs/"+org+"/members", fmt.Sprintf(`{"email":%q,"role":%q}`, email, role)), 201)["user"].(string)
}

func edit(t *testing.T, w *deploymenttest.Fixture, org, user, change string) {
	t.Helper()
	ok(t, w.Call(t, w.Operator, "PATCH", "/orgs/"+org+"/members/"+user, change), 200)
}

// redeem begins a session with the code of a portal link and returns the status.
func redeem(t *testing.T, w *deploymenttest.Fixture, code string) (*browser, int) {
	t.Helper()
	b := &browser{w: w}
	r := b.post(t, "start", fmt.Sprintf(`{"link":%q}`, code))
	if r.Status == 200 {
		b.take(t, r)
	}
	return b, r.Status
}

// An admin may make links for members and open them. When the member becomes an owner, the admin
// must not become one with them.
func TestLinkOfAnAdminGivesNoRoleThatItsMemberGetsLater(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, _ := w.Org(t, "Promotions", "TEAM", "o@example.com")
		admin, junior := member(t, w, org, "a@example.com", "admin"), member(t, w, org, "m@example.com", "member")
		a := viaLink(t, w, org, admin)
		before, _ := redeem(t, w, link(t, w, a.access, org, junior))
		waiting := link(t, w, a.access, org, junior)
		operators := viaLink(t, w, org, junior)
		edit(t, w, org, junior, `{"role":"owner"}`)
		isError(t, w.Call(t, before.access, "GET", "/keys/self", ""), 401, "unauthorized")
		if r := before.post(t, "renew", "{}"); r.Status != 401 {
			t.Errorf("renewal of a session that an admin began for a present owner: got %d %s, want 401", r.Status, r.Body)
		}
		if _, status := redeem(t, w, waiting); status != 401 {
			t.Errorf("link that an admin made for a present owner: got %d, want 401", status)
		}
		if role := ok(t, w.Call(t, operators.access, "GET", "/keys/self", ""), 200)["role"]; role != "owner" {
			t.Errorf("session by an operator's link: got role %v, want owner", role)
		}
		edit(t, w, org, junior, `{"role":"member"}`)
		if role := ok(t, w.Call(t, operators.access, "GET", "/keys/self", ""), 200)["role"]; role != "member" {
			t.Errorf("session after the demotion: got role %v, want member", role)
		}
	})
}

func TestLinkEndsWithTheRoleOfTheMemberWhoMadeIt(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	org, _ := w.Org(t, "Leavers", "TEAM", "o@example.com")
	other := member(t, w, org, "b@example.com", "admin")
	for name, change := range map[string][2]string{
		"removed":   {"DELETE", ""},
		"suspended": {"PATCH", `{"state":"suspended"}`},
		"demoted":   {"PATCH", `{"role":"member"}`},
	} {
		leaver := member(t, w, org, name+"@example.com", "admin")
		a := viaLink(t, w, org, leaver)
		code := link(t, w, a.access, org, other)
		ok(t, w.Call(t, w.Operator, change[0], "/orgs/"+org+"/members/"+leaver, change[1]), 200)
		if _, status := redeem(t, w, code); status != 401 {
			t.Errorf("link of an admin who was %s: got %d, want 401", name, status)
		}
	}
}

// A session has a budget by place, and a member has five places. Many members must not add up to
// more than the plan allows the organisation's keys.
func TestSessionsOfAllMembersTogetherAreNoWayRoundAPlan(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, user := w.Org(t, "Crowded", "FREE", "o@example.com") // one key with 100 requests an hour
		all := []*browser{viaLink(t, w, org, user), viaLink(t, w, org, user)}
		for n := range 2 {
			all = append(all, viaLink(t, w, org, member(t, w, org, fmt.Sprintf("m%d@example.com", n), "member")))
		}
		var group sync.WaitGroup
		var served atomic.Int64
		for _, b := range all {
			group.Go(func() {
				for range 60 {
					switch r := w.Call(t, b.access, "GET", teams, ""); {
					case r.Status == 200:
						served.Add(1)
					case r.Status != 429 || r.Header.Get("Retry-After") == "":
						t.Errorf("got %d %s with Retry-After %q, want 429", r.Status, r.Body, r.Header.Get("Retry-After"))
					}
				}
			})
		}
		group.Wait()
		if served.Load() != 100 {
			t.Errorf("sessions of a plan with 100 requests made %d", served.Load())
		}
		ok(t, w.Call(t, all[0].access, "GET", "/keys/self", ""), 200) // key management has its own budget
	})
}

// Who may sign in must not do so without end: each sign-in is a transaction on the
// organisation's item, which its other changes wait for, and an entry of its trail.
func TestSignInsOfAMemberAreBounded(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, _ := w.Org(t, "Hammered", "TEAM", "o@example.com")
		_, secret := w.Key(t, org, "signs in", "keys:read")
		began := 0
		for range 130 {
			r := (&browser{w: w}).post(t, "start", fmt.Sprintf(`{"key":%q}`, secret))
			switch {
			case r.Status == 200:
				began++
			case r.Status != 429 || r.Header.Get("Retry-After") == "":
				t.Fatalf("got %d %s, want 429 with Retry-After", r.Status, r.Body)
			}
		}
		// A window may have begun in between.
		if began >= 130 || began < 120 {
			t.Errorf("a member signed in %d times at once, want 120", began)
		}
		other := member(t, w, org, "m@example.com", "member")
		viaLink(t, w, org, other)
	})
}

func TestRenewalsOfASessionAreBounded(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, user := w.Org(t, "Renewed", "TEAM", "o@example.com")
		b := viaLink(t, w, org, user)
		var group sync.WaitGroup
		var renewed, refused atomic.Int64
		for range 10 {
			group.Go(func() {
				for range 35 {
					switch r := b.post(t, "renew", "{}"); {
					case r.Status == 200:
						renewed.Add(1)
					case r.Status == 429 && r.Header.Get("Retry-After") != "":
						refused.Add(1)
					default:
						t.Errorf("got %d %s", r.Status, r.Body)
					}
				}
			})
		}
		group.Wait()
		if n := renewed.Load(); n < 120 || n > 240 || refused.Load() == 0 { // a minute may have begun in between
			t.Errorf("%d renewals of %d, want 120 a minute", n, n+refused.Load())
		}
	})
}

// The address of the edge's viewer is a header. At API Gateway's own address anyone can send it.
func TestForgedViewerNeitherLocksOutTheViewerNorEscapesTheBound(t *testing.T) {
	t.Parallel()
	w := deploymenttest.Edged(t, "statgate", true)
	attempt := func(handler http.Handler, from, viewer string) int {
		r := httptest.NewRequest("POST", "http://api.example/console/session/start", strings.NewReader(`{"link":"unknown"}`))
		r.RemoteAddr = from + ":40000"
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Statgate-Viewer", viewer)
		r.Header.Set("X-Statgate-Host", "api.example")
		r.Header.Set("Origin", "http://api.example")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		got := httptest.NewRecorder()
		handler.ServeHTTP(got, r)
		return got.Code
	}
	direct := w.Gateway.ExecuteAPI()
	for range 70 {
		attempt(direct, "198.51.100.9", "203.0.113.50")
	}
	if got := attempt(direct, "198.51.100.9", "203.0.113.50"); got != 429 {
		t.Errorf("attempts from one address: got %d, want 429", got)
	}
	if got := attempt(w.Gateway, "203.0.113.50", ""); got != 401 {
		t.Errorf("the viewer whose address was forged: got %d, want 401 as before", got)
	}
	for _, odd := range []string{strings.Repeat("x", 3000), "203.0.113.50, 1.1.1.1", "\u00e9"} {
		if got := attempt(direct, "198.51.100.10", odd); got != 401 {
			t.Errorf("viewer %.20q: got %d, want 401", odd, got)
		}
	}
	bounded := false
	for n := range 7000 {
		if attempt(direct, "198.51.100.11", fmt.Sprintf("10.%d.%d.1", n/250, n%250)) == 429 {
			bounded = true
			break
		}
	}
	if !bounded {
		t.Error("an attacker who forges viewers has no bound")
	}
}

// A browser has one session cookie: who signs in again could not end the session before.
func TestSignInEndsTheSessionThatTheBrowserHad(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, user := w.Org(t, "Again", "TEAM", "o@example.com")
		other := member(t, w, org, "m@example.com", "member")
		b := viaLink(t, w, org, user)
		was := *b
		b.take(t, b.post(t, "start", fmt.Sprintf(`{"link":%q}`, link(t, w, w.Operator, org, other))))
		isError(t, w.Call(t, was.access, "GET", "/keys/self", ""), 401, "unauthorized")
		if r := was.post(t, "renew", "{}"); r.Status != 401 {
			t.Errorf("the session before still renews: %d %s", r.Status, r.Body)
		}
		ok(t, w.Call(t, b.access, "GET", "/keys/self", ""), 200)
	})
}
