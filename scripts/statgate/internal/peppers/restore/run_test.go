package restore

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"statgate/scripts/internal/operate"
	"statgate/scripts/statgate/internal/cmdtest"
	"statgate/scripts/statgate/internal/sealed"
	"statgate/shared/access/apikey"
	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/access/peppers"
	"statgate/shared/api/preset"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

// deployed returns a data directory with an operator, and the operator's secret.
func deployed(t *testing.T) (dir, secret string) {
	t.Helper()
	dir = t.TempDir()
	store, done := open(t, dir)
	defer done()
	_, _, m, err := store.Bootstrap(t.Context(), time.Now(), "Statgate", "root@example.com")
	if err != nil {
		t.Fatal(err)
	}
	return dir, m.Secret
}

func open(t *testing.T, dir string) (*keys.Store, func()) {
	t.Helper()
	db, err := local.Open(filepath.Join(dir, "statgate.db"), table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	source, err := peppers.FromFile(dir, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	return keys.New(keys.Options{Table: db.Table("keys"), Gates: gate.New(db.Table("keys"), time.Now), Peppers: source, Contract: c,
		Environment: "live", Now: time.Now, Rand: rand.Reader}), func() { db.Close() }
}

func works(t *testing.T, dir, secret string) bool {
	t.Helper()
	store, done := open(t, dir)
	defer done()
	_, err := store.Authenticate(t.Context(), secret)
	return err == nil
}

// locked returns a file with a private key, and the recipient of its public key.
func locked(t *testing.T) (file string, to age.Recipient) {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "identity")
	if err := os.WriteFile(file, []byte("# mine\n"+i.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, i.Recipient()
}

// backup returns a backup file of the peppers in a directory.
func backup(t *testing.T, dir string, to age.Recipient) string {
	t.Helper()
	sealedText, err := sealed.Seal(document(t, dir), to)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup.age")
	if err := os.WriteFile(file, sealedText, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func document(t *testing.T, dir string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, peppers.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func rotate(t *testing.T, dir string) {
	t.Helper()
	raw, err := apikey.AddVersion(document(t, dir), rand.Reader)
	if err == nil {
		err = peppers.WritePrivate(filepath.Join(dir, peppers.FileName), raw)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// parse returns the options of a command line.
func parse(args []string) (options, error) {
	var o options
	return o, cmdtest.Parse(command(&o, cmdtest.Nothing), args)
}

// execute runs the command. It fails the test where the command prints a pepper of before
// or after.
func execute(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	o, err := parse(append(args, "--data", dir))
	if err != nil {
		return "", err
	}
	before, _ := os.ReadFile(filepath.Join(dir, peppers.FileName))
	var out bytes.Buffer
	err = run(t.Context(), o, strings.NewReader(""), &out)
	after, _ := os.ReadFile(filepath.Join(dir, peppers.FileName))
	said := out.String()
	if err != nil {
		said += err.Error()
	}
	for _, word := range strings.Split(string(before)+string(after), `"`) {
		if len(word) > 16 && strings.Contains(said, word) {
			t.Error("the command printed a pepper")
		}
	}
	return out.String(), err
}

func TestLostPeppersAreRestoredAndKeysWorkAgain(t *testing.T) {
	t.Parallel()
	dir, secret := deployed(t)
	identity, to := locked(t)
	file := backup(t, dir, to)
	if err := os.Remove(filepath.Join(dir, peppers.FileName)); err != nil {
		t.Fatal(err)
	}
	if out, err := execute(t, dir, "--from", file, "--identity", identity); err != nil {
		t.Fatalf("without current peppers: %q, %v", out, err)
	}
	if !works(t, dir, secret) {
		t.Error("the key does not work")
	}
	info, err := os.Stat(filepath.Join(dir, peppers.FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v (%v), want mode 0600", info, err)
	}
	was := document(t, dir)
	if out, err := execute(t, dir, "--from", file, "--identity", identity); err != nil || !bytes.Equal(was, document(t, dir)) {
		t.Errorf("a second time: %q, %v", out, err)
	}
}

func TestAnotherRootIsReplacedOnlyWithForce(t *testing.T) {
	t.Parallel()
	dir, secret := deployed(t)
	other, _ := deployed(t)
	identity, to := locked(t)
	file := backup(t, other, to)
	was := document(t, dir)
	out, err := execute(t, dir, "--from", file, "--identity", identity)
	if err == nil || !strings.Contains(out, "Every secret made under the current root ends (401): 1 live now.") || !bytes.Equal(was, document(t, dir)) {
		t.Fatalf("got %q, %v", out, err)
	}
	if !works(t, dir, secret) {
		t.Error("a refused import ended a key")
	}
	if out, err := execute(t, dir, "--from", file, "--identity", identity, "--force"); err != nil || !bytes.Equal(document(t, other), document(t, dir)) {
		t.Errorf("forced: %q, %v", out, err)
	}
	if works(t, dir, secret) {
		t.Error("the key works under another root")
	}
}

func TestBackupWithoutAVersionInUseIsRestoredOnlyWithForce(t *testing.T) {
	t.Parallel()
	dir, secret := deployed(t)
	identity, to := locked(t)
	file := backup(t, dir, to)
	rotate(t, dir)
	if !works(t, dir, secret) { // this moves the secret to version 2
		t.Fatal("the key does not work")
	}
	newer := backup(t, dir, to)
	out, err := execute(t, dir, "--from", file, "--identity", identity)
	if err == nil || !strings.Contains(out, "lacks the current value of pepper 2") || !strings.Contains(out, "1 live now") {
		t.Fatalf("got %q, %v", out, err)
	}
	if out, err := execute(t, dir, "--from", file, "--identity", identity, "--force"); err != nil {
		t.Fatalf("forced: %q, %v", out, err)
	}
	if works(t, dir, secret) {
		t.Error("the key works although its pepper is gone")
	}
	if out, err := execute(t, dir, "--from", newer, "--identity", identity); err != nil || !works(t, dir, secret) {
		t.Errorf("the newer backup: %q, %v, want the key to work again", out, err)
	}
}

func TestOnlyForcedPeppersFitDataOfOtherPeppers(t *testing.T) {
	t.Parallel()
	dir, _ := deployed(t)
	recorded := func() error {
		db, err := operate.OpenData(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		return operate.RecordPeppers(t.Context(), peppers.File(filepath.Join(dir, peppers.FileName)), db.Table("keys"))
	}
	if err := recorded(); err != nil {
		t.Fatal(err)
	}
	other, _ := deployed(t)
	identity, to := locked(t)
	file := backup(t, other, to)
	if err := os.Remove(filepath.Join(dir, peppers.FileName)); err != nil {
		t.Fatal(err)
	}
	out, err := execute(t, dir, "--from", file, "--identity", identity)
	if err == nil || !strings.Contains(out, "does not fit the data") {
		t.Fatalf("lost peppers: got %q, %v, want a refusal", out, err)
	}
	if err := peppers.WritePrivate(filepath.Join(dir, peppers.FileName), document(t, other)); err != nil {
		t.Fatal(err)
	}
	if err := recorded(); err == nil {
		t.Error("peppers that were copied into place: got no error")
	}
	if err := os.Remove(filepath.Join(dir, peppers.FileName)); err != nil {
		t.Fatal(err)
	}
	if out, err := execute(t, dir, "--from", file, "--identity", identity, "--force"); err != nil {
		t.Fatalf("forced: %q, %v", out, err)
	}
	if err := recorded(); err != nil {
		t.Errorf("after a forced import: %v", err)
	}
}

func TestInvalidBackupChangesNothing(t *testing.T) {
	t.Parallel()
	dir, secret := deployed(t)
	identity, to := locked(t)
	otherIdentity, _ := locked(t)
	good := backup(t, dir, to)
	empty, err := sealed.Seal([]byte("{}"), to)
	if err != nil {
		t.Fatal(err)
	}
	noPeppers := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(noPeppers, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"another's":       {"--from", good, "--identity", otherIdentity},
		"no peppers":      {"--from", noPeppers, "--identity", identity, "--force"},
		"not encrypted":   {"--from", filepath.Join(dir, peppers.FileName), "--identity", identity, "--force"},
		"no private keys": {"--from", good, "--identity", good},
		"missing":         {"--from", filepath.Join(dir, "none"), "--identity", identity},
		"no file":         {"--identity", identity},
		"two locks":       {"--from", good, "--identity", identity, "--passphrase", "-"},
	} {
		if out, err := execute(t, dir, args...); err == nil {
			t.Errorf("%s: got %q, want an error", name, out)
		}
	}
	if !works(t, dir, secret) {
		t.Error("the key stopped working")
	}
}
