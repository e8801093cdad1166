package keys_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
	"statgate/shared/table/tabletest"
)

// oldSecret is a secret of the other system, for a contract whose secrets have no tag.
func oldSecret(i int) string { return fmt.Sprintf("balla_sk_%064x", 0xbadcafe00+i) }

// export is a key as the other system exports it.
func export(i int) keys.Foreign {
	secret := oldSecret(i)
	return keys.Foreign{SHA256: apikey.Hash(secret), Prefix: "balla_sk_", LastFour: secret[len(secret)-4:], Name: fmt.Sprint("old ", i),
		Org: "north", Owner: "owner@north.example", Scopes: []string{"matches"}}
}

// startImport starts an import.
func startImport(t *testing.T, w *keystest.Fixture, o keys.ImportOptions) *keys.Import {
	t.Helper()
	o.Now = func() time.Time { w.Pass(time.Millisecond); return w.Now() }
	o.Organisations = func(ctx context.Context, after string) ([]orgs.Org, string, error) {
		return w.Orgs.List(ctx, &api.Caller{Role: api.RoleOperator}, 1, after)
	}
	i, err := w.Keys.NewImport(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// importRows imports rows, which must succeed, and counts the results.
func importRows(t *testing.T, i *keys.Import, rows ...keys.Foreign) map[string]int {
	t.Helper()
	got := map[string]int{}
	for n, row := range rows {
		outcome, err := i.Row(t.Context(), n+1, row)
		if err != nil {
			t.Fatalf("row %d: %v", n+1, err)
		}
		got[outcome]++
	}
	return got
}

// all returns an organisation's keys by name.
func all(t *testing.T, w *keystest.Fixture, by string) map[string]keys.Key {
	t.Helper()
	found, _, err := w.Keys.List(t.Context(), w.By(t, by), keys.Filter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]keys.Key{}
	for _, k := range found {
		named[k.Name] = k
	}
	return named
}

func TestAnImportedSecretWorksImmediatelyAndMovesUnderThePepper(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "balla")
		o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
		if got := importRows(t, startImport(t, w, keys.ImportOptions{}), export(1), export(2)); got[keys.Imported] != 2 {
			t.Fatalf("got %v, want 2 imported", got)
		}
		listed := all(t, w, admin.Secret)
		if k := listed["old 1"]; k.Hash != "sha256" || k.State != keys.Active || k.Prefix != "balla_sk_" || !strings.HasSuffix(oldSecret(1), k.LastFour) || k.LastFour == "" {
			t.Errorf("before its first use: got %+v", k)
		}
		if got := listed["admin"].Hash; got != "hmac" {
			t.Errorf("a key that was made here: got hash %q", got)
		}
		c, err := w.Keys.Authenticate(t.Context(), oldSecret(1))
		if err != nil || c.Org != o.ID || !reflect.DeepEqual(c.Scopes, []string{"matches"}) {
			t.Fatalf("got %+v, %v", c, err)
		}
		it, err := w.Table.Get(t.Context(), table.Key{Partition: "SECRET#" + apikey.ID(oldSecret(1)), Sort: "SECRET"}, true)
		if err != nil || it.Str("sha256") != "" || it.Str("mac") == "" || it.Str("pepper") != "1" {
			t.Errorf("after its first use: got %v, %v", it, err)
		}
		authenticate(t, w, oldSecret(1), "")
		if after := all(t, w, admin.Secret); after["old 1"].Hash != "hmac" || after["old 2"].Hash != "sha256" {
			t.Errorf("got hashes %q and %q, want hmac and sha256", after["old 1"].Hash, after["old 2"].Hash)
		}
		one, err := w.Keys.Get(t.Context(), w.By(t, admin.Secret), listed["old 2"].ID)
		if err != nil || one.Hash != "sha256" {
			t.Errorf("alone: got %q, %v, want sha256", one.Hash, err)
		}
		if e := w.Entries(t, o.ID)[0]; e.Action != "key.import" || e.Method != "command" || e.Actor.Key != nil || e.Target != listed["old 2"].ID {
			t.Errorf("audit: got %+v", e)
		}
	})
}

