package orgs

import (
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"statgate/shared/api"
	"statgate/shared/humantext"
)

const (
	maxNameChars  = 80  // characters
	maxEmailBytes = 254 // bytes, RFC 5321's path less its brackets
)

var roles = []string{api.RoleOwner, api.RoleAdmin, api.RoleMember}

// Name trims a name and refuses an empty one, one over 80 characters and one with
// invisible characters.
func Name(name string) (string, *api.Error) {
	name, err := humantext.Line(name)
	switch {
	case err != nil:
		return "", api.FieldError("name", "%v", err)
	case name == "":
		return "", api.FieldError("name", "must not be empty")
	case utf8.RuneCountInString(name) > maxNameChars:
		return "", api.FieldError("name", "must have at most %d characters", maxNameChars)
	}
	return name, nil
}

// address refuses text that is not a plain address (RFC 5322 addr-spec). It does not check
// that mail arrives there.
func address(field, email string) (string, *api.Error) {
	email, unclean := humantext.Line(email)
	if unclean != nil {
		return "", api.FieldError(field, "%v", unclean)
	}
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > maxEmailBytes || strings.ContainsFunc(email, unicode.IsSpace) {
		return "", api.FieldError(field, "must be an email address, such as ada@example.com")
	}
	return email, nil
}

// folded returns the form in which addresses are compared, without case and width.
func folded(email string) string { return humantext.Fold(email) }

// KnownRole refuses a role that no member can have.
func KnownRole(role string) *api.Error {
	if !slices.Contains(roles, role) {
		return api.FieldError("role", "must be one of %s", strings.Join(roles, ", "))
	}
	return nil
}

// reachable is the id of an organisation that a caller may see or change. Reads and changes of
// one organisation take it instead of text, so that a check cannot be forgotten. Only [sees]
// and [manages] make one; the zero value is no organisation.
type reachable struct{ org string }

// sees refuses callers who may not see an organisation: for callers other than operators, any
// organisation but their own does not exist. A 403 would prove that it does.
func sees(c *api.Caller, org string) (reachable, *api.Error) {
	if !c.Operator() && c.Org != org {
		return reachable{}, unknown()
	}
	return reachable{org}, nil
}

// manages refuses callers who may not see an organisation, or not change it and its members.
func manages(c *api.Caller, org string) (reachable, *api.Error) {
	at, wrong := sees(c, org)
	if wrong == nil && !c.Operator() && c.Role != api.RoleOwner && c.Role != api.RoleAdmin {
		return reachable{}, api.Fail(api.PermissionRole, "only owners, admins and operators can change an organisation; the role of the key's owner is %s", c.Role)
	}
	return at, wrong
}

// mayActOn refuses callers who may not act on a member with one of the roles, or give it:
// only owners and operators make and change owners.
func mayActOn(c *api.Caller, roles ...string) *api.Error {
	if c.Operator() || c.Role == api.RoleOwner || !slices.Contains(roles, api.RoleOwner) {
		return nil
	}
	return api.Fail(api.PermissionRole, "only owners and operators can add, change or remove an owner")
}

// keepsOwner refuses a change that would leave an organisation without an active owner.
// Operators may do so, except in their own organisation, whose last owner could not be
// brought back through the API.
func keepsOwner(c *api.Caller, o Org, members []Member, changed Member, removes bool) *api.Error {
	if c.Operator() && !o.Operator {
		return nil
	}
	had, has := false, false
	for _, m := range members {
		had = had || m.owns()
		if m.User != changed.User {
			has = has || m.owns()
		}
	}
	has = has || (!removes && changed.owns())
	if had && !has {
		return api.Fail(api.Conflict, "the organisation's last active owner cannot be removed, suspended or given another role")
	}
	return nil
}

func unknown() *api.Error { return api.Fail(api.NotFound, "no such organisation") }

func unknownMember() *api.Error { return api.Fail(api.NotFound, "no such member") }
