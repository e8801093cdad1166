package orgs

import (
	"context"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/table"
)

// traceLife is how long the trace of a removed member stays.
const traceLife = 30 * 24 * time.Hour

// person is a member in the audit trail.
type person struct {
	Email string `json:"email"`
	Role  string `json:"role"`
	State string `json:"state"`
}

func (m Member) person() person { return person{m.Email, m.Role, m.State} }

// MemberEdit is what changes about a member; nil leaves a field as it is.
type MemberEdit struct{ Email, Role, State *string }

// AddMember makes an active member. Addresses are unique in the organisation,
// whatever their case.
func (s *Store) AddMember(ctx context.Context, r *api.Request, org, email, role string) (Member, error) {
	if wrong := manages(r.Caller, org); wrong != nil {
		return Member{}, wrong
	}
	email, wrong := address("email", email)
	if wrong != nil {
		return Member{}, wrong
	}
	if wrong := KnownRole(role); wrong != nil {
		return Member{}, wrong
	}
	if wrong := touches(r.Caller, role); wrong != nil {
		return Member{}, wrong
	}
	user, err := s.ids.New("usr_", r.Now)
	if err != nil {
		return Member{}, err
	}
	m := Member{User: user, Email: email, Role: role, State: Active}
	return m, s.apply(ctx, func(ctx context.Context) (change.Plan, error) {
		v, err := s.view(ctx, org)
		if err != nil {
			return change.Plan{}, err
		}
		if _, done := v.Member(user); done { // an earlier attempt, whose answer was lost
			return change.Plan{}, nil
		}
		if wrong := v.free(m); wrong != nil {
			return change.Plan{}, wrong
		}
		ws, err := s.recorded(audit.Caller(r), audit.Change{Org: org, Action: "member.add", Target: user, After: m.person()},
			v.moved(false), table.Put(m.item(org), table.IsNew()))
		return change.Plan{Writes: ws}, err
	})
}

// UpdateMember changes a member's address, role or state, and tells whether
// their keys may do more than before. Keys follow on their next request.
func (s *Store) UpdateMember(ctx context.Context, r *api.Request, org, user string, e MemberEdit) (after Member, widened bool, err error) {
	if wrong := manages(r.Caller, org); wrong != nil {
		return Member{}, false, wrong
	}
	if err := e.check(); err != nil {
		return Member{}, false, err
	}
	err = s.apply(ctx, func(ctx context.Context) (change.Plan, error) {
		v, err := s.view(ctx, org)
		if err != nil {
			return change.Plan{}, err
		}
		before, ok := v.Member(user)
		if !ok {
			return change.Plan{}, unknownMember()
		}
		after = e.on(before)
		for _, wrong := range []*api.Error{touches(r.Caller, before.Role, after.Role), v.free(after),
			keepsOwner(r.Caller, v.Org, v.Members, after, false)} {
			if wrong != nil {
				return change.Plan{}, wrong
			}
		}
		// A role that was sent but stands already may be the repeat of a call
		// that died after its write: the caches must still be told.
		widened = e.Role != nil && after.Role != api.RoleMember && (before.Role == api.RoleMember || before == after)
		return s.memberPlan(ctx, r, v, before, after)
	})
	return after, widened, err
}

func (s *Store) memberPlan(ctx context.Context, r *api.Request, v View, before, after Member) (change.Plan, error) {
	// Read after the view: a key made since then moves keys_version, and the
	// write below is refused.
	held, err := s.holdings.OwnedBy(ctx, v.Org.ID, before.User)
	if err != nil {
		return change.Plan{}, err
	}
	plan := change.Plan{Bump: held}
	if before == after {
		return plan, nil
	}
	plan.Writes, err = s.recorded(audit.Caller(r), audit.Change{Org: v.Org.ID, Action: "member.update", Target: before.User,
		Before: before.person(), After: after.person()},
		append(v.stays(before, after.owns()), v.moved(true), table.Put(after.item(v.Org.ID), table.IsThere()))...)
	return plan, err
}

