package deployment_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/shared/platform/deployment/deploymenttest"
)

// browser is what a browser keeps of the console: its cookie and its access token.
type browser struct {
	w      *deploymenttest.Fixture
	cookie string
	access string
	id     string
}

func origin(t *testing.T, w *deploymenttest.Fixture) string {
	t.Helper()
	u, err := url.Parse(w.Base)
	if err != nil {
		t.Fatal(err)
	}
	return u.Scheme + "://" + u.Host
}

// post sends a request as the page does. Further headers replace the page's own.
func (b *browser) post(t *testing.T, verb, body string, headers ...string) deploymenttest.Reply {
	t.Helper()
	at := origin(t, b.w)
	all := []string{"Origin", at, "Sec-Fetch-Site", "same-origin", "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36"}
	if b.cookie != "" {
		all = append(all, "Cookie", b.cookie)
	}
	r, err := b.w.Try("", http.MethodPost, at+"/console/session/"+verb, body, append(all, headers...)...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// take keeps the secrets of a session's answer.
func (b *browser) take(t *testing.T, r deploymenttest.Reply) {
	t.Helper()
	got := ok(t, r, 200)
	b.access = got["access_token"].(string)
	b.id = got["session"].(map[string]any)["id"].(string)
	b.cookie, _, _ = strings.Cut(r.Header.Get("Set-Cookie"), ";")
	for _, want := range []string{"HttpOnly", "SameSite=Strict"} {
		if !strings.Contains(r.Header.Get("Set-Cookie"), want) {
			t.Errorf("cookie %q: want %s", r.Header.Get("Set-Cookie"), want)
		}
	}
	if strings.Contains(r.Header.Get("Set-Cookie"), "Path=") {
		t.Errorf("cookie %q has a Path", r.Header.Get("Set-Cookie"))
	}
}

func (b *browser) signOut(t *testing.T) {
	t.Helper()
	if r := b.post(t, "end", "{}"); r.Status != 204 || !strings.Contains(r.Header.Get("Set-Cookie"), "Max-Age=0") {
		t.Fatalf("signing out: got %d %s, cookie %q", r.Status, r.Body, r.Header.Get("Set-Cookie"))
	}
}

// signIn begins a session with a key's secret.
func signIn(t *testing.T, w *deploymenttest.Fixture, secret string) *browser {
	t.Helper()
	b := &browser{w: w}
	b.take(t, b.post(t, "start", fmt.Sprintf(`{"key":%q}`, secret)))
	return b
}

// link makes a portal link with a key and returns its code.
func link(t *testing.T, w *deploymenttest.Fixture, secret, org, user string) string {
	t.Helper()
	address := ok(t, w.Call(t, secret, "POST", "/orgs/"+org+"/members/"+user+"/portal-links", ""), 201)["url"].(string)
	_, code, found := strings.Cut(address, "/console#/link/")
	if !found {
		t.Fatalf("got the address %s", address)
	}
	return code
}

func viaLink(t *testing.T, w *deploymenttest.Fixture, org, user string) *browser {
	t.Helper()
	b := &browser{w: w}
	b.take(t, b.post(t, "start", fmt.Sprintf(`{"link":%q}`, link(t, w, w.Operator, org, user))))
	return b
}

func TestSessionOfAKeyManagesKeysUntilItEnds(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, user := w.Org(t, "Console", "TEAM", "owner@example.com")
		id, secret := w.Key(t, org, "admin", "keys:read", "keys:write", "read:teams")
		b := signIn(t, w, secret)
		self := ok(t, w.Call(t, b.access, "GET", "/keys/self", ""), 200)
		if self["session"] != b.id || self["user"] != user || self["name"] != "owner@example.com" || self["role"] != "owner" {
			t.Errorf("self: got %v", self)
		}
		made := ok(t, w.Call(t, b.access, "POST", "/keys", `{"name":"made in a browser","scopes":["read:teams"]}`, "Idempotency-Key", "one"), 201)
		ok(t, w.Call(t, made["secret"].(string), "GET", teams, ""), 200)
		ok(t, w.Call(t, b.access, "GET", teams, ""), 200)
		isError(t, w.Call(t, b.access, "GET", "/football/leagues", ""), 403, "forbidden") // the key has no such scope
		isError(t, w.Call(t, b.access, "POST", "/tokens", ""), 403, "forbidden")
		isError(t, w.Call(t, b.access, "GET", "/keys/"+strings.SplitN(b.id, "-", 2)[0], ""), 404, "not_found")
		entries := ok(t, w.Call(t, w.Operator, "GET", "/audit?org="+org+"&key="+made["id"].(string), ""), 200)["data"].([]any)
		entry := entries[0].(map[string]any)
		actor := entry["actor"].(map[string]any)
		if entry["method"] != "session" || actor["session"] != b.id || actor["user"] != user || actor["key"] != id {
			t.Errorf("audit: got %v", entry)
		}
		w.Clock.Advance(5*time.Minute + time.Second)
		isError(t, w.Call(t, b.access, "GET", "/keys/self", ""), 401, "unauthorized")
		b.take(t, b.post(t, "renew", "{}"))
		ok(t, w.Call(t, b.access, "GET", "/keys/self", ""), 200)
		ok(t, w.Call(t, w.Operator, "POST", "/keys/"+id+"/revoke", ""), 200)
		isError(t, w.Call(t, b.access, "GET", "/keys/self", ""), 401, "unauthorized")
		if r := b.post(t, "renew", "{}"); r.Status != 401 {
			t.Errorf("renewal after the key was revoked: got %d %s, want 401", r.Status, r.Body)
		}
		for _, seen := range []string{secret, b.access, b.cookie[len("statgate_session="):]} {
			if strings.Contains(w.Log.String(), seen) {
				t.Error("a secret is in the log")
			}
		}
	})
}

