package operatorkey

import (
	"bytes"
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"statgate/scripts/statgate/internal/cmdtest"
	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/dynamolocal"
)

// parse returns the options of a command line.
func parse(args []string) (options, error) {
	var o options
	return o, cmdtest.Parse(command(&o, cmdtest.Nothing), args)
}

// execute runs the command and returns what it printed, as main would.
func execute(t *testing.T, args ...string) (out string, err error) {
	t.Helper()
	o, err := parse(args)
	if err != nil {
		return "", err
	}
	var printed, notes bytes.Buffer
	err = run(t.Context(), o, &printed, &notes)
	if secret := strings.TrimSpace(printed.String()); secret != "" && strings.Contains(notes.String(), secret) {
		t.Error("the key is in what is printed on standard error")
	}
	return strings.TrimSpace(printed.String()), err
}

// operator reports whether a secret is an operator's.
func operator(t *testing.T, secret string, args ...string) bool {
	t.Helper()
	o, err := parse(append(args, "--recover"))
	if err != nil {
		t.Fatal(err)
	}
	keysTable, done, err := o.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	source, err := o.PepperSource(t.Context(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	c, environment, err := o.LoadContract(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	store := keys.New(keys.Options{Table: keysTable, Gates: gate.New(keysTable, time.Now), Peppers: source, Contract: c,
		Environment: environment, Now: time.Now})
	caller, err := store.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return caller.Operator()
}

func TestFirstOperatorKeyIsCreatedOnceAndCanBeReplaced(t *testing.T) {
	t.Parallel()
	dir, prefix := t.TempDir(), "t-"+strings.ToLower(rand.Text()[:12])
	client, err := connect.Client(t.Context(), dynamolocal.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dynamo.DropTables(context.Background(), client, prefix+"-", table.Keys, table.Stats); err != nil {
			t.Error(err)
		}
	})
	for name, at := range map[string][]string{
		"embedded": {"--data", filepath.Join(dir, "data")},
		"dynamodb": {"--dynamodb", dynamolocal.Start(t), "--peppers", filepath.Join(dir, "peppers"), "--prefix", prefix},
	} {
		t.Run(name, func(t *testing.T) {
			first := append([]string{"--org", "Statgate", "--email", "root@example.com"}, at...)
			if _, err := execute(t, append(at, "--recover")...); err == nil || !strings.Contains(err.Error(), "no operator yet") {
				t.Errorf("recovering before the first key: got %v", err)
			}
			secret, err := execute(t, first...)
			if err != nil || !operator(t, secret, at...) {
				t.Fatalf("got %v, want an operator's key", err)
			}
			if out, err := execute(t, first...); err == nil || out != "" || !strings.Contains(err.Error(), "already") {
				t.Errorf("a second time: got %v", err)
			}
			second, err := execute(t, append(at, "--recover")...)
			if err != nil || second == secret || !operator(t, second, at...) || !operator(t, secret, at...) {
				t.Errorf("recovered: got %v, want another operator's key", err)
			}
		})
	}
	info, err := os.Stat(filepath.Join(dir, "data", "peppers.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("peppers: got %v (%v), want mode 0600", info, err)
	}
}

func TestUsageErrorsNameTheProblem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for want, args := range map[string][]string{
		"--data DIR and --dynamodb URL": {"--org", "x", "--email", "a@b.example"},
		"--stack NAME, --data DIR":      {"--stack", "Statgate", "--data", dir, "--org", "x", "--email", "a@b.example"},
		"give --peppers FILE or":        {"--dynamodb", "http://127.0.0.1:1", "--org", "x", "--email", "a@b.example"},
		"--org NAME":                    {"--data", dir},
		"--email: must be":              {"--data", dir, "--org", "x", "--email", "root"},
		"--org: must not be empty":      {"--data", dir, "--org", " ", "--email", "a@b.example"},
		"has live, test, got":           {"--data", dir, "--org", "x", "--email", "a@b.example", "--environment", "moon"},
		"unexpected argument":           {"--data", dir, "--org", "x", "--email", "a@b.example", "more"},
	} {
		if _, err := execute(t, args...); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: got %v, want a line with %q", args, err, want)
		}
	}
}
