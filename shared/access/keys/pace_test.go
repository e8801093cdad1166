package keys_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
)

// revokedKeys creates and revokes a key, and stores more like it: as many as n requests each
// would have left.
func revokedKeys(t *testing.T, w *keystest.Fixture, org string, admin keys.Minted, n int) {
	t.Helper()
	k := w.Key(t, admin.Secret, reading("bot"))
	_, err := w.Keys.Revoke(t.Context(), w.By(t, admin.Secret), k.ID)
	must(t, err)
	var ws []table.Write
	for i := range n - 1 {
		it, err := w.Table.Get(t.Context(), table.Key{Partition: orgs.Partition(org), Sort: "KEY#" + k.ID}, true)
		must(t, err)
		it["id"] = fmt.Sprintf("key_copy%03d", i)
		it[table.SortAttr] = "KEY#" + it.Str("id")
		ws = append(ws, table.Put(it, table.IsNew()))
	}
	must(t, w.Table.Transact(t.Context(), ws))
}

func TestKeysPerHourAreBoundedExactlyUnderConcurrentCreatesHoweverManyAreRevoked(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "statgate")
		root := w.Bootstrap(t).Secret
		o, _, admin := w.Org(t, root, "north", "ENTERPRISE") // with the admin key, the first of the hour
		begun := w.Now()
		revokedKeys(t, w, o.ID, admin, keys.MaxKeysPerHour-5-1)
		var refused error
		got := runConcurrently(12, func(i int) error {
			_, err := w.Keys.Create(context.Background(), w.By(t, admin.Secret), reading(fmt.Sprint(i)))
			if keystest.Condition(err) == api.QuotaKeys && i == 11 {
				refused = err
			}
			return err
		})
		if got[""] != 5 || got[api.QuotaKeys] != 7 {
			t.Errorf("got %v, want 5 keys and 7 refusals", got)
		}
		_, refused = w.Keys.Create(t.Context(), w.By(t, admin.Secret), reading("next"))
		wait := api.ErrorOf(refused).RetryAfter
		if left := begun.Add(time.Hour).Sub(w.Now()); wait < left-2*time.Second || wait > left+2*time.Second {
			t.Errorf("got Retry-After %s, want about %s", wait, left)
		}
		w.Pass(wait)
		w.Key(t, admin.Secret, reading("after the wait"))
		w.Pass(time.Hour)
		w.Key(t, admin.Secret, reading("an hour later"))
	})
}

func TestRotationsRevocationsAndTokensAreNeverRefusedForTheKeysOfTheHour(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "ENTERPRISE")
	revokedKeys(t, w, o.ID, admin, keys.MaxKeysPerHour-2)
	last := w.Key(t, admin.Secret, reading("bot"))
	_, err := w.Keys.Create(t.Context(), w.By(t, admin.Secret), reading("next"))
	if got := keystest.Condition(err); got != api.QuotaKeys {
		t.Fatalf("got %q (%v)", got, err)
	}
	rotated, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), last.ID, "", false)
	must(t, err)
	derive(t, w, rotated.Secret, "")
	_, err = w.Keys.Revoke(t.Context(), w.By(t, admin.Secret), last.ID)
	must(t, err)
}

func TestAnImportIsNotBoundByTheHour(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "balla")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "PRO")
	i := startImport(t, w, keys.ImportOptions{OverCap: true})
	for n := range keys.MaxKeysPerHour + 5 {
		row := export(n)
		row.CreatedAt = ""
		importRows(t, i, row)
	}
	w.Key(t, admin.Secret, keys.Spec{Name: "manages", Scopes: []string{"keys:read"}}) // and leaves the hour to others
}