func TestASecretThatWasTriedBeforeItsImportIsAcceptedFiveSecondsLater(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "balla")
		w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
		authenticate(t, w, oldSecret(1), api.SecretUnknown)
		if got := importRows(t, startImport(t, w, keys.ImportOptions{}), export(1), export(2)); got[keys.Imported] != 2 {
			t.Fatalf("got %v, want 2 imported", got)
		}
		authenticate(t, w, oldSecret(2), "") // it was not tried before
		w.Pass(5 * time.Second)
		authenticate(t, w, oldSecret(1), "")
	})
}

func TestOtherSecretsAreNotProvedByAnImportedHash(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "balla")
	w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	importRows(t, startImport(t, w, keys.ImportOptions{}), export(1))
	at := table.Key{Partition: "SECRET#" + apikey.ID(oldSecret(1)), Sort: "SECRET"}
	// The id matches, the rest of the hash does not.
	otherHash := apikey.ID(oldSecret(1)) + strings.Repeat("0", 40)
	if _, err := w.Table.Write(t.Context(), table.Update(at, []table.Action{table.Set("sha256", otherHash)})); err != nil {
		t.Fatal(err)
	}
	authenticate(t, w, oldSecret(1), api.SecretUnknown)
	authenticate(t, w, oldSecret(2), api.SecretUnknown)
}

func TestHashProvesNoSecretOfAContractWithTags(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "PRO")
	bot := w.Key(t, admin.Secret, reading("bot"))
	at := table.Key{Partition: "SECRET#" + apikey.ID(bot.Secret), Sort: "SECRET"}
	if _, err := w.Table.Write(t.Context(), table.Update(at, []table.Action{table.Set("sha256", apikey.Hash(bot.Secret)), table.Remove("mac")})); err != nil {
		t.Fatal(err)
	}
	authenticate(t, w, bot.Secret, api.SecretUnknown)
	row := export(1)
	row.Scopes = []string{"read:matches"}
	_, err := startImport(t, w, keys.ImportOptions{DryRun: true}).Row(t.Context(), 1, row)
	if refused := (keys.Refusal{}); !errors.As(err, &refused) || !strings.Contains(err.Error(), "tag") {
		t.Errorf("got %v, want a refusal that names the tag", err)
	}
}

func TestOf32FirstCallsWithOneImportedSecretAllPassAndOneMovesIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		faulty := tabletest.NewFaulty(keysTable)
		w := keystest.New(t, faulty, "balla")
		w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
		importRows(t, startImport(t, w, keys.ImportOptions{}), export(1))
		// All read the item before the first writes it.
		var moved moves
		w.Keys = keys.New(keys.Options{Table: &moved, Gates: w.Gate, Peppers: w.Peppers, Contract: w.Contract,
			Environment: w.Contract.Environments[0], Now: w.Now})
		moved.Table, moved.read = faulty, make(chan struct{})
		moved.waiting.Store(32)
		got := runConcurrently(32, func(int) error { _, err := w.Keys.Authenticate(context.Background(), oldSecret(1)); return err })
		if got[""] != 32 {
			t.Errorf("got %v, want 32 callers", got)
		}
		if won, lost := moved.won.Load(), moved.lost.Load(); won != 1 || lost != 31 {
			t.Errorf("%d writes went through and %d were refused, want 1 and 31", won, lost)
		}
		authenticate(t, w, oldSecret(1), "")
	})
}

func TestSameExportTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		faulty := tabletest.NewFaulty(keysTable)
		w := keystest.New(t, faulty, "balla")
		w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
		rows := []keys.Foreign{export(1), export(2), export(3)}
		rows[1].Org, rows[1].Owner = "east", "o@east.example"
		rows[2].State, rows[2].RevokedAt = keys.Revoked, "2026-02-01T00:00:00Z"
		options := keys.ImportOptions{CreateOrgs: true}
		importRows(t, startImport(t, w, options), rows...)
		before := len(faulty.Calls())
		if got := importRows(t, startImport(t, w, options), rows...); got[keys.Present] != 3 {
			t.Errorf("got %v, want 3 present", got)
		}
		for _, c := range faulty.Calls()[before:] {
			if len(c.Writes) > 0 {
				t.Errorf("the second time wrote %v", c.Keys)
			}
		}
		authenticate(t, w, oldSecret(2), "")
		authenticate(t, w, oldSecret(3), api.SecretRevoked)
	})
}

