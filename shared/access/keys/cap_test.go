package keys_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
)

// dataKeys has, by contract, scopes with which a key reaches data and manages keys too, the plan
// of the test and how many keys it leaves beside the one that the tests work with.
var dataKeys = map[string]struct {
	plan   string
	scopes []string
	room   int
}{
	"statgate":    {"PRO", []string{"audit:read", "read:teams"}, 3},
	"balla":       {"PRO", []string{"keys:read", "read"}, 3},
	"scorelytics": {"STARTER", []string{"audit:read", "read:leagues"}, 3},
	"teambattles": {"GENERAL", []string{"audit:read", "matches.user_matches:read"}, 10},
	"fullengage":  {"STANDARD", []string{"audit:read"}, 9}, // every key reaches data, that of the admin too
}

func TestAManagementScopeTakesNoDataKeyOutOfThePlan(t *testing.T) {
	t.Parallel()
	for name, c := range dataKeys {
		prove := func(t *testing.T, keysTable table.Table) {
			w := keystest.New(t, keysTable, name)
			life := lifeIn(w)
			_, _, admin := newOrg(t, w, c.plan)
			got := runConcurrently(20, func(i int) error {
				_, err := w.Keys.Create(context.Background(), w.By(t, admin.Secret), keys.Spec{Name: fmt.Sprint(i), Scopes: c.scopes, ExpiresIn: life})
				return err
			})
			if got[""] != c.room || got[api.ConflictCap] != 20-c.room {
				t.Errorf("%s: got %v, want %d keys and %d refusals by the cap", name, got, c.room, 20-c.room)
			}
		}
		if name == "statgate" {
			onBoth(t, prove)
		} else { // the rules differ between contracts, and the engines do not
			prove(t, keystest.Memory(t))
		}
	}
}

// lifeIn is the life of a test's keys: none, unless the contract requires one.
func lifeIn(w *keystest.Fixture) *string {
	if !w.Contract.Keys.ExpiryRequired {
		return nil
	}
	return text("30d")
}

// newOrg is [keystest.Fixture.Org] in any contract.
func newOrg(t *testing.T, w *keystest.Fixture, plan string) (orgs.Org, orgs.Member, keys.Minted) {
	t.Helper()
	root := w.Bootstrap(t).Secret
	o, owner, err := w.Orgs.Create(t.Context(), w.By(t, root), orgs.Spec{Name: "north", Plan: plan, Owner: "owner@north.example"})
	must(t, err)
	spec := keys.Spec{Name: "admin", Scopes: w.Management(), Org: &o.ID}
	if w.Contract.Keys.ExpiryRequired {
		spec.ExpiresIn = text("90d")
	}
	return o, owner, w.Key(t, root, spec)
}

func TestEveryChangeThatMakesAKeyReachDataIsWithinThePlan(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	root := w.Bootstrap(t).Secret
	o, _, admin := w.Org(t, root, "north", "FREE")
	only := w.Key(t, admin.Secret, keys.Spec{Name: "only", Scopes: []string{"read:matches"}})
	manages := w.Key(t, admin.Secret, keys.Spec{Name: "manages", Scopes: []string{"audit:read"}})
	edit := func(id, want string, scopes ...string) {
		t.Helper()
		_, _, err := w.Keys.Update(t.Context(), w.By(t, admin.Secret), id, keys.Edit{Scopes: scopes})
		if got := keystest.Condition(err); got != want {
			t.Errorf("%v: got %q (%v), want %q", scopes, got, err, want)
		}
	}
	create := func(want string, scopes ...string) {
		t.Helper()
		_, err := w.Keys.Create(t.Context(), w.By(t, admin.Secret), keys.Spec{Name: "next", Scopes: scopes})
		if got := keystest.Condition(err); got != want {
			t.Errorf("a new key with %v: got %q (%v), want %q", scopes, got, err, want)
		}
	}
	edit(manages.ID, api.ConflictCap, "audit:read", "read:teams")
	edit(only.ID, "", "read:matches", "audit:read") // it still counts
	create(api.ConflictCap, "read:teams", "keys:read")
	edit(only.ID, "", "audit:read")                  // it reaches no data
	edit(manages.ID, "", "audit:read", "read:teams") // and leaves its place
	edit(only.ID, api.ConflictCap, "read:matches")
	create("", "orgs:read")
	// An operator's change is bound as well.
	_, _, err := w.Keys.Update(t.Context(), w.By(t, root), only.ID, keys.Edit{Scopes: []string{"read:matches", "audit:read"}})
	if got := keystest.Condition(err); got != api.ConflictCap {
		t.Errorf("by an operator: got %q (%v)", got, err)
	}
	_, err = w.Keys.Create(t.Context(), w.By(t, root), keys.Spec{Name: "next", Scopes: []string{"read:teams", "keys:read"}, Org: &o.ID})
	if got := keystest.Condition(err); got != api.ConflictCap {
		t.Errorf("a key by an operator: got %q (%v)", got, err)
	}
}

