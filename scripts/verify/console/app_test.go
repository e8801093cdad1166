package console

import (
	"slices"
	"strings"
	"testing"

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/platform/deployment/deploymenttest"
)

// product is what the stories need to know of a contract: what a customer of it does.
type product struct {
	plan    string // with room for several keys
	small   string // the plan that is full or used up soonest
	scopes  func(p *tab, form at)
	reads   string // operation that a key with these scopes can call
	overlap bool   // whether a rotation can keep the old secret for a while
}

// products has each contract's product.
var products = map[string]product{
	"statgate":    {plan: "TEAM", small: "FREE", scopes: checks("read:leagues"), reads: "listLeagues", overlap: true},
	"balla":       {plan: "TEAM", small: "FREE", scopes: boxes("read", "seasons"), reads: "listLeagues"},
	"scorelytics": {plan: "GROWTH", small: "TRIAL", scopes: checks(), reads: "listLeagues", overlap: true},
	"teambattles": {plan: "GENERAL", small: "GENERAL", scopes: levels("matches.user_matches", "read"), reads: "listContests"},
	"fullengage":  {plan: "STANDARD", small: "STANDARD", scopes: checks(), reads: "listTeams"},
}

// checks chooses scopes of a list, in addition to those that are chosen already.
func checks(names ...string) func(p *tab, form at) {
	return func(p *tab, form at) {
		for _, name := range names {
			p.check(form, field(name))
		}
	}
}

// boxes chooses verbs and resources of a grid.
func boxes(names ...string) func(p *tab, form at) {
	return func(p *tab, form at) {
		for _, name := range names {
			p.check(form, at{Role: "checkbox", Name: name})
		}
	}
}

// levels chooses the level of a category.
func levels(category, level string) func(p *tab, form at) {
	return func(p *tab, form at) { p.choose(level, form, field(category)) }
}

// whole reports whether the tests run all stories on a contract, and check each view in them.
func whole(contract string) bool { return shared.everything || contract == "statgate" }

// tale is a story: a person at a deployment of a contract.
type tale struct {
	*site
	product
	*visitor
	whole bool
}

// tell runs a story for the contracts whose stories are all told, or for every contract.
func tell(t *testing.T, every bool, story func(t *testing.T, s *tale)) {
	t.Helper()
	tellWhere(t, func(name string) bool { return every || whole(name) }, story)
}

// tellOf runs a story for the contracts whose stories are all told, and for those that have an
// operation.
func tellOf(t *testing.T, operation string, story func(t *testing.T, s *tale)) {
	t.Helper()
	tellWhere(t, func(name string) bool {
		c, err := preset.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		_, has := c.Operations[operation]
		return has || whole(name)
	}, story)
}

// lacks reports whether a contract lacks an operation. The navigation then lacks its view, too.
func (s *tale) lacks(t *testing.T, operation, view string) bool {
	t.Helper()
	if _, has := s.Contract.Operations[operation]; has {
		return false
	}
	if s.count(navigation, link(view)) != 0 {
		t.Errorf("the navigation has %s, which the contract lacks", view)
	}
	return true
}

func tellWhere(t *testing.T, told func(contract string) bool, story func(t *testing.T, s *tale)) {
	t.Helper()
	for _, name := range preset.Names() {
		if !told(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := deploy(t, name)
			story(t, &tale{site: site, product: products[name], visitor: visit(t), whole: whole(name)})
		})
	}
}

// looks checks what the person sees, where the contract's stories are whole.
func (s *tale) looks(p *tab, name string) {
	p.t.Helper()
	if s.whole {
		shared.look(p, s.name+" "+name)
	}
}

// navigation is in every view, once a person is signed in.
var navigation = at{Role: "navigation", Name: "Views"}

// confirmed is the button of a dialog that says yes.
func confirmed(form at, name string) []at { return []at{form, button(name)} }

// signIn signs in with a key.
func (p *tab) signIn(secret string) {
	p.t.Helper()
	p.fill(secret, field("API key"))
	p.click(button("Sign in"))
	p.see(navigation)
}

// enter opens the console as a member, by a portal link.
func (s *tale) enter(v *visitor, org, user string) {
	v.t.Helper()
	url, _ := s.link(v.t, org, user)
	v.goes(url)
	v.see(navigation)
}

// view opens a view by its place in the navigation.
func (p *tab) view(name string) {
	p.t.Helper()
	p.click(navigation, link(name))
	p.see(at{Role: "main"}, heading(name))
}

// first is the first of equal elements.
func first(a at) at {
	a.Nth = new(int)
	return a
}

// creates fills the form of a new key.
func (s *tale) creates(p *tab, name string) (form at) {
	p.t.Helper()
	p.click(first(button("Create key")))
	form = dialog("Create key")
	p.fill(name, form, field("Name"))
	s.scopes(p, form)
	return form
}

// takes reads a secret that is shown once, and closes its dialog.
func (p *tab) takes(shown at) (secret string) {
	p.t.Helper()
	p.see(shown)
	secret = strings.TrimSpace(p.text(shown, field("Secret")))
	p.check(shown, field("I have stored it"))
	p.click(shown, button("Done"))
	p.gone(shown)
	return secret
}

// uses calls the API with a key's secret, as the customer's program does.
func (s *tale) uses(t testing.TB, secret string) deploymenttest.Reply {
	t.Helper()
	for _, r := range api.For(s.Contract) {
		if r.Operation == s.reads {
			return s.Call(t, secret, r.Method, strings.TrimPrefix(r.Path, s.Contract.Base), "")
		}
	}
	t.Fatalf("%s has no operation %s", s.name, s.reads)
	return deploymenttest.Reply{}
}

// works fails unless the API answers a key's secret with one of the statuses.
func (s *tale) works(t testing.TB, secret string, want ...int) {
	t.Helper()
	if got := s.uses(t, secret); !slices.Contains(want, got.Status) {
		t.Errorf("a call with the key: got %d %.200s, want %d", got.Status, got.Body, want)
	}
}

// refused is the status of a secret that is not valid.
func (s *tale) refused() int { return s.Contract.Condition("secret").Status }