// A batch may read a secret's item without its marker while another import commits both.
func TestARowWhoseMarkerIsNotYetVisibleIsPresent(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "balla")
	w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	importRows(t, startImport(t, w, keys.ImportOptions{}), export(1))
	marker := table.Key{Partition: "SECRET#" + apikey.ID(oldSecret(1)), Sort: "IMPORTED"}
	if it, err := w.Table.Get(t.Context(), marker, true); err != nil || it == nil {
		t.Fatalf("got %v, %v, want the marker", it, err)
	}
	if _, err := w.Table.Write(t.Context(), table.Delete(marker)); err != nil {
		t.Fatal(err)
	}
	if got := importRows(t, startImport(t, w, keys.ImportOptions{}), export(1)); got[keys.Present] != 1 {
		t.Errorf("got %v, want 1 present", got)
	}
}

func TestAReplacedSecretIsNotImportedAgain(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "balla")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	importRows(t, startImport(t, w, keys.ImportOptions{}), export(1))
	id := all(t, w, admin.Secret)["old 1"].ID
	rotated, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), id, "0s", false)
	if err != nil || rotated.Hash != "hmac" {
		t.Fatalf("got hash %q, %v, want hmac", rotated.Hash, err)
	}
	// As the table does when the item's TTL expires.
	at := table.Key{Partition: "SECRET#" + apikey.ID(oldSecret(1)), Sort: "SECRET"}
	if _, err := w.Table.Write(t.Context(), table.Delete(at)); err != nil {
		t.Fatal(err)
	}
	if got := importRows(t, startImport(t, w, keys.ImportOptions{}), export(1)); got[keys.Present] != 1 {
		t.Errorf("got %v, want it present", got)
	}
	authenticate(t, w, oldSecret(1), api.SecretUnknown)
}

// invalidRows are rows that are refused, by a part of the refusal; nil is a secret that this
// deployment made.
var invalidRows = map[string]func(*keys.Foreign){
	"bcrypt is a salted hash":                     func(f *keys.Foreign) { f.SHA256 = "$2b$12$abcdefghijklmnopqrstuv" },
	"argon2 is a salted hash":                     func(f *keys.Foreign) { f.SHA256 = "$argon2id$v=19$m=65536" },
	"scrypt is a salted hash":                     func(f *keys.Foreign) { f.SHA256 = "$scrypt$ln=16" },
	"PBKDF2 is a salted hash":                     func(f *keys.Foreign) { f.Algorithm = "pbkdf2-sha256" },
	"must be sha256, of the whole":                func(f *keys.Foreign) { f.Algorithm = "sha512" },
	"64 hex digits":                               func(f *keys.Foreign) { f.SHA256 = f.SHA256[1:] },
	"contract balla, with balla_sk_":              func(f *keys.Foreign) { f.Prefix = "other_" },
	"what follows balla_sk_ must be hex":          func(f *keys.Foreign) { f.Prefix = "balla_sk_XY" },
	"last_four: must be hex":                      func(f *keys.Foreign) { f.LastFour = "wxyz" },
	"must have at most 4 characters":              func(f *keys.Foreign) { f.LastFour = "abcde" },
	"longer than the contract's":                  func(f *keys.Foreign) { f.Prefix = "balla_sk_" + strings.Repeat("a", 61) },
	"unknown scope \"fly\"":                       func(f *keys.Foreign) { f.Scopes = []string{"fly"} },
	"name: must not contain the character U+000A": func(f *keys.Foreign) { f.Name = "a\nb" },
	"plan: must be one of":                        func(f *keys.Foreign) { f.Plan = "GOLD" },
	"the organisation is on PRO":                  func(f *keys.Foreign) { f.Plan = "TEAM" },
	"must be one of active":                       func(f *keys.Foreign) { f.State = "dormant" },
	"but revoked_at is given":                     func(f *keys.Foreign) { f.State, f.RevokedAt = "active", "2026-01-01T00:00:00Z" },
	"expires_at is in the future":                 func(f *keys.Foreign) { f.State, f.ExpiresAt = "expired", "2026-06-01T00:00:00Z" },
	"expires_at: must be at most 365d":            func(f *keys.Foreign) { f.ExpiresAt = "2028-01-01T00:00:00Z" },
	"expires_at: must be a time":                  func(f *keys.Foreign) { f.ExpiresAt = "next year" },
	"expires_at: year must be 1971–9999":          func(f *keys.Foreign) { f.ExpiresAt = "9999-12-31T23:59:59-12:00" },
	"created_at: must not be in the future":       func(f *keys.Foreign) { f.CreatedAt = "2027-01-01T00:00:00Z" },
	"org: is required":                            func(f *keys.Foreign) { f.Org = "" },
	"no such organisation; use --create-orgs":     func(f *keys.Foreign) { f.Org = "west" },
	"no such member of the":                       func(f *keys.Foreign) { f.Owner = "unknown@north.example" },
	"owner: must be an email address":             func(f *keys.Foreign) { f.Owner = "unknown" },
	"owner has the role member":                   func(f *keys.Foreign) { f.Owner, f.Scopes = "m@north.example", []string{"write"} },
	"role: must be one of owner, admin":           func(f *keys.Foreign) { f.Role = "god" },
	"same secret as in line 1":                    func(f *keys.Foreign) { *f = export(0) },
	"created by this deployment, for key":         nil,
}

