package indexmembers

import (
	"bytes"
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"statgate/scripts/internal/usage"
	"statgate/scripts/statgate/internal/cmdtest"
	"statgate/shared/access/apikey"
	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/access/orgs"
	"statgate/shared/api/preset"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

func parse(args ...string) (options, error) {
	var o options
	return o, cmdtest.Parse(command(&o, cmdtest.Nothing), args)
}

// withOldMember makes a data directory with an operator whose item is as an earlier release
// wrote it.
func withOldMember(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	db, err := local.Open(filepath.Join(dir, "statgate.db"), table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	at := db.Table("keys")
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	store := keys.New(keys.Options{Table: at, Gates: gate.New(at, time.Now), Peppers: apikey.FixedPeppers(root, time.Now), Contract: c, Environment: c.Environments[0], Now: time.Now, Rand: rand.Reader})
	o, owner, _, err := store.Bootstrap(t.Context(), time.Now(), "Operator", "root@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := at.Write(t.Context(), table.Update(orgs.MemberKey(o.ID, owner.User), []table.Action{table.Remove("list_pk"), table.Remove("list_sk")})); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCommandIndexesEachMemberOnce(t *testing.T) {
	t.Parallel()
	dir := withOldMember(t)
	for _, want := range []string{"1\n", "0\n"} {
		o, err := parse("--data", dir)
		if err != nil {
			t.Fatal(err)
		}
		var printed bytes.Buffer
		if err := run(t.Context(), o, &printed); err != nil || printed.String() != want {
			t.Errorf("got %q, %v, want %q", printed.String(), err, want)
		}
	}
	o, err := parse("--data", dir)
	if err != nil {
		t.Fatal(err)
	}
	at, done, err := o.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	found, err := orgs.New(orgs.Options{Table: at}).WithAddress(t.Context(), "ROOT@example.com", "")
	if err != nil || len(found) != 1 {
		t.Errorf("got %v, %v, want the operator", found, err)
	}
}

func TestOptionsThatNameNoTablesAreAUsageError(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"--data", "x", "--stack", "y"}, {"--data", "x", "--rate", "0"}, {"--data", "x", "extra"}} {
		if _, err := parse(args...); err == nil || !usage.Is(err) {
			t.Errorf("%v: got %v, want a usage error", args, err)
		}
	}
}
