package simulation_test

import (
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"statgate/shared/sources/simulation"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/standings"
)

var (
	noon = time.Date(2026, time.October, 14, 12, 0, 0, 0, time.UTC)
	slug = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
)

// draw returns a random seed and a random time within five years.
func draw(t *rapid.T) (int64, time.Time) {
	return rapid.Int64().Draw(t, "seed"), noon.Add(time.Duration(rapid.IntRange(0, 5*365*24*60).Draw(t, "minutes")) * time.Minute)
}

func ofSeason(l simulation.League, season string) []matches.Match {
	return slices.DeleteFunc(slices.Clone(l.Matches), func(m matches.Match) bool { return string(m.Season) != season })
}

func TestTheSameSeedOnTheSameDayGivesTheSameLeague(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed, now := draw(t)
		day := now.Truncate(24 * time.Hour)
		zone := time.FixedZone("", rapid.IntRange(-12, 12).Draw(t, "zone")*3600)
		if !reflect.DeepEqual(simulation.New(seed, day), simulation.New(seed, day.Add(24*time.Hour-1).In(zone))) {
			t.Fatal("the league changed within a day")
		}
	})
	if reflect.DeepEqual(simulation.New(1, noon), simulation.New(2, noon)) {
		t.Error("two seeds gave the same league")
	}
}

func TestEveryPairMeetsOnceAtHomeAndOnceAwayAndEveryClubPlaysEveryMatchday(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := simulation.New(draw(t))
		clubs := len(l.Teams)
		for _, s := range l.Seasons {
			pairs, busy := map[[2]string]int{}, map[string]map[int]bool{}
			for _, m := range ofSeason(l, s.ID) {
				pairs[[2]string{m.Home.ID, m.Away.ID}]++
				for _, id := range []string{m.Home.ID, m.Away.ID} {
					if busy[id] == nil {
						busy[id] = map[int]bool{}
					}
					if busy[id][*m.Matchday] {
						t.Fatalf("%s plays twice on matchday %d", id, *m.Matchday)
					}
					busy[id][*m.Matchday] = true
				}
			}
			if len(pairs) != clubs*(clubs-1) || len(busy) != clubs {
				t.Fatalf("season %s: %d pairs of %d clubs", s.ID, len(pairs), len(busy))
			}
			for pair, n := range pairs {
				if n != 1 || pair[0] == pair[1] {
					t.Fatalf("%v met %d times", pair, n)
				}
			}
			for id, days := range busy {
				if len(days) != 2*(clubs-1) {
					t.Fatalf("%s has %d matchdays", id, len(days))
				}
			}
		}
	})
}

func TestNoClubIsAtHomeOrAwayMoreThanThreeTimesInARow(t *testing.T) {
	t.Parallel()
	l := simulation.New(1, noon)
	for _, team := range l.Teams {
		venues, run := ofSeason(l, l.Seasons[0].ID), 0
		last := ""
		for _, m := range venues {
			venue := ""
			switch team.ID {
			case m.Home.ID:
				venue = "home"
			case m.Away.ID:
				venue = "away"
			default:
				continue
			}
			if run++; venue != last {
				run, last = 1, venue
			}
			if run > 3 {
				t.Errorf("%s is %s %d times in a row", team.Name, venue, run)
			}
		}
	}
}

func TestFirstSeasonIsFinishedAndSecondIsAboutHalfPlayed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed, now := draw(t)
		l := simulation.New(seed, now)
		if len(l.Seasons) != 2 || l.Seasons[0].ID >= l.Seasons[1].ID || *l.League.CurrentSeason != l.Seasons[1].ID {
			t.Fatalf("got seasons %+v, current %s", l.Seasons, *l.League.CurrentSeason)
		}
		for i, s := range l.Seasons {
			ms, finished, matchday := ofSeason(l, s.ID), 0, 0
			for _, m := range ms {
				if m.Status == matches.Finished {
					finished++
					matchday = max(matchday, *m.Matchday)
				}
				if before := m.Date < now.UTC().Format(time.DateOnly); before != (m.Status == matches.Finished) {
					t.Fatalf("on %s the match of %s is %s", now, m.Date, m.Status)
				}
			}
			share := float64(finished) / float64(len(ms))
			if i == 0 && share != 1 || i == 1 && (share < 0.45 || share > 0.51) {
				t.Fatalf("season %s: %.2f is played", s.ID, share)
			}
			if *s.CurrentMatchday != matchday || *s.Start != ms[0].Date || *s.End != ms[len(ms)-1].Date {
				t.Fatalf("season %s: %s to %s, matchday %d; want %s to %s, %d", s.ID, *s.Start, *s.End, *s.CurrentMatchday, ms[0].Date, ms[len(ms)-1].Date, matchday)
			}
		}
	})
}