func TestRefusedRowsSayWhyAndChangeNothing(t *testing.T) {
	t.Parallel()
	for want, spoil := range invalidRows {
		w := keystest.New(t, keystest.Memory(t), "balla")
		o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "PRO")
		if _, err := w.Orgs.AddMember(t.Context(), w.By(t, admin.Secret), o.ID, "m@north.example", "member"); err != nil {
			t.Fatal(err)
		}
		row := export(1)
		if spoil == nil {
			row.SHA256 = apikey.Hash(admin.Secret)
		} else {
			spoil(&row)
		}
		for _, dry := range []bool{true, false} {
			i := startImport(t, w, keys.ImportOptions{DryRun: dry})
			if _, err := i.Row(t.Context(), 1, export(0)); err != nil {
				t.Fatal(err)
			}
			before := len(w.Entries(t, o.ID))
			_, err := i.Row(t.Context(), 2, row)
			if refused := (keys.Refusal{}); !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
				t.Errorf("dry %v: got %v, want %q", dry, err, want)
			}
			if err != nil && strings.Contains(err.Error(), row.SHA256) && row.SHA256 != "" {
				t.Errorf("the reason contains the hash: %v", err)
			}
			if after := len(w.Entries(t, o.ID)); after != before {
				t.Errorf("%s: %d entries were written", want, after-before)
			}
		}
	}
}

func TestImportedGameKeyWaitsForTheApprovalOfItsGame(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "teambattles")
	o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "GAME")
	secret := fmt.Sprintf("tb_%064x", 0xbadcafe)
	row := keys.Foreign{SHA256: apikey.Hash(secret), Org: "north", Owner: "owner@north.example",
		Scopes: []string{"matches.user_matches:read", "game.scores:write"}}
	i := startImport(t, w, keys.ImportOptions{})
	if _, err := i.Row(t.Context(), 1, row); err == nil || !strings.Contains(err.Error(), "game: is required") {
		t.Errorf("without its game: got %v", err)
	}
	row.Game = "rally"
	importRows(t, i, row)
	granted := func() []string {
		c, err := w.Keys.Authenticate(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		if c.Game != "rally" {
			t.Errorf("the key is bound to %q, want rally", c.Game)
		}
		return c.Permissions
	}
	if got, want := granted(), []string{"history.user:read"}; !slices.Equal(got, want) {
		t.Errorf("before the approval: got %v, want %v", got, want)
	}
	if _, err := w.Table.Write(t.Context(), table.Update(orgs.Key(o.ID), []table.Action{table.Set("approvals", orgs.Approval("game", "rally"))})); err != nil {
		t.Fatal(err)
	}
	if got, want := granted(), []string{"history.user:read", "scores:write"}; !slices.Equal(got, want) {
		t.Errorf("after the approval: got %v, want %v", got, want)
	}
	if k := all(t, w, admin.Secret)["Imported"]; k.Game == nil || *k.Game != "rally" {
		t.Errorf("the list shows the game %v, want rally", k.Game)
	}
}

