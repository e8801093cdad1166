package console

import (
	"net/http"
	"strings"
	"testing"
)

// TestAPersonCreatesUsesRotatesAndRevokesAKey is the story of a first visit. Afterwards no
// secret of it is anywhere.
func TestAPersonCreatesUsesRotatesAndRevokesAKey(t *testing.T) {
	t.Parallel()
	tell(t, true, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		s.goes(s.URL + "/console")
		s.see(heading("Sign in to the console"))
		s.looks(s.tab, "sign in")
		s.mistypesAKey(t)
		_, manager := s.managementKey(t, org, user)
		all := secrets{"operator's key": s.Operator, signingIn: manager}
		s.signIn(manager)
		s.looks(s.tab, "keys")
		form := s.creates(s.tab, "Dashboard bot")
		s.looks(s.tab, "create key")
		s.click(confirmed(form, "Create key")...)
		s.looks(s.tab, "secret")
		secret := s.takes(dialog("Dashboard bot is ready"))
		all["new key"] = secret
		s.see(row("Dashboard bot"))
		s.looks(s.tab, "keys with one")
		s.works(t, secret, http.StatusOK)
		s.works(t, secret, http.StatusOK)
		s.click(row("Dashboard bot"), link("Dashboard bot"))
		s.see(heading("Dashboard bot"))
		s.see(at{Role: "table", Name: "Requests by operation"}, at{Role: "row", Has: "2"})
		s.looks(s.tab, "key")
		latest := s.rotates(t, secret)
		all["rotated key"] = latest
		s.revokes(t, "Dashboard bot")
		s.works(t, secret, s.refused())
		s.works(t, latest, s.refused())
		s.looks(s.tab, "revoked key")
		s.leavesNothing(t, all, org, user)
	})
}

// signingIn names the secret with which a person signs in.
const signingIn = "key of the first visit"

// managementKey creates the key with which a person signs in: it manages keys.
func (s *tale) managementKey(t *testing.T, org, _ string) (id, secret string) {
	t.Helper()
	return s.Key(t, org, "Ada's console", "keys:read", "keys:write", "audit:read", "orgs:read")
}

// mistypesAKey signs in with a key that does not exist.
func (s *tale) mistypesAKey(t *testing.T) {
	t.Helper()
	s.allow(http.StatusUnauthorized, `/console/session/start$`)
	s.fill(s.Operator+"x", field("API key"))
	s.click(button("Sign in"))
	s.see(at{Role: "alert"})
	s.looks(s.tab, "sign in refused")
}

// rotates rotates the key of the page, with an overlap where the contract has one, and returns
// the new secret.
func (s *tale) rotates(t *testing.T, old string) (secret string) {
	t.Helper()
	s.click(button("Rotate"))
	form := dialog("Rotate the secret of Dashboard bot")
	s.see(form)
	if s.overlap {
		s.check(form, first(at{Role: "radio", Name: "/^After .*(hour|day)/"}))
	}
	s.looks(s.tab, "rotate")
	s.click(confirmed(form, "Rotate")...)
	shown := dialog("New secret of Dashboard bot")
	s.see(shown)
	if words := s.text(shown); s.overlap != strings.Contains(words, "The old secret works until") {
		t.Errorf("the dialog does not say when the old secret ends: %s", words)
	}
	secret = s.takes(shown)
	s.works(t, secret, http.StatusOK)
	if s.overlap {
		s.works(t, old, http.StatusOK)
	} else {
		s.works(t, old, s.refused())
	}
	return secret
}

// revokes revokes the key of the page.
func (s *tale) revokes(t *testing.T, name string) {
	t.Helper()
	s.click(button("Revoke"))
	form := dialog("Revoke " + name)
	s.see(form)
	s.looks(s.tab, "revoke")
	s.fill(name, form, at{Role: "textbox"})
	s.click(confirmed(form, "Revoke key")...)
	s.gone(form)
	s.see(words("This key is revoked"))
}

// leavesNothing searches the places in which a secret of the story could be left, while the
// person is signed in and after signing out.
func (s *tale) leavesNothing(t *testing.T, all secrets, org, user string) {
	t.Helper()
	key := s.url()[strings.LastIndex(s.url(), "/")+1:]
	for _, c := range s.cookies() {
		if !c.HTTPOnly || c.SameSite != "Strict" {
			t.Errorf("the cookie %s is readable by scripts, or sent by other pages: %+v", c.Name, c)
		}
		all["cookie "+c.Name] = c.Value
	}
	for n, token := range s.tokens() {
		all["access token "+string(rune('1'+n%9))] = token
	}
	places := append(s.inPage(), s.inBrowser()...)
	places = append(places, s.inAnswers(t, all[signingIn], org, user, key)...)
	places = append(places, s.inServer(t, key)...)
	if len(places) < 50 {
		t.Errorf("searched %d places, want 50", len(places))
	}
	search(t, places, all)
	s.click(button("Sign out"))
	s.see(heading("Sign in to the console"))
	search(t, append(s.inPage(), s.inBrowser()...), all)
}
