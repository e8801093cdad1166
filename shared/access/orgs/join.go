package orgs

import (
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// ByEmail finds a member by their address, ignoring case and width.
func (v View) ByEmail(email string) (Member, bool) {
	for _, m := range v.Members {
		if folded(m.Email) == folded(email) {
			return m, true
		}
	}
	return Member{}, false
}

// Address trims an email address and refuses a malformed one with an error on the field.
func Address(field, email string) (string, error) {
	email, wrong := address(field, email)
	if wrong != nil {
		return "", wrong
	}
	return email, nil
}

// MaxMembers is how many members an organisation may have. Its members and keys are read
// together whenever a key is made, so their number is a cost of each such request.
const MaxMembers = 500

// maxMemberItems bounds members and tombstones of removed ones together: otherwise adding and
// removing the same person would fill the partition.
const maxMemberItems = 2 * MaxMembers

// room refuses a further member. The organisation's own item has the exact number of members:
// a query may miss a member whose transaction is half committed.
func (v View) room() *api.Error {
	switch n := v.count(); {
	case n >= MaxMembers:
		return api.Fail(api.ConflictLimit, "the organisation has %d members, the maximum: remove one first", n)
	case n+int64(len(v.removed)) >= maxMemberItems:
		return api.Fail(api.ConflictLimit, "the organisation has %d members and removed %d within 30 days, together the maximum: try again later", n, len(v.removed))
	}
	return nil
}

func (v View) count() int64 {
	if v.Org.MemberCount > 0 {
		return v.Org.MemberCount
	}
	return int64(len(v.Members)) // counted for the first time
}

// MembersMoved returns the actions on the organisation's item of a change that adds members, or
// with a negative number removes them.
func (v View) MembersMoved(join int64) []table.Action {
	return []table.Action{table.Increment("members_version", 1), table.Set("members", v.count()+join)}
}

// Join checks an address and a role and returns a new active member and the plan that
// adds them, audit entry included. That transaction must also have [View.MembersMoved], on
// condition that members_version is as v saw it.
func (v View) Join(source *ids.Source, now time.Time, email, role string) (Member, change.Plan, error) {
	email, wrong := address("email", email)
	if wrong != nil {
		return Member{}, change.Plan{}, wrong
	}
	if wrong := KnownRole(role); wrong != nil {
		return Member{}, change.Plan{}, wrong
	}
	user, err := source.New("usr_", now)
	if err != nil {
		return Member{}, change.Plan{}, err
	}
	m := Member{User: user, Email: email, Role: role, State: Active}
	for _, wrong := range []*api.Error{v.addressFree(m), v.room()} {
		if wrong != nil {
			return Member{}, change.Plan{}, wrong
		}
	}
	return m, v.added(m), nil
}

// added is the plan that adds a member, apart from moving members_version.
func (v View) added(m Member) change.Plan {
	return change.Plan{
		Writes:  []table.Write{table.Put(m.item(v.Org.ID), table.IsNew())},
		Entries: []audit.Change{{Org: v.Org.ID, Action: "member.add", Target: m.User, After: m.person()}},
	}
}
