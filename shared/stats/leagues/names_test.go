package leagues_test

import (
	"context"
	"strings"
	"testing"

	"statgate/shared/stats/leagues"
	"statgate/shared/table"
)

func idsOf(t *testing.T) func(list []leagues.League, err error) string {
	return func(list []leagues.League, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, l := range list {
			ids = append(ids, l.ID)
		}
		return strings.Join(ids, " ")
	}
}

func TestLeagueIsFoundByNameIDCountryAndCommonSpelling(t *testing.T) {
	t.Parallel()
	s := open(t)
	for id, name := range map[string]string{
		"en.1": "English Premier League", "en.2": "English Championship", "de.1": "Deutsche Bundesliga", "at.1": "Österr. Bundesliga",
		"es.1": "Primera División de España", "uefa.cl": "UEFA Champions League", "worldcup": "World Cup", "xx.1": "Elm League",
	} {
		ensure(t, s, id, name, "2020-21")
	}
	r := s.Public()
	for q, want := range map[string]string{
		"premier league": "en.1", "Premier League": "en.1", "English premier": "en.1", "England Premier League": "en.1", "EPL": "en.1", "en.1": "en.1", "EN.1": "en.1",
		"england": "en.1 en.2", "english": "en.1 en.2", "bundesliga": "at.1 de.1", "German Bundesliga": "de.1", "osterr": "at.1", "austria": "at.1",
		"la liga": "es.1", "LaLiga": "es.1", "primera division": "es.1", "spanish": "es.1", "champions league": "uefa.cl", "UCL": "uefa.cl",
		"fifa world cup": "worldcup", "elm": "xx.1", "emier": "", "": "", "france": "",
	} {
		if got := idsOf(t)(r.Search(t.Context(), q, 10)); got != want {
			t.Errorf("%q: got %q, want %q", q, got, want)
		}
	}
	for q, want := range map[string]string{"premeir leage": "en.1", "Bundeslega": "at.1", "Champoins Leauge": "uefa.cl", "Wrold Cup": "worldcup"} {
		if got := idsOf(t)(r.Nearest(t.Context(), q, 1)); got != want {
			t.Errorf("nearest to %q: got %q, want %q", q, got, want)
		}
	}
	if got, err := r.Search(t.Context(), "epl", 1); err != nil || got[0].Name != "English Premier League" || *got[0].Country != "ENG" || got[0].Sport != leagues.Football {
		t.Errorf("got %+v (%v)", got, err)
	}
}

func TestRenamedLeagueIsFoundByItsPresentNameOnly(t *testing.T) {
	t.Parallel()
	s := open(t)
	ensure(t, s, "xx.1", "Elm League", "2019")
	ensure(t, s, "xx.1", "Fir League", "2020")
	for q, want := range map[string]string{"elm": "", "fir": "xx.1", "league": "xx.1"} {
		if got := idsOf(t)(s.Public().Search(t.Context(), q, 10)); got != want {
			t.Errorf("%q: got %q, want %q", q, got, want)
		}
	}
	low, high := table.Prefix("elm")
	if page, err := leagues.Table(s).Query(t.Context(), table.Query{Partition: "LEAGUEQ#e", Low: low, High: high}); err != nil || len(page.Items) > 0 {
		t.Errorf("the index has the former name: %v (%v)", page.Items, err)
	}
}

// TestLeagueOfAnEarlierReleaseIsFoundAfterTheNextImport stores a league as releases without
// an index did.
func TestLeagueOfAnEarlierReleaseIsFoundAfterTheNextImport(t *testing.T) {
	t.Parallel()
	for _, season := range []string{"2019-20", "2020-21", "2021-22"} { // an older, the same and a newer season
		s := open(t)
		_, err := leagues.Table(s).Write(t.Context(), table.Put(table.Item{
			table.PartitionAttr: "LEAGUES", table.SortAttr: "en.1", "id": "en.1", "name": "English Premier League", "country": "ENG",
			"current_season": "2020-21", "list_pk": "LEAGUES#ENG", "list_sk": "en.1",
		}))
		if err != nil {
			t.Fatal(err)
		}
		if got := idsOf(t)(s.Public().Search(t.Context(), "premier", 10)); got != "" {
			t.Fatalf("got %q before the import: the item has an index", got)
		}
		if !ensure(t, s, "en.1", "English Premier League", season) {
			t.Errorf("season %s: nothing was written", season)
		}
		got, err := s.Public().Search(t.Context(), "premier", 10)
		if err != nil || len(got) != 1 || *got[0].CurrentSeason != max(season, "2020-21") {
			t.Errorf("season %s: got %+v (%v)", season, got, err)
		}
		if ensure(t, s, "en.1", "English Premier League", season) {
			t.Errorf("season %s: the same import wrote again", season)
		}
	}
}

// interleaved is a table on which another import writes between the read and the first
// transaction of an import.
type interleaved struct {
	table.Table
	other func()
}

func (i *interleaved) Transact(ctx context.Context, ws []table.Write) error {
	if other := i.other; other != nil {
		i.other = nil
		other()
	}
	return i.Table.Transact(ctx, ws)
}

// TestLeagueIsFoundByItsNameAfterConcurrentImports stores a new season while another import
// changes the league's name.
func TestLeagueIsFoundByItsNameAfterConcurrentImports(t *testing.T) {
	t.Parallel()
	first := open(t)
	ensure(t, first, "xx.1", "Elm League", "2019")
	tbl := &interleaved{Table: leagues.Table(first), other: func() { ensure(t, first, "xx.1", "Fir League", "2019") }}
	ensure(t, leagues.NewStore(tbl), "xx.1", "Elm League", "2020")
	if got := idsOf(t)(first.Public().Search(t.Context(), "elm", 10)); got != "xx.1" {
		t.Errorf("got %q, want the league by its present name", got)
	}
}
