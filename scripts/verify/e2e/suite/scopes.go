package suite

import (
	"net/http"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// scopes has a case for each scope of the contract.
func scopes(c *contract.Contract) []Case {
	var cases []Case
	for _, name := range c.Scopes.Names() {
		if c.Scopes.Needs(name) != "" {
			cases = append(cases, Case{ID: "scope." + name, Says: "without the approval that it needs no key is made with it", Run: func(t *T) { needyScope(t, name) }})
			continue
		}
		cases = append(cases, Case{ID: "scope." + name, Says: "it reaches its routes and no other", Run: func(t *T) { oneScope(t, name) }})
	}
	return append(cases, Case{ID: "scope.named", Says: "a call that lacks a scope is told its route and the scopes that the key holds", Run: scopeNamed})
}

func oneScope(t *T, name string) {
	k := t.key(t.home.admin, t.home, in{"scopes": []string{name}})
	routes := t.keyed()
	t.each(len(routes), func(i int) {
		r := routes[i]
		if r.Operation == "revokeSelf" {
			return // it needs no scope, and would end the key
		}
		reply := t.send(request{method: r.Method, path: filled(r, nil), secret: k.secret, body: founding(r)})
		// Organisations are made by operators only, whatever the scopes.
		want := t.opens([]string{name}, r) && r.Operation != "createOrg"
		if got := !t.denied(reply); got != want || t.target.unknown(reply) && want {
			t.Errorf("%s: got %s; reached %v, want %v", reply.asked, reply.brief(), got, want)
		}
	})
}

func needyScope(t *T, name string) {
	ask := in{"name": t.id, "scopes": []string{name}}
	if t.contract.Scopes.Needs(name) == contract.NeedsGame {
		t.refused(t.op(t.home.admin, "createKey", ask), api.InputField) // it names no game
		ask["game"] = "nobodys-game"
	}
	t.refused(t.op(t.home.admin, "createKey", ask), api.PermissionNeeds)
}

// founding is what an organisation is made with: who may make one is asked after
// that. Other routes answer an empty body by what is missing.
func founding(r api.Route) []byte {
	if r.Operation == "createOrg" {
		return []byte(`{"name":"nobody's","owner":"nobody@e2e.example"}`)
	}
	return nil
}

// scopeNamed looks at API Gateway's own answer, which is one template.
func scopeNamed(t *T) {
	a, b := t.twoDoors()
	r := t.knock(t.clientKey(a).secret, b)
	t.refused(r, api.Permission)
	if t.contract.Condition(api.Permission).Message != "" {
		t.Void("the contract has one message for all")
	}
	for _, word := range []string{b.route.Path, a.scopes[0]} {
		if !strings.Contains(string(r.Body), word) {
			t.Errorf("%s: %s does not name %s", r.asked, r.brief(), word)
		}
	}
}

func roles() []Case {
	return []Case{
		{ID: "role.member", Says: "a member's key holds scopes that read data, and no other", Run: roleMember},
		{ID: "role.admin", Says: "an admin manages keys and members, but neither plans nor owners", Run: roleAdmin},
	}
}

func roleMember(t *T) {
	user := t.member("member")
	refused := append(t.managing(), t.writing())
	for _, scope := range refused {
		if scope != "" {
			spec := t.spec()
			spec["user"], spec["scopes"] = user, []string{scope}
			t.refused(t.op(t.home.admin, "createKey", spec), api.PermissionRole)
		}
	}
	d := t.door()
	k := t.key(t.home.admin, t.home, in{"user": user, "scopes": d.scopes})
	t.must(t.knock(k.secret, d), http.StatusOK)
	t.refused(t.op(k.secret, "listKeys", nil), api.Permission, api.PermissionRole)
}

func roleAdmin(t *T) {
	user := t.member("admin")
	k := t.key(t.home.admin, t.home, in{"user": user, "scopes": t.managing()})
	if role := t.does(k.secret, "getSelf", nil).text("role"); role != "admin" {
		t.Errorf("getSelf: the role is %q, want admin", role)
	}
	t.does(k.secret, "listKeys", nil)
	t.refused(t.op(k.secret, "createOrg", in{"name": "x", "owner": "x@e2e.example"}), api.PermissionRole)
	t.refused(t.op(k.secret, "updateOrg", in{"org": t.home.id, "plan": t.scarcest().Name}), api.PermissionRole)
	t.refused(t.op(k.secret, "addMember", in{"org": t.home.id, "email": t.email("x"), "role": "owner"}), api.PermissionRole)
	t.refused(t.op(k.secret, "updateMember", in{"org": t.home.id, "user": t.home.owner, "state": "suspended"}), api.PermissionRole)
}

// member adds a member to home and returns their user id.
func (t *T) member(role string) string {
	r := t.op(t.home.admin, "addMember", in{"org": t.home.id, "email": t.email(role), "role": role})
	t.must(r, http.StatusCreated)
	return r.text("user")
}
