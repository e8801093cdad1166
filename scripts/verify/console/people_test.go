package console

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAMemberSeesAndChangesOnlyWhatIsTheirs(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, owner := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		mo := s.member(t, org, "mo@club.example", "member")
		others, _ := s.Key(t, org, "Owner's key", "keys:read")
		s.enter(s.visitor, org, mo)
		s.see(heading("API keys"))
		s.looks(s.tab, "member without keys")
		if n := s.count(row("Owner's key")); n != 0 {
			t.Error("a member sees the owner's key")
		}
		form := s.creates(s.tab, "Mo's key")
		s.click(confirmed(form, "Create key")...)
		secret := s.takes(dialog("Mo's key is ready"))
		s.works(t, secret, http.StatusOK)
		for _, name := range []string{"Members", "Audit", "Organisations"} {
			if n := s.count(navigation, link(name)); n != 0 {
				t.Errorf("the navigation of a member has %s", name)
			}
		}
		s.allow(http.StatusNotFound, "/keys/"+others)
		s.allow(http.StatusForbidden, "/keys/"+others)
		s.goes(s.URL + "/console#/keys/" + others)
		s.see(at{Role: "main"}, words("/not found|may not/"))
		s.looks(s.tab, "member at a key of others")
		s.goes(s.URL + "/console#/members")
		s.see(at{Role: "main"}, words("/may not see/"))
		s.looks(s.tab, "member at members")
		_ = owner
	})
}

func TestTwoOrganisationsSideBySideSeeOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		north, ada := s.Org(t, "Northern Broadcasting", s.plan, "ada@north.example")
		south, eve := s.Org(t, "Southern Broadcasting", s.plan, "eve@south.example")
		northern, _ := s.Key(t, north, "Northern key", "keys:read")
		_, secret := s.Key(t, south, "Southern key", "keys:read")
		other := visit(t)
		s.enter(s.visitor, north, ada)
		s.enter(other, south, eve)
		s.see(row("Northern key"))
		other.see(row("Southern key"))
		if s.count(row("Southern key")) != 0 || other.count(row("Northern key")) != 0 {
			t.Error("an organisation sees the keys of the other")
		}
		other.allow(http.StatusNotFound, "/keys/"+northern)
		other.goes(s.URL + "/console#/keys/" + northern)
		other.see(at{Role: "main"}, words("/not found/"))
		if strings.Contains(other.html(), "Northern key") {
			t.Error("the page of another organisation's key has its name")
		}
		// Both are signed in after each other's visits.
		s.reload()
		s.see(row("Northern key"))
		if self := s.Call(t, secret, http.MethodGet, "/keys/self", ""); !strings.Contains(string(self.Body), south) {
			t.Errorf("the southern key is of %s", self.Body)
		}
	})
}

func TestAFullPlanIsExplained(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		keys := 0
		for _, p := range s.Contract.Plans {
			if p.Name == s.small {
				keys = p.Keys
			}
		}
		org, user := s.Org(t, "Northern Broadcasting", s.small, "ada@club.example")
		s.enter(s.visitor, org, user)
		for n := range keys {
			name := fmt.Sprintf("Bot %d", n+1)
			form := s.creates(s.tab, name)
			s.click(confirmed(form, "Create key")...)
			s.works(t, s.takes(dialog(name+" is ready")), http.StatusOK)
		}
		s.allow(http.StatusConflict, "/keys$")
		form := s.creates(s.tab, "One too many")
		s.see(form, words("/The plan is full|has no keys for data/"))
		s.click(confirmed(form, "Create key")...)
		s.see(form, at{Role: "alert"})
		s.looks(s.tab, "plan that is full")
		if got := s.value(form, field("Name")); got != "One too many" {
			t.Errorf("a refused form lost the name: %q", got)
		}
		s.click(form, button("Cancel"))
		s.gone(form)
		if s.count(row("One too many")) != 0 {
			t.Error("a key exists that the plan does not allow")
		}
	})
}

