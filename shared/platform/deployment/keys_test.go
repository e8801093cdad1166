package deployment_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/platform/deployment/deploymenttest"
)

const teams = "/football/teams?limit=1"

func ok(t *testing.T, r deploymenttest.Reply, status int) map[string]any {
	t.Helper()
	if r.Status != status {
		t.Fatalf("got %d %s, want %d", r.Status, r.Body, status)
	}
	return r.JSON(t)
}

func TestEveryNarrowingIsEffectiveOnTheNextRequestDespiteTheCachedPolicy(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, user := w.Org(t, "Narrow", "TEAM", "n@example.com")
		use := func(secret string) deploymenttest.Reply { return w.Call(t, secret, "GET", teams, "") }

		id, secret := w.Key(t, org, "revoked", "read:teams")
		ok(t, use(secret), 200)
		ok(t, w.Call(t, w.Operator, "POST", "/keys/"+id+"/revoke", ""), 200)
		isError(t, use(secret), 401, "unauthorized")

		id, secret = w.Key(t, org, "cut", "read:teams", "read:leagues")
		ok(t, use(secret), 200)
		ok(t, w.Call(t, w.Operator, "PATCH", "/keys/"+id, `{"scopes":["read:leagues"]}`), 200)
		isError(t, use(secret), 403, "forbidden")
		ok(t, w.Call(t, secret, "GET", "/football/leagues", ""), 200)

		id, secret = w.Key(t, org, "ending", "read:teams")
		ok(t, use(secret), 200)
		ok(t, w.Call(t, w.Operator, "PATCH", "/keys/"+id, `{"expires_in":"10s"}`), 200)
		ok(t, use(secret), 200)
		w.Clock.Advance(10 * time.Second)
		isError(t, use(secret), 401, "unauthorized")

		_, secret = w.Key(t, org, "suspended", "read:teams")
		ok(t, use(secret), 200)
		ok(t, w.Call(t, w.Operator, "PATCH", "/orgs/"+org+"/members/"+user, `{"state":"suspended"}`), 200)
		isError(t, use(secret), 403, "suspended")
		ok(t, w.Call(t, w.Operator, "PATCH", "/orgs/"+org+"/members/"+user, `{"state":"active"}`), 200)
		ok(t, use(secret), 200)

		_, secret = w.Key(t, org, "self", "read:teams")
		ok(t, use(secret), 200)
		ok(t, w.Call(t, secret, "POST", "/keys/self/revoke", ""), 200)
		isError(t, use(secret), 401, "unauthorized")
	})
}

func TestReplacedSecretExpiresImmediatelyOrAfterTheOverlapDespiteTheCachedPolicy(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, _ := w.Org(t, "Narrow", "TEAM", "n@example.com")
		use := func(secret string) deploymenttest.Reply { return w.Call(t, secret, "GET", teams, "") }

		id, secret := w.Key(t, org, "rotated", "read:teams")
		ok(t, use(secret), 200)
		fresh := ok(t, w.Call(t, w.Operator, "POST", "/keys/"+id+"/rotate", ""), 200)["secret"].(string)
		isError(t, use(secret), 401, "unauthorized")
		ok(t, use(fresh), 200)

		id, secret = w.Key(t, org, "overlapping", "read:teams")
		fresh = ok(t, w.Call(t, w.Operator, "POST", "/keys/"+id+"/rotate", `{"overlap":"1h"}`), 200)["secret"].(string)
		ok(t, use(secret), 200)
		ok(t, use(fresh), 200)
		isError(t, w.Call(t, w.Operator, "POST", "/keys/"+id+"/rotate", ""), 409, "rotation_in_progress")
		w.Clock.Advance(time.Hour + time.Second)
		isError(t, use(secret), 401, "unauthorized")
		ok(t, use(fresh), 200)
	})
}

