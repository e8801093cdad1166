package deployment_test

import (
	"strings"
	"testing"

	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/sources/importer"
	"statgate/shared/stats/matches"
)

// TestKnockOutWithoutStandingsIsNamedWithItsSeason asks without a season and with one.
func TestKnockOutWithoutStandingsIsNamedWithItsSeason(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	kickoff := "2020-02-01T15:00:00Z"
	cup := []matches.Match{{Date: kickoff[:10], KickoffAt: &kickoff, Status: matches.Scheduled, Home: matches.Side{Name: "Elm"}, Away: matches.Side{Name: "Fir"}}}
	if _, err := importer.Put(t.Context(), w.Stats, w.Clock.Now, []importer.Season{{League: "en.cup", Name: "Cup", Season: "2019-20", Matches: cup}}); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"", "?season=2019-20"} {
		r := w.Call(t, w.Operator, "GET", "/football/leagues/en.cup/standings"+query, "")
		if want := "en.cup 2019-20 is a knock-out competition, which has no standings"; r.Status != 404 || !strings.Contains(string(r.Body), want) {
			t.Errorf("%q: got %d %s, want 404 with %q", query, r.Status, r.Body, want)
		}
	}
}
