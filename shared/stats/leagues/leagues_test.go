package leagues_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"statgate/shared/stats/leagues"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

var ctx = context.Background()

func open(t *testing.T) *leagues.Store {
	t.Helper()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return leagues.NewStore(db.Table(table.Stats.Name))
}

func ensure(t *testing.T, s *leagues.Store, league, name, season string) bool {
	t.Helper()
	wrote, err := s.Ensure(ctx, league, name, season)
	if err != nil {
		t.Fatal(err)
	}
	return wrote
}

func count(t *testing.T, s *leagues.Store, league, season string, c leagues.Counts) {
	t.Helper()
	if err := leagues.Table(s).Transact(ctx, []table.Write{leagues.Count(league, season, c)}); err != nil {
		t.Fatal(err)
	}
}

func TestLeagueCodeGivesCountryAndZone(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"en.1": "ENG Europe/London", "es.2": "ESP Europe/Madrid", "at.1": "AUT Europe/Vienna", "de.cup": "GER Europe/Berlin",
		"br.1": "BRA America/Sao_Paulo", "co.1": "COL America/Bogota", "it.1": "ITA Europe/Rome", "fr.1": "FRA Europe/Paris",
		"nl.1": "NED Europe/Amsterdam", "wal.1": "WAL Europe/London", "uefa.cl": " Europe/Paris", "zz.1": " none", "": " none",
	} {
		zone := "none"
		z, err := leagues.Zone(code)
		if err != nil {
			t.Fatal(err)
		}
		if z != nil {
			zone = z.String()
		}
		if got := leagues.Country(code) + " " + zone; got != want {
			t.Errorf("%q: got %q, want %q", code, got, want)
		}
	}
}

func TestLeagueHasTheNameOfItsLatestSeasonInAnyOrderOfImport(t *testing.T) {
	t.Parallel()
	names := map[string]string{"2010-11": "Old League", "2015-16": "League", "2025": "New League"}
	for _, order := range [][]string{{"2010-11", "2015-16", "2025"}, {"2025", "2010-11", "2015-16"}, {"2015-16", "2025", "2010-11"}} {
		s := open(t)
		for _, season := range order {
			ensure(t, s, "en.1", names[season], season)
		}
		if wrote := ensure(t, s, "en.1", names["2015-16"], "2015-16"); wrote {
			t.Error("a known season was written again")
		}
		got, err := s.Public().Get(ctx, "en.1")
		if err != nil || got.Name != "New League" || *got.CurrentSeason != "2025" || *got.Country != "ENG" {
			t.Errorf("%v: got %+v, %v", order, got, err)
		}
		seasons, err := s.Public().Seasons(ctx, "en.1")
		if err != nil || len(seasons) != 3 || seasons[0].ID != "2025" || seasons[2].ID != "2010-11" {
			t.Errorf("%v: got seasons %+v, %v, want the newest first", order, seasons, err)
		}
	}
}

