package peppers_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/peppers"
)

func current(t *testing.T, source *apikey.PepperSource) apikey.Pepper {
	t.Helper()
	p, err := source.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPeppersAreMadeOnceAndForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := make([]*apikey.PepperSource, 8)
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() {
			var err error
			if made[i], err = peppers.FromFile(dir, rand.Reader, time.Now); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, source := range made {
		if got, want := current(t, source), current(t, made[0]); string(got.Key) != string(want.Key) {
			t.Error("two processes that start at the same time use different peppers")
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("got %v (%v), want one file", entries, err)
	}
	if info, err := entries[0].Info(); err != nil || info.Mode().Perm() != 0o600 || info.Name() != peppers.FileName {
		t.Errorf("got %v (%v), want %s with mode 0600", info, err, peppers.FileName)
	}
}

func TestAddedVersionIsFoundInTheFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "p.json")
	now := time.Now()
	source, err := peppers.At(file, rand.Reader, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	if got := current(t, source).Version; got != "1" {
		t.Fatalf("got version %s, want 1", got)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = apikey.AddVersion(raw, rand.Reader); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Minute)
	if got := current(t, source).Version; got != "2" {
		t.Errorf("got version %s, want 2", got)
	}
}

func TestAFileWithoutPeppersIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "p.json")
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := peppers.At(file, rand.Reader, time.Now); err == nil {
		t.Error("got no error")
	}
	if raw, err := os.ReadFile(file); err != nil || string(raw) != "{}" {
		t.Errorf("got %q (%v), want the file as it was", raw, err)
	}
	if _, err := peppers.FromFile(filepath.Join(t.TempDir(), "nowhere"), rand.Reader, time.Now); err == nil {
		t.Error("a missing directory: got no error")
	}
}
