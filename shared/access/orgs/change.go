package orgs

import (
	"context"
	"strings"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// Founding is a new organisation, as asked for.
type Founding struct {
	Name     string
	Plan     string // "" is the contract's default
	Owner    string // email
	Operator bool   // runs the deployment; never asked for through the API
}

// settings are an organisation's fields in the audit trail.
type settings struct {
	Name  string `json:"name"`
	Plan  string `json:"plan"`
	Owner string `json:"owner,omitempty"`
}

// Create makes an organisation and its owner. Operators only.
func (s *Store) Create(ctx context.Context, r *api.Request, f Founding) (Org, Member, error) {
	if !r.Caller.Operator() {
		return Org{}, Member{}, api.Fail(api.PermissionRole, "only operators can create organisations")
	}
	o, owner, ws, err := Found(s.ids, s.contract, audit.Caller(r), f)
	if err != nil {
		return Org{}, Member{}, err
	}
	return o, owner, s.apply(ctx, func(ctx context.Context) (change.Plan, error) {
		it, err := s.table.Get(ctx, Key(o.ID), true)
		if err != nil {
			return change.Plan{}, api.Down("reading an organisation", err)
		}
		if it != nil { // an earlier attempt, whose answer was lost
			return change.Plan{}, nil
		}
		return change.Plan{Writes: ws}, nil
	})
}

// Found checks what is asked for and returns a new organisation, its owner and
// the writes that make them, audit entry included.
func Found(source *ids.Source, c *contract.Contract, by audit.By, f Founding) (Org, Member, []table.Write, error) {
	fail := func(err error) (Org, Member, []table.Write, error) { return Org{}, Member{}, nil, err }
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
	org, err := source.New("org_", by.At)
	if err != nil {
		return fail(err)
	}
	user, err := source.New("usr_", by.At)
	if err != nil {
		return fail(err)
	}
	o := Org{ID: org, Name: name, Plan: f.Plan, CreatedAt: seconds(by.At), Operator: f.Operator}
	owner := Member{User: user, Email: email, Role: api.RoleOwner, State: Active}
	entry, err := audit.Writes(source, by, audit.Change{Org: org, Action: "org.create", Target: org,
		After: settings{Name: name, Plan: f.Plan, Owner: email}})
	if err != nil {
		return fail(err)
	}
	ws := append(entry, table.Put(o.item(), table.IsNew()), table.Put(owner.item(org), table.IsNew()))
	return o, owner, ws, nil
}

func plan(c *contract.Contract, name string) *api.Error {
	if _, ok := c.Plan(name); !ok {
		return api.FieldError("plan", "must be one of %s", strings.Join(c.PlanNames(), ", "))
	}
	return nil
}

// Edit is what changes about an organisation; nil leaves a field as it is.
type Edit struct{ Name, Plan *string }

// Update changes an organisation's name and, for operators, its plan. A plan
// holds for all the organisation's keys at once; keys beyond a smaller plan stay.
func (s *Store) Update(ctx context.Context, r *api.Request, org string, e Edit) (Org, error) {
	if wrong := manages(r.Caller, org); wrong != nil {
		return Org{}, wrong
	}
	if err := s.checkEdit(r.Caller, &e); err != nil {
		return Org{}, err
	}
	var after Org
	err := s.apply(ctx, func(ctx context.Context) (change.Plan, error) {
		before, err := s.Get(ctx, r.Caller, org)
		if err != nil {
			return change.Plan{}, err
		}
		after = before
		if e.Name != nil {
			after.Name = *e.Name
		}
		var plan change.Plan
		if e.Plan != nil {
			after.Plan = *e.Plan
			if plan.Bump, err = s.holdings.Live(ctx, org); err != nil {
				return change.Plan{}, err
			}
		}
		if after == before {
			return plan, nil
		}
		plan.Writes, err = s.recorded(audit.Caller(r), audit.Change{Org: org, Action: "org.update", Target: org,
			Before: settings{Name: before.Name, Plan: before.Plan}, After: settings{Name: after.Name, Plan: after.Plan}},
			table.Update(Key(org), []table.Action{table.Set("name", after.Name), table.Set("plan", after.Plan),
				table.Increment("keys_version", 1)},
				table.Eq("name", before.Name), table.Eq("plan", before.Plan), table.Eq("keys_version", before.KeysVersion)))
		return plan, err
	})
	return after, err
}

func (s *Store) checkEdit(c *api.Caller, e *Edit) error {
	if e.Name == nil && e.Plan == nil {
		return nothing()
	}
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

// nothing refuses a change that names no field.
func nothing() *api.Error {
	return &api.Error{Condition: api.InputField, Message: "validation failed", Form: []string{"give at least one field to change"}}
}
