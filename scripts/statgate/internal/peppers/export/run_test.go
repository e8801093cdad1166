package export

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"statgate/scripts/statgate/internal/cmdtest"
	"statgate/scripts/statgate/internal/sealed"
	"statgate/shared/access/peppers"
)

// made returns a data directory with peppers, and their text.
func made(t *testing.T) (dir string, raw []byte) {
	t.Helper()
	dir = t.TempDir()
	if _, err := peppers.FromFile(dir, rand.Reader, time.Now); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, peppers.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return dir, raw
}

// parse returns the options of a command line.
func parse(args []string) (options, error) {
	var o options
	return o, cmdtest.Parse(command(&o, cmdtest.Nothing), args)
}

func execute(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	o, err := parse(args)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = run(t.Context(), o, strings.NewReader(stdin), &out)
	return out.String(), err
}

func TestBackupIsDecryptedOnlyByItsRecipient(t *testing.T) {
	t.Parallel()
	dir, raw := made(t)
	mine, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "backup.age")
	out, err := execute(t, "", "--data", dir, "--to", file, "--recipient", mine.Recipient().String())
	if err != nil || !strings.Contains(out, "peppers 1, current 1") {
		t.Fatalf("got %q, %v", out, err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v (%v), want mode 0600", info, err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := sealed.Open(got, mine); err != nil || !bytes.Equal(opened, raw) {
		t.Errorf("its recipient: got %v, want the peppers", err)
	}
	if _, err := sealed.Open(got, other); err == nil {
		t.Error("another identity decrypted it")
	}
	if again, err := execute(t, "", "--data", dir, "--to", file, "--recipient", mine.Recipient().String()); err == nil {
		t.Errorf("a second time: got %q, want an error, as the first backup must be kept", again)
	}
	root := strings.Split(string(raw), `"`)[7]
	if len(root) != 64 || strings.Contains(out, root) || bytes.Contains(got, []byte(root)) {
		t.Error("the root is not encrypted")
	}
}

func TestPassphraseIsReadFromStandardInputAFileOrTheEnvironment(t *testing.T) {
	dir, raw := made(t)
	const passphrase = "correct horse battery"
	note := filepath.Join(dir, "passphrase")
	if err := os.WriteFile(note, []byte(passphrase+"\nand a note\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(sealed.PassphraseVariable, passphrase)
	lock, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"stdin": {"--passphrase", "-"}, "file": {"--passphrase", note}, "environment": nil} {
		file := filepath.Join(dir, name)
		if _, err := execute(t, passphrase+"\n", append(args, "--data", dir, "--to", file)...); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if opened, err := sealed.Open(got, lock); err != nil || !bytes.Equal(opened, raw) {
			t.Errorf("%s: got %v, want the document", name, err)
		}
	}
	t.Setenv(sealed.PassphraseVariable, "short")
	if _, err := execute(t, "", "--data", dir, "--to", filepath.Join(dir, "weak")); err == nil || strings.Contains(err.Error(), `"short"`) {
		t.Errorf("a short passphrase: got %v", err)
	}
}

func TestUsageErrorsNameTheProblem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	to := filepath.Join(dir, "b")
	for want, args := range map[string][]string{
		"--to FILE":           {"--data", dir},
		"give one of --stack": {"--to", to},
		"not both":            {"--data", dir, "--to", to, "--recipient", "age1x", "--passphrase", "-"},
		"not a public key":    {"--data", dir, "--to", to, "--recipient", "AGE-SECRET-KEY-1"},
		"--recipients":        {"--data", dir, "--to", to, "--recipients", filepath.Join(dir, "none")},
		"no peppers":          {"--data", dir, "--to", to, "--passphrase", "-"},
		"unexpected argument": {"--data", dir, "--to", to, "more"},
	} {
		if _, err := execute(t, "correct horse battery", args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
	}
}