// RemoveMember removes a member and revokes their keys. What is left of them
// holds no address, and lets a repeated removal find its work and bump again.
func (s *Store) RemoveMember(ctx context.Context, r *api.Request, org, user string) error {
	if wrong := manages(r.Caller, org); wrong != nil {
		return wrong
	}
	for more := true; more; {
		err := s.apply(ctx, func(ctx context.Context) (plan change.Plan, err error) {
			v, err := s.view(ctx, org)
			if err != nil {
				return plan, err
			}
			m, ok := v.Member(user)
			if !ok && !v.gone[user] {
				return plan, unknownMember()
			}
			if plan.Bump, err = s.holdings.OwnedBy(ctx, org, user); err != nil {
				return plan, err
			}
			if more = ok; !ok {
				return plan, nil
			}
			plan.Writes, more, err = s.removal(ctx, r, v, m)
			return plan, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// removal revokes the member's keys, a transaction's worth at a time, and removes
// the member with the last of them.
func (s *Store) removal(ctx context.Context, r *api.Request, v View, m Member) ([]table.Write, bool, error) {
	for _, wrong := range []*api.Error{touches(r.Caller, m.Role), keepsOwner(r.Caller, v.Org, v.Members, m, true)} {
		if wrong != nil {
			return nil, false, wrong
		}
	}
	by, org := audit.Caller(r), v.Org.ID
	ws, more, err := s.holdings.Revoking(ctx, by, org, m.User)
	if err != nil {
		return nil, false, err
	}
	ws = append(append(ws, v.moved(true)), v.stays(m, false)...)
	if more {
		return ws, true, nil
	}
	at := MemberKey(org, m.User)
	trace := table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, "user": m.User, "state": removed,
		table.TTLAttr: r.Now.Add(traceLife).Unix()}
	ws, err = s.recorded(by, audit.Change{Org: org, Action: "member.remove", Target: m.User,
		Before: m.person()}, append(ws, table.Put(trace, table.IsThere()))...)
	return ws, false, err
}

// stays checks, where an active owner goes, that another one is there, if one was
// seen: their own leaving may be half committed, and then this waits for it.
func (v View) stays(before Member, owns bool) []table.Write {
	if !before.owns() || owns {
		return nil
	}
	for _, other := range v.Members {
		if other.User != before.User && other.owns() {
			return []table.Write{table.Check(MemberKey(v.Org.ID, other.User), table.Eq("role", other.Role), table.Eq("state", other.State))}
		}
	}
	return nil
}

// free refuses an address that another member has.
func (v View) free(m Member) *api.Error {
	for _, other := range v.Members {
		if other.User != m.User && folded(other.Email) == folded(m.Email) {
			return api.Fail(api.Conflict, "email: already used by another member of the organisation")
		}
	}
	return nil
}

// moved is the write that makes a change of members, and of keys too, exact: it
// holds only while the organisation is as it was seen.
func (v View) moved(keys bool) table.Write {
	acts := []table.Action{table.Increment("members_version", 1)}
	conds := []table.Cond{table.Eq("members_version", v.Org.MembersVersion)}
	if keys {
		acts = append(acts, table.Increment("keys_version", 1))
		conds = append(conds, table.Eq("keys_version", v.Org.KeysVersion))
	}
	return table.Update(Key(v.Org.ID), acts, conds...)
}

func (e *MemberEdit) check() error {
	if e.Email == nil && e.Role == nil && e.State == nil {
		return nothing()
	}
	if e.Email != nil {
		email, wrong := address("email", *e.Email)
		if wrong != nil {
			return wrong
		}
		e.Email = &email
	}
	if e.Role != nil {
		if wrong := KnownRole(*e.Role); wrong != nil {
			return wrong
		}
	}
	if e.State != nil && *e.State != Active && *e.State != Suspended {
		return api.FieldError("state", "must be one of active, suspended")
	}
	return nil
}

func (e MemberEdit) on(m Member) Member {
	if e.Email != nil {
		m.Email = *e.Email
	}
	if e.Role != nil {
		m.Role = *e.Role
	}
	if e.State != nil {
		m.State = *e.State
	}
	return m
}
