package orgs

import (
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
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

// Join checks an address and a role and returns a new active member and the plan that
// adds them, audit entry included. The caller must also increment the organisation's
// members_version in that transaction, on condition that it is as v saw it.
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
	if wrong := v.addressFree(m); wrong != nil {
		return Member{}, change.Plan{}, wrong
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
