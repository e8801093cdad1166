package suite

import (
	"net/http"

	"statgate/shared/api"
	"statgate/shared/contract"
)

func caps() []Case {
	return []Case{
		{ID: "cap.parallel", Says: "20 keys made at once on a plan leave exactly as many as it has; the rest are refused", Run: capParallel},
		{ID: "cap.freed", Says: "a revoked key frees its place; a smaller plan keeps keys and refuses new ones", Run: capFreed},
	}
}

// capConditions is what a key beyond the cap meets.
var capConditions = []string{api.ConflictCap}

func capParallel(t *T) {
	plan := t.capped()
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
		case t.wrong(r, capConditions...) == nil:
			refused++
		default:
			t.failures = append(t.failures, r.asked+": got "+r.brief())
		}
	})
	active := len(t.listed(n.admin, "listKeys", in{"state": "active"})) - 1 // but for the management key
	if made != plan.Keys || refused != max(20, plan.Keys+5)-plan.Keys || active != plan.Keys {
		t.Errorf("%d were made, %d refused, %d are listed, on a plan of %d", made, refused, active, plan.Keys)
	}
}

// spec is a client key that is made without the suite's own ordering.
func (t *T) spec() in {
	spec := in{"name": t.id, "scopes": t.door().scopes}
	if t.contract.Keys.ExpiryRequired {
		spec["expires_in"] = "30d"
	}
	return spec
}

func capFreed(t *T) {
	plan := t.capped()
	n := t.tenant("places", plan.Name)
	spec := t.spec()
	var held []string
	for range plan.Keys {
		r := t.op(n.admin, "createKey", spec)
		t.must(r, http.StatusCreated)
		held = append(held, r.text("id"))
	}
	t.refused(t.op(n.admin, "createKey", spec), capConditions...)
	t.does(n.admin, "revokeKey", in{"key": held[0]})
	last := t.op(n.admin, "createKey", spec)
	t.must(last, http.StatusCreated)
	smaller := t.fewer(plan)
	if smaller.Name == "" {
		return // there is no smaller plan
	}
	t.does(t.operator, "updateOrg", in{"org": n.id, "plan": smaller.Name})
	t.must(t.knock(last.text("secret"), t.door()), http.StatusOK)
	t.refused(t.op(n.admin, "createKey", spec), capConditions...)
}

// fewer is a plan with fewer keys, and a quota of its own.
func (t *T) fewer(than contract.Plan) contract.Plan {
	for _, p := range t.contract.Plans {
		if p.Keys < than.Keys && limit(p) > 0 {
			return p
		}
	}
	return contract.Plan{}
}
