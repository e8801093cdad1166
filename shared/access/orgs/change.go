package orgs

import (
	"context"
	"strings"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// Spec describes a new organisation.
type Spec struct {
	Name     string
	Plan     string // "": the contract's default
	Owner    string // email
	Operator bool   // runs the deployment; cannot be set through the API
}

// settings are an organisation's fields in the audit trail.
type settings struct {
	Name  string `json:"name"`
	Plan  string `json:"plan"`
	Owner string `json:"owner,omitempty"`
}

// Create makes an organisation and its owner. Only operators may call it.
func (s *Store) Create(ctx context.Context, r *api.Request, f Spec) (Org, Member, error) {
	if !r.Caller.Operator() {
		return Org{}, Member{}, api.Fail(api.PermissionRole, "only operators can create organisations")
	}
	o, owner, creation, err := NewOrg(s.changes.IDs, s.contract, r.Now, f)
	if err != nil {
		return Org{}, Member{}, err
	}
	o, err = change.Make(ctx, s.changes, change.Call{By: audit.Caller(r)},
		func(ctx context.Context, _ int) (table.Item, error) {
			it, err := s.table.Get(ctx, Key(o.ID), true)
			if err != nil {
				return nil, api.UnavailableError("reading an organisation", err)
			}
			return it, nil
		},
		func(made table.Item) (Org, change.Plan, error) {
			if made != nil { // by an earlier attempt, whose answer was lost
				return o, change.Plan{}, nil
			}
			return o, creation, nil
		})
	return o, owner, err
}

// NewOrg checks a spec and returns the new organisation, its owner and the plan
// that makes them, audit entry included.
func NewOrg(source *ids.Source, c *contract.Contract, now time.Time, f Spec) (Org, Member, change.Plan, error) {
	fail := func(err error) (Org, Member, change.Plan, error) { return Org{}, Member{}, change.Plan{}, err }
	name, wrong := Name(f.Name)
	if wrong != nil {
		return fail(wrong)
	}
	email, wrong := address("owner", f.Owner)
	if wrong != nil {
		return fail(wrong)
	}
	if f.Plan == "" {
		f.Plan = c.DefaultPlan
	}
	if wrong := plan(c, f.Plan); wrong != nil {
		return fail(wrong)
	}
	org, err := source.New("org_", now)
	if err != nil {
		return fail(err)
	}
	user, err := source.New("usr_", now)
	if err != nil {
		return fail(err)
	}
	o := Org{ID: org, Name: name, Plan: f.Plan, CreatedAt: seconds(now), Operator: f.Operator, MemberCount: 1}
	owner := Member{User: user, Email: email, Role: api.RoleOwner, State: Active}
	entry := audit.Change{Org: org, Action: "org.create", Target: org, After: settings{Name: name, Plan: f.Plan, Owner: email}}
	return o, owner, change.Plan{Entries: []audit.Change{entry},
		Writes: []table.Write{table.Put(o.item(), table.IsNew()), table.Put(owner.item(org), table.IsNew())}}, nil
}

func plan(c *contract.Contract, name string) *api.Error {
	if _, ok := c.Plan(name); !ok {
		return api.FieldError("plan", "must be one of %s", strings.Join(c.PlanNames(), ", "))
	}
	return nil
}

// Edit is a change of an organisation; nil fields stay as they are.
type Edit struct{ Name, Plan *string }

// Update changes an organisation's name and, for operators, its plan. A new plan applies to
// all its keys immediately; keys beyond a smaller plan stay.
func (s *Store) Update(ctx context.Context, r *api.Request, org string, e Edit) (Org, error) {
	at, wrong := manages(r.Caller, org)
	if wrong != nil {
		return Org{}, wrong
	}
	if err := s.checkEdit(r.Caller, &e); err != nil {
		return Org{}, err
	}
	type facts struct {
		org  Org
		live []string // keys that a new plan applies to
	}
	return change.Make(ctx, s.changes, change.Call{By: audit.Caller(r)},
		func(ctx context.Context, _ int) (f facts, err error) {
			if f.org, err = s.changeable(ctx, r.Caller, at); err == nil && e.Plan != nil {
				f.live, err = s.holdings.Live(ctx, f.org.ID)
			}
			return f, err
		},
		func(f facts) (Org, change.Plan, error) {
			after, plan := e.on(f.org), change.Plan{Bump: f.live}
			if after != f.org {
				plan = plan.And(updated(f.org, after))
			}
			return after, plan, nil
		})
}

// changeable reads an organisation that the caller may still change.
func (s *Store) changeable(ctx context.Context, c *api.Caller, at reachable) (Org, error) {
	if c.Org != at.org {
		return s.get(ctx, at)
	}
	v, err := s.view(ctx, at)
	if err != nil {
		return Org{}, err
	}
	if _, wrong := v.present(c); wrong != nil {
		return Org{}, wrong
	}
	return v.Org, nil
}

// on returns an organisation with the edit applied.
func (e Edit) on(o Org) Org {
	if e.Name != nil {
		o.Name = *e.Name
	}
	if e.Plan != nil {
		o.Plan = *e.Plan
	}
	return o
}

// updated is the plan that changes an organisation's name and plan.
func updated(before, after Org) change.Plan {
	return change.Plan{
		Writes: []table.Write{table.Update(Key(after.ID), []table.Action{table.Set("name", after.Name), table.Set("plan", after.Plan),
			table.Increment("keys_version", 1)},
			table.Eq("name", before.Name), table.Eq("plan", before.Plan), table.Eq("keys_version", before.KeysVersion))},
		Entries: []audit.Change{{Org: after.ID, Action: "org.update", Target: after.ID,
			Before: settings{Name: before.Name, Plan: before.Plan}, After: settings{Name: after.Name, Plan: after.Plan}}},
	}
}

func (s *Store) checkEdit(c *api.Caller, e *Edit) error {
	if e.Plan != nil {
		if !c.Operator() {
			return api.Fail(api.PermissionRole, "plan: can be changed only by operators")
		}
		if wrong := plan(s.contract, *e.Plan); wrong != nil {
			return wrong
		}
	}
	if e.Name != nil {
		name, wrong := Name(*e.Name)
		if wrong != nil {
			return wrong
		}
		e.Name = &name
	}
	return nil
}
