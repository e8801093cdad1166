package openid

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/shared/access/attempts"
	"statgate/shared/platform/deployment/deploymenttest"
)

// directory has the provider while the tests run.
var directory string

func TestMain(m *testing.M) {
	var err error
	if directory, err = os.MkdirTemp("", "openid"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(directory)
	os.Exit(code)
}

// people are the persons of the provider.
func people() map[string]account {
	return map[string]account{
		"ada": {"Ada@Example.com", true}, "bob": {"bob@example.com", true}, "cleo": {"cleo@example.com", "true"},
		"unverified": {"ada@example.com", false}, "silent": {"ada@example.com", nil}, "faceless": {"", nil},
		"alike": {"ad\u0430@example.com", true}, "kelvin": {"mi\u212ae@example.com", true}, "stranger": {"stranger@example.com", true},
	}
}

func TestMemberSignsInWithTheAddressThatTheProviderVerified(t *testing.T) {
	t.Parallel()
	for name, inToken := range map[string]bool{"by the user info": false, "by the ID token": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEngines(t, config{Accounts: people(), ClaimsInToken: inToken}, func(t *testing.T, s *site) {
				org, owner := s.Org(t, "Console", "TEAM", "ada@example.com")
				member := s.member(t, org, "cleo@example.com", "member")
				b := s.browser()
				s.wantSession(t, b.signIn(t, "ada"), org, owner, "owner")
				s.wantSession(t, s.browser().signIn(t, "cleo"), org, member, "member")
				entries := s.Call(t, s.Operator, "GET", "/audit?org="+org, "").JSON(t)["data"].([]any)
				if entry := entries[0].(map[string]any); entry["action"] != "session.create" || entry["method"] != "session" {
					t.Errorf("the latest audit entry is %v", entry)
				}
				s.wantNoSecretInTheLog(t, b)
			})
		})
	}
}

// wantNoSecretInTheLog fails if a cookie or the client's secret was logged.
func (s *site) wantNoSecretInTheLog(t *testing.T, b *browser, more ...string) {
	t.Helper()
	for _, value := range b.cookies {
		more = append(more, value)
	}
	for _, secret := range append(more, clientSecret) {
		if secret == "" || strings.Contains(s.Log.String(), secret) {
			t.Errorf("the log has the secret %q", secret)
		}
	}
}

func TestMemberOfSeveralOrganisationsChoosesOneOnce(t *testing.T) {
	t.Parallel()
	onEngines(t, config{Accounts: people()}, func(t *testing.T, s *site) {
		one, owner := s.Org(t, "One", "TEAM", "ada@example.com")
		two, _ := s.Org(t, "Two", "TEAM", "boss@example.com")
		three, _ := s.Org(t, "Three", "TEAM", "boss@example.com")
		member := s.member(t, two, "ADA@example.com", "member")
		gone := s.member(t, three, "ada@example.com", "admin")
		suspend := func(org, user string) {
			if r := s.Call(t, s.Operator, "PATCH", "/orgs/"+org+"/members/"+user, `{"state":"suspended"}`); r.Status != 200 {
				t.Fatalf("suspending: %d %s", r.Status, r.Body)
			}
		}
		suspend(three, gone)
		b := s.browser()
		choose := func() map[string]string {
			t.Helper()
			r := b.signIn(t, "ada")
			got := r.JSON(t)
			if want := fmt.Sprint([]any{map[string]any{"name": "One", "org": one, "role": "owner"}, map[string]any{"name": "Two", "org": two, "role": "member"}}); r.Status != 200 || fmt.Sprint(got["orgs"]) != want {
				t.Fatalf("got %d %s, want the organisations %s", r.Status, r.Body, want)
			}
			return map[string]string{"choice": got["choice"].(string), "org": two}
		}
		step := choose()
		wantRefused(t, s.browser().start(t, step), "another browser")
		s.wantSession(t, b.start(t, step), two, member, "member")
		wantRefused(t, b.start(t, step), "used before")

		step = choose()
		step["org"] = three
		wantRefused(t, b.start(t, step), "suspended")
		step = choose()
		foreign, _ := s.Org(t, "Foreign", "TEAM", "boss@example.com")
		step["org"] = foreign
		wantRefused(t, b.start(t, step), "no member")
		step = choose()
		s.Clock.Advance(5 * time.Minute)
		wantRefused(t, b.start(t, step), "expired")
		step = choose()
		suspend(two, member)
		wantRefused(t, b.start(t, step), "suspended")
		s.wantSession(t, b.signIn(t, "ada"), one, owner, "owner") // one is left: there is no choice
	})
}

