package orgs_test

import (
	"slices"
	"strings"
	"testing"

	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
)

// found returns the ids of the members with an address, of one organisation if it is not "".
func found(t *testing.T, w *keystest.Fixture, email, org string) []string {
	t.Helper()
	all, err := w.Orgs.WithAddress(t.Context(), email, org)
	if err != nil {
		t.Fatal(err)
	}
	users := []string{}
	for _, m := range all {
		if m.Org.ID == "" || m.Org.Name == "" {
			t.Errorf("member %s is without their organisation", m.Member.User)
		}
		users = append(users, m.Member.User)
	}
	return users
}

func wantFound(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got the members %v, want %v", got, want)
	}
}

func TestMembersAreFoundByTheirPresentAddressInEachOrganisation(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *keystest.Fixture) {
		operator := w.Bootstrap(t).Secret
		one, _, _ := w.Org(t, operator, "one", "PRO")
		two, _, _ := w.Org(t, operator, "two", "PRO")
		add := func(org, email string) string {
			t.Helper()
			m, err := w.Orgs.AddMember(t.Context(), w.By(t, operator), org, email, api.RoleAdmin)
			if err != nil {
				t.Fatal(err)
			}
			return m.User
		}
		first, second := add(one.ID, "Ada@Example.com"), add(two.ID, "ada@example.com")
		wantFound(t, found(t, w, "ada@EXAMPLE.com", ""), first, second)
		wantFound(t, found(t, w, "ada@example.com", two.ID), second)
		wantFound(t, found(t, w, "ada@example.com", "org_other"))
		wantFound(t, found(t, w, "ada@example.com", "no id"))
		change := func(org, user string, e orgs.MemberEdit) {
			t.Helper()
			if _, _, err := w.Orgs.UpdateMember(t.Context(), w.By(t, operator), org, user, e); err != nil {
				t.Fatal(err)
			}
		}
		moved, suspended := "lovelace@example.com", orgs.Suspended
		change(one.ID, first, orgs.MemberEdit{Email: &moved})
		wantFound(t, found(t, w, "ada@example.com", ""), second)
		wantFound(t, found(t, w, moved, ""), first)
		change(two.ID, second, orgs.MemberEdit{State: &suspended})
		all, err := w.Orgs.WithAddress(t.Context(), "ada@example.com", "")
		if err != nil || len(all) != 1 || all[0].Member.State != orgs.Suspended {
			t.Errorf("got %v, %v, want a suspended member", all, err)
		}
		if err := w.Orgs.RemoveMember(t.Context(), w.By(t, operator), two.ID, second); err != nil {
			t.Fatal(err)
		}
		wantFound(t, found(t, w, "ada@example.com", ""))
		again := add(two.ID, "ada@example.com")
		wantFound(t, found(t, w, "ada@example.com", ""), again)
	})
}

func TestAddressThatOnlyLooksAlikeFindsNobody(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	operator := w.Bootstrap(t).Secret
	o, _, _ := w.Org(t, operator, "one", "PRO")
	for _, email := range []string{"mike@example.com", "bob@strasse.example", "ann@ffox.example"} {
		if _, err := w.Orgs.AddMember(t.Context(), w.By(t, operator), o.ID, email, api.RoleMember); err != nil {
			t.Fatal(err)
		}
		if len(found(t, w, strings.ToUpper(email), "")) != 1 {
			t.Errorf("%s is not found", email)
		}
	}
	for _, alike := range []string{"mi\u212ae@example.com", "bob@stra\u00dfe.example", "ann@\ufb00ox.example", "\uff4dike@example.com"} {
		wantFound(t, found(t, w, alike, ""))
	}
}

// An item of an earlier release is as the release wrote it: without the attributes of the index.
func TestMembersOfEarlierReleasesAreFoundOnceIndexed(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *keystest.Fixture) {
		operator := w.Bootstrap(t).Secret
		o, owner, _ := w.Org(t, operator, "one", "PRO")
		old := func() {
			t.Helper()
			if _, err := w.Table.Write(t.Context(), table.Update(orgs.MemberKey(o.ID, owner.User), []table.Action{table.Remove("list_pk"), table.Remove("list_sk")})); err != nil {
				t.Fatal(err)
			}
			wantFound(t, found(t, w, owner.Email, ""))
		}
		old()
		for _, want := range []int{1, 0} {
			if n, err := w.Orgs.IndexAddresses(t.Context(), o.ID); err != nil || n != want {
				t.Errorf("indexed %d, %v, want %d", n, err, want)
			}
		}
		wantFound(t, found(t, w, owner.Email, ""), owner.User)
		old()
		admin := api.RoleAdmin
		m, err := w.Orgs.AddMember(t.Context(), w.By(t, operator), o.ID, "second@one.example", api.RoleOwner)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Orgs.UpdateMember(t.Context(), w.By(t, operator), o.ID, owner.User, orgs.MemberEdit{Role: &admin}); err != nil {
			t.Fatal(err)
		}
		wantFound(t, found(t, w, owner.Email, ""), owner.User)
		wantFound(t, found(t, w, m.Email, ""), m.User)
	})
}
