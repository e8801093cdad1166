package suite

import (
	"net/http"
	"slices"
	"time"

	"statgate/shared/api"
)

func members() []Case {
	return []Case{
		{ID: "member.suspended", Says: "a suspended member's keys stop on the very next request, and work again once they are reinstated", Run: memberSuspended},
		{ID: "member.demoted", Says: "a role that is lowered takes its rights from every key on the very next request", Run: memberDemoted},
		{ID: "member.removed", Says: "a removed member's keys are revoked, on the very next request and for good", Run: memberRemoved},
		{ID: "member.unique", Says: "an address is one member's, whatever its case, and the last owner stays", Run: memberUnique},
		{ID: "member.owners", Says: "an owner may step down or leave while another one stays", Run: memberOwners},
		{ID: "org.listed", Says: "an operator finds a new organisation, and its owner finds that one alone", Run: orgListed},
	}
}

func memberSuspended(t *T) {
	d := t.door()
	user := t.member("member")
	one := t.key(t.home.admin, t.home, in{"user": user, "scopes": d.scopes})
	two := t.key(t.home.admin, t.home, in{"user": user, "scopes": d.scopes})
	t.warm(one.secret, d)
	t.does(t.home.admin, "updateMember", in{"org": t.home.id, "user": user, "state": "suspended"})
	t.refused(t.knock(one.secret, d), api.Suspended)
	t.refused(t.knock(two.secret, d), api.Suspended) // never used before
	r := t.does(t.home.admin, "updateMember", in{"org": t.home.id, "user": user, "state": "active"})
	if r.text("effective_by") != "" {
		t.effective(r)
	}
	t.must(t.knock(one.secret, d), http.StatusOK)
	t.must(t.knock(two.secret, d), http.StatusOK)
}

func memberDemoted(t *T) {
	user := t.member("admin")
	d := t.door()
	scopes := append(t.managingTo("listKeys"), d.scopes...)
	k := t.key(t.home.admin, t.home, in{"user": user, "scopes": scopes})
	t.warm(k.secret, d)
	t.does(k.secret, "listKeys", nil)
	t.does(t.home.admin, "updateMember", in{"org": t.home.id, "user": user, "role": "member"})
	t.refused(t.op(k.secret, "listKeys", nil), api.Permission, api.PermissionRole)
	t.must(t.knock(k.secret, d), http.StatusOK)
}

func memberRemoved(t *T) {
	d := t.door()
	user := t.member("member")
	k := t.key(t.home.admin, t.home, in{"user": user, "scopes": d.scopes})
	t.warm(k.secret, d)
	t.does(t.home.admin, "removeMember", in{"org": t.home.id, "user": user})
	t.dead(t.knock(k.secret, d))
	if state := t.does(t.home.admin, "getKey", in{"key": k.id}).text("state"); state != "revoked" {
		t.Errorf("getKey: the state is %q, want revoked", state)
	}
	for _, m := range t.listed(t.home.admin, "listMembers", in{"org": t.home.id}) {
		if m["user"] == user {
			t.Errorf("listMembers: the removed member is still there")
		}
	}
}

func memberUnique(t *T) {
	address := t.email("twice")
	t.must(t.op(t.home.admin, "addMember", in{"org": t.home.id, "email": address, "role": "member"}), http.StatusCreated)
	t.refused(t.op(t.home.admin, "addMember", in{"org": t.home.id, "email": "TWICE" + address[len("twice"):], "role": "member"}), api.Conflict)
	last := in{"org": t.home.id, "user": t.home.owner}
	t.refused(t.op(t.home.admin, "removeMember", last), api.Conflict)
	last["state"] = "suspended"
	t.refused(t.op(t.home.admin, "updateMember", last), api.Conflict)
}

// memberOwners works in an organisation of its own: while there are two owners,
// no case beside it would find that the last one stays.
func memberOwners(t *T) {
	n := t.tenant("owners", t.largest().Name)
	for _, leaves := range []func(user string){
		func(user string) {
			t.does(n.admin, "updateMember", in{"org": n.id, "user": user, "role": "admin"})
		},
		func(user string) { t.does(n.admin, "removeMember", in{"org": n.id, "user": user}) },
	} {
		r := t.op(n.admin, "addMember", in{"org": n.id, "email": t.email("owner"), "role": "owner"})
		t.must(r, http.StatusCreated)
		leaves(r.text("user"))
	}
}

func orgListed(t *T) {
	n := t.tenant("listed", t.largest().Name)
	own := t.listed(n.admin, "listOrgs", nil)
	if len(own) != 1 || own[0]["id"] != n.id {
		t.Errorf("listOrgs: its owner finds %d, want their own alone", len(own))
	}
	// On AWS the list may be a moment behind.
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(300 * time.Millisecond) {
		if slices.ContainsFunc(t.listed(t.operator, "listOrgs", nil), func(o map[string]any) bool { return o["id"] == n.id }) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("listOrgs: the new organisation is not among those that the operator finds")
		}
	}
}
