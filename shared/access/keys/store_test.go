package keys_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
)

// onBoth runs a test on the embedded engine and on DynamoDB Local.
func onBoth(t *testing.T, prove func(t *testing.T, keysTable table.Table)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) { prove(t, keystest.Memory(t)) })
	t.Run("dynamodb", func(t *testing.T) { prove(t, dynamolocal.Tables(t, table.Keys)["keys"]) })
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

func reading(name string) keys.Spec { return keys.Spec{Name: name, Scopes: []string{"read:matches"}} }

func authenticate(t *testing.T, w *keystest.Fixture, secret, want string) {
	t.Helper()
	_, err := w.Keys.Authenticate(t.Context(), secret)
	if got := keystest.Condition(err); got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

func TestCapIsExactUnder20ConcurrentCreates(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "statgate")
		o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "PRO")
		got := runConcurrently(20, func(i int) error {
			_, err := w.Keys.Create(context.Background(), w.By(t, admin.Secret), reading(fmt.Sprint("bot ", i)))
			return err
		})
		if got[""] != 3 || got[api.ConflictCap] != 17 {
			t.Errorf("got %v, want 3 keys and 17 refusals by the cap", got)
		}
		all, _, err := w.Keys.List(t.Context(), w.By(t, admin.Secret), keys.Filter{Limit: 100})
		if err != nil || len(all) != 4 { // with the admin key, which the cap does not count
			t.Errorf("got %d keys (%v), want 4", len(all), err)
		}
		if got, want := len(w.Entries(t, o.ID)), 5; got != want { // org, admin key, three keys
			t.Errorf("got %d audit entries, want %d", got, want)
		}
	})
}

func TestCapOfManagementKeysIsExactUnder20ConcurrentCreatesAndFreedByARevocation(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "statgate")
		o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "FREE")
		managing := func() (keys.Minted, error) {
			return w.Keys.Create(context.Background(), w.By(t, admin.Secret), keys.Spec{Name: "manages", Scopes: []string{"keys:read"}})
		}
		const before = 16 // with the admin key
		for range before - 1 {
			if _, err := managing(); err != nil {
				t.Fatal(err)
			}
		}
		got := runConcurrently(20, func(int) error { _, err := managing(); return err })
		if want := keys.MaxManagementKeys - before; got[""] != want || got[api.ConflictCap] != 20-want {
			t.Errorf("got %v, want %d keys and %d refusals by the cap", got, want, 20-want)
		}
		client := w.Key(t, admin.Secret, reading("client")) // the plan's one, which management keys do not count against
		_, _, err := w.Keys.Update(t.Context(), w.By(t, admin.Secret), client.ID, keys.Edit{Scopes: []string{"keys:read"}})
		if got := keystest.Condition(err); got != api.ConflictCap {
			t.Errorf("a client key that becomes a management key: got %q (%v)", got, err)
		}
		all, _, err := w.Keys.List(t.Context(), w.By(t, admin.Secret), keys.Filter{Limit: 100})
		if err != nil || len(all) != keys.MaxManagementKeys+1 {
			t.Fatalf("got %d keys (%v), want %d", len(all), err, keys.MaxManagementKeys+1)
		}
		for _, k := range all {
			if k.Name == "manages" {
				if _, err := w.Keys.Revoke(t.Context(), w.By(t, admin.Secret), k.ID); err != nil {
					t.Fatal(err)
				}
				break
			}
		}
		if _, err := managing(); err != nil {
			t.Errorf("organisation %s, after a revocation: got %v", o.ID, err)
		}
	})
}

func TestRepeatedIdempotencyKeyNeverMakesASecondKey(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "statgate")
		_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "ENTERPRISE")
		create := func(name string) (keys.Minted, error) {
			r := w.By(t, admin.Secret)
			r.IdempotencyKey = "once"
			return w.Keys.Create(context.Background(), r, reading(name))
		}
		got := runConcurrently(10, func(i int) error { _, err := create(fmt.Sprint("bot ", i)); return err })
		if got[""] != 1 || got[api.ConflictRepeat] != 9 {
			t.Errorf("got %v, want one key and 9 repeats", got)
		}
		_, err := create("another")
		details, _ := json.Marshal(api.ErrorOf(err).Details)
		all, _, _ := w.Keys.List(t.Context(), w.By(t, admin.Secret), keys.Filter{Limit: 100})
		if want := fmt.Sprintf(`{"key":%q}`, all[0].ID); len(all) != 2 || string(details) != want {
			t.Errorf("got details %s and %d keys, want %s and 2", details, len(all), want)
		}
		w.Pass(25 * time.Hour)
		if _, err := create("the day after"); err != nil {
			t.Errorf("a day later: %v", err)
		}
	})
}