// endings checks which sessions of a deployment still live.
type endings struct {
	*testing.T
	*deploymenttest.Fixture
}

func (e endings) alive(b *browser) {
	e.Helper()
	ok(e.T, e.Call(e.T, b.access, "GET", "/keys/self", ""), 200)
}

func (e endings) dead(name string, b *browser) {
	e.Helper()
	if r := e.Call(e.T, b.access, "GET", "/keys/self", ""); r.Status != 401 && r.Status != 403 {
		e.Errorf("%s: the access token still answers %d", name, r.Status)
	}
	if r := b.post(e.T, "renew", "{}"); r.Status != 401 && r.Status != 403 {
		e.Errorf("%s: the cookie still renews: %d", name, r.Status)
	}
}

func TestSessionEndsWithItsKeysSecretAndWhenAPersonEndsIt(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		e := endings{t, w}
		org, user := w.Org(t, "Endings", "TEAM", "o@example.com")
		id, secret := w.Key(t, org, "signs in", "keys:read", "keys:write")
		b := signIn(t, w, secret)
		e.alive(b)
		ok(t, w.Call(t, w.Operator, "POST", "/keys/"+id+"/rotate", ""), 200)
		e.dead("rotated key", b)

		b, other := viaLink(t, w, org, user), viaLink(t, w, org, user)
		e.alive(b)
		e.alive(other)
		b.signOut(t)
		e.dead("signed out", b)
		e.alive(other)
		b = viaLink(t, w, org, user)
		e.alive(b)
		ok(t, w.Call(t, other.access, "DELETE", "/sessions/"+b.id, ""), 200)
		e.dead("ended by another session", b)
		ok(t, w.Call(t, other.access, "DELETE", "/sessions/"+b.id, ""), 200)
		isError(t, w.Call(t, other.access, "DELETE", "/sessions/ses_unknown-1", ""), 404, "not_found")
		ok(t, w.Call(t, other.access, "DELETE", "/sessions", ""), 200)
		e.dead("all ended", other)
	})
}

func TestSessionEndsWithItsMemberAndItsTime(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		e := endings{t, w}
		org, user := w.Org(t, "Endings", "TEAM", "o@example.com")
		for _, change := range [][2]string{{"PATCH", `{"state":"suspended"}`}, {"DELETE", ""}} {
			email := strings.ToLower(change[0]) + "@example.com"
			member := ok(t, w.Call(t, w.Operator, "POST", "/orgs/"+org+"/members", `{"email":"`+email+`","role":"member"}`), 201)["user"].(string)
			b := viaLink(t, w, org, member)
			e.alive(b)
			ok(t, w.Call(t, w.Operator, change[0], "/orgs/"+org+"/members/"+member, change[1]), 200)
			e.dead("member after "+change[0]+" "+change[1], b)
		}
		b := viaLink(t, w, org, user)
		w.Clock.Advance(8*time.Hour + time.Second)
		e.dead("idle", b)
		b = viaLink(t, w, org, user)
		for range 4 {
			w.Clock.Advance(7 * time.Hour)
			if r := b.post(t, "renew", "{}"); r.Status == 200 {
				b.take(t, r)
			}
		}
		e.dead("a day old", b)
	})
}

func TestPortalLinkWorksOnceAndForItsMemberAlone(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, user := w.Org(t, "Linked", "TEAM", "o@example.com")
		code := link(t, w, w.Operator, org, user)
		var winners, group = make(chan *browser, 8), sync.WaitGroup{}
		for range 8 {
			group.Go(func() {
				b := &browser{w: w}
				if r := b.post(t, "start", fmt.Sprintf(`{"link":%q}`, code)); r.Status == 200 {
					b.take(t, r)
					winners <- b
				} else if r.Status != 401 {
					t.Errorf("got %d %s, want 401", r.Status, r.Body)
				}
			})
		}
		group.Wait()
		if len(winners) != 1 {
			t.Fatalf("the link began %d sessions, want 1", len(winners))
		}
		old := link(t, w, w.Operator, org, user)
		w.Clock.Advance(15 * time.Minute)
		if r := (&browser{w: w}).post(t, "start", fmt.Sprintf(`{"link":%q}`, old)); r.Status != 401 {
			t.Errorf("an old link: got %d %s, want 401", r.Status, r.Body)
		}

		other, _ := w.Org(t, "Other", "TEAM", "x@example.com")
		_, admin := w.Key(t, other, "admin", "orgs:read", "orgs:write", "keys:read", "keys:write", "audit:read")
		isError(t, w.Call(t, admin, "POST", "/orgs/"+org+"/members/"+user+"/portal-links", ""), 404, "not_found")
		_, narrow := w.Key(t, org, "narrow", "orgs:write", "orgs:read")
		isError(t, w.Call(t, narrow, "POST", "/orgs/"+org+"/members/"+user+"/portal-links", ""), 403, "forbidden")
		isError(t, w.Call(t, w.Operator, "POST", "/orgs/"+org+"/members/usr_none/portal-links", ""), 404, "not_found")
	})
}

