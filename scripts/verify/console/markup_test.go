package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
)

// markup is what an attacker writes into a text: it would run in a page that takes it for HTML.
const markup = `<img src=x onerror="window.pwned=1"><b>bold</b>`

// posts sends a body as JSON with the operator's key, and returns a field of the answer.
func (s *site) posts(t *testing.T, path string, body map[string]any, field string) string {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	reply := s.Call(t, s.Operator, http.MethodPost, path, string(raw))
	value, _ := found(reply.Body, field).(string)
	if reply.Status != http.StatusCreated || value == "" {
		t.Fatalf("POST %s: %d %.300s", path, reply.Status, reply.Body)
	}
	return value
}

func TestMarkupInEveryTextIsShownAsText(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern "+markup, s.plan, "ada@club.example")
		expires := map[string]any{}
		if s.Contract.Keys.ExpiryRequired {
			expires["expires_in"] = "30d"
		}
		body := map[string]any{"name": "Key " + markup, "org": org, "scopes": []string{"keys:read"}, "metadata": map[string]any{"note": markup}}
		for name, value := range expires {
			body[name] = value
		}
		key := s.posts(t, "/keys", body, "id")
		s.enter(s.visitor, org, user)
		for _, name := range s.views() {
			s.view(name)
			s.harmless(t, name)
		}
		s.goes(s.URL + "/console#/keys/" + key)
		s.see(heading("Key " + markup))
		s.harmless(t, "key")
		for _, act := range []string{"Edit", "Rotate", "Revoke"} {
			s.click(button(act))
			s.see(at{Role: "dialog"})
			s.harmless(t, act)
			s.keys("Escape")
			s.gone(at{Role: "dialog"})
		}
		for _, address := range []string{"#/keys?q=" + url.QueryEscape(markup), "#/" + url.PathEscape(markup), "#/keys/" + url.PathEscape(markup), "#" + markup} {
			s.allow(http.StatusNotFound, "/keys/")
			s.allow(http.StatusBadRequest, "/keys")
			s.allow(http.StatusUnprocessableEntity, "/keys")
			s.goes(s.URL + "/console" + address)
			s.see(navigation)
			s.harmless(t, address)
		}
	})
}

// views returns the names of the views in the navigation.
func (p *tab) views() []string {
	p.t.Helper()
	p.see(navigation)
	var names []string
	p.evaluate(`() => [...document.querySelectorAll("nav[aria-label=Views] a[href^='#']")].map((a) => a.textContent.trim())`, &names)
	if len(names) < 2 {
		p.t.Fatalf("the navigation has only %q", names)
	}
	return names
}

// harmless fails if markup of a text became a part of the page.
func (p *tab) harmless(t *testing.T, where string) {
	t.Helper()
	var got struct {
		Ran   bool
		Parts int
	}
	p.evaluate(`() => ({ ran: window.pwned === 1, parts: document.querySelectorAll("b, img, [onerror]").length })`, &got)
	if got.Ran || got.Parts > 0 {
		t.Errorf("%s: the markup of a text is in the page (%+v)", where, got)
	}
}