func TestPersonIsRefusedWhomTheProviderDoesNotProveToBeAnActiveMember(t *testing.T) {
	t.Parallel()
	for name, inToken := range map[string]bool{"by the user info": false, "by the ID token": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, "embedded", config{Accounts: people(), ClaimsInToken: inToken})
			org, _ := s.Org(t, "Console", "TEAM", "ada@example.com")
			bob := s.member(t, org, "bob@example.com", "admin")
			s.member(t, org, "mike@example.com", "member")
			for person, words := range map[string]string{"unverified": "verified email address", "silent": "verified email address",
				"faceless": "verified email address", "stranger": "no member", "alike": "no member", "kelvin": "no member"} {
				t.Run(person, func(t *testing.T) { wantRefused(t, s.browser().signIn(t, person), words) })
			}
			s.wantSession(t, s.browser().signIn(t, "bob"), org, bob, "admin")
			for _, c := range []struct{ method, body, words string }{
				{"PATCH", `{"state":"suspended"}`, "suspended"}, {"PATCH", `{"state":"active","email":"robert@example.com"}`, "no member"},
				{"PATCH", `{"email":"bob@example.com"}`, ""}, {"DELETE", "", "no member"},
			} {
				if r := s.Call(t, s.Operator, c.method, "/orgs/"+org+"/members/"+bob, c.body); r.Status >= 300 {
					t.Fatalf("%s %s: %d %s", c.method, c.body, r.Status, r.Body)
				}
				if r := s.browser().signIn(t, "bob"); c.words == "" {
					s.wantSession(t, r, org, bob, "admin")
				} else {
					wantRefused(t, r, c.words)
				}
			}
		})
	}
}

func TestReplaysAndForgedReturnsBeginNoSession(t *testing.T) {
	t.Parallel()
	onEngines(t, config{Accounts: people()}, func(t *testing.T, s *site) {
		org, owner := s.Org(t, "Console", "TEAM", "ada@example.com")
		b := s.browser()
		step := b.visit(t, b.leave(t), "ada")
		wantRefused(t, b.start(t, map[string]string{"code": step["code"], "state": altered(step["state"])}), "another browser")
		other := s.browser()
		other.leave(t)
		wantRefused(t, other.start(t, step), "another browser")
		wantRefused(t, s.browser().start(t, step), "another browser")
		s.wantSession(t, b.start(t, step), org, owner, "owner") // what the others sent has used up nothing
		wantRefused(t, b.start(t, step), "used before")
		wantRefused(t, b.start(t, map[string]string{"code": step["code"], "state": stateOf(t, b.leave(t))}), "did not accept")

		late := b.visit(t, b.leave(t), "ada")
		s.Clock.Advance(10 * time.Minute)
		wantRefused(t, b.start(t, late), "expired")

		for name, c := range map[string]struct{ parameter, value, words string }{
			"another nonce": {"nonce", "another", "does not belong"}, "another verifier": {"code_challenge", strings.Repeat("A", 43), "did not accept"},
			"another client": {"client_id", "other", "did not accept"},
		} {
			t.Run(name, func(t *testing.T) {
				b := s.browser()
				wantRefused(t, b.start(t, b.visit(t, replaced(t, b.leave(t), c.parameter, c.value), "ada")), c.words)
			})
		}
		one, two := b.leave(t), b.leave(t) // two tabs
		s.wantSession(t, b.start(t, b.visit(t, one, "ada")), org, owner, "owner")
		s.wantSession(t, b.start(t, b.visit(t, two, "ada")), org, owner, "owner")
		s.wantNoSecretInTheLog(t, b, step["code"], step["state"])
	})
}

// altered returns a text with another first character.
func altered(text string) string {
	first := "x"
	if text[:1] == first {
		first = "y"
	}
	return first + text[1:]
}

// stateOf returns the state of the provider's address.
func stateOf(t *testing.T, authorize string) string {
	t.Helper()
	_, rest, found := strings.Cut(authorize, "state=")
	if !found {
		t.Fatalf("%s has no state", authorize)
	}
	state, _, _ := strings.Cut(rest, "&")
	return state
}

