package orgs

import (
	"context"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/table"
)

// removedMemberLife is how long the tombstone of a removed member is stored.
const removedMemberLife = 30 * 24 * time.Hour

// person describes a member in the audit trail.
type person struct {
	Email string `json:"email"`
	Role  string `json:"role"`
	State string `json:"state"`
}

func (m Member) person() person { return person{m.Email, m.Role, m.State} }

// MemberEdit is a change of a member; nil fields stay as they are.
type MemberEdit struct{ Email, Role, State *string }

// AddMember adds an active member. Addresses are unique in the organisation, ignoring case.
func (s *Store) AddMember(ctx context.Context, r *api.Request, org, email, role string) (Member, error) {
	at, wrong := manages(r.Caller, org)
	if wrong != nil {
		return Member{}, wrong
	}
	email, wrong = address("email", email)
	if wrong != nil {
		return Member{}, wrong
	}
	if wrong := KnownRole(role); wrong != nil {
		return Member{}, wrong
	}
	if wrong := mayActOn(r.Caller, role); wrong != nil {
		return Member{}, wrong
	}
	user, err := s.changes.IDs.New("usr_", r.Now)
	if err != nil {
		return Member{}, err
	}
	m := Member{User: user, Email: email, Role: role, State: Active}
	return change.Make(ctx, s.changes, change.Call{By: audit.Caller(r)},
		func(ctx context.Context, _ int) (View, error) { return s.view(ctx, at) },
		func(v View) (Member, change.Plan, error) {
			if _, done := v.Member(user); done { // by an earlier attempt, whose answer was lost
				return m, change.Plan{}, nil
			}
			caller, wrong := v.present(r.Caller)
			if wrong != nil {
				return m, change.Plan{}, wrong
			}
			for _, wrong := range []*api.Error{mayActOn(caller, role), v.addressFree(m), v.room()} {
				if wrong != nil {
					return m, change.Plan{}, wrong
				}
			}
			return m, v.added(m).And(change.Plan{Writes: []table.Write{v.moveVersions(false, 1)}}), nil
		})
}

// UpdateMember changes a member's address, role or state, and reports whether their keys
// may do more than before. It applies to their keys on their next request.
func (s *Store) UpdateMember(ctx context.Context, r *api.Request, org, user string, e MemberEdit) (m Member, widened bool, err error) {
	at, wrong := manages(r.Caller, org)
	if wrong != nil {
		return Member{}, false, wrong
	}
	if err := e.check(); err != nil {
		return Member{}, false, err
	}
	type decided struct {
		member  Member
		widened bool
	}
	is, err := change.Make(ctx, s.changes, change.Call{By: audit.Caller(r)},
		func(ctx context.Context, _ int) (memberFacts, error) {
			v, err := s.view(ctx, at)
			if err != nil {
				return memberFacts{}, err
			}
			before, ok := v.Member(user)
			if !ok {
				return memberFacts{}, unknownMember()
			}
			if wrong := v.mayBecome(r.Caller, before, e.on(before)); wrong != nil {
				return memberFacts{}, wrong
			}
			return s.memberFacts(ctx, v, before)
		},
		func(f memberFacts) (decided, change.Plan, error) {
			before, after := f.member, vouched(r.Caller, f.member, e.on(f.member))
			// If the member already has the role, this may be the repeat of a call that
			// failed after its write. The caches must then still be flushed.
			widened := e.Role != nil && after.Role != api.RoleMember && (before.Role == api.RoleMember || before == after)
			if e == (MemberEdit{}) {
				return decided{member: before}, change.Plan{}, nil
			}
			plan := change.Plan{Bump: f.keys} // also without a change: this may be a repeat
			if before != after {
				plan = plan.And(f.updated(after))
			}
			return decided{after, widened}, plan, nil
		})
	return is.member, is.widened, err
}

// vouched returns a member after an edit, with [Member.Readdressed] as the caller's change of the
// address makes it.
func vouched(c *api.Caller, before, after Member) Member {
	switch {
	case SameAddress(before.Email, after.Email) || c.User == before.User && !c.Unclaimed:
	default:
		after.Readdressed = !c.Operator()
	}
	return after
}

// memberFacts are a member, their organisation and their keys.
type memberFacts struct {
	View
	member Member
	keys   []string
}

// memberFacts reads a member's keys. They are read after the view: a key that is made
// in between moves keys_version, and the transaction is refused.
func (s *Store) memberFacts(ctx context.Context, v View, m Member) (memberFacts, error) {
	held, err := s.holdings.OwnedBy(ctx, v.Org.ID, m.User)
	return memberFacts{View: v, member: m, keys: held}, err
}

