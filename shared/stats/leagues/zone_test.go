package leagues

import (
	"strings"
	"testing"
	"time"
)

// TestZoneThatCannotBeLoadedIsAnErrorAndNoUnknownLeague adds a league with a zone that no
// database has. A nil zone would mean an unknown league, whose kick-offs have no instant.
// The test is not parallel, as it changes the table of places.
func TestZoneThatCannotBeLoadedIsAnErrorAndNoUnknownLeague(t *testing.T) {
	places["test"] = place{"TST", "Nowhere/Missing"}
	defer delete(places, "test")
	zone, err := Zone("test.1")
	if zone != nil || err == nil || !strings.Contains(err.Error(), "loading the time zone of league test.1") {
		t.Errorf("got %v, %v, want an error that names the league", zone, err)
	}
	if zone, err := Zone("unknown.1"); zone != nil || err != nil {
		t.Errorf("unknown league: got %v, %v, want neither", zone, err)
	}
}

func TestEveryLeaguesZoneIsInTheDatabase(t *testing.T) {
	t.Parallel()
	for code := range places {
		if zone, err := Zone(code + ".1"); err != nil || zone == nil || zone == time.UTC {
			t.Errorf("%s: got %v, %v", code, zone, err)
		}
	}
}