func TestMemberHasFiveSessionsAtMostUnderConcurrentSignIns(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, _ := w.Org(t, "Crowd", "TEAM", "o@example.com")
		_, secret := w.Key(t, org, "signs in", "keys:read")
		var group sync.WaitGroup
		all := make([]*browser, 12)
		for i := range all {
			group.Go(func() { all[i] = signIn(t, w, secret) })
		}
		group.Wait()
		alive := 0
		for _, b := range all {
			if w.Call(t, b.access, "GET", "/keys/self", "").Status == 200 {
				alive++
			}
		}
		listed := ok(t, w.Call(t, secret, "GET", "/sessions", ""), 200)["data"].([]any)
		if alive != 5 || len(listed) != 5 {
			t.Errorf("%d sessions are alive and %d are listed, want 5", alive, len(listed))
		}
	})
}

func TestSessionIsNoWayRoundAPlan(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "balla", func(t *testing.T, w *deploymenttest.Fixture) {
		free := w.Contract.Plans[0]
		if free.Keys != 0 {
			t.Fatalf("plan %s allows keys: the test needs another", free.Name)
		}
		org, user := w.Org(t, "Free", free.Name, "o@example.com")
		b := viaLink(t, w, org, user)
		if r := w.Call(t, b.access, "GET", "/football/leagues", ""); r.Status < 400 {
			t.Errorf("a plan without keys answers data: %d %s", r.Status, r.Body)
		}
		ok(t, w.Call(t, b.access, "GET", "/keys/self", ""), 200)
	})
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, user := w.Org(t, "Paid", "TEAM", "o@example.com")
		served := 0
		for range 8 { // each session ends before the next begins, so all of them use one place
			b := viaLink(t, w, org, user)
			for range 20 {
				if w.Call(t, b.access, "GET", teams, "").Status == 200 {
					served++
				}
			}
			b.signOut(t)
		}
		if served != 60 {
			t.Errorf("got %d data calls, want 60", served)
		}
	})
}

func TestOnlyTheConsolesOwnPageBeginsRenewsAndEndsSessions(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, user := w.Org(t, "Forged", "TEAM", "o@example.com")
		b := viaLink(t, w, org, user)
		for _, headers := range [][]string{
			{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "null"},
			{"Content-Type", "text/plain"}, {"Content-Type", "application/x-www-form-urlencoded"},
		} {
			for _, verb := range []string{"start", "renew", "end"} {
				r := b.post(t, verb, "{}", headers...)
				if r.Status < 400 || r.Header.Get("Set-Cookie") != "" || strings.Contains(string(r.Body), "access_token") {
					t.Errorf("%s with %v: got %d %s", verb, headers, r.Status, r.Body)
				}
				if r.Header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s with %v: CORS headers", verb, headers)
				}
			}
		}
		ok(t, w.Call(t, b.access, "GET", "/keys/self", ""), 200)
	})
}

func TestSessionOfAMemberManagesTheirOwnKeysAlone(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, _ := w.Org(t, "Members", "TEAM", "o@example.com")
		member := ok(t, w.Call(t, w.Operator, "POST", "/orgs/"+org+"/members", `{"email":"m@example.com","role":"member"}`), 201)["user"].(string)
		foreign, _ := w.Key(t, org, "the owner's", "read:teams")
		b := viaLink(t, w, org, member)
		own := ok(t, w.Call(t, b.access, "POST", "/keys", `{"name":"mine","scopes":["read:teams"]}`), 201)
		isError(t, w.Call(t, b.access, "POST", "/keys", `{"name":"too much","scopes":["keys:write"]}`), 403, "forbidden")
		isError(t, w.Call(t, b.access, "GET", "/keys/"+foreign, ""), 404, "not_found")
		isError(t, w.Call(t, b.access, "POST", "/keys/"+foreign+"/revoke", ""), 404, "not_found")
		isError(t, w.Call(t, b.access, "GET", "/orgs/"+org+"/members", ""), 403, "forbidden")
		isError(t, w.Call(t, b.access, "GET", "/audit", ""), 403, "forbidden")
		if listed := ok(t, w.Call(t, b.access, "GET", "/keys", ""), 200)["data"].([]any); len(listed) != 1 {
			t.Errorf("got %d keys, want the member's own", len(listed))
		}
		ok(t, w.Call(t, b.access, "POST", "/keys/"+own["id"].(string)+"/revoke", ""), 200)
	})
}