// Keys that manage and read data did not count before they were client keys. A smaller plan
// leaves an organisation as it finds them: with more keys than the plan allows.
func TestKeysBeyondTheCapStayAndCountAndLeaveNoRoom(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	root := w.Bootstrap(t).Secret
	o, _, admin := w.Org(t, root, "north", "PRO")
	both := []string{"read:matches", "audit:read"}
	var held []keys.Minted
	for range 3 {
		held = append(held, w.Key(t, admin.Secret, keys.Spec{Name: "both", Scopes: both}))
	}
	_, err := w.Orgs.Update(t.Context(), w.By(t, root), o.ID, orgs.Edit{Plan: text("FREE")})
	must(t, err)
	for _, k := range held {
		authenticate(t, w, k.Secret, "")
	}
	_, _, err = w.Keys.Update(t.Context(), w.By(t, admin.Secret), held[0].ID, keys.Edit{Name: text("renamed")})
	must(t, err)
	update(t, w, admin.Secret, held[0].ID, slices.Concat(both, []string{"read:teams"}))
	if _, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), held[1].ID, "", false); err != nil {
		t.Errorf("a rotation: got %v", err)
	}
	for left := len(held); ; left-- {
		_, err := w.Keys.Create(t.Context(), w.By(t, admin.Secret), keys.Spec{Name: "next", Scopes: both})
		if got, want := keystest.Condition(err), map[bool]string{true: api.ConflictCap, false: ""}[left > 0]; got != want {
			t.Errorf("with %d keys: got %q (%v), want %q", left, got, err, want)
		}
		if left == 0 {
			return
		}
		_, err = w.Keys.Revoke(t.Context(), w.By(t, admin.Secret), held[left-1].ID)
		must(t, err)
	}
}

func TestOperatorsHaveNoCapOnDataKeysAndTheBoundOnKeysThatManage(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"statgate", "fullengage"} {
		w := keystest.New(t, keystest.Memory(t), name)
		root := w.Bootstrap(t).Secret // manages, as do the next 24
		create := func(want string, scopes ...string) {
			t.Helper()
			_, err := w.Keys.Create(t.Context(), w.By(t, root), keys.Spec{Name: "next", Scopes: scopes, ExpiresIn: lifeIn(w)})
			if got := keystest.Condition(err); got != want {
				t.Errorf("%s, %v: got %q (%v), want %q", name, scopes, got, err, want)
			}
		}
		data := []string{"read:teams"}
		if name == "fullengage" {
			data = []string{}
		}
		for range keys.MaxManagementKeys - 1 {
			create("", append(slices.Clone(data), "keys:read")...)
			create("", data...)
		}
		create(api.ConflictCap, append(slices.Clone(data), "keys:read")...)
		create(api.ConflictCap, "keys:read")
		create("", data...)
	}
}