func TestWideningIsEffectiveByTheTimeInItsAnswer(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	org, _ := w.Org(t, "Wide", "TEAM", "w@example.com")
	id, secret := w.Key(t, org, "k", "read:leagues")
	isError(t, w.Call(t, secret, "GET", teams, ""), 403, "forbidden")
	body := ok(t, w.Call(t, w.Operator, "PATCH", "/keys/"+id, `{"scopes":["read:leagues","read:teams"]}`), 200)
	by, err := time.Parse(time.RFC3339, fmt.Sprint(body["effective_by"]))
	if err != nil || by.After(w.Clock.Now()) {
		t.Errorf("effective_by: got %v, want now", body["effective_by"])
	}
	ok(t, w.Call(t, secret, "GET", teams, ""), 200)
	body = ok(t, w.Call(t, w.Operator, "PATCH", "/keys/"+id, `{"name":"renamed"}`), 200)
	if body["effective_by"] != nil {
		t.Errorf("got effective_by %v for a rename, which widens nothing", body["effective_by"])
	}
}

func TestExhaustedKeyIsRefusedAndCanStillBeRevoked(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, _ := w.Org(t, "Free", "FREE", "f@example.com")
		id, secret := w.Key(t, org, "k", "read:teams")
		for i := range 100 {
			if r := w.Call(t, secret, "GET", teams, ""); r.Status != 200 || r.Header.Get("X-RateLimit-Remaining") != fmt.Sprint(99-i) {
				t.Fatalf("call %d: %d, %s left", i+1, r.Status, r.Header.Get("X-RateLimit-Remaining"))
			}
		}
		r := w.Call(t, secret, "GET", teams, "")
		isError(t, r, 429, "rate_limited")
		if r.Header.Get("Retry-After") == "" || r.Header.Get("X-RateLimit-Remaining") != "0" {
			t.Errorf("429 with Retry-After %q, remaining %q", r.Header.Get("Retry-After"), r.Header.Get("X-RateLimit-Remaining"))
		}
		self := ok(t, w.Call(t, secret, "GET", "/keys/self", ""), 200)
		if usage := self["usage"].(map[string]any); usage["total"] != 101.0 {
			t.Errorf("total: got %v, want 100 calls and this one", usage["total"])
		}
		got := ok(t, w.Call(t, w.Operator, "GET", "/keys/"+id+"/usage", ""), 200)
		if got["total"] != 101.0 {
			t.Errorf("usage: got %v, want 101", got)
		}
		ok(t, w.Call(t, w.Operator, "PATCH", "/orgs/"+org, `{"plan":"PRO"}`), 200)
		if r := w.Call(t, secret, "GET", teams, ""); r.Status != 200 || r.Header.Get("X-RateLimit-Remaining") != "899" {
			t.Errorf("a larger plan: got %d, %s left, want 899", r.Status, r.Header.Get("X-RateLimit-Remaining"))
		}
		ok(t, w.Call(t, secret, "POST", "/keys/self/revoke", ""), 200)
		isError(t, w.Call(t, secret, "GET", teams, ""), 401, "unauthorized")
	})
}

// parallel runs n goroutines and waits for them.
func parallel(n int, run func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { run(i) })
	}
	wg.Wait()
}

func TestSixtyFourConcurrentClientsGetExactlyTheQuota(t *testing.T) {
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		// The whole run must fit into one quota window.
		if left := time.Until(time.Now().Truncate(time.Hour).Add(time.Hour)); left < 3*time.Minute {
			w.Clock.Advance(left + time.Second)
		}
		org, _ := w.Org(t, "Load", "PRO", "l@example.com")
		_, secret := w.Key(t, org, "k", "read:teams")
		var admitted, refused, other atomic.Int64
		parallel(64, func(int) {
			for range 100 {
				switch r, err := w.Try(secret, "GET", w.Base+teams, ""); {
				case err == nil && r.Status == 200:
					admitted.Add(1)
				case err == nil && r.Status == 429:
					refused.Add(1)
				default:
					other.Add(1)
				}
			}
		})
		if admitted.Load() != 1000 || refused.Load() != 5400 || other.Load() != 0 {
			t.Errorf("admitted %d, refused %d, other %d, want 1000, 5400, 0", admitted.Load(), refused.Load(), other.Load())
		}
	})
}

