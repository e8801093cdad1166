package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/dynamolocal"
)

// command runs the command and returns what it printed, as main would.
func command(t *testing.T, args ...string) (out string, err error) {
	t.Helper()
	o, err := parse(args, io.Discard)
	if err != nil {
		return "", err
	}
	var printed, said bytes.Buffer
	err = run(t.Context(), o, &printed, &said)
	if secret := strings.TrimSpace(printed.String()); secret != "" && strings.Contains(said.String(), secret) {
		t.Error("the key is in what goes to standard error")
	}
	return strings.TrimSpace(printed.String()), err
}

// operator tells whether a secret is an operator's.
func operator(t *testing.T, secret string, args ...string) bool {
	t.Helper()
	o, err := parse(append(args, "-recover"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	e, err := open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	c, environment, err := o.speaks(e)
	if err != nil {
		t.Fatal(err)
	}
	store := keys.New(keys.Options{Table: e.keys, Gates: gate.New(e.keys, time.Now), Peppers: e.peppers, Contract: c,
		Environment: environment, Now: time.Now})
	caller, err := store.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return caller.Operator()
}

func TestFirstOperatorKeyIsMadeOnceAndCanBeRecovered(t *testing.T) {
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
		"embedded": {"-data", filepath.Join(dir, "data")},
		"dynamodb": {"-dynamodb", dynamolocal.Start(t), "-peppers", filepath.Join(dir, "peppers"), "-prefix", prefix},
	} {
		t.Run(name, func(t *testing.T) {
			make := append([]string{"-org", "Statgate", "-email", "root@example.com"}, at...)
			if _, err := command(t, append(at, "-recover")...); err == nil || !strings.Contains(err.Error(), "no operator yet") {
				t.Errorf("recovering nothing: got %v", err)
			}
			first, err := command(t, make...)
			if err != nil || !operator(t, first, at...) {
				t.Fatalf("got %v, want an operator's key", err)
			}
			if out, err := command(t, make...); err == nil || out != "" || !strings.Contains(err.Error(), "already") {
				t.Errorf("a second time: got %v", err)
			}
			second, err := command(t, append(at, "-recover")...)
			if err != nil || second == first || !operator(t, second, at...) || !operator(t, first, at...) {
				t.Errorf("recovered: got %v, want another operator's key", err)
			}
		})
	}
	info, err := os.Stat(filepath.Join(dir, "data", "peppers.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("peppers: got %v (%v), want mode 0600", info, err)
	}
}

func TestWrongCommandLinesSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for want, args := range map[string][]string{
		"-data DIR or -dynamodb URL": {"-org", "x", "-email", "a@b.example"},
		"-stack names everything":    {"-stack", "Statgate", "-data", dir, "-org", "x", "-email", "a@b.example"},
		"-peppers FILE":              {"-dynamodb", "http://127.0.0.1:1", "-org", "x", "-email", "a@b.example"},
		"-org NAME":                  {"-data", dir},
		"-email: must be":            {"-data", dir, "-org", "x", "-email", "nobody"},
		"-org: must not be empty":    {"-data", dir, "-org", " ", "-email", "a@b.example"},
		"has [live test], not":       {"-data", dir, "-org", "x", "-email", "a@b.example", "-environment", "moon"},
		"unexpected argument":        {"-data", dir, "-org", "x", "-email", "a@b.example", "more"},
	} {
		if _, err := command(t, args...); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: got %v, want a line with %q", args, err, want)
		}
	}
}