func TestConcurrentRotationsLeaveOneSecret(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "statgate")
		_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "PRO")
		bot := w.Key(t, admin.Secret, reading("bot"))
		secrets := make([]string, 8)
		got := runConcurrently(len(secrets), func(i int) error {
			rotated, err := w.Keys.Rotate(context.Background(), w.By(t, admin.Secret), bot.ID, "0s", false)
			secrets[i] = rotated.Secret
			return err
		})
		if got[""] != len(secrets) {
			t.Errorf("got %v, want %d rotations", got, len(secrets))
		}
		alive := 0
		for _, secret := range append(secrets, bot.Secret) {
			if _, err := w.Keys.Authenticate(t.Context(), secret); err == nil {
				alive++
			}
		}
		if alive != 1 {
			t.Errorf("got %d secrets alive, want 1", alive)
		}
	})
}

func TestOneOfTwoOverlappingRotationsIsRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "statgate")
		_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "PRO")
		bot := w.Key(t, admin.Secret, reading("bot"))
		got := runConcurrently(6, func(int) error {
			_, err := w.Keys.Rotate(context.Background(), w.By(t, admin.Secret), bot.ID, "1h", false)
			return err
		})
		if got[""] != 1 || got[api.ConflictRotation] != 5 {
			t.Errorf("got %v, want one rotation and 5 refusals", got)
		}
		authenticate(t, w, bot.Secret, "")
	})
}

func TestSecretsAndMACsAreNowhereInTheAuditTrailOrTheKey(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "PRO")
	bot := w.Key(t, admin.Secret, reading("bot"))
	rotated, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), bot.ID, "1h", false)
	if err != nil {
		t.Fatal(err)
	}
	var stored []table.Item
	for _, partition := range []string{"ORG#" + o.ID, "AUDIT#" + o.ID, "ACTOR#" + o.ID + "#" + admin.ID,
		"SECRET#" + apikey.ID(bot.Secret), "SECRET#" + apikey.ID(rotated.Secret), "KEY#" + bot.ID} {
		page, err := w.Table.Query(t.Context(), table.Query{Partition: partition, Consistent: true})
		if err != nil || len(page.Items) == 0 {
			t.Fatalf("%s: %d items, %v", partition, len(page.Items), err)
		}
		stored = append(stored, page.Items...)
	}
	raw, err := json.Marshal(stored)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{admin.Secret, bot.Secret, rotated.Secret} {
		if strings.Contains(string(raw), strings.TrimPrefix(secret, "sg_live_")) {
			t.Errorf("the secret of %s... is stored", secret[:10])
		}
	}
	for _, it := range stored {
		if sort := it.Str("sk"); sort != "SECRET" {
			if text, _ := json.Marshal(it); strings.Contains(string(text), `"mac"`) {
				t.Errorf("item %s has a MAC", sort)
			}
		}
	}
}

func TestExpiredKeysFreeTheirPlaceAndAreRenewedOnlyWithinTheCap(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "FREE")
	hour := "1h"
	spec := reading("first")
	spec.ExpiresIn = &hour
	first := w.Key(t, admin.Secret, spec)
	create := func(want string) {
		t.Helper()
		_, err := w.Keys.Create(t.Context(), w.By(t, admin.Secret), reading("next"))
		if got := keystest.Condition(err); got != want {
			t.Errorf("got %q (%v), want %q", got, err, want)
		}
	}
	update := func(id string, e keys.Edit, want string) {
		t.Helper()
		_, _, err := w.Keys.Update(t.Context(), w.By(t, admin.Secret), id, e)
		if got := keystest.Condition(err); got != want {
			t.Errorf("got %q (%v), want %q", got, err, want)
		}
	}
	renew := keys.Edit{ExpiresIn: api.Nullable[string]{Sent: true, Value: "1d"}}
	create(api.ConflictCap)
	w.Pass(time.Hour)
	authenticate(t, w, first.Secret, api.SecretExpired)
	if _, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), first.ID, "", false); keystest.Condition(err) != api.ConflictFinal || !strings.Contains(err.Error(), "a later expiry") {
		t.Errorf("rotating an expired key: got %v, want a refusal that says what helps", err)
	}
	update(first.ID, renew, "") // a place is free
	authenticate(t, w, first.Secret, "")
	w.Pass(24 * time.Hour)
	create("")
	update(first.ID, renew, api.ConflictCap) // the cap is reached
	second := w.Key(t, admin.Secret, keys.Spec{Name: "manages", Scopes: []string{"keys:read"}})
	update(second.ID, keys.Edit{Scopes: []string{"read:teams"}}, api.ConflictCap)
	update(second.ID, keys.Edit{Scopes: []string{"keys:read", "read:teams"}}, api.ConflictCap)
}

