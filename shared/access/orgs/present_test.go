package orgs_test

import (
	"testing"

	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

// A request is admitted with the role of its caller at that moment. An owner who is demoted,
// suspended or removed in between must not undo that with it.
func TestARequestAdmittedBeforeItsMemberLostTheirRoleChangesNothing(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	owner := w.By(t, admin.Secret)
	owners, members, suspended := api.RoleOwner, api.RoleMember, orgs.Suspended
	for how, lose := range map[string]func(user string) error{
		"demoted": func(user string) error {
			_, _, err := w.Orgs.UpdateMember(t.Context(), owner, o.ID, user, orgs.MemberEdit{Role: &members})
			return err
		},
		"suspended": func(user string) error {
			_, _, err := w.Orgs.UpdateMember(t.Context(), owner, o.ID, user, orgs.MemberEdit{State: &suspended})
			return err
		},
		"removed": func(user string) error { return w.Orgs.RemoveMember(t.Context(), owner, o.ID, user) },
	} {
		m, err := w.Orgs.AddMember(t.Context(), owner, o.ID, how+"@north.example", api.RoleOwner)
		if err != nil {
			t.Fatal(err)
		}
		other, err := w.Orgs.AddMember(t.Context(), owner, o.ID, how+"2@north.example", api.RoleMember)
		if err != nil {
			t.Fatal(err)
		}
		k := w.Key(t, admin.Secret, keys.Spec{Name: how, Scopes: []string{"orgs:write"}, User: &m.User})
		admitted := w.By(t, k.Secret)
		if err := lose(m.User); err != nil {
			t.Fatal(err)
		}
		active := orgs.Active
		name := "mine"
		for act, try := range map[string]func() error{
			"restores itself": func() error {
				_, _, err := w.Orgs.UpdateMember(t.Context(), admitted, o.ID, m.User, orgs.MemberEdit{Role: &owners, State: &active})
				return err
			},
			"promotes another": func() error {
				_, _, err := w.Orgs.UpdateMember(t.Context(), admitted, o.ID, other.User, orgs.MemberEdit{Role: &owners})
				return err
			},
			"adds an owner": func() error {
				_, err := w.Orgs.AddMember(t.Context(), admitted, o.ID, how+"3@north.example", api.RoleOwner)
				return err
			},
			"removes another": func() error { return w.Orgs.RemoveMember(t.Context(), admitted, o.ID, other.User) },
			"renames": func() error {
				_, err := w.Orgs.Update(t.Context(), admitted, o.ID, orgs.Edit{Name: &name})
				return err
			},
		} {
			err := try()
			if got := keystest.Condition(err); got != api.PermissionRole && !(how == "removed" && act == "restores itself" && got == api.NotFound) {
				t.Errorf("%s, then %s: got %q (%v), want it refused", how, act, got, err)
			}
		}
	}
}
