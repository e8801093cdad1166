package simulation_test

import (
	"slices"
	"testing"

	"statgate/shared/sources/simulation"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
)

func TestReportsAddUpToTheResultsOfTheLatestMatchdays(t *testing.T) {
	t.Parallel()
	for seed := range int64(20) {
		l := simulation.New(seed, noon)
		again := simulation.New(seed, noon)
		if len(l.Reports) == 0 {
			t.Fatal("no match has a report")
		}
		for i, r := range l.Reports {
			m := l.Matches[i]
			var goals, half matches.Goals
			for n, e := range r.Events {
				if *e.Player != *again.Reports[i].Events[n].Player || e.Minute != again.Reports[i].Events[n].Minute {
					t.Fatalf("seed %d: match %d has two different reports", seed, i)
				}
				if e.Type != reports.Goal && e.Type != reports.Penalty && e.Type != reports.OwnGoal {
					continue
				}
				for _, score := range []*matches.Goals{&goals, &half} {
					switch {
					case score == &half && e.Minute > 45:
					case e.Team == reports.Home:
						score.Home++
					default:
						score.Away++
					}
				}
			}
			if m.Status != matches.Finished || goals != *m.Score.FullTime || half != *m.Score.HalfTime {
				t.Errorf("seed %d: the events of match %d add up to %v, %v at half time, the result is %+v", seed, i, goals, half, m.Score)
			}
			for _, side := range []reports.Lineup{r.Lineups.Home, r.Lineups.Away} {
				names := map[string]bool{}
				for _, p := range slices.Concat(side.Starters, side.Substitutes) {
					names[p.Name] = true
				}
				if len(side.Starters) != 11 || len(names) != 18 {
					t.Errorf("seed %d: match %d has a lineup of %d, %d names", seed, i, len(side.Starters), len(names))
				}
			}
		}
	}
}
