package ids_test

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"statgate/shared/ids"
)

func TestIdentifiersSortInTheOrderOfCreation(t *testing.T) {
	t.Parallel()
	source := ids.New(rand.Reader)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	last := ""
	for i := range 2000 {
		id, err := source.New("key_", now.Add(time.Duration(i/100)*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		if id <= last || len(id) != 30 || id != strings.ToLower(id) || !strings.HasPrefix(id, "key_") {
			t.Fatalf("got %q after %q", id, last)
		}
		last = id
	}
}

func TestFailingRandomnessIsAnError(t *testing.T) {
	t.Parallel()
	if id, err := ids.New(iotest.ErrReader(iotest.ErrTimeout)).New("key_", time.Now()); err == nil {
		t.Errorf("got %q, want an error", id)
	}
}

func TestOnlyTextInTheFormOfAnIdentifierIsAccepted(t *testing.T) {
	t.Parallel()
	made, err := ids.New(rand.Reader).New("org_", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		made: true, "": false, "key_": true, "KEY_1": false, "key#1": false, "key_\xff": false, strings.Repeat("k", 65): false,
	} {
		if got := ids.Valid(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestUUIDHasVersion8AndKeepsTheOtherBitsOfTheHash(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("a"))
	got := ids.UUID(sum[:])
	if want := "ca978112-ca1b-8dca-bac2-31b39a23dc4d"; got != want || !ids.IsUUID(got) || !ids.Valid(got) {
		t.Errorf("got %s, want %s, and both checks to accept it", got, want)
	}
	for _, text := range []string{"", got[1:], strings.ToUpper(got), strings.ReplaceAll(got, "-", "0"), "ca978112-ca1b-4dca-bac2-31b39a23dc4d", got[:35] + "g"} {
		if ids.IsUUID(text) {
			t.Errorf("IsUUID(%q): got true, want false", text)
		}
	}
}
