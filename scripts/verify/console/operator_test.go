package console

import (
	"net/http"
	"strings"
	"testing"
)

// menu opens the menu of a row and chooses an item.
func (p *tab) menu(of, item string) {
	p.t.Helper()
	p.click(button("Actions for " + of))
	p.click(at{Role: "menuitem", Name: item})
}

// TestAnOperatorsDay creates an organisation, lets its people in, changes its plan, looks at it
// as its admin does, and lets one go.
func TestAnOperatorsDay(t *testing.T) {
	t.Parallel()
	tell(t, false, func(t *testing.T, s *tale) {
		const name, owner, mo = "Eastern Broadcasting", "eve@east.example", "mo@east.example"
		s.goes(s.URL + "/console")
		s.signIn(s.Operator)
		s.view("Organisations")
		org := s.opens(t, name, owner)
		s.see(heading("Members"))
		s.see(words("You are in " + name + ", as its admin sees it"))
		s.see(row(owner))
		s.click(first(button("Add member")))
		form := dialog("Add member")
		s.fill(mo, form, field("E-mail address"))
		s.check(form, at{Role: "radio", Name: "member"})
		s.click(confirmed(form, "Add member")...)
		s.gone(form)
		s.see(row(mo))
		s.looks(s.tab, "members of an organisation")
		guest := s.invites(t, mo)
		s.changesPlan(t, name)
		s.click(row(name), at{Role: "link", Name: "/^As its admin/"})
		s.see(heading("API keys"))
		s.looks(s.tab, "keys of an organisation")
		inside := s.url()
		s.click(navigation, link("Members"))
		s.removes(mo)
		guest.allow(http.StatusUnauthorized, "")
		guest.click(navigation, link("Sessions"))
		guest.see(words("Your session has ended"))
		s.isAudited(t, org, "member.add", "member.remove")
		s.renames(t, name, "Eastern Sports", inside)
		s.isNoOperator(t, org, inside)
	})
}

// removes removes a member.
func (p *tab) removes(email string) {
	p.t.Helper()
	p.menu(email, "Remove")
	form := dialog("Remove " + email)
	p.fill(email, form, at{Role: "textbox"})
	p.click(confirmed(form, "Remove member")...)
	p.gone(form)
	p.gone(row(email))
}

// renames renames the organisation in which the operator is. Its own trail names the operator,
// and its address leads to it until the operator leaves it.
func (s *tale) renames(t *testing.T, old, name, inside string) {
	t.Helper()
	s.view("Organisation")
	s.click(button("Rename"))
	form := dialog("Rename the organisation")
	s.see(form)
	s.looks(s.tab, "rename organisation")
	s.fill(name, form, field("Name"))
	s.click(confirmed(form, "Save")...)
	s.see(words("You are in " + name + ", as its admin sees it"))
	s.view("Audit")
	s.see(at{Role: "main"}, words("/member.remove/"))
	s.see(at{Role: "row", Name: "/org.update.* You /", Has: name})
	s.looks(s.tab, "audit of an organisation")
	s.back()
	s.see(heading("Organisation"))
	s.goes(inside)
	s.reload()
	s.see(words("You are in " + name + ", as its admin sees it"))
	s.click(link("Back to organisations"))
	s.see(row(name))
	if s.count(row(old)) != 0 || s.count(words("/as its admin sees it/")) != 0 {
		t.Error("the page of all organisations has the old name, or says that it is in one")
	}
}

// isNoOperator opens the address of an organisation, as its admin sees it, with a key of that
// organisation, whose own trail has the operator's visit.
func (s *tale) isNoOperator(t *testing.T, org, inside string) {
	t.Helper()
	_, secret := s.Key(t, org, "Eve's console", "orgs:read", "keys:read", "audit:read")
	eve := visit(t)
	eve.goes(s.URL + "/console")
	eve.signIn(secret)
	eve.view("Audit")
	eve.see(row("org.visit"))
	s.looks(eve.tab, "audit with a visit")
	eve.goes(inside)
	eve.see(words("You may not see this"))
}

// opens creates an organisation, opens its members and returns its id.
func (s *tale) opens(t *testing.T, name, owner string) (org string) {
	t.Helper()
	s.looks(s.tab, "organisations")
	s.click(first(button("Create organisation")))
	form := dialog("Create organisation")
	s.fill(name, form, field("Name"))
	s.fill(owner, form, field("First owner's e-mail address"))
	s.choose(s.plan, form, field("Plan"))
	s.looks(s.tab, "create organisation")
	s.click(confirmed(form, "Create organisation")...)
	made := dialog(name + " is created")
	s.see(made)
	s.looks(s.tab, "organisation created")
	s.click(made, link("Open its members"))
	for _, x := range s.seen().Traffic {
		if x.Method == http.MethodPost && strings.HasSuffix(x.URL, "/orgs") {
			org, _ = found([]byte(x.Body), "id").(string)
		}
	}
	if org == "" {
		t.Error("no answer has the id of the new organisation")
	}
	return org
}

