package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"statgate/shared/api/preset"
)

// tellOf runs a story for the contracts that have an operation.
func tellOf(t *testing.T, operation string, story func(t *testing.T, s *tale)) {
	t.Helper()
	for _, name := range preset.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := deploy(t, name)
			if _, ok := site.Contract.Operations[operation]; !ok {
				return // nothing to tell: the contract does not have it
			}
			story(t, &tale{site: site, product: products[name], visitor: visit(t), whole: true})
		})
	}
}

// chooses opens the menu of a row and chooses an item.
func (p *tab) chooses(of, item string) {
	p.t.Helper()
	p.click(button("Actions for " + of))
	p.click(at{Role: "menuitem", Name: item})
}

// saves clicks a button that saves a file, and returns its text.
func (p *tab) saves(path ...at) (text string) {
	p.t.Helper()
	var got struct{ Text string }
	p.must(command{"op": "downloaded", "tab": p.id, "path": path}, &got)
	return got.Text
}

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

		s.chooses("mo@club.example", "Edit")
		form = dialog("Edit mo@club.example")
		s.check(form, at{Role: "radio", Name: "admin"})
		s.click(confirmed(form, "Save")...)
		s.see(at{Role: "row", Name: "/mo@club.example admin/"})
		s.opensOnce(t, "mo@club.example")

		s.chooses("mo@club.example", "Suspend")
		s.looks(s.tab, "suspend member")
		s.click(confirmed(dialog("Suspend mo@club.example"), "Suspend")...)
		s.see(at{Role: "row", Name: "/mo@club.example admin suspended/"})
		s.chooses("mo@club.example", "Reinstate")
		s.click(confirmed(dialog("Reinstate mo@club.example"), "Reinstate")...)
		s.see(at{Role: "row", Name: "/mo@club.example admin active/"})

		s.chooses("mo@club.example", "Remove")
		form = dialog("Remove mo@club.example")
		s.fill("mo@club.example", form, at{Role: "textbox"})
		s.looks(s.tab, "remove member")
		s.click(confirmed(form, "Remove member")...)
		s.gone(row("mo@club.example"))
		s.chooses("ada@club.example", "Remove")
		s.see(dialog("Remove ada@club.example"), words("This is the only active owner"))
		s.looks(s.tab, "remove last owner")
	})
}

// opensOnce makes a portal link of a member, and opens it as that member. The link is in the
// page only while its dialog is open.
func (s *tale) opensOnce(t *testing.T, email string) {
	t.Helper()
	s.chooses(email, "Portal link")
	shown := dialog("Portal link for " + email)
	s.click(confirmed(shown, "Create link")...)
	url := strings.TrimSpace(s.text(shown, field("Link")))
	s.looks(s.tab, "portal link")
	s.click(shown, button("Done"))
	s.gone(shown)
	code := url[strings.LastIndex(url, "/")+1:]
	if strings.Contains(s.html(), code) {
		t.Error("the link is in the page after its dialog was closed")
	}
	mo := visit(t)
	mo.goes(url)
	mo.see(words(email))
}

func TestUsageAndAuditTrailAreShownAndSaved(t *testing.T) {
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
		if text := s.saves(at{Role: "main"}, at{Role: "button", Name: "Download CSV", Nth: new(int)}); !strings.Contains(text, ","+s.reads+",3\r\n") {
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
		if text := s.saves(button("Download what is shown")); !strings.Contains(text, "key.create") || !strings.Contains(text, `""name"":""=1+1 bot""`) {
			t.Errorf("the file of the trail is %q", text)
		}
		s.fill("usr_nobody", field("Changed by"))
		s.see(words("No entry matches"))
		s.looks(s.tab, "audit without a match")
		s.click(button("Clear the filters"))
		s.see(row("key.create"))
	})
}

func TestAWebhookIsTestedRotatedAndDeleted(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(receiver.Close)
	host := strings.TrimPrefix(receiver.URL, "http://")
	tellOf(t, "createWebhook", func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		s.enter(s.visitor, org, user)
		s.view("Webhooks")
		s.looks(s.tab, "webhooks without one")
		s.click(first(button("Create webhook")))
		form := dialog("Create webhook")
		s.fill(receiver.URL, form, field("Address"))
		s.fill("no-such-team", form, at{Role: "textbox", Name: "/Only these teams/"})
		s.allow(http.StatusUnprocessableEntity, "/webhooks$")
		s.click(confirmed(form, "Create webhook")...)
		s.see(form, words("/entry 1: no such team/"))
		s.looks(s.tab, "webhook refused")
		s.click(form, button("Remove no-such-team"))
		s.click(confirmed(form, "Create webhook")...)
		signing := s.takes(dialog("The webhook is ready"))
		if strings.Contains(s.html(), signing) {
			t.Error("the signing secret is in the page after its dialog was closed")
		}
		s.click(row(host), link(receiver.URL))

		s.click(button("Send test event"))
		s.click(confirmed(dialog("Send a test event"), "Send")...)
		s.see(at{Role: "table", Name: "Deliveries"}, at{Role: "row", Name: "/webhook.test.* HTTP 418/"})
		s.looks(s.tab, "webhook with a delivery")
		s.click(button("Rotate"))
		s.click(confirmed(dialog("Rotate the signing secret"), "Rotate")...)
		if s.takes(dialog("New signing secret")) == signing {
			t.Error("the rotation did not replace the secret")
		}
		s.see(words("Two secrets sign"))
		s.click(button("Rotate"))
		s.see(dialog("Rotate the signing secret"), words("A secret from an earlier rotation still signs"))
		s.looks(s.tab, "rotate webhook again")
		s.keys("Escape")

		s.click(button("Delete"))
		form = dialog("Delete webhook")
		s.fill(host, form, at{Role: "textbox"})
		s.click(confirmed(form, "Delete webhook")...)
		s.see(words("No webhooks yet"))
	})
}

