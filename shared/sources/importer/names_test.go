package importer_test

import (
	"path/filepath"
	"testing"

	"statgate/shared/sources/importer"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/teams"
)

// TestRealLeaguesAndTeamsAreFoundByNameAndMisspeltName searches among every club and league
// of the open data.
func TestRealLeaguesAndTeamsAreFoundByNameAndMisspeltName(t *testing.T) {
	t.Parallel()
	dir, _ := cups(t)
	w := open(t)
	w.run(importer.Options{Clubs: []string{filepath.Join(dir, "openfootball-clubs")},
		Openfootball: []string{filepath.Join(dir, "openfootball-football.json"), filepath.Join(dir, "openfootball-worldcup.json")}})
	allTeams, allLeagues := teams.NewStore(w).Public(), leagues.NewStore(w).Public()
	for q, want := range map[string]string{
		"Mancester United": "manchester-united-fc", "Machester City": "manchester-city-fc", "Bayren": "bayern-munchen", "Arsnal": "arsenal-fc",
		"Liverpol": "liverpool-fc", "Real Madird": "real-madrid", "Tottenhm Hotspur": "tottenham-hotspur-fc",
	} {
		found, err := allTeams.Nearest(ctx, q, 3)
		if err != nil || len(found) == 0 || found[0].ID != want {
			t.Errorf("%s: got %+v (%v), want %s first", q, found, err, want)
		}
	}
	for q, want := range map[string]string{"premier league": "en.1", "england": "en.1", "la liga": "es.1", "Champions League": "uefa.cl", "world cup": "worldcup", "brasileirao": "br.1"} {
		found, err := allLeagues.Search(ctx, q, 3)
		if err != nil || len(found) == 0 || found[0].ID != want {
			t.Errorf("%s: got %+v (%v), want %s first", q, found, err, want)
		}
	}
}
