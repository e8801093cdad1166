package orgs_test

import (
	"context"
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
	members, suspended := api.RoleMember, orgs.Suspended
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
		for act, try := range actsOf(t.Context(), w, admitted, o.ID, m.User, other.User) {
			err := try()
			if got := keystest.Condition(err); got != api.PermissionRole && !(how == "removed" && act == "restores itself" && got == api.NotFound) {
				t.Errorf("%s, then %s: got %q (%v), want it refused", how, act, got, err)
			}
		}
	}
}

// actsOf returns every change of an organisation and its members, by one request's caller.
func actsOf(ctx context.Context, w *keystest.Fixture, r *api.Request, org, self, other string) map[string]func() error {
	owner, active, name := api.RoleOwner, orgs.Active, "mine"
	return map[string]func() error{
		"restores itself": func() error {
			_, _, err := w.Orgs.UpdateMember(ctx, r, org, self, orgs.MemberEdit{Role: &owner, State: &active})
			return err
		},
		"promotes another": func() error {
			_, _, err := w.Orgs.UpdateMember(ctx, r, org, other, orgs.MemberEdit{Role: &owner})
			return err
		},
		"adds an owner": func() error {
			_, err := w.Orgs.AddMember(ctx, r, org, "new-"+other+"@north.example", api.RoleOwner)
			return err
		},
		"removes another": func() error { return w.Orgs.RemoveMember(ctx, r, org, other) },
		"renames": func() error {
			_, err := w.Orgs.Update(ctx, r, org, orgs.Edit{Name: &name})
			return err
		},
	}
}
