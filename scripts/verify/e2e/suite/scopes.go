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
			cases = append(cases, Case{ID: "scope." + name, Guarantee: "a key with this scope cannot be created without the approval that it needs", Run: func(t *T) { approvalScope(t, name) }})
			continue
		}
		cases = append(cases, Case{ID: "scope." + name, Guarantee: "the scope opens its routes and no others", Run: func(t *T) { oneScope(t, name) }})
	}
	return append(cases, Case{ID: "scope.named", Guarantee: "the error for a missing scope names the route and the scopes of the key", Run: scopeNamed})
}

func oneScope(t *T, name string) {
	k := t.key(t.home.admin, t.home, in{"scopes": []string{name}})
	routes := t.keyedRoutes()
	t.each(len(routes), func(i int) {
		r := routes[i]
		if r.Operation == "revokeSelf" {
			return // it needs no scope, and would revoke the key
		}
		reply := t.send(request{method: r.Method, path: pathOf(r, nil), secret: k.secret, body: createOrgBody(r)})
		// Only operators create organisations, regardless of scopes.
		want := t.opens([]string{name}, r) && r.Operation != "createOrg"
		if got := !t.denied(reply); got != want || t.target.refusesSecret(reply) && want {
			t.Errorf("%s: got %s; reached %v, want %v", reply.asked, reply.brief(), got, want)
		}
	})
}

func approvalScope(t *T, name string) {
	ask := in{"name": t.id, "scopes": []string{name}}
	if t.contract.Scopes.Needs(name) == contract.NeedsGame {
		t.wantError(t.op(t.home.admin, "createKey", ask), api.InputField) // without a game
		ask["game"] = "nobodys-game"
	}
	t.wantError(t.op(t.home.admin, "createKey", ask), api.PermissionNeeds)
}

// createOrgBody returns a valid body for createOrg, which checks the caller only after the
// body. Other routes answer a missing body with an error about the input.
func createOrgBody(r api.Route) []byte {
	if r.Operation == "createOrg" {
		return []byte(`{"name":"unknown's","owner":"unknown@e2e.example"}`)
	}
	return nil
}

// scopeNamed checks API Gateway's own answer, which is one template.
func scopeNamed(t *T) {
	a, b := t.twoEndpoints()
	r := t.call(t.clientKey(a).secret, b)
	t.wantError(r, api.Permission)
	if t.contract.Condition(api.Permission).Message != "" {
		t.NotApplicable("the contract has a fixed message for this error")
	}
	for _, word := range []string{b.route.Path, a.scopes[0]} {
		if !strings.Contains(string(r.Body), word) {
			t.Errorf("%s: %s does not name %s", r.asked, r.brief(), word)
		}
	}
}

func roles() []Case {
	return []Case{
		{ID: "role.member", Guarantee: "a member's key can have read scopes for data, and no others", Run: roleMember},
		{ID: "role.admin", Guarantee: "an admin manages keys and members, but neither plans nor owners", Run: roleAdmin},
	}
}

func roleMember(t *T) {
	user := t.addMember("member")
	refused := append(t.manageScopes(), t.writeScope())
	for _, scope := range refused {
		if scope != "" {
			spec := t.spec()
			spec["user"], spec["scopes"] = user, []string{scope}
			t.wantError(t.op(t.home.admin, "createKey", spec), api.PermissionRole)
		}
	}
	d := t.endpoint()
	k := t.memberKey(user, d.scopes)
	t.wantStatus(t.call(k.secret, d), http.StatusOK)
	t.wantError(t.op(k.secret, "listKeys", nil), api.Permission, api.PermissionRole)
}

func roleAdmin(t *T) {
	user := t.addMember("admin")
	k := t.key(t.home.admin, t.home, in{"user": user, "scopes": t.manageScopes()})
	if role := t.mustOp(k.secret, "getSelf", nil).text("role"); role != "admin" {
		t.Errorf("getSelf: the role is %q, want admin", role)
	}
	t.mustOp(k.secret, "listKeys", nil)
	t.wantError(t.op(k.secret, "createOrg", in{"name": "x", "owner": "x@e2e.example"}), api.PermissionRole)
	t.wantError(t.op(k.secret, "updateOrg", in{"org": t.home.id, "plan": t.scarcest().Name}), api.PermissionRole)
	t.wantError(t.op(k.secret, "addMember", in{"org": t.home.id, "email": t.email("x"), "role": "owner"}), api.PermissionRole)
	t.wantError(t.op(k.secret, "updateMember", in{"org": t.home.id, "user": t.home.owner, "state": "suspended"}), api.PermissionRole)
}

// addMember adds a member to home and returns their user id.
func (t *T) addMember(role string) string {
	r := t.op(t.home.admin, "addMember", in{"org": t.home.id, "email": t.email(role), "role": role})
	t.wantStatus(r, http.StatusCreated)
	return r.text("user")
}
