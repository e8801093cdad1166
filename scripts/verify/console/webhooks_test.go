package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"statgate/shared/api"
)

// receiver is a customer's server for webhooks.
type receiver struct {
	url  string
	mu   sync.Mutex
	got  []string // bodies
	sigs []string // signatures
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		var b strings.Builder
		if err := req.Write(&b); err != nil {
			t.Error(err)
		}
		r.got = append(r.got, b.String())
		r.sigs = append(r.sigs, req.Header.Get("Webhook-Signature"))
	}))
	t.Cleanup(server.Close)
	r.url = server.URL + "/events"
	return r
}

func (r *receiver) all() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.got, "\n")
}

func TestAPersonManagesWebhooks(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		s.enter(s.visitor, org, user)
		if _, has := s.Contract.Operations["createWebhook"]; !has {
			if s.count(navigation, link("Webhooks")) != 0 {
				t.Error("the navigation has Webhooks, which the contract lacks")
			}
			return
		}
		r := receive(t)
		s.view("Webhooks")
		s.click(first(button("Create webhook")))
		form := dialog("Create webhook")
		s.fill(r.url, form, field("Address"))
		s.fill(markup, form, at{Role: "textbox", Name: "/^Description/"})
		s.looks(s.tab, "create webhook")
		s.click(confirmed(form, "Create webhook")...)
		s.looks(s.tab, "webhook secret")
		all := secrets{"signing secret": s.takes(dialog("The webhook is ready"))}
		s.harmless(t, "webhooks")
		s.click(first(at{Role: "link", Name: "/127.0.0.1/"}))
		s.see(heading("Deliveries"))
		s.harmless(t, "webhook")
		s.sendsTestEvent(t, r)
		all["rotated signing secret"] = s.rotatesWebhook(t)
		s.allow(http.StatusNotFound, "/webhooks/[^/]+$") // the page may read it again while it is deleted
		s.click(button("Delete"))
		form = dialog("Delete webhook")
		s.looks(s.tab, "delete webhook")
		host, _, _ := strings.Cut(strings.TrimPrefix(r.url, "http://"), "/")
		s.fill(host, form, at{Role: "textbox"})
		s.click(confirmed(form, "Delete webhook")...)
		s.see(words("No webhooks yet"))
		places := append(s.inPage(), s.inBrowser()...)
		places = append(places, place{"what the receiver got", r.all(), "webhook.test"}, place{"the log", s.Log.String(), ""}, place{"file of the tables", s.stored(t), org})
		search(t, places, all)
	})
}

// sendsTestEvent sends a test event and waits until it is listed as delivered.
func (s *tale) sendsTestEvent(t *testing.T, r *receiver) {
	t.Helper()
	s.click(button("Send test event"))
	form := dialog("Send a test event")
	s.looks(s.tab, "send test event")
	s.click(confirmed(form, "Send")...)
	s.gone(form)
	for range 200 { // the page asks by itself, or a person asks again
		if s.count(row("delivered")) > 0 {
			break
		}
		s.click(button("Refresh"))
	}
	s.see(row("delivered"))
	s.looks(s.tab, "webhook")
	if !strings.Contains(r.all(), "webhook.test") {
		t.Errorf("the receiver got no test event: %s", r.all())
	}
}

func (s *tale) rotatesWebhook(t *testing.T) (secret string) {
	t.Helper()
	s.click(button("Rotate"))
	form := dialog("Rotate the signing secret")
	s.see(form)
	s.looks(s.tab, "rotate webhook")
	s.click(confirmed(form, "Rotate")...)
	return s.takes(dialog("New signing secret"))
}

// TestTheReferenceTriesAnOperation calls an operation from its form in the reference, with the
// session of the console.
func TestTheReferenceTriesAnOperation(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		s.enter(s.visitor, org, user)
		s.click(link("API reference"))
		summary := ""
		for _, r := range api.For(s.Contract) {
			if r.Operation == "listKeys" {
				summary = r.Summary
			}
		}
		article := at{CSS: "#listKeys"}
		s.click(article, button("Try it"))
		form := at{Role: "form", Name: "Try " + summary}
		s.see(article, form)
		s.see(article, words("/Signed in/"))
		shared.lookAt(s.tab, s.name+" reference with a form", article.CSS)
		s.click(article, button("Send GET"))
		s.see(article, at{Role: "group", Name: "Body of the answer"})
		if text := s.text(article); !strings.Contains(text, "200") {
			t.Errorf("the answer is not shown as a success:\n%s", text)
		}
		all := secrets{"operator's key": s.Operator}
		for n, token := range s.tokens() {
			all["access token "+string(rune('1'+n%9))] = token
		}
		search(t, append(s.inPage(), s.inBrowser()...), all)
	})
}
