package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// receiver is a customer's server for webhooks. It fails until it works.
type receiver struct {
	url   string
	mu    sync.Mutex
	works bool
	got   []string // requests
	sigs  []string // signatures
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		var b strings.Builder
		if err := req.Write(&b); err != nil {
			t.Error(err)
		}
		r.got = append(r.got, b.String())
		r.sigs = append(r.sigs, req.Header.Get("Webhook-Signature"))
		if !r.works {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	t.Cleanup(server.Close)
	r.url = server.URL + "/events"
	return r
}

// repair makes the receiver accept what is sent.
func (r *receiver) repair() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.works = true
}

func (r *receiver) all() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.got, "\n")
}

// signatures returns how many signatures the last request had, and how many requests there were.
func (r *receiver) signatures() (last, requests int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.sigs) == 0 {
		return 0, 0
	}
	return len(strings.Fields(r.sigs[len(r.sigs)-1])), len(r.sigs)
}

func TestAPersonManagesWebhooks(t *testing.T) {
	t.Parallel()
	tellOf(t, "createWebhook", func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		if s.Contract.Scopes.NeedFor("webhooks:write") != "" {
			s.approves(t, org)
		}
		s.enter(s.visitor, org, user)
		if s.lacks(t, "createWebhook", "Webhooks") {
			return
		}
		r := receive(t)
		s.view("Webhooks")
		all := secrets{"signing secret": s.createsWebhook(t, r)}
		s.harmless(t, "webhooks")
		s.click(first(at{Role: "link", Name: "/127.0.0.1/"}))
		s.see(heading("Deliveries"))
		s.harmless(t, "webhook")
		s.sendsTestEvent(s.tab, "HTTP 418")
		s.looks(s.tab, "webhook with a delivery that failed")
		r.repair()
		s.sendsTestEvent(s.tab, "delivered")
		s.looks(s.tab, "webhook")
		all["rotated signing secret"] = s.rotatesWebhook(t, all["signing secret"])
		s.sendsAgain(t, r)
		s.deletesWebhook(r)
		places := append(s.inPage(), s.inBrowser()...)
		places = append(places, place{"what the receiver got", r.all(), "webhook.test"}, place{"the log", s.Log.String(), ""}, place{"file of the tables", s.stored(t), org})
		search(t, places, all)
	})
}

// approves makes the operator approve an organisation as a developer.
func (s *tale) approves(t *testing.T, org string) {
	t.Helper()
	_, admin := s.Key(t, org, "admin", "orgs:write")
	id, _ := s.Call(t, admin, "POST", "/applications", `{"kind":"general"}`).JSON(t)["id"].(string)
	if r := s.Call(t, s.Operator, "PATCH", "/applications/"+id, `{"state":"approved"}`); r.Status != http.StatusOK {
		t.Fatalf("approving: got %d %s", r.Status, r.Body)
	}
}

// refusedFirst fills in what the deployment refuses, or the form where a webhook has no
// filters: then it must list the types of events.
func (s *tale) refusedFirst(form at) {
	s.t.Helper()
	if !s.Contract.Webhooks.Matches() {
		s.click(confirmed(form, "Create webhook")...)
		s.see(form, words("Choose at least one event"))
		s.check(form, at{Role: "checkbox", Name: "match.created"})
		return
	}
	s.fill("no-such-team", form, at{Role: "textbox", Name: "/Only these teams/"})
	s.allow(http.StatusUnprocessableEntity, "/webhooks$")
	s.click(confirmed(form, "Create webhook")...)
	s.see(form, words("/entry 1: no such team/"))
	s.looks(s.tab, "webhook refused")
	s.click(form, button("Remove no-such-team"))
}

// createsWebhook creates a webhook, after a form that is refused.
func (s *tale) createsWebhook(t *testing.T, r *receiver) (secret string) {
	t.Helper()
	s.looks(s.tab, "no webhooks")
	s.click(first(button("Create webhook")))
	form := dialog("Create webhook")
	s.fill(r.url, form, field("Address"))
	s.fill(markup, form, at{Role: "textbox", Name: "/^Description/"})
	s.refusedFirst(form)
	s.looks(s.tab, "create webhook")
	s.click(confirmed(form, "Create webhook")...)
	s.looks(s.tab, "webhook secret")
	secret = s.takes(dialog("The webhook is ready"))
	if strings.Contains(s.html(), secret) {
		t.Error("the signing secret is in the page after its dialog was closed")
	}
	return secret
}

// sendsTestEvent sends a test event and waits until the page lists its delivery.
func (s *tale) sendsTestEvent(p *tab, becomes string) {
	p.t.Helper()
	p.click(button("Send test event"))
	form := dialog("Send a test event")
	s.looks(p, "send test event")
	p.click(confirmed(form, "Send")...)
	p.gone(form)
	p.see(at{Role: "table", Name: "Deliveries"}, at{Role: "row", Name: "/webhook.test.*" + becomes + "/"})
}

// rotatesWebhook replaces the signing secret. Both sign for a while, and a second rotation says
// that it would end that.
func (s *tale) rotatesWebhook(t *testing.T, old string) (secret string) {
	t.Helper()
	s.click(button("Rotate"))
	form := dialog("Rotate the signing secret")
	s.see(form)
	s.looks(s.tab, "rotate webhook")
	s.click(confirmed(form, "Rotate")...)
	secret = s.takes(dialog("New signing secret"))
	if secret == old {
		t.Error("the rotation did not replace the secret")
	}
	s.see(words("Two secrets sign"))
	s.click(button("Rotate"))
	s.see(form, words("A secret from an earlier rotation still signs"))
	s.looks(s.tab, "rotate webhook again")
	s.keys("Escape")
	s.gone(form)
	return secret
}

// sendsAgain sends an event that was delivered once more. Both secrets sign it.
func (s *tale) sendsAgain(t *testing.T, r *receiver) {
	t.Helper()
	_, before := r.signatures()
	delivered := first(at{Role: "row", Name: "/webhook.test.*delivered/"})
	s.click(delivered, at{Role: "button", Name: "/^Actions for/"})
	s.click(at{Role: "menuitem", Name: "Send again"})
	for range 200 { // the page asks by itself, or a person asks again
		if _, now := r.signatures(); now > before {
			break
		}
		s.click(button("Refresh"))
	}
	signatures, now := r.signatures()
	if signatures != 2 || now != before+1 {
		t.Errorf("%d requests more with %d signatures, want 1 with 2", now-before, signatures)
	}
	if !strings.Contains(r.all(), "webhook.test") {
		t.Errorf("the receiver got no test event: %s", r.all())
	}
}

func (s *tale) deletesWebhook(r *receiver) {
	s.t.Helper()
	s.allow(http.StatusNotFound, "/webhooks/[^/]+$") // the page may read it again while it is deleted
	s.click(button("Delete"))
	form := dialog("Delete webhook")
	s.looks(s.tab, "delete webhook")
	host, _, _ := strings.Cut(strings.TrimPrefix(r.url, "http://"), "/")
	s.fill(host, form, at{Role: "textbox"})
	s.click(confirmed(form, "Delete webhook")...)
	s.see(words("No webhooks yet"))
}