func TestTheCapAppliesToImportsUnlessOverridden(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "balla")
		_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "PRO")
		ended := export(9)
		ended.State = keys.Expired
		for _, dry := range []bool{true, false} {
			i := startImport(t, w, keys.ImportOptions{DryRun: dry})
			importRows(t, i, export(1), export(2), export(3), ended)
			if _, err := i.Row(t.Context(), 5, export(4)); err == nil || !strings.Contains(err.Error(), "plan PRO allows 3 active client keys") {
				t.Errorf("dry %v: the fourth: got %v", dry, err)
			}
			if got, want := len(all(t, w, admin.Secret)), map[bool]int{true: 1, false: 5}[dry]; got != want {
				t.Errorf("dry %v: got %d keys, want %d", dry, got, want)
			}
		}
		importRows(t, startImport(t, w, keys.ImportOptions{OverCap: true}), export(4))
		authenticate(t, w, oldSecret(4), "")
		authenticate(t, w, oldSecret(9), api.SecretExpired)
		_, err := w.Keys.Create(t.Context(), w.By(t, admin.Secret), keys.Spec{Name: "fifth", Scopes: []string{"matches"}})
		if got := keystest.Condition(err); got != api.ConflictCap {
			t.Errorf("a key made here beyond the cap: got %q", got)
		}
	})
}

func TestAnImportCountsMembersAndAddsNoneBeyondTheMaximum(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "balla")
	o, _, _ := w.Org(t, w.Bootstrap(t).Secret, "north", "ENTERPRISE")
	i := startImport(t, w, keys.ImportOptions{CreateOrgs: true})
	row := func(n int, org string) keys.Foreign {
		f := export(n)
		f.Org, f.Owner, f.Plan = org, fmt.Sprintf("m%d@north.example", n), ""
		return f
	}
	importRows(t, i, row(1, o.ID), row(2, o.ID), row(3, "new"), row(4, "new"))
	var made string
	for after, first := "", true; first || after != ""; first = false {
		page, err := w.Table.Query(t.Context(), table.Query{Index: "list", Partition: "ORGS", After: after})
		must(t, err)
		for _, it := range page.Items {
			if it.Str("name") == "new" {
				made = it.Str("id")
			}
		}
	}
	for org, want := range map[string]int64{o.ID: 3, made: 2} {
		if it, err := w.Table.Get(t.Context(), orgs.Key(org), true); err != nil || it.Int("members") != want {
			t.Errorf("%s: got %d members counted, %v, want %d", org, it.Int("members"), err, want)
		}
	}
	_, err := w.Table.Write(t.Context(), table.Update(orgs.Key(o.ID), []table.Action{table.Set("members", int64(orgs.MaxMembers))}))
	must(t, err)
	if _, err := startImport(t, w, keys.ImportOptions{CreateOrgs: true}).Row(t.Context(), 1, row(5, o.ID)); err == nil || !strings.Contains(err.Error(), "500 members, the maximum") {
		t.Errorf("one member too many: got %v", err)
	}
	importRows(t, startImport(t, w, keys.ImportOptions{CreateOrgs: true}), func() keys.Foreign { f := row(6, o.ID); f.Owner = "m1@north.example"; return f }())
}

func TestTheCapOfManagementKeysAppliesToImportsUnlessOverridden(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "balla")
	w.Org(t, w.Bootstrap(t).Secret, "north", "PRO")
	managing := func(i int) keys.Foreign {
		row := export(i)
		row.Scopes = []string{"keys:read"}
		return row
	}
	i := startImport(t, w, keys.ImportOptions{})
	for n := range keys.MaxManagementKeys - 1 { // one exists already
		importRows(t, i, managing(n))
	}
	last := managing(keys.MaxManagementKeys)
	if _, err := i.Row(t.Context(), 1, last); err == nil || !strings.Contains(err.Error(), "25 active management keys") || !strings.Contains(err.Error(), "--over-cap") {
		t.Errorf("one too many: got %v", err)
	}
	importRows(t, startImport(t, w, keys.ImportOptions{OverCap: true}), last)
	authenticate(t, w, oldSecret(keys.MaxManagementKeys), "")
}