func TestListSelectsLeaguesByCountry(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, code := range []string{"es.1", "en.2", "uefa.cl", "en.1"} {
		ensure(t, s, code, code, "2020")
	}
	for country, want := range map[string]string{"": "en.1 en.2 es.1 uefa.cl", "ENG": "en.1 en.2", "eng": "en.1 en.2", "FRA": "", "\xff": ""} {
		list, err := s.Public().List(ctx, country)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, l := range list {
			ids = append(ids, l.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%q: got %q, want %q", country, got, want)
		}
	}
	l, err := s.Public().Get(ctx, "uefa.cl")
	if err != nil || l.Country != nil {
		t.Errorf("an international league: got %+v, %v, want no country", l, err)
	}
}

func TestUnknownLeagueAndSeasonAreNotFound(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, id := range []string{"", "en.9", "\xff", strings.Repeat("x", 5000)} {
		if _, err := s.Public().Get(ctx, id); !errors.Is(err, leagues.ErrNotFound) {
			t.Errorf("league %.20q: got %v", id, err)
		}
		if _, _, err := s.Public().Season(ctx, "en.1", id); !errors.Is(err, leagues.ErrNotFound) {
			t.Errorf("season %.20q: got %v", id, err)
		}
		if _, _, err := s.Public().LatestSeason(ctx, id); !errors.Is(err, leagues.ErrNotFound) {
			t.Errorf("latest season of %.20q: got %v", id, err)
		}
	}
}

func TestBoundsOfASeasonFollowRisingAndFallingCounts(t *testing.T) {
	t.Parallel()
	s := open(t)
	ensure(t, s, "en.1", "League", "2020")
	before, _, err := s.Public().LatestSeason(ctx, "en.1")
	if err != nil || before.Start != nil || before.CurrentMatchday != nil {
		t.Errorf("empty: got %+v, %v", before, err)
	}
	count(t, s, "en.1", "2020", leagues.Counts{
		Days:   map[string]int64{"2020-03-01": 2, "2020-01-01": 1, "2020-05-01": 1},
		Played: map[string]int64{"2": 1, "10": 1}, Teams: map[string]int64{"elm": 2, "ash": 1},
	})
	check := func(start, end string, matchday int, teams string, version int64) {
		t.Helper()
		got, gotVersion, err := s.Public().Season(ctx, "en.1", "2020")
		if err != nil || *got.Start != start || *got.End != end || *got.CurrentMatchday != matchday || gotVersion != version {
			t.Errorf("got %s to %s, matchday %d, version %d, %v", *got.Start, *got.End, *got.CurrentMatchday, gotVersion, err)
		}
		ids, err := s.Public().Teams(ctx, "en.1", "2020")
		if err != nil || strings.Join(ids, " ") != teams {
			t.Errorf("got teams %v, %v, want %s", ids, err, teams)
		}
	}
	check("2020-01-01", "2020-05-01", 10, "ash elm", 1)
	count(t, s, "en.1", "2020", leagues.Counts{
		Days:   map[string]int64{"2020-01-01": -1, "2020-01-02": 1, "2020-05-01": -1},
		Played: map[string]int64{"10": -1}, Teams: map[string]int64{"ash": -1},
	})
	check("2020-01-02", "2020-03-01", 2, "elm", 2)
}

func TestAdjustmentsAreReplacedNotAdded(t *testing.T) {
	t.Parallel()
	s := open(t)
	ensure(t, s, "en.1", "League", "2020")
	set := []leagues.Adjustment{{TeamID: "elm", Points: -8, Reason: "books"}, {TeamID: "fir", Points: -2}, {TeamID: "elm", Points: 2, Reason: "appeal"}}
	for i, want := range []bool{true, false} {
		if wrote, err := s.PutAdjustments(ctx, "en.1", "2020", set); err != nil || wrote != want {
			t.Errorf("time %d: wrote %v, %v", i+1, wrote, err)
		}
	}
	if _, err := s.PutAdjustments(ctx, "en.1", "2021", set[:1]); err != nil {
		t.Errorf("before the season exists: %v", err)
	}
	for i := range set {
		set[i].League, set[i].Season = "en.1", "2020"
	}
	if got, err := s.Public().Adjustments(ctx, "en.1", "2020"); err != nil || !reflect.DeepEqual(got, set) {
		t.Errorf("got %+v, %v, want %+v", got, err, set)
	}
	if _, version, _ := s.Public().Season(ctx, "en.1", "2020"); version != 1 {
		t.Errorf("got version %d, want 1: one change", version)
	}
	if err := s.RenameTeam(ctx, "elm", "elm-fc"); err != nil {
		t.Fatal(err)
	}
	if _, version, _ := s.Public().Season(ctx, "en.1", "2020"); version != 3 {
		t.Errorf("got version %d, want 3: two renamed adjustments change the standings", version)
	}
	if wrote, err := s.PutAdjustments(ctx, "en.1", "2020", set[1:2]); err != nil || !wrote {
		t.Errorf("wrote %v, %v", wrote, err)
	}
	if got, err := s.Public().Adjustments(ctx, "en.1", "2020"); err != nil || len(got) != 1 || got[0].TeamID != "fir" {
		t.Errorf("got %+v, %v, want one", got, err)
	}
	if got, err := s.Public().Adjustments(ctx, "en.1", "2021"); err != nil || len(got) != 1 || got[0].TeamID != "elm-fc" {
		t.Errorf("got %+v, %v, want the team's new id", got, err)
	}
}

func TestConcurrentEnsureKeepsTheLatestSeasonsName(t *testing.T) {
	t.Parallel()
	s := open(t)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			season := fmt.Sprint(2000 + i%8)
			if _, err := s.Ensure(ctx, "en.1", "League "+season, season); err != nil {
				t.Errorf("%s: %v", season, err)
			}
		})
	}
	group.Wait()
	if got, err := s.Public().Get(ctx, "en.1"); err != nil || got.Name != "League 2007" || *got.CurrentSeason != "2007" {
		t.Errorf("got %+v, %v, want the name of the latest season", got, err)
	}
}

func TestSeasonsOfAllLeaguesArePagedByLeagueNewestFirst(t *testing.T) {
	t.Parallel()
	s := open(t)
	var want []string
	for _, league := range []string{"at.1", "en.1", "en.2"} {
		for _, season := range []string{"2017-18", "2016-17", "2015-16"} {
			if _, err := s.Ensure(t.Context(), league, league, season); err != nil {
				t.Fatal(err)
			}
			want = append(want, league+" "+season)
		}
	}
	for limit := 1; limit <= 10; limit++ {
		var got []string
		for after := ""; ; {
			page, next, err := s.Public().AllSeasons(t.Context(), after, limit)
			if err != nil || len(page) > limit || next != "" && len(page) < limit {
				t.Fatalf("pages of %d: got %d seasons and cursor %q (%v)", limit, len(page), next, err)
			}
			for _, one := range page {
				got = append(got, one.League+" "+one.ID)
			}
			if after = next; after == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: got %v, want %v", limit, got, want)
		}
	}
}
