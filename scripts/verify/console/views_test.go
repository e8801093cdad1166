package console

import (
	"net/http"
	"strings"
	"testing"
)

func TestAnOwnerManagesMembers(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		s.enter(s.visitor, org, user)
		s.view("Members")
		s.click(button("Add member"))
		form := dialog("Add member")
		s.looks(s.tab, "add member")
		s.fill("mo@club.example", form, field("E-mail address"))
		s.click(confirmed(form, "Add member")...)
		s.see(row("mo@club.example"))
		s.looks(s.tab, "members")

		s.menu("mo@club.example", "Edit")
		form = dialog("Edit mo@club.example")
		s.check(form, at{Role: "radio", Name: "admin"})
		s.click(confirmed(form, "Save")...)
		s.see(at{Role: "row", Name: "/mo@club.example admin/"})
		s.invites(t, "mo@club.example")

		s.menu("mo@club.example", "Suspend")
		s.looks(s.tab, "suspend member")
		s.click(confirmed(dialog("Suspend mo@club.example"), "Suspend")...)
		s.see(at{Role: "row", Name: "/mo@club.example admin suspended/"})
		s.menu("mo@club.example", "Reinstate")
		s.click(confirmed(dialog("Reinstate mo@club.example"), "Reinstate")...)
		s.see(at{Role: "row", Name: "/mo@club.example admin active/"})

		s.menu("mo@club.example", "Remove")
		form = dialog("Remove mo@club.example")
		s.fill("mo@club.example", form, at{Role: "textbox"})
		s.looks(s.tab, "remove member")
		s.click(confirmed(form, "Remove member")...)
		s.gone(row("mo@club.example"))
		s.menu("ada@club.example", "Remove")
		s.see(dialog("Remove ada@club.example"), words("This is the only active owner"))
		s.looks(s.tab, "remove last owner")
	})
}

func TestUsageAndAuditTrailAreShownAndFiltered(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		s.enter(s.visitor, org, user)
		form := s.creates(s.tab, "=1+1 bot")
		s.click(confirmed(form, "Create key")...)
		secret := s.takes(dialog("=1+1 bot is ready"))
		for range 3 {
			s.works(t, secret, http.StatusOK)
		}
		s.view("Usage")
		s.see(at{Role: "table", Name: "Requests by operation"}, row("3"))
		s.see(at{Role: "table", Name: "Requests by key"}, at{Role: "row", Name: "/=1\\+1 bot.* 3 /"})
		s.looks(s.tab, "usage")
		if text := s.downloads(at{Role: "main"}, first(button("Download CSV"))).Text; !strings.Contains(text, ","+s.reads+",3\r\n") {
			t.Errorf("the file of usage is %q, want 3 requests of %s", text, s.reads)
		}
		s.click(button("90 days"))
		s.see(words("/in 90 days/"))
		if !strings.HasSuffix(s.url(), "#/usage?period=90d") {
			t.Errorf("the period is not in the address: %s", s.url())
		}
		s.reload()
		s.see(words("/in 90 days/"))

		s.view("Audit")
		s.see(row("key.create"))
		s.looks(s.tab, "audit")
		s.fill("usr_nobody", field("Changed by"))
		s.see(words("No entry matches"))
		s.looks(s.tab, "audit without a match")
		s.click(button("Clear the filters"))
		s.see(row("key.create"))
	})
}
