package console

import (
	"net/http"
	"strings"
	"testing"
)

// TestNothingOfAnOrganisationIsReadBeforeTheVisitIsRecorded opens the address of an
// organisation as an operator, first while visits fail, then as usual, and in a new tab.
func TestNothingOfAnOrganisationIsReadBeforeTheVisitIsRecorded(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		const name, owner = "Northern Broadcasting", "ada@club.example"
		org, _ := s.Org(t, name, s.plan, owner)
		inside := s.URL + "/console#/as/" + org + "/members"
		s.goes(s.URL + "/console")
		s.signIn(s.Operator)
		s.allow(http.StatusInternalServerError, "/visits$")
		s.answer("/visits$", http.StatusInternalServerError, "{}", nil)
		s.goes(inside)
		s.see(at{Role: "main"}, at{Role: "alert"})
		s.looks(s.tab, "organisation without a visit")
		if shown := s.html(); strings.Contains(shown, name) || strings.Contains(shown, owner) {
			t.Error("the page has the name or a member of an organisation whose visit failed")
		}
		s.answer("", -1, "", nil)
		s.click(at{Role: "main"}, first(button("Try again")))
		s.see(row(owner))
		s.see(words("/Your visit is recorded in their audit trail/"))
		s.isAudited(t, org, "org.visit")
		s.reload()
		s.see(row(owner))
		again := s.second()
		again.goes(inside)
		again.see(row(owner))
		s.visitsFirst(t, org)
	})
}

// visitsFirst fails unless each request about the organisation follows a recorded visit, and
// each page that opened it made one.
func (s *tale) visitsFirst(t *testing.T, org string) {
	t.Helper()
	visits := 0
	for _, x := range s.seen().Traffic {
		switch {
		case !strings.Contains(x.URL, org):
		case x.Method == http.MethodPost && strings.HasSuffix(x.URL, "/visits"):
			if x.Status == http.StatusCreated {
				visits++
			}
		case visits == 0:
			t.Errorf("the page sent %s %s before the visit was recorded", x.Method, x.URL)
		}
	}
	if visits != 3 {
		t.Errorf("%d visits were recorded, want one of each page: first, reloaded, in a new tab", visits)
	}
}