func TestMissingOrganisationsAndMembersAreMadeWithTheirFirstKey(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "balla")
		w.Bootstrap(t)
		rows := make([]keys.Foreign, 4)
		for n := range rows {
			rows[n] = export(n)
			rows[n].Org, rows[n].Owner, rows[n].Plan = "east", fmt.Sprintf("O%d@east.example", n%2), "TEAM"
		}
		rows[3].Owner = "o1@EAST.example"
		options := keys.ImportOptions{CreateOrgs: true}
		dry := options
		dry.DryRun = true
		importRows(t, startImport(t, w, dry), rows...)
		got := runConcurrently(2, func(int) error { // two concurrent imports make one organisation
			i := startImport(t, w, options)
			for n, row := range rows {
				if _, err := i.Row(context.Background(), n+1, row); err != nil {
					return err
				}
			}
			return nil
		})
		if got[""] != 2 {
			t.Fatalf("got %v", got)
		}
		c, err := w.Keys.Authenticate(t.Context(), oldSecret(0))
		if err != nil || c.Role != api.RoleOwner || c.Plan != "TEAM" {
			t.Fatalf("got %+v, %v", c, err)
		}
		for n := range rows {
			other, err := w.Keys.Authenticate(t.Context(), oldSecret(n))
			if err != nil || other.Org != c.Org || (other.User == c.User) != (n%2 == 0) {
				t.Errorf("key %d: got %+v, %v", n, other, err)
			}
		}
		members, _, err := w.Orgs.Members(t.Context(), c, c.Org, 10, "")
		if err != nil || len(members) != 2 || members[1].Role != api.RoleMember {
			t.Errorf("got %+v, %v, want an owner and a member", members, err)
		}
		found, _, err := w.Orgs.List(t.Context(), &api.Caller{Role: api.RoleOperator}, 10, "")
		if err != nil || len(found) != 2 {
			t.Errorf("got %d organisations, %v, want the operator's and one", len(found), err)
		}
	})
}

// If any step fails, a row is imported completely or not at all, and the import can be run
// again.
func TestAFaultAtAnyPointImportsARowCompletelyOrNotAtAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		row := export(1)
		row.Org, row.Owner = "east", "o@east.example"
		calls := 0
		for step := 0; step <= calls; step++ {
			for _, fault := range []tabletest.Fault{tabletest.Unavailable, tabletest.Lost, tabletest.Conflict} {
				faulty := tabletest.NewFaulty(keystest.Memory(t))
				w := keystest.New(t, faulty, "balla")
				i := startImport(t, w, keys.ImportOptions{CreateOrgs: true})
				n := 0
				faulty.Follow(func(c tabletest.Call) (tabletest.Fault, time.Duration) {
					if n++; n == step && (fault != tabletest.Conflict || c.Method == "Transact") {
						return fault, 0
					}
					return tabletest.None, 0
				})
				_, err := i.Row(t.Context(), 1, row)
				calls = max(calls, n)
				faulty.Heal()
				if step == 0 && err != nil {
					t.Fatal(err)
				}
				_, known := w.Keys.Authenticate(t.Context(), oldSecret(1))
				found, _, _ := w.Orgs.List(t.Context(), &api.Caller{Role: api.RoleOperator}, 10, "")
				if (known == nil) != (len(found) == 1) || err == nil && known != nil {
					t.Errorf("step %d, fault %d: got %v; the secret: %v; %d organisations", step, fault, err, known, len(found))
				}
				importRows(t, startImport(t, w, keys.ImportOptions{CreateOrgs: true}), row)
				w.Pass(5 * time.Second) // for so long the authorizer remembers that the secret was not stored
				authenticate(t, w, oldSecret(1), "")
			}
		}
	})
}