func TestTwentyConcurrentCreatesWithACapOfThreeCreateThree(t *testing.T) {
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, _ := w.Org(t, "Cap", "PRO", "c@example.com")
		var made, refused atomic.Int64
		parallel(20, func(i int) {
			r, err := w.Try(w.Operator, "POST", w.Base+"/keys", fmt.Sprintf(`{"org":%q,"name":"k%d","scopes":["read:teams"]}`, org, i))
			switch {
			case err == nil && r.Status == 201:
				made.Add(1)
			case err == nil && r.Status == 409 && strings.Contains(string(r.Body), "key_limit_reached"):
				refused.Add(1)
			default:
				t.Errorf("%v %d %s", err, r.Status, r.Body)
			}
		})
		if made.Load() != 3 || refused.Load() != 17 {
			t.Errorf("made %d, refused %d, want 3 and 17", made.Load(), refused.Load())
		}
		list := ok(t, w.Call(t, w.Operator, "GET", "/keys?state=active&org="+org, ""), 200)
		if got := len(list["data"].([]any)); got != 3 {
			t.Errorf("listed %d, want 3", got)
		}
	})
}

// load is 16 clients that send requests without a pause, and counts the answers. An
// admitted request is late if it started after the change was answered.
type load struct {
	answered              atomic.Bool
	before, late, refused atomic.Int64
	clients               sync.WaitGroup
	stop                  chan struct{}
}

func begin(t *testing.T, w *deploymenttest.Fixture, secret string) *load {
	t.Helper()
	l := &load{stop: make(chan struct{})}
	for range 16 {
		l.clients.Go(func() {
			for l.goesOn() {
				after := l.answered.Load()
				r, err := w.Try(secret, "GET", w.Base+teams, "")
				switch {
				case err != nil || r.Status >= 500:
					t.Errorf("%v %d %s", err, r.Status, r.Body)
					return
				case r.Status == http.StatusOK && after:
					l.late.Add(1)
				case r.Status == http.StatusOK:
					l.before.Add(1)
				case after:
					l.refused.Add(1)
				}
			}
		})
	}
	return l
}

func (l *load) goesOn() bool {
	select {
	case <-l.stop:
		return false
	default:
		return true
	}
}

func (l *load) end() {
	close(l.stop)
	l.clients.Wait()
}

