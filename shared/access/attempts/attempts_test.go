package attempts_test

import (
	"testing"
	"time"

	"statgate/shared/access/attempts"
	"statgate/shared/access/keys/keystest"
)

func TestAClockThatIsAheadLocksNoAddressOut(t *testing.T) {
	s := attempts.Store{Table: keystest.Memory(t)}
	before := time.Date(2026, 3, 1, 12, 9, 59, 0, time.UTC)
	from := attempts.From{Viewer: "192.0.2.1"}
	if _, err := s.Charge(t.Context(), from, before.Add(2*time.Second)); err != nil { // opens the next window
		t.Fatal(err)
	}
	if _, err := s.Charge(t.Context(), from, before); err != nil {
		t.Errorf("the second attempt of an address: %v", err)
	}
}