func TestUnusedImportedKeysExpireAndUsedOnesStay(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "balla")
		o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
		importRows(t, startImport(t, w, keys.ImportOptions{}), export(1), export(2), export(3))
		w.Pass(24 * time.Hour)
		late := w.Now()
		importRows(t, startImport(t, w, keys.ImportOptions{}), export(4))
		authenticate(t, w, oldSecret(1), "")
		listed := all(t, w, admin.Secret)
		rotated, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), listed["old 3"].ID, "0s", false)
		if err != nil {
			t.Fatal(err)
		}
		version, err := w.Gate.Version(t.Context(), listed["old 2"].ID)
		if err != nil {
			t.Fatal(err)
		}
		if got := expire(t, w, keys.Expiry{Before: late, DryRun: true}); len(got) != 1 || got[0].Key != listed["old 2"].ID {
			t.Fatalf("dry: got %v, want old 2", got)
		}
		checkState(t, w, listed["old 2"].ID, keys.Active, admin.Secret)
		if got := expire(t, w, keys.Expiry{Before: late}); len(got) != 1 || got[0].Key != listed["old 2"].ID {
			t.Fatalf("got %v, want old 2", got)
		}
		if e := w.Entries(t, o.ID)[0]; e.Action != "key.expire" || e.Target != listed["old 2"].ID || e.After["expires_at"] == nil {
			t.Errorf("audit: got %+v", e)
		}
		if after, _ := w.Gate.Version(t.Context(), listed["old 2"].ID); after <= version {
			t.Errorf("got version %d after %d, want it to have risen", after, version)
		}
		if got := expire(t, w, keys.Expiry{}); len(got) != 1 || got[0].Key != listed["old 4"].ID {
			t.Errorf("without a date: got %v, want old 4 alone", got)
		}
		if got := expire(t, w, keys.Expiry{}); len(got) != 0 {
			t.Errorf("again: got %v, want none", got)
		}
		for secret, want := range map[string]string{oldSecret(1): "", oldSecret(2): api.SecretExpired,
			oldSecret(3): api.SecretRevoked, rotated.Secret: "", oldSecret(4): api.SecretExpired} {
			authenticate(t, w, secret, want)
		}
	})
}

// checkState checks a key's state without using its secret.
func checkState(t *testing.T, w *keystest.Fixture, id, want, by string) {
	t.Helper()
	k, err := w.Keys.Get(t.Context(), w.By(t, by), id)
	if err != nil || k.State != want {
		t.Errorf("got %q, %v, want %q", k.State, err, want)
	}
}

func TestExpiringUnusedSecretsKeepsTheNewSecretOfARotatedKey(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "scorelytics")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "GROWTH")
	secret := "sk_live_" + strings.Repeat("aZ9b", 8) // shorter than the deployment's own
	row := keys.Foreign{SHA256: strings.ToUpper(apikey.Hash(secret)), Name: "short", Org: "north", Owner: "owner@north.example", Scopes: []string{"read:matches"}}
	importRows(t, startImport(t, w, keys.ImportOptions{}), row)
	row.SHA256, row.Prefix = apikey.Hash("sk_test_"+strings.Repeat("aZ9b", 8)), "sk_test_aZ9b"
	if _, err := startImport(t, w, keys.ImportOptions{}).Row(t.Context(), 1, row); err == nil || !strings.Contains(err.Error(), "environment test") {
		t.Errorf("another environment's: got %v", err)
	}
	id := all(t, w, admin.Secret)["short"].ID
	rotated, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), id, "1d", false)
	if err != nil || rotated.Hash != "sha256" {
		t.Fatalf("got hash %q, %v: the replaced secret is still good", rotated.Hash, err)
	}
	if got := expire(t, w, keys.Expiry{}); len(got) != 1 {
		t.Errorf("got %v, want one", got)
	}
	authenticate(t, w, secret, api.SecretExpired)
	authenticate(t, w, rotated.Secret, "")
}

func TestAKeyIsMarkedSHA256WhileASecretStoredByItsHashIsValid(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "scorelytics")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "GROWTH")
	importRows(t, startImport(t, w, keys.ImportOptions{}), keys.Foreign{SHA256: apikey.Hash("sk_live_" + strings.Repeat("aZ9b", 8)), Name: "old 1",
		Org: "north", Owner: "owner@north.example", Scopes: []string{"read:matches"}})
	id := all(t, w, admin.Secret)["old 1"].ID
	if _, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), id, "1d", false); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		pass time.Duration
		want string
	}{{23 * time.Hour, keys.HashSHA256}, {2 * time.Hour, keys.HashHMAC}} {
		w.Pass(c.pass)
		one, err := w.Keys.Get(t.Context(), w.By(t, admin.Secret), id)
		if got := all(t, w, admin.Secret)["old 1"].Hash; err != nil || got != c.want || one.Hash != c.want {
			t.Errorf("%s later: got %q in the list and %q alone (%v), want %q", c.pass, got, one.Hash, err, c.want)
		}
	}
}