// TestChangeUnderLoadAdmitsNoRequestThatStartedAfterItsAnswer runs clients, makes the
// change, and checks every request that started after the change was answered.
func TestChangeUnderLoadAdmitsNoRequestThatStartedAfterItsAnswer(t *testing.T) {
	for name, change := range map[string]struct{ method, path, body string }{
		"revoke":    {"POST", "/revoke", ""},
		"rotate":    {"POST", "/rotate", ""},
		"scope cut": {"PATCH", "", `{"scopes":["read:leagues"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
				org, _ := w.Org(t, "Mid", "ENTERPRISE", "m@example.com")
				id, secret := w.Key(t, org, "k", "read:teams", "read:leagues")
				l := begin(t, w, secret)
				for l.before.Load() < 100 {
					time.Sleep(time.Millisecond)
				}
				r := w.Call(t, w.Operator, change.method, "/keys/"+id+change.path, change.body)
				l.answered.Store(true)
				for deadline := time.Now().Add(2 * time.Minute); l.refused.Load() < 200 && l.late.Load() == 0 && time.Now().Before(deadline); {
					time.Sleep(time.Millisecond)
				}
				l.end()
				ok(t, r, 200)
				if l.late.Load() != 0 || l.refused.Load() < 200 {
					t.Errorf("%d were admitted after the answer, %d refused", l.late.Load(), l.refused.Load())
				}
			})
		})
	}
}

func TestAnotherOrganisationsIDsAreAnsweredLikeUnknownOnes(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	mine, _ := w.Org(t, "Mine", "TEAM", "me@example.com")
	theirs, user := w.Org(t, "Theirs", "TEAM", "they@example.com")
	key, _ := w.Key(t, theirs, "k", "read:teams")
	_, admin := w.Key(t, mine, "admin", "keys:read", "keys:write", "orgs:read", "orgs:write", "audit:read")
	strip := func(r deploymenttest.Reply) string {
		body := r.JSON(t)
		delete(body, "request_id")
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(r.Status) + string(raw)
	}
	swap := strings.NewReplacer(key, "key_01k5z3m9v8e2q4w6r8t0y2u4i6", theirs, "org_01k5z3m9v8e2q4w6r8t0y2u4i6", user, "usr_01k5z3m9v8e2q4w6r8t0y2u4i6")
	for _, r := range api.For(w.Contract) {
		if !r.Management || len(r.Params()) == 0 {
			continue
		}
		path := strings.NewReplacer("{key}", key, "{org}", theirs, "{user}", user).Replace(strings.TrimPrefix(r.Path, "/v1"))
		body := ""
		if r.Method == "PATCH" || r.Method == "POST" {
			body = map[string]string{"updateKey": `{"name":"x"}`, "updateOrg": `{"name":"x"}`, "addMember": `{"email":"x@example.com","role":"member"}`, "updateMember": `{"role":"admin"}`}[r.Operation]
		}
		foreign, unknown := w.Call(t, admin, r.Method, path, body), w.Call(t, admin, r.Method, swap.Replace(path), body)
		if foreign.Status != 404 || strip(foreign) != strip(unknown) {
			t.Errorf("%s: another's answers %s, an unknown one %s", r.ID(), strip(foreign), strip(unknown))
		}
	}
	for _, query := range []string{"/keys?org=" + theirs, "/audit?org=" + theirs, "/audit?key=" + key} {
		r := w.Call(t, admin, "GET", query, "")
		if strings.Contains(string(r.Body), key) && r.Status == 200 {
			t.Errorf("%s shows another organisation's key: %s", query, r.Body)
		}
	}
}

func TestNoSecretIsEverLogged(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	org, _ := w.Org(t, "Log", "TEAM", "log@example.com")
	id, secret := w.Key(t, org, "k", "read:teams")
	w.Call(t, secret, "GET", teams, "")
	w.Call(t, secret, "GET", "/keys", "")
	w.Call(t, "", "GET", "/football/teams?api_key="+secret, "")
	w.Call(t, "", "GET", "/football/teams", "", "Authorization", "Basic "+secret)
	w.Call(t, secret, "POST", "/keys", `{"name":"`+secret+`"}`)
	fresh := ok(t, w.Call(t, w.Operator, "POST", "/keys/"+id+"/rotate", ""), 200)["secret"].(string)
	w.Call(t, secret, "GET", teams, "")
	logged := w.Log.String()
	if !strings.Contains(logged, id) {
		t.Fatal("the log does not name the key's id: nothing was logged")
	}
	for _, s := range []string{secret, fresh, w.Operator} {
		if strings.Contains(logged, s) || strings.Contains(logged, s[len("sg_live_"):len("sg_live_")+20]) {
			t.Error("a secret is in the log")
		}
	}
}

func TestMetadataIsReturnedUnchanged(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		sent := `{"angles":"` + strings.Repeat("<>&", 300) + `","id":9007199254740993,"ids":[123456789012345678901234567890],"rate":1.10}`
		key := `{"name":"exact","scopes":["audit:read"],"metadata":` + sent + `}`
		made := w.Call(t, w.Operator, "POST", "/keys", key)
		id := ok(t, made, 201)["id"].(string)
		ok(t, w.Call(t, w.Operator, "PATCH", "/keys/"+id, `{"metadata":{"id":9007199254740995}}`), 200)
		for what, r := range map[string]deploymenttest.Reply{
			"9007199254740993": made, "123456789012345678901234567890": made, "1.10": made,
			"9007199254740995": w.Call(t, w.Operator, "GET", "/keys/"+id, ""),
		} {
			if !strings.Contains(string(r.Body), what) {
				t.Errorf("got %s, want %s in it", r.Body, what)
			}
		}
		trail := string(w.Call(t, w.Operator, "GET", "/audit?key="+id, "").Body)
		if !strings.Contains(trail, "9007199254740993") || !strings.Contains(trail, "9007199254740995") {
			t.Errorf("got %s, want both numbers in it", trail)
		}
		isError(t, w.Call(t, w.Operator, "POST", "/keys", `{"name":"x","scopes":["audit:read"],"metadata":{"n":1e999}}`), 400, "malformed_json")
	})
}
