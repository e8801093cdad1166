package simulation_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"statgate/shared/sources/simulation"
	"statgate/shared/stats/reports"
)

func TestMatchSheetsAgreeWithTheReports(t *testing.T) {
	t.Parallel()
	for seed := range int64(20) {
		l := simulation.New(seed, noon)
		if len(l.Sheets) == 0 || len(l.Sheets) != len(l.Reports) {
			t.Fatalf("seed %d: %d sheets of %d reports", seed, len(l.Sheets), len(l.Reports))
		}
		for i, r := range l.Reports {
			m, sheet := l.Matches[i], l.Sheets[i]
			scored := map[reports.EventType]int{}
			for _, e := range r.Events {
				scored[e.Type]++
			}
			goals, cards, listed, minutes := 0, 0, 0, 0
			for _, p := range slices.Concat(sheet.Home, sheet.Away) {
				goals, cards, minutes = goals+p.Goals, cards+*p.YellowCards+*p.RedCards, minutes+*p.Minutes
				if p.Played {
					listed++
				}
				if known, ok := l.Players[p.Player]; !ok || known.Key != p.Player || known.Position == nil || known.Born == nil {
					t.Fatalf("seed %d: player %s is %+v", seed, p.Player, known)
				}
			}
			if want := scored[reports.Goal] + scored[reports.Penalty]; goals != want || cards != scored[reports.YellowCard]+scored[reports.RedCard] {
				t.Errorf("seed %d: match %d: the sheet has %d goals and %d cards, the report %v", seed, i, goals, cards, scored)
			}
			if listed != 2*14 || minutes > 2*11*90 || scored[reports.RedCard] == 0 && minutes != 2*11*90 {
				t.Errorf("seed %d: match %d: %d played, %d minutes, %d red cards", seed, i, listed, minutes, scored[reports.RedCard])
			}
			if !strings.HasSuffix(sheet.Key, m.Home.ID+"/"+m.Away.ID) || sheet.Home[0].Player != m.Home.ID+"/1" {
				t.Errorf("seed %d: got key %s of players such as %s", seed, sheet.Key, sheet.Home[0].Player)
			}
		}
	}
}

func TestEachClubHasASquadOfDistinctPlayers(t *testing.T) {
	t.Parallel()
	l := simulation.New(1, noon)
	if len(l.Players) != 18*len(l.Teams) {
		t.Errorf("got %d players of %d clubs", len(l.Players), len(l.Teams))
	}
	for _, team := range l.Teams {
		names := map[string]bool{}
		for i := range 18 {
			p := l.Players[team.ID+"/"+strconv.Itoa(i+1)]
			if first, last, _ := strings.Cut(p.Name, " "); names[p.Name] || p.Names[0] != first[:1]+". "+last {
				t.Errorf("%s: got %+v", team.ID, p)
			}
			names[p.Name] = true
		}
	}
}
