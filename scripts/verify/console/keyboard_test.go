package console

import (
	"net/http"
	"strings"
	"testing"
)

// focus is the element that has the keyboard.
type focus struct {
	Tag, Type, Label, Role, Dialog, Outline, Value string
	Visible                                        bool
}

func (p *tab) hasFocus() focus {
	p.t.Helper()
	var f focus
	p.must(command{"op": "focus"}, &f)
	return f
}

// farthest is how many times a person presses Tab before giving up.
const farthest = 80

// reach presses Tab until the element with a label has the focus, which has to be visible.
func (p *tab) reach(label string) {
	p.t.Helper()
	var path []string
	for range farthest {
		p.keys("Tab")
		f := p.hasFocus()
		if f.Label == label {
			if f.Outline == "none" {
				p.t.Errorf("%s: the focus is not visible", label)
			}
			return
		}
		path = append(path, f.Tag+" "+f.Label)
	}
	p.t.Fatalf("%d presses of Tab do not reach %q; they reach %q", farthest, label, path)
}

// rests fails unless the element with a label has the focus.
func (p *tab) rests(on string) {
	p.t.Helper()
	for range farthest { // a dialog gives the focus back after it was drawn
		if f := p.hasFocus(); strings.HasPrefix(f.Label, on) {
			return
		}
	}
	p.t.Errorf("the focus is on %+v, want on %q", p.hasFocus(), on)
}

func TestTheKeyboardAloneIsEnoughToCreateRotateAndRevoke(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		_, manager := s.managementKey(t, org, user)
		s.goes(s.URL + "/console")
		s.see(heading("Sign in to the console"))
		s.reach("API key")
		s.write(manager)
		s.keys("Enter")
		s.see(navigation)
		secret := s.createsByKeyboard(t)
		s.works(t, secret, http.StatusOK)
		s.reach("Bot")
		s.keys("Enter")
		s.see(heading("Bot"))
		s.rests("Bot")
		s.reach("Rotate")
		s.keys("Enter")
		s.see(dialog("Rotate the secret of Bot"))
		s.reach("Rotate")
		s.keys("Enter")
		latest := s.takesByKeyboard("New secret of Bot")
		s.works(t, latest, http.StatusOK)
		s.works(t, secret, s.refused())
		s.rests("Rotate")
		s.revokesByKeyboard()
		s.works(t, latest, s.refused())
	})
}

func (s *tale) createsByKeyboard(t *testing.T) (secret string) {
	t.Helper()
	s.reach("Create key")
	s.keys("Enter")
	s.see(dialog("Create key"))
	if f := s.hasFocus(); !strings.Contains(f.Dialog, "Create key") {
		t.Errorf("the focus stays behind the dialog: %+v", f)
	}
	s.rests("Name")
	s.write("Bot")
	switch s.name {
	case "statgate":
		s.reach("read:leagues")
		s.keys("Space")
	case "balla":
		s.reach("read")
		s.keys("Space")
		s.reach("seasons")
		s.keys("Space")
	case "teambattles":
		s.reach("matches.user_matches")
		s.keys("r") // the choice that begins so: read
	}
	s.reach("Create key")
	s.keys("Enter")
	secret = s.takesByKeyboard("Bot is ready")
	s.rests("Create key")
	return secret
}

func (s *tale) takesByKeyboard(title string) (secret string) {
	s.t.Helper()
	shown := dialog(title)
	s.see(shown)
	s.keys("Escape") // closes nothing: the secret is not stored
	s.keys("Escape")
	s.see(shown)
	secret = strings.TrimSpace(s.text(shown, field("Secret")))
	s.reach("I have stored it")
	s.keys("Space")
	s.reach("Done")
	s.keys("Enter")
	s.gone(shown)
	return secret
}

func (s *tale) revokesByKeyboard() {
	s.t.Helper()
	form := dialog("Revoke Bot")
	s.reach("Revoke")
	s.keys("Enter")
	s.see(form)
	s.keys("Escape")
	s.gone(form)
	s.rests("Revoke")
	s.keys("Enter")
	s.see(form)
	s.write("Bot")
	s.keys("Enter")
	s.gone(form)
	s.see(words("This key is revoked"))
}