func TestAnOperatorsDay(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		s.goes(s.URL + "/console")
		s.signIn(s.Operator)
		s.view("Organisations")
		s.click(button("Create organisation"))
		form := dialog("Create organisation")
		s.fill("Northern Broadcasting", form, field("Name"))
		s.fill("ada@club.example", form, field("First owner's e-mail address"))
		s.choose(s.plan, form, field("Plan"))
		s.looks(s.tab, "create organisation")
		s.click(confirmed(form, "Create organisation")...)
		s.click(dialog("Northern Broadcasting is created"), button("Done"))
		s.fill("north", at{Role: "searchbox", Name: "Search"})
		s.see(row("Northern Broadcasting"))
		s.looks(s.tab, "organisations")
		if s.plan != s.small {
			s.chooses("Northern Broadcasting", "Change plan")
			form = dialog("Plan of Northern Broadcasting")
			s.choose(s.small, form, field("Plan"))
			s.looks(s.tab, "change plan")
			s.click(confirmed(form, "Change plan")...)
			s.see(at{Role: "row", Name: "/Northern Broadcasting.* " + s.small + " /"})
		}
		s.looksInto(t)
	})
}

// looksInto opens an organisation as its admin sees it, and changes something there. The
// organisation's own trail names the operator.
func (s *tale) looksInto(t *testing.T) {
	t.Helper()
	s.click(row("Northern Broadcasting"), at{Role: "link", Name: "/As its admin/"})
	s.see(words("You are in Northern Broadcasting, as its admin sees it"))
	s.see(heading("API keys"))
	s.looks(s.tab, "organisation as its admin")
	inside := s.url()
	s.view("Members")
	s.see(row("ada@club.example"))
	s.view("Organisation")
	s.click(button("Rename"))
	form := dialog("Rename the organisation")
	s.fill("Northern Sports", form, field("Name"))
	s.click(confirmed(form, "Save")...)
	s.see(words("You are in Northern Sports, as its admin sees it"))
	s.view("Audit")
	s.see(at{Role: "row", Name: "/org.update.* You /", Has: "Northern Sports"})
	s.back()
	s.see(heading("Organisation"))
	s.goes(inside)
	s.reload()
	s.see(words("You are in Northern Sports, as its admin sees it"))
	s.click(link("Back to organisations"))
	s.see(row("Northern Sports"))
	if s.count(words("/as its admin sees it/")) != 0 {
		t.Error("the page of all organisations says that it is in one")
	}

	ada := visit(t)
	org := inside[strings.Index(inside, "/as/")+len("/as/"):]
	org, _, _ = strings.Cut(org, "/")
	_, user := s.Key(t, org, "Ada's console", "orgs:read", "keys:read")
	ada.goes(s.URL + "/console")
	ada.signIn(user)
	ada.goes(inside)
	ada.see(words("You may not see this"))
}

func TestAnApplicationIsDecidedByTheOperator(t *testing.T) {
	t.Parallel()
	tellOf(t, "createApplication", func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Broadcasting", s.plan, "ada@club.example")
		s.enter(s.visitor, org, user)
		s.view("Applications")
		s.click(first(button("Apply")))
		form := dialog("Apply for approval")
		s.check(form, at{Role: "radio", Name: "As the developer of a game"})
		s.fill("space-chess", form, field("Game"))
		s.looks(s.tab, "apply")
		s.click(confirmed(form, "Apply")...)
		s.see(at{Role: "row", Name: "/space-chess pending/"})
		s.view("Connections")
		s.looks(s.tab, "connections")

		operator := visit(t)
		operator.goes(s.URL + "/console")
		operator.signIn(s.Operator)
		operator.view("Applications")
		s.looks(operator.tab, "decisions")
		operator.click(row("space-chess"), button("Approve"))
		operator.click(confirmed(dialog("Approve the application of Northern Broadcasting"), "Approve")...)
		operator.see(words("Nothing to decide"))
		s.view("Applications")
		s.see(at{Role: "row", Name: "/space-chess approved/"})
	})
}
