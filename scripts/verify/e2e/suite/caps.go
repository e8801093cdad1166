package suite

import (
	"net/http"

	"statgate/shared/api"
	"statgate/shared/contract"
)

func caps() []Case {
	return []Case{
		{ID: "cap.parallel", Guarantee: "of 20 keys created concurrently, exactly the plan's number are created; the rest are refused", Run: capParallel},
		{ID: "cap.managing", Guarantee: "a management scope takes no key that reaches data out of the plan, when it is created or later", Run: capManaging},
		{ID: "cap.freed", Guarantee: "a revoked key no longer counts; a smaller plan keeps existing keys and refuses new ones", Run: capFreed},
	}
}

// capConditions are the errors for a key beyond the cap.
var capConditions = []string{api.ConflictCap}

func capParallel(t *T) {
	plan := t.fewestKeys()
	n := t.tenant("cap", plan.Name)
	spec := t.spec()
	made, refused := 0, 0
	t.each(max(20, plan.Keys+5), func(int) {
		r := t.op(n.admin, "createKey", spec)
		t.mutex.Lock()
		defer t.mutex.Unlock()
		switch {
		case r.Status == http.StatusCreated:
			made++
		case t.mismatch(r, capConditions...) == nil:
			refused++
		default:
			t.failures = append(t.failures, r.asked+": got "+r.brief())
		}
	})
	active := len(t.listed(n.admin, "listKeys", in{"state": "active"})) - 1 // without the management key
	if room := t.room(plan); made != room || refused != max(20, plan.Keys+5)-room || active != room {
		t.Errorf("%d keys were created, %d refused, %d are listed, on a plan of %d", made, refused, active, plan.Keys)
	}
}

func capManaging(t *T) {
	plan := t.fewestKeys()
	n := t.tenant("managing", plan.Name)
	both := t.spec()
	both["scopes"] = append(append([]string{}, t.endpoint().scopes...), t.manageScopeFor("listAudit")...)
	for range t.room(plan) {
		t.wantStatus(t.op(n.admin, "createKey", both), http.StatusCreated)
	}
	t.wantError(t.op(n.admin, "createKey", both), capConditions...)
	t.wantError(t.op(n.admin, "createKey", t.spec()), capConditions...)
	if t.contract.Scopes.Style == "role" {
		return // every key reaches data
	}
	manages := t.key(n.admin, n, in{"scopes": t.manageScopeFor("listAudit")})
	t.wantError(t.op(n.admin, "updateKey", in{"key": manages.id, "scopes": both["scopes"]}), capConditions...)
}

// spec is a client key's input. Keys that are created with it directly are not serialised by
// the suite.
func (t *T) spec() in {
	spec := in{"name": t.id, "scopes": t.endpoint().scopes}
	if t.contract.Keys.ExpiryRequired {
		spec["expires_in"] = "30d"
	}
	return spec
}

func capFreed(t *T) {
	plan := t.fewestKeys()
	n := t.tenant("places", plan.Name)
	spec := t.spec()
	var held []string
	for range t.room(plan) {
		r := t.op(n.admin, "createKey", spec)
		t.wantStatus(r, http.StatusCreated)
		held = append(held, r.text("id"))
	}
	t.wantError(t.op(n.admin, "createKey", spec), capConditions...)
	t.mustOp(n.admin, "revokeKey", in{"key": held[0]})
	last := t.op(n.admin, "createKey", spec)
	t.wantStatus(last, http.StatusCreated)
	smaller := t.smallerPlan(plan)
	if smaller.Name == "" {
		return // there is no smaller plan
	}
	t.mustOp(t.operator, "updateOrg", in{"org": n.id, "plan": smaller.Name})
	t.wantStatus(t.call(last.text("secret"), t.endpoint()), http.StatusOK)
	t.wantError(t.op(n.admin, "createKey", spec), capConditions...)
}

// smallerPlan returns a plan with fewer keys and a quota above 0; its Name is "" for none.
func (t *T) smallerPlan(than contract.Plan) contract.Plan {
	for _, p := range t.contract.Plans {
		if p.Keys < than.Keys && limit(p) > 0 {
			return p
		}
	}
	return contract.Plan{}
}
