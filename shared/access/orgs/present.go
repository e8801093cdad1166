package orgs

import "statgate/shared/api"

// present returns the caller with the role that their member has now, and refuses it where the
// role no longer allows changes. A request carries the caller's role of its admission. Without
// this check, members whose role was taken away in between could take it back. A caller of
// another organisation is an operator, and is returned unchanged.
func (v View) present(c *api.Caller) (*api.Caller, *api.Error) {
	if c.Org != v.Org.ID {
		return c, nil
	}
	m, found := v.Member(c.User)
	if !found || m.State != Active {
		return nil, api.Fail(api.PermissionRole, "the key's owner is no longer an active member of the organisation")
	}
	is := *c
	is.Role = m.Effective(v.Org)
	_, wrong := manages(&is, v.Org.ID)
	return &is, wrong
}