func TestSmallerPlanKeepsKeysAndRefusesNewOnes(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	root := w.Bootstrap(t).Secret
	o, _, admin := w.Org(t, root, "north", "PRO")
	first, second := w.Key(t, admin.Secret, reading("one")), w.Key(t, admin.Secret, reading("two"))
	free := "FREE"
	if _, err := w.Orgs.Update(t.Context(), w.By(t, root), o.ID, orgs.Edit{Plan: &free}); err != nil {
		t.Fatal(err)
	}
	authenticate(t, w, first.Secret, "")
	authenticate(t, w, second.Secret, "")
	_, err := w.Keys.Create(t.Context(), w.By(t, admin.Secret), reading("three"))
	if got := keystest.Condition(err); got != api.ConflictCap || !strings.Contains(err.Error(), "FREE") {
		t.Errorf("got %v, want a refusal that names FREE", err)
	}
	c, err := w.Keys.Authenticate(t.Context(), first.Secret)
	if err != nil || c.Limits["requests"].Limit != 100 || c.Plan != "FREE" {
		t.Errorf("got %+v (%v), want FREE's 100 calls", c, err)
	}
}

func TestSecretIsRefusedByTheReasonThatEndedIt(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "PRO")
	bot := w.Key(t, admin.Secret, reading("bot"))
	other := keystest.New(t, keystest.Memory(t), "statgate")
	foreign := other.Bootstrap(t).Secret
	for _, c := range []struct{ name, secret, want string }{
		{"good", bot.Secret, ""},
		{"mistyped", bot.Secret[:len(bot.Secret)-1] + flip(bot.Secret[len(bot.Secret)-1]), api.SecretMalformed},
		{"nothing like it", "Bearer", api.SecretMalformed},
		{"of another root", foreign, api.SecretMalformed},
		{"of another environment", "sg_test_" + strings.TrimPrefix(bot.Secret, "sg_live_"), api.SecretEnvironment},
	} {
		t.Run(c.name, func(t *testing.T) { authenticate(t, w, c.secret, c.want) })
	}
	rotated, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), bot.ID, "1h", false)
	if err != nil {
		t.Fatal(err)
	}
	authenticate(t, w, bot.Secret, "")
	w.Pass(time.Hour + time.Second)
	authenticate(t, w, bot.Secret, api.SecretExpired)
	authenticate(t, w, rotated.Secret, "")
	if _, err := w.Keys.Revoke(t.Context(), w.By(t, admin.Secret), bot.ID); err != nil {
		t.Fatal(err)
	}
	authenticate(t, w, rotated.Secret, api.SecretRevoked)
	if _, err := w.Keys.Resolve(t.Context(), "000000000000000000000000"); keystest.Condition(err) != api.SecretUnknown {
		t.Errorf("got %v, want unknown", err)
	}
}

func flip(c byte) string {
	if c == 'a' {
		return "b"
	}
	return "a"
}

func TestSecretOfADeploymentWithoutTagIsUnknownNotMalformed(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "balla")
	w.Bootstrap(t)
	authenticate(t, w, "balla_sk_"+strings.Repeat("0", 64), api.SecretUnknown)
}

func TestOldSecretsOutliveAnAddedPepperAndAreMACedAgain(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	root := w.Bootstrap(t)
	w.Peppers.Rotate(t)
	w.Pass(2 * time.Minute)
	version := func() string {
		t.Helper()
		it, err := w.Table.Get(t.Context(), table.Key{Partition: "SECRET#" + apikey.ID(root.Secret), Sort: "SECRET"}, true)
		if err != nil {
			t.Fatal(err)
		}
		return it.Str("pepper")
	}
	if got := version(); got != "1" {
		t.Fatalf("before it was seen: got pepper %q, want 1", got)
	}
	for range 2 {
		authenticate(t, w, root.Secret, "")
		if got := version(); got != "2" {
			t.Errorf("after it was seen: got pepper %q, want 2", got)
		}
	}
}