func TestMatchesAreCompleteWithConsistentScores(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := simulation.New(draw(t))
		last := ""
		for _, m := range l.Matches {
			at, err := time.Parse(time.RFC3339, *m.KickoffAt)
			if err != nil || at.Format(time.DateOnly) != m.Date || at.Format("15:04") != *m.Time {
				t.Fatalf("%s %s is not %s: %v", m.Date, *m.Time, *m.KickoffAt, err)
			}
			if day := at.Weekday(); day != time.Friday && day != time.Saturday && day != time.Sunday {
				t.Fatalf("%s is a %s", m.Date, day)
			}
			if *m.KickoffAt < last || string(m.League) != l.League.ID || m.Owner != matches.Public || m.ID != "" || *m.Round == "" {
				t.Fatalf("got %+v", m)
			}
			last = *m.KickoffAt
			if s := m.Score; m.Status == matches.Scheduled {
				if s != (matches.Score{}) {
					t.Fatalf("a scheduled match has the score %+v", s)
				}
			} else if !consistent(s) {
				t.Fatalf("got score %+v", s)
			}
		}
	})
}

func consistent(s matches.Score) bool {
	h, f := s.HalfTime, s.FullTime
	if h.Home < 0 || h.Away < 0 || h.Home > f.Home || h.Away > f.Away || f.Home > 9 || f.Away > 9 || s.ExtraTime != nil || s.Penalties != nil {
		return false
	}
	want := "draw"
	if f.Home > f.Away {
		want = "home"
	} else if f.Home < f.Away {
		want = "away"
	}
	return *s.Winner == want
}

func TestResultsStayTheSameOnLaterDays(t *testing.T) {
	t.Parallel()
	now := simulation.New(1, noon)
	scores := map[[3]any]matches.Goals{}
	for _, m := range ofSeason(now, *now.League.CurrentSeason) {
		if m.Status == matches.Finished {
			scores[[3]any{*m.Matchday, m.Home.ID, m.Away.ID}] = *m.Score.FullTime
		}
	}
	later, same := simulation.New(1, noon.AddDate(0, 0, 9)), 0
	for _, m := range ofSeason(later, *later.League.CurrentSeason) {
		if was, ok := scores[[3]any{*m.Matchday, m.Home.ID, m.Away.ID}]; ok && m.Score.FullTime != nil && was == *m.Score.FullTime {
			same++
		}
	}
	if same != len(scores) || same == 0 {
		t.Errorf("%d of %d results stayed the same", same, len(scores))
	}
}

func TestClubsAreDistinctAndNamed(t *testing.T) {
	t.Parallel()
	l := simulation.New(1, noon)
	seen := map[string]bool{}
	for _, team := range l.Teams {
		if seen[team.ID] || !slug.MatchString(team.ID) || !slices.Equal(team.Names, []string{team.Name}) || team.Country != nil {
			t.Errorf("got %+v", team)
		}
		seen[team.ID] = true
	}
	if len(seen) != 14 || l.League.Country != nil || l.League.Name != "Statgate Simulated League" {
		t.Errorf("got %d clubs in %+v", len(seen), l.League)
	}
}

// TestScoresResembleThoseOfRealLeagues checks goals per match and the share of home wins
// against the ranges of professional leagues: about 2.2 to 3.2, and 38 to 52 %.
func TestScoresResembleThoseOfRealLeagues(t *testing.T) {
	t.Parallel()
	var playedMatchdays, goals, home, away int
	for seed := range int64(50) {
		for _, m := range simulation.New(seed, noon).Matches {
			if m.Status != matches.Finished {
				continue
			}
			playedMatchdays++
			goals += m.Score.FullTime.Home + m.Score.FullTime.Away
			switch *m.Score.Winner {
			case "home":
				home++
			case "away":
				away++
			}
		}
	}
	n := float64(playedMatchdays)
	if mean := float64(goals) / n; mean < 2.2 || mean > 3.2 {
		t.Errorf("got %.2f goals per match", mean)
	}
	if share := float64(home) / n; share < 0.38 || share > 0.52 || away >= home {
		t.Errorf("got %.2f home wins, %.2f away wins", share, float64(away)/n)
	}
}

func TestStandingsOfASimulatedSeasonAreComplete(t *testing.T) {
	t.Parallel()
	l := simulation.New(1, noon)
	rows, err := standings.Compute(standings.For(l.League.ID, l.Seasons[0].ID), ofSeason(l, l.Seasons[0].ID), nil, standings.AsOf{})
	if err != nil || len(rows) != 14 || rows[0].Played != 26 || rows[0].Points <= rows[13].Points+10 {
		t.Errorf("got %+v, %v", rows, err)
	}
}
