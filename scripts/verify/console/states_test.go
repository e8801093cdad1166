package console

import (
	"net/http"
	"testing"
)

// answer makes the network answer a visitor's requests to addresses that match: with a status,
// not at all (0), or as usual again (-1).
func (v *visitor) answer(address string, status int, body string, headers map[string]string) {
	v.t.Helper()
	v.must(command{"op": "answer", "visitor": v.id, "url": address, "status": status, "body": body, "headers": headers}, nil)
}

func (v *visitor) offline(is bool) {
	v.t.Helper()
	v.must(command{"op": "offline", "visitor": v.id, "offline": is}, nil)
}

// TestEveryViewSaysWhatIsWrong opens each view while the API is not there, and while it is
// broken; and each is right again without a new visit.
func TestEveryViewSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		s.enter(s.visitor, org, user)
		names := s.views()
		for _, name := range names {
			s.view(name)
			s.looks(s.tab, "empty "+name)
		}
		s.allow(http.StatusInternalServerError, s.Contract.Base)
		s.allow(0, s.Contract.Base)
		for _, name := range names {
			for state, status := range map[string]int{"broken": http.StatusInternalServerError, "lost": 0} {
				s.goes(s.URL + "/console#/nowhere")
				s.reload()
				s.see(navigation)
				s.answer(s.Contract.Base+"/(?!keys/self)", status, "{}", nil)
				s.click(navigation, link(name))
				s.see(at{Role: "main"}, at{Role: "alert"})
				if status != 0 || name == names[0] { // what is lost looks as what is broken does
					s.looks(s.tab, state+" "+name)
				}
				s.answer("", -1, "", nil)
				s.click(at{Role: "main"}, first(button("Try again")))
				s.gone(at{Role: "main"}, at{Role: "alert"})
			}
		}
	})
}

// TestNothingTypedIsLostOffline loses the connection while a person fills in a form.
func TestNothingTypedIsLostOffline(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		s.enter(s.visitor, org, user)
		form := s.creates(s.tab, "Dashboard bot")
		s.allow(0, s.Contract.Base)
		s.offline(true)
		s.click(confirmed(form, "Create key")...)
		s.see(form, at{Role: "alert"})
		s.looks(s.tab, "create key offline")
		if got := s.value(form, field("Name")); got != "Dashboard bot" {
			t.Errorf("the form has the name %q, want what was typed", got)
		}
		s.offline(false)
		s.click(confirmed(form, "Create key")...)
		s.works(t, s.takes(dialog("Dashboard bot is ready")), http.StatusOK)
		if n := s.count(row("Dashboard bot")); n != 1 {
			t.Errorf("%d keys were created, want 1", n)
		}
	})
}

// TestTwoTabsRenewAtOnce opens several tabs of one session at the same time.
func TestTwoTabsRenewAtOnce(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		s.enter(s.visitor, org, user)
		tabs := []*tab{s.tab, s.second(), s.second()}
		renew := `() => fetch("console/session/renew", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }).then((r) => r.status)`
		for _, p := range tabs {
			p.goes(s.URL + "/console#/keys")
			p.see(navigation)
		}
		statuses := make(chan int, len(tabs))
		for _, p := range tabs {
			go func() {
				var status int
				if err := p.browser.do(command{"op": "evaluate", "tab": p.id, "script": renew}, &status); err != nil {
					t.Error(err)
				}
				statuses <- status
			}()
		}
		for range tabs {
			if status := <-statuses; status != http.StatusOK {
				t.Errorf("a tab that renews beside others got %d, want 200", status)
			}
		}
		for _, p := range tabs {
			p.view("Sessions")
			p.see(row("this session"))
		}
	})
}