func TestUnknownPepperVersionIsUnavailableNever401(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "balla") // no tag, so the MAC of the secret is checked
	root := w.Bootstrap(t)
	at := table.Key{Partition: "SECRET#" + apikey.ID(root.Secret), Sort: "SECRET"}
	if _, err := w.Table.Write(t.Context(), table.Update(at, []table.Action{table.Set("pepper", "7")})); err != nil {
		t.Fatal(err)
	}
	authenticate(t, w, root.Secret, api.Unavailable)
}

func TestAnotherPepperUnderTheSameVersionProvesNothing(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "balla")
	root := w.Bootstrap(t)
	w.Peppers.Set(t)
	w.Pass(2 * time.Minute)
	authenticate(t, w, root.Secret, api.SecretUnknown)
}

func TestBootstrapHappensOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "statgate")
		var mu sync.Mutex
		made, refused := 0, 0
		runConcurrently(5, func(int) error {
			_, _, _, err := w.Keys.Bootstrap(context.Background(), w.Now(), "Statgate", "root@example.com")
			mu.Lock()
			defer mu.Unlock()
			switch err {
			case nil:
				made++
			case keys.ErrBootstrapped:
				refused++
			default:
				t.Error(err)
			}
			return err
		})
		if made != 1 || refused != 4 {
			t.Errorf("got %d made and %d refused, want 1 and 4", made, refused)
		}
		recovered, err := w.Keys.Recover(t.Context(), w.Now())
		if err != nil {
			t.Fatal(err)
		}
		c, err := w.Keys.Authenticate(t.Context(), recovered.Secret)
		if err != nil || !c.Operator() || len(c.Limits) != 0 {
			t.Fatalf("got %+v, %v, want an unmetered operator", c, err)
		}
		e := w.Entries(t, c.Org)[0]
		if e.Action != "key.recover" || e.Method != "recovery" || e.Actor.Key != nil || e.Target != recovered.ID {
			t.Errorf("got %+v, want the recovery of %s", e, recovered.ID)
		}
	})
}

func TestRecoverFailsWithoutAnOperator(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	if _, err := w.Keys.Recover(t.Context(), w.Now()); err != keys.ErrNotBootstrapped {
		t.Errorf("got %v, want %v", err, keys.ErrNotBootstrapped)
	}
}

func TestKeysAreListedNewestFirstPageByPage(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "ENTERPRISE")
	var want []string
	for i := range 7 {
		m := w.Key(t, admin.Secret, reading(fmt.Sprint("bot ", i)))
		if i%2 == 1 {
			if _, err := w.Keys.Revoke(t.Context(), w.By(t, admin.Secret), m.ID); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want = append([]string{m.ID}, want...)
	}
	want = append(want, admin.ID)
	for _, limit := range []int{1, 2, 5, 100} {
		var got []string
		for after := ""; ; {
			page, next, err := w.Keys.List(t.Context(), w.By(t, admin.Secret), keys.Filter{State: keys.Active, Limit: limit, After: after})
			if err != nil || len(page) == 0 {
				t.Fatalf("limit %d: page of %d, %v", limit, len(page), err)
			}
			for _, k := range page {
				got = append(got, k.ID)
			}
			if after = next; next == "" {
				break
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("limit %d: got %v, want %v", limit, got, want)
		}
	}
}

// An instance that has read the peppers once keeps using them; this one never has.
func TestUnreadablePeppersAreUnavailable(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	good := w.Bootstrap(t).Secret
	by := w.By(t, good)
	unreadable := keys.New(keys.Options{Table: w.Table, Gates: w.Gate, Contract: w.Contract, Environment: w.Contract.Environments[0],
		Now: w.Now, Rand: rand.Reader, Peppers: apikey.NewPepperSource(func(context.Context) ([]byte, error) {
			return nil, errors.New("access denied")
		}, w.Now)})
	for name, secret := range map[string]string{"a good secret": good, "a forged one": good[:len(good)-1] + "0"} {
		if _, err := unreadable.Authenticate(t.Context(), secret); keystest.Condition(err) != api.Unavailable {
			t.Errorf("%s: got %v, want unavailable: the secret can be neither proved nor refused", name, err)
		}
	}
	if _, err := unreadable.Create(t.Context(), by, keys.Spec{Name: "k", Scopes: w.Management()}); keystest.Condition(err) != api.Unavailable {
		t.Errorf("creating: got %v, want unavailable", err)
	}
	listed, _, err := w.Keys.List(t.Context(), by, keys.Filter{Limit: 10})
	if err != nil || len(listed) != 1 {
		t.Errorf("got %d keys, %v, want the operator's alone", len(listed), err)
	}
}