func TestAUsedUpQuotaIsShownWithTheTimeUntilItEnds(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		if s.name == "balla" { // its smallest plan has no keys, and the next allows 1000 requests
			s.small = "PRO"
		}
		limit := 0
		for _, p := range s.Contract.Plans {
			if p.Name == s.small {
				limit = int(p.Budgets["requests"].Limit)
			}
		}
		org, user := s.Org(t, "Northern Broadcasting", s.small, "ada@club.example")
		s.freshWindow()
		s.enter(s.visitor, org, user)
		form := s.creates(s.tab, "Busy bot")
		s.click(confirmed(form, "Create key")...)
		secret := s.takes(dialog("Busy bot is ready"))
		s.usesUp(t, secret, limit)
		s.click(row("Busy bot"), link("Busy bot"))
		s.see(heading("Quota"))
		s.see(words("/of [0-9,]+ requests left/"))
		if text := s.text(at{Role: "main"}); !strings.Contains(text, "New window in") || !strings.Contains(text, "0 of ") {
			t.Errorf("the page does not say that nothing is left, and until when:\n%s", text)
		}
		s.looks(s.tab, "key that is used up")
	})
}

// usesUp makes a number of calls with a key, which are all that are left.
func (s *tale) usesUp(t *testing.T, secret string, calls int) {
	t.Helper()
	const programs = 16 // of the customer, side by side
	var all sync.WaitGroup
	for n := range programs {
		all.Go(func() {
			for range calls/programs + min(1, max(0, calls%programs-n)) {
				s.works(t, secret, http.StatusOK)
			}
		})
	}
	all.Wait()
	s.works(t, secret, http.StatusTooManyRequests)
}

// freshWindow moves the clock to the begin of an hour, so that no window ends during a story.
func (s *site) freshWindow() {
	now := s.Clock.Now()
	s.Clock.Advance(now.Truncate(time.Hour).Add(time.Hour).Sub(now))
}

func TestASessionThatWasEndedElsewhereAsksToSignInAgain(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		elsewhere := visit(t)
		s.enter(s.visitor, org, user)
		s.enter(elsewhere, org, user)
		s.view("Sessions")
		s.looks(s.tab, "sessions")
		for _, r := range []at{{Role: "row", Has: "Signed in by"}, row("this session")} {
			s.see(r)
		}
		ended := first(at{Role: "row", Name: "/^(?!.*this session).*Portal link/"})
		s.click(ended, button("End"))
		form := dialog("End this session")
		s.looks(s.tab, "end session")
		s.click(confirmed(form, "End session")...)
		s.gone(form)
		elsewhere.allow(http.StatusUnauthorized, s.Contract.Base)
		elsewhere.click(navigation, link("Sessions"))
		elsewhere.see(words("Your session has ended"))
		s.looks(elsewhere.tab, "session that ended")
		s.reload()
		s.see(navigation)
		s.see(heading("Sessions"))
	})
}

func TestAPortalLinkOpensTheConsoleOnce(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		url, code := s.link(t, org, user)
		s.goes(url)
		s.see(navigation)
		if strings.Contains(s.url(), code) {
			t.Errorf("the address still has the link's code: %s", s.url())
		}
		again := visit(t)
		again.allow(http.StatusUnauthorized, `/console/session/start$`)
		again.goes(url)
		again.see(words("This link no longer works"))
		s.looks(again.tab, "link used twice")
		// The timings of a page keep the address with which it was opened. Its code is used up.
		places := slices.DeleteFunc(append(again.inPage(), s.inPage()...), func(p place) bool { return strings.Contains(p.name, "timings") })
		search(t, places, secrets{"link's code": code})
		s.Clock.Advance(16 * time.Minute)
		late, _ := s.link(t, org, user)
		s.Clock.Advance(16 * time.Minute)
		third := visit(t)
		third.allow(http.StatusUnauthorized, `/console/session/start$`)
		third.goes(late)
		third.see(words("This link no longer works"))
	})
}
