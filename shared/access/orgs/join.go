package orgs

import (
	"statgate/shared/access/audit"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// ByEmail finds a member by their address, whatever its case.
func (v View) ByEmail(email string) (Member, bool) {
	for _, m := range v.Members {
		if folded(m.Email) == folded(email) {
			return m, true
		}
	}
	return Member{}, false
}

// Address trims an email address and refuses what is none, naming the field.
func Address(field, email string) (string, error) {
	email, wrong := address(field, email)
	if wrong != nil {
		return "", wrong
	}
	return email, nil
}

// Join checks what is asked for and returns a new active member, and the writes
// that make them, audit entry included. Whoever applies them must also move the
// organisation's members_version, on condition that it is as v saw it.
func (v View) Join(source *ids.Source, by audit.By, email, role string) (Member, []table.Write, error) {
	email, wrong := address("email", email)
	if wrong != nil {
		return Member{}, nil, wrong
	}
	if wrong := KnownRole(role); wrong != nil {
		return Member{}, nil, wrong
	}
	user, err := source.New("usr_", by.At)
	if err != nil {
		return Member{}, nil, err
	}
	m := Member{User: user, Email: email, Role: role, State: Active}
	if wrong := v.free(m); wrong != nil {
		return Member{}, nil, wrong
	}
	ws, err := audit.Writes(source, by, audit.Change{Org: v.Org.ID, Action: "member.add", Target: user, After: m.person()})
	return m, append(ws, table.Put(m.item(v.Org.ID), table.IsNew())), err
}