// A key that is used between the listing and its expiry stays.
func TestAKeyThatIsUsedMeanwhileIsNotExpired(t *testing.T) {
	t.Parallel()
	faulty := tabletest.NewFaulty(keystest.Memory(t))
	w := keystest.New(t, faulty, "balla")
	w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	importRows(t, startImport(t, w, keys.ImportOptions{}), export(1))
	seen := false
	s := keys.New(keys.Options{Table: before{faulty, func() {
		if !seen {
			seen = true
			authenticate(t, w, oldSecret(1), "")
		}
	}}, Gates: gate.New(faulty, w.Now), Contract: w.Contract, Environment: w.Contract.Environments[0], Now: w.Now, Rand: rand.Reader})
	err := s.ExpireUnseen(t.Context(), everything(w, keys.Expiry{}), func(h keys.Holder) { t.Errorf("%v was expired", h) })
	if err != nil || !seen {
		t.Errorf("got %v, seen %v", err, seen)
	}
	authenticate(t, w, oldSecret(1), "")
}

func everything(w *keystest.Fixture, e keys.Expiry) keys.Expiry {
	e.Now = w.Now
	e.Pace = func(context.Context) error { return nil }
	e.Organisations = func(ctx context.Context, after string) ([]string, string, error) {
		list, next, err := w.Orgs.List(ctx, &api.Caller{Role: api.RoleOperator}, 1, after)
		var found []string
		for _, o := range list {
			found = append(found, o.ID)
		}
		return found, next, err
	}
	return e
}

func expire(t *testing.T, w *keystest.Fixture, e keys.Expiry) []keys.Holder {
	t.Helper()
	var ended []keys.Holder
	if err := w.Keys.ExpireUnseen(t.Context(), everything(w, e), func(h keys.Holder) { ended = append(ended, h) }); err != nil {
		t.Fatal(err)
	}
	return ended
}

func TestTheCensusListsSecretsUnderNoPepper(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "balla")
	w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	importRows(t, startImport(t, w, keys.ImportOptions{}), export(1), export(2))
	authenticate(t, w, oldSecret(1), "")
	if got, _ := census(t, w); counts(got) != "map[1:3 sha256:1]" {
		t.Errorf("got %s, want map[1:3 sha256:1]", counts(got))
	}
}

func TestAnImportedSecretIsAcceptedEvenIfItsWriteFails(t *testing.T) {
	t.Parallel()
	faulty := tabletest.NewFaulty(keystest.Memory(t))
	w := keystest.New(t, faulty, "balla")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	importRows(t, startImport(t, w, keys.ImportOptions{}), export(1))
	faulty.Always(tabletest.Throttled, "Write")
	authenticate(t, w, oldSecret(1), "")
	faulty.Heal()
	if got := all(t, w, admin.Secret)["old 1"].Hash; got != "sha256" {
		t.Errorf("got %q, want sha256", got)
	}
	faulty.Always(tabletest.Lost, "Write")
	authenticate(t, w, oldSecret(1), "")
	faulty.Heal()
	authenticate(t, w, oldSecret(1), "")
	if got := all(t, w, admin.Secret)["old 1"].Hash; got != "hmac" {
		t.Errorf("got %q, want hmac", got)
	}
	faulty.Always(tabletest.Unavailable, "Get")
	authenticate(t, w, oldSecret(1), api.Unavailable)
}

func TestExpiryWhoseGateCannotBeBumpedIsRepeatedIntoEffect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		faulty := tabletest.NewFaulty(keystest.Memory(t))
		w := keystest.New(t, faulty, "balla")
		o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
		importRows(t, startImport(t, w, keys.ImportOptions{}), export(1))
		id := all(t, w, admin.Secret)["old 1"].ID
		version, err := w.Gate.Version(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		faulty.Always(tabletest.Unavailable, "Write")
		err = w.Keys.ExpireUnseen(t.Context(), everything(w, keys.Expiry{}), func(keys.Holder) {})
		if got := keystest.Condition(errors.Unwrap(err)); got != api.Unavailable {
			t.Errorf("without its bump: got %v", err)
		}
		faulty.Heal()
		expire(t, w, keys.Expiry{})
		if now, _ := w.Gate.Version(t.Context(), id); now <= version {
			t.Errorf("got version %d after %d, want it to have risen", now, version)
		}
		expirations := 0
		for _, e := range w.Entries(t, o.ID) {
			if e.Action == "key.expire" {
				expirations++
			}
		}
		if expirations != 1 {
			t.Errorf("got %d entries in the audit trail, want 1", expirations)
		}
	})
}
