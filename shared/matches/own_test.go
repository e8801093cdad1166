package matches_test

import (
	"errors"
	"slices"
	"testing"

	"statgate/shared/matches"
)

// own is a match of an organisation, in a league of its own.
func own(org, season, home, away string) *matches.Record {
	m := matches.Match{League: "cup", Season: season, Owner: org, Date: "2026-03-01", Status: matches.Finished,
		Home: matches.Side{ID: home, Name: "The " + home}, Away: matches.Side{ID: away, Name: "The " + away}, Matchday: ptr(3)}
	m.ID = matches.IdentityOf(&m).ID(org, 0)
	return &matches.Record{Match: m, HomeAs: m.Home.Name, AwayAs: m.Away.Name}
}

func TestLeaguesAndTeamsOfAnOrganisationLastAsLongAsItHasMatchesOfThem(t *testing.T) {
	t.Parallel()
	s := matches.NewStore(open(t), at("2026-03-02T00:00:00Z"))
	first, second, theirs := own("org_1", "2025", "reds", "blues"), own("org_1", "2026", "blues", "greens"), own("org_2", "2026", "golds", "reds")
	for _, r := range []*matches.Record{first, second, theirs} {
		if err := s.Apply(ctx, []matches.Change{{After: r}}); err != nil {
			t.Fatal(err)
		}
	}
	seen := func(want ...string) {
		t.Helper()
		all, err := s.Of("org_1").Leagues(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, l := range all {
			got = append(got, l.ID+" "+*l.CurrentSeason)
		}
		for after := ""; ; { // one by one, as counters at zero lie between
			page, next, err := s.Of("org_1").Teams(ctx, after, 1)
			if err != nil || len(page) > 1 {
				t.Fatalf("got %v, %v", page, err)
			}
			for _, side := range page {
				got = append(got, side.ID+" "+side.Name)
			}
			if after = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	seen("cup 2026", "blues The blues", "greens The greens", "reds The reds")
	if err := s.Apply(ctx, []matches.Change{{Before: second}}); err != nil {
		t.Fatal(err)
	}
	seen("cup 2025", "blues The blues", "reds The reds")
	if err := s.Apply(ctx, []matches.Change{{Before: first}}); err != nil {
		t.Fatal(err)
	}
	seen()
	for _, id := range []string{"reds", "golds", "", "\xff"} {
		if _, err := s.Of("org_1").Team(ctx, id); !errors.Is(err, matches.ErrNotFound) {
			t.Errorf("team %q: got %v, want %v", id, err, matches.ErrNotFound)
		}
	}
}