// invites creates a portal link for a member, who opens the console with it.
func (s *tale) invites(t *testing.T, email string) *visitor {
	t.Helper()
	s.menu(email, "Portal link")
	form := dialog("Portal link for " + email)
	s.looks(s.tab, "portal link")
	s.click(confirmed(form, "Create link")...)
	url := strings.TrimSpace(s.text(form, field("Link")))
	code := url[strings.LastIndex(url, "/")+1:]
	s.looks(s.tab, "portal link shown")
	s.click(form, button("Done"))
	s.gone(form)
	if strings.Contains(s.html(), code) {
		t.Error("the page still has the link after its dialog was closed")
	}
	guest := visit(t)
	guest.goes(url)
	guest.see(navigation)
	guest.see(at{Role: "banner"}, words(email))
	return guest
}

// changesPlan gives an organisation the smallest plan of the contract.
func (s *tale) changesPlan(t *testing.T, name string) {
	t.Helper()
	s.click(link("Back to organisations"))
	s.see(heading("Organisations"))
	s.fill(strings.ToLower(name[:4]), at{Role: "searchbox", Name: "Search"})
	s.see(row(name))
	s.looks(s.tab, "organisations with one")
	if len(s.Contract.Plans) == 1 {
		return
	}
	plan := s.Contract.Plans[0].Name
	if plan == s.plan {
		plan = s.Contract.Plans[1].Name
	}
	s.menu(name, "Change plan")
	form := dialog("Plan of " + name)
	s.choose(plan, form, field("Plan"))
	s.looks(s.tab, "change plan")
	s.click(confirmed(form, "Change plan")...)
	s.gone(form)
	s.see(at{Role: "row", Name: "/" + name + ".*" + plan + "/"})
}

// isAudited fails unless an organisation's audit trail has actions that a session did.
func (s *site) isAudited(t *testing.T, org string, actions ...string) {
	t.Helper()
	reply := s.Call(t, s.Operator, http.MethodGet, "/audit?org="+org, "")
	for _, action := range actions {
		if !strings.Contains(string(reply.Body), action) {
			t.Errorf("the audit trail has no %s: %s", action, reply.Body)
		}
	}
	if !strings.Contains(string(reply.Body), `"method":"session"`) {
		t.Errorf("the audit trail does not say that a session did it: %.500s", reply.Body)
	}
}

// TestADeveloperAppliesAndAnOperatorDecides is the story of contracts with approvals.
func TestADeveloperAppliesAndAnOperatorDecides(t *testing.T) {
	t.Parallel()
	tellOf(t, "createApplication", func(t *testing.T, s *tale) {
		org, user := s.Org(t, "Northern Games", s.plan, "ada@club.example")
		s.enter(s.visitor, org, user)
		if s.lacks(t, "createApplication", "Applications") {
			return
		}
		s.view("Applications")
		s.looks(s.tab, "no applications")
		s.applies("As a developer", "We show results on our pages.", at{Role: "textbox", Name: "/^Reason/"})
		s.see(row("pending"))
		s.applies("As the developer of a game", "space-chess", field("Game"))
		s.see(at{Role: "row", Name: "/space-chess pending/"})
		operator := visit(t)
		operator.goes(s.URL + "/console")
		operator.signIn(s.Operator)
		operator.view("Applications")
		s.looks(operator.tab, "decisions")
		for _, of := range []string{"space-chess", "We show results on our pages."} {
			operator.click(row(of), button("Approve"))
			form := dialog("Approve the application of Northern Games")
			operator.see(form)
			s.looks(operator.tab, "approve")
			operator.click(confirmed(form, "Approve")...)
			operator.gone(form)
			operator.gone(row(of))
		}
		operator.see(words("Nothing to decide"))
		s.reload()
		s.see(at{Role: "row", Name: "/space-chess approved/"})
		s.see(row("We show results on our pages."), words("approved"))
		s.looks(s.tab, "applications")
		s.view("Connections")
		s.looks(s.tab, "connections")
	})
}

// applies applies for an approval, and fills one field.
func (s *tale) applies(kind, text string, in at) {
	s.t.Helper()
	s.click(first(button("Apply")))
	form := dialog("Apply for approval")
	s.check(form, at{Role: "radio", Name: kind})
	s.fill(text, form, in)
	s.looks(s.tab, "apply "+kind)
	s.click(confirmed(form, "Apply")...)
	s.gone(form)
}
