package orgs_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
)

// onBoth runs a test on the embedded engine and on DynamoDB Local.
func onBoth(t *testing.T, prove func(t *testing.T, w *keystest.Fixture)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) { prove(t, keystest.New(t, keystest.Memory(t), "statgate")) })
	t.Run("dynamodb", func(t *testing.T) {
		prove(t, keystest.New(t, dynamolocal.Tables(t, table.Keys)["keys"], "statgate"))
	})
}

// runConcurrently runs f n times concurrently and counts the conditions of its errors.
func runConcurrently(n int, f func(i int) error) map[string]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	got := map[string]int{}
	for i := range n {
		all.Go(func() {
			condition := keystest.Condition(f(i))
			mu.Lock()
			defer mu.Unlock()
			got[condition]++
		})
	}
	all.Wait()
	return got
}

func TestOwnersWhoRemoveEachOtherLeaveOne(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *keystest.Fixture) {
		o, first, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "PRO")
		users, callers := []string{first.User}, []*api.Caller{w.By(t, admin.Secret).Caller}
		for i := range 3 {
			m, err := w.Orgs.AddMember(t.Context(), w.By(t, admin.Secret), o.ID, fmt.Sprintf("o%d@north.example", i), api.RoleOwner)
			if err != nil {
				t.Fatal(err)
			}
			k := w.Key(t, admin.Secret, keys.Spec{Name: m.Email, Scopes: []string{"orgs:read", "orgs:write"}, User: &m.User})
			users, callers = append(users, m.User), append(callers, w.By(t, k.Secret).Caller)
		}
		// Each owner removes all owners. An owner who was removed removes no other.
		n := len(users)
		got := runConcurrently(n*n, func(i int) error {
			return w.Orgs.RemoveMember(context.Background(), w.Request(callers[i/n]), o.ID, users[i%n])
		})
		if got[api.Conflict] == 0 || got[""]+got[api.Conflict]+got[api.PermissionRole] != n*n {
			t.Errorf("got %v, want owners removed and the last one kept", got)
		}
		left := 0
		for i, user := range users {
			members, _, err := w.Orgs.Members(t.Context(), callers[i], o.ID, 100, "")
			if err != nil || len(members) != 1 {
				t.Fatalf("got %v (%v), want one owner", members, err)
			}
			if members[0].User == user && members[0].Role == api.RoleOwner {
				left++
			}
		}
		if left != 1 {
			t.Errorf("%d owners are left, want 1", left)
		}
	})
}

func TestOneOfManyEqualAddressesIsAdded(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *keystest.Fixture) {
		o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "PRO")
		owner := w.By(t, admin.Secret)
		addresses := []string{"new@north.example", "NEW@north.example", "new@NORTH.example", "New@North.Example"}
		got := runConcurrently(len(addresses), func(i int) error {
			_, err := w.Orgs.AddMember(context.Background(), w.Request(owner.Caller), o.ID, addresses[i], api.RoleMember)
			return err
		})
		if got[""] != 1 || got[api.Conflict] != 3 {
			t.Errorf("got %v, want one member", got)
		}
		members, _, err := w.Orgs.Members(t.Context(), owner.Caller, o.ID, 100, "")
		if err != nil || len(members) != 2 {
			t.Errorf("got %v (%v), want the owner and one member", members, err)
		}
	})
}

func TestNoKeyOutlivesTheRemovalOfItsOwner(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *keystest.Fixture) {
		o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "ENTERPRISE")
		owner := w.By(t, admin.Secret)
		m, err := w.Orgs.AddMember(t.Context(), owner, o.ID, "m@north.example", api.RoleMember)
		if err != nil {
			t.Fatal(err)
		}
		const makers = 6
		secrets := make([]string, makers)
		got := runConcurrently(makers+1, func(i int) error {
			if i == makers {
				time.Sleep(5 * time.Millisecond)
				return w.Orgs.RemoveMember(context.Background(), w.Request(owner.Caller), o.ID, m.User)
			}
			k, err := w.Keys.Create(context.Background(), w.Request(owner.Caller), keys.Spec{Name: "x", Scopes: []string{"read:teams"}, User: &m.User})
			secrets[i] = k.Secret
			return err
		})
		if got[""]+got[api.InputField] != makers+1 {
			t.Errorf("got %v, want keys made, or refused because their owner was removed", got)
		}
		for _, secret := range secrets {
			if secret == "" {
				continue
			}
			if _, err := w.Keys.Authenticate(t.Context(), secret); keystest.Condition(err) != api.SecretRevoked {
				t.Errorf("a removed member's key: got %v, want it revoked", err)
			}
		}
	})
}

func TestOrganisationsAreListedNewestFirstPageByPage(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *keystest.Fixture) {
		root := w.Bootstrap(t).Secret
		want := []string{w.By(t, root).Caller.Org}
		for i := range 4 {
			o, _, err := w.Orgs.Create(t.Context(), w.By(t, root), orgs.Spec{Name: fmt.Sprint("org ", i), Owner: "o@o.example"})
			if err != nil {
				t.Fatal(err)
			}
			want = append([]string{o.ID}, want...)
		}
		var got []string
		for after := ""; ; {
			page, next, err := w.Orgs.List(t.Context(), w.By(t, root).Caller, 2, after)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page {
				got = append(got, o.ID)
			}
			if after = next; next == "" {
				break
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestANewPlanAppliesToEveryKeyOfTheOrganisationImmediately(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	root := w.Bootstrap(t).Secret
	o, _, admin := w.Org(t, root, "north", "PRO")
	bot := w.Key(t, admin.Secret, keys.Spec{Name: "bot", Scopes: []string{"read:matches"}})
	before := w.By(t, bot.Secret).Caller
	plan := "TEAM"
	for range 2 { // a repeat bumps again
		if _, err := w.Orgs.Update(t.Context(), w.By(t, root), o.ID, orgs.Edit{Plan: &plan}); err != nil {
			t.Fatal(err)
		}
		after := w.By(t, bot.Secret).Caller
		if after.Version <= before.Version || after.Limits["requests"].Limit != 10_000 {
			t.Errorf("got version %d after %d and limits %v", after.Version, before.Version, after.Limits)
		}
		before = after
	}
}
