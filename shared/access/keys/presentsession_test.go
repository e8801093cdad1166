package keys_test

import (
	"testing"

	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

// opened begins a session of a member by an operator's link.
func opened(t *testing.T, w *keystest.Fixture, operator, org, user string) keys.Opened {
	t.Helper()
	l, err := w.Keys.CreateLink(t.Context(), w.By(t, operator), org, user)
	must(t, err)
	o, err := w.Keys.BeginWithLink(t.Context(), keys.SignIn{RequestID: "begin", At: w.Now()}, l.Code)
	must(t, err)
	return o
}

func TestARequestAdmittedBeforeItsSessionOrMemberWasRestrictedDoesNotUndoTheRestriction(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	operator := w.Bootstrap(t).Secret
	north, _, _ := w.Org(t, operator, "north", "TEAM")
	org := north.ID
	add := func(name string) string {
		m, err := w.Orgs.AddMember(t.Context(), w.By(t, operator), org, name+"@example.com", api.RoleAdmin)
		must(t, err)
		return m.User
	}
	other := add("other")
	for how, c := range map[string]struct {
		restrict func(user string) error
		want     string
	}{
		"demoted": {func(user string) error {
			_, _, err := w.Orgs.UpdateMember(t.Context(), w.By(t, operator), org, user, orgs.MemberEdit{Role: text(api.RoleMember)})
			return err
		}, api.PermissionRole},
		"suspended": {func(user string) error {
			_, _, err := w.Orgs.UpdateMember(t.Context(), w.By(t, operator), org, user, orgs.MemberEdit{State: text(orgs.Suspended)})
			return err
		}, api.Suspended},
		"signed out": {func(user string) error {
			return w.Keys.EndSessions(t.Context(), w.By(t, opened(t, w, operator, org, user).AccessToken), "")
		}, api.SecretRevoked},
	} {
		user := add(how[:4])
		admitted := w.By(t, opened(t, w, operator, org, user).AccessToken)
		must(t, c.restrict(user))
		_, err := w.Keys.Create(t.Context(), admitted, keys.Spec{Name: "kept", Scopes: []string{"orgs:write"}, User: &other})
		if got := keystest.Condition(err); got != c.want {
			t.Errorf("%s: a management key of another admin: got %q (%v), want %q", how, got, err, c.want)
		}
		_, err = w.Keys.CreateLink(t.Context(), admitted, org, other)
		if got := keystest.Condition(err); got != c.want {
			t.Errorf("%s: a link of another admin: got %q (%v), want %q", how, got, err, c.want)
		}
	}
}

func TestARequestAdmittedBeforeItsKeyWasRestrictedMakesNoPortalLink(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	north, member, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	org, owner := north.ID, member.User
	all := []string{"audit:read", "keys:read", "keys:write", "orgs:read", "orgs:write"}
	for how, restrict := range map[string]func(id string) error{
		"revoked": func(id string) error {
			_, err := w.Keys.Revoke(t.Context(), w.By(t, admin.Secret), id)
			return err
		},
		"narrowed": func(id string) error {
			_, _, err := w.Keys.Update(t.Context(), w.By(t, admin.Secret), id, keys.Edit{Scopes: []string{"keys:read", "keys:write", "orgs:write"}})
			return err
		},
	} {
		bot := w.Key(t, admin.Secret, keys.Spec{Name: how, Scopes: all})
		session, err := w.Keys.BeginWithKey(t.Context(), keys.SignIn{RequestID: "begin", At: w.Now()}, bot.Secret)
		must(t, err)
		byKey, bySession := w.By(t, bot.Secret), w.By(t, session.AccessToken)
		for _, admitted := range []*api.Request{byKey, bySession} {
			_, err := w.Keys.CreateLink(t.Context(), admitted, org, owner)
			must(t, err)
		}
		must(t, restrict(bot.ID))
		for by, admitted := range map[string]*api.Request{"key": byKey, "session": bySession} {
			if _, err := w.Keys.CreateLink(t.Context(), admitted, org, owner); err == nil {
				t.Errorf("a %s that was admitted before its key was %s made a link", by, how)
			}
		}
	}
}