// mayBecome refuses a change of a member that the caller may not make or that the
// organisation's rules do not allow.
func (v View) mayBecome(c *api.Caller, before, after Member) *api.Error {
	if before != after { // else this may be the repeat of a change of the caller's own member
		var wrong *api.Error
		if c, wrong = v.present(c); wrong != nil {
			return wrong
		}
	}
	for _, wrong := range []*api.Error{mayActOn(c, before.Role, after.Role), v.addressFree(after), keepsOwner(c, v.Org, v.Members, after, false)} {
		if wrong != nil {
			return wrong
		}
	}
	return nil
}

// updated is the plan that changes the member.
func (f memberFacts) updated(after Member) change.Plan {
	return change.Plan{
		Writes: append(f.checkOtherOwner(f.member, after.owns()), f.moveVersions(true, 0), table.Put(after.item(f.Org.ID), table.IsThere())),
		Entries: []audit.Change{{Org: f.Org.ID, Action: "member.update", Target: after.User,
			Before: f.member.person(), After: after.person()}},
	}
}

// RemoveMember removes a member and revokes their keys. A tombstone without the address
// remains, so that a repeat recognises the removal and bumps the gates again.
func (s *Store) RemoveMember(ctx context.Context, r *api.Request, org, user string) error {
	at, wrong := manages(r.Caller, org)
	if wrong != nil {
		return wrong
	}
	for more := true; more; {
		var err error
		more, err = change.Make(ctx, s.changes, change.Call{By: audit.Caller(r)},
			func(ctx context.Context, _ int) (removalFacts, error) { return s.removalFacts(ctx, r, at, user) },
			func(f removalFacts) (bool, change.Plan, error) { return f.more, f.removed(r.Now), nil })
		if err != nil {
			return err
		}
	}
	return nil
}

// removalFacts are the facts about a member who is being removed.
type removalFacts struct {
	memberFacts
	done    bool        // an earlier call removed them
	revoked change.Plan // revokes their keys, at most a transaction's worth
	more    bool        // further keys are left to revoke
}

func (s *Store) removalFacts(ctx context.Context, r *api.Request, at reachable, user string) (removalFacts, error) {
	v, err := s.view(ctx, at)
	if err != nil {
		return removalFacts{}, err
	}
	m, ok := v.Member(user)
	if gone, removed := v.Removed(user); !ok && !removed {
		return removalFacts{}, unknownMember()
	} else if !ok {
		m = gone
	}
	f := removalFacts{done: !ok}
	if f.memberFacts, err = s.memberFacts(ctx, v, m); err != nil || f.done {
		return f, err
	}
	caller, wrong := v.present(r.Caller)
	if wrong != nil {
		return f, wrong
	}
	for _, wrong := range []*api.Error{mayActOn(caller, m.Role), keepsOwner(caller, v.Org, v.Members, m, true)} {
		if wrong != nil {
			return f, wrong
		}
	}
	f.revoked, f.more, err = s.holdings.Revoking(ctx, r.Now, v.Org.ID, user)
	return f, err
}

// removed is the plan that revokes the member's keys and, with the last of them,
// removes the member.
func (f removalFacts) removed(now time.Time) change.Plan {
	plan := change.Plan{Bump: f.keys}
	if f.done {
		return plan
	}
	leaves := int64(-1)
	if f.more {
		leaves = 0
	}
	plan = plan.And(f.revoked).And(change.Plan{Writes: append([]table.Write{f.moveVersions(true, leaves)}, f.checkOtherOwner(f.member, false)...)})
	if f.more {
		return plan
	}
	at := MemberKey(f.Org.ID, f.member.User)
	tombstone := table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, "user": f.member.User, "state": removed,
		"sessions": f.member.Sessions, table.TTLAttr: now.Add(removedMemberLife).Unix()}
	return plan.And(change.Plan{Writes: []table.Write{table.Put(tombstone, table.IsThere())},
		Entries: []audit.Change{{Org: f.Org.ID, Action: "member.remove", Target: f.member.User, Before: f.member.person()}}})
}

// checkOtherOwner returns a check for a change by which an active owner leaves: that another
// active owner who was read still is one. If that owner's removal is half committed, the
// check waits for it.
func (v View) checkOtherOwner(before Member, owns bool) []table.Write {
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

// addressFree refuses an address that another member has.
func (v View) addressFree(m Member) *api.Error {
	for _, other := range v.Members {
		if other.User != m.User && folded(other.Email) == folded(m.Email) {
			return api.Fail(api.Conflict, "email: already used by another member of the organisation")
		}
	}
	return nil
}

// moveVersions returns the write that makes a change of members exact, and with keys also a
// change of keys: it is conditional on the organisation being as it was read. It counts the
// members that join, or with -1 leave.
func (v View) moveVersions(keys bool, join int64) table.Write {
	acts := v.MembersMoved(join)
	conds := []table.Cond{table.Eq("members_version", v.Org.MembersVersion)}
	if keys {
		acts = append(acts, table.Increment("keys_version", 1))
		conds = append(conds, table.Eq("keys_version", v.Org.KeysVersion))
	}
	return table.Update(Key(v.Org.ID), acts, conds...)
}

func (e *MemberEdit) check() error {
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