func TestOneReturnSentEightTimesBeginsOneSession(t *testing.T) {
	t.Parallel()
	onEngines(t, config{Accounts: people()}, func(t *testing.T, s *site) {
		s.Org(t, "Console", "TEAM", "ada@example.com")
		b := s.browser()
		step := b.visit(t, b.leave(t), "ada")
		var group sync.WaitGroup
		replies := make([]deploymenttest.Reply, 8)
		for i := range replies {
			group.Go(func() { replies[i] = b.with().start(t, step) })
		}
		group.Wait()
		began := 0
		for _, r := range replies {
			if r.Status == http.StatusOK {
				began++
			} else {
				wantRefused(t, r, "used before")
			}
		}
		if began != 1 {
			t.Errorf("%d sessions began, want 1", began)
		}
	})
}

func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // the context then ends with the connection
	select {
	case <-r.Context().Done():
	case <-time.After(20 * time.Second):
	}
}

func badGateway(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "broken: token-of-the-provider", http.StatusBadGateway)
}

func TestProviderThatDoesNotAnswerIsA503WithinItsLimit(t *testing.T) {
	t.Parallel()
	s := start(t, "embedded", config{Accounts: people()})
	org, owner := s.Org(t, "Console", "TEAM", "ada@example.com")
	wantDown := func(t *testing.T, took time.Duration, r deploymenttest.Reply) {
		t.Helper()
		if r.Status != http.StatusServiceUnavailable || r.Header.Get("Set-Cookie") != "" || r.Header.Get("Retry-After") == "" {
			t.Errorf("got %d %s, want 503", r.Status, r.Body)
		}
		if took > 10*time.Second {
			t.Errorf("it took %v, want about 3s", took)
		}
	}
	timed := func(b *browser, step map[string]string) (time.Duration, deploymenttest.Reply) {
		began := time.Now()
		r := b.start(t, step)
		return time.Since(began), r
	}
	for _, path := range []string{"/.well-known", "/token", "/jwks", "/me"} { // in the order of a sign-in, as answers are kept
		for name, with := range map[string]http.HandlerFunc{"down": badGateway, "hangs": hang} {
			t.Run(name+path, func(t *testing.T) {
				b := s.browser()
				step := map[string]string{}
				if path != "/.well-known" {
					step = b.visit(t, b.leave(t), "ada")
				}
				s.relay.broken.Store(&broken{path, with})
				took, r := timed(b, step)
				wantDown(t, took, r)
				s.relay.broken.Store(nil)
				if path != "/.well-known" {
					wantRefused(t, b.start(t, step), "used before")
				}
				s.wantNoSecretInTheLog(t, b, "token-of-the-provider")
				if code := step["code"]; code != "" && strings.Contains(s.Log.String(), code) {
					t.Error("the log has the code")
				}
			})
		}
	}
	s.wantSession(t, s.browser().signIn(t, "ada"), org, owner, "owner")
	if lines := strings.Count(s.Log.String(), "OpenID Connect provider"); lines < 8 {
		t.Errorf("%d lines tell what failed, want one for each of 8 failures", lines)
	}
}

func TestAbandonedSignInsAreBoundedAndCompletedOnesAreNotCounted(t *testing.T) {
	t.Parallel()
	onEngines(t, config{Accounts: people()}, func(t *testing.T, s *site) {
		org, owner := s.Org(t, "Console", "TEAM", "ada@example.com")
		now := s.Clock.Now()
		s.Clock.Advance(now.Truncate(attempts.Window).Add(attempts.Window).Sub(now)) // the window does not end within the test
		for range 4 {
			s.wantSession(t, s.browser().signIn(t, "ada"), org, owner, "owner")
		}
		s.relay.broken.Store(&broken{"/token", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }})
		if r := s.browser().signIn(t, "ada"); r.Status != http.StatusServiceUnavailable { // this is no attempt either
			t.Errorf("got %d %s, want 503", r.Status, r.Body)
		}
		s.relay.broken.Store(nil)
		abandoned := 0
		for ; abandoned <= attempts.Limit; abandoned++ {
			r := s.browser().start(t, map[string]string{})
			if r.Status == http.StatusTooManyRequests && r.Header.Get("Retry-After") != "" {
				break
			}
			if r.Status != http.StatusOK {
				t.Fatalf("got %d %s", r.Status, r.Body)
			}
		}
		if abandoned != attempts.Limit {
			t.Errorf("%d sign-ins could be begun, want %d", abandoned, attempts.Limit)
		}
	})
}
