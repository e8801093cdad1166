package reports_test

import (
	"testing"

	"statgate/shared/stats/reports"
)

func TestIDsOfPlayersReplaceThoseOfTheSourceInACopy(t *testing.T) {
	t.Parallel()
	r := reports.Report{
		Events:  []reports.Event{{PlayerID: ptr("1"), InID: ptr("2")}, {PlayerID: ptr("9")}, {}},
		Lineups: &reports.Lineups{Away: reports.Lineup{Substitutes: []reports.LineupPlayer{{ID: ptr("2")}, {ID: ptr("9")}}}},
	}
	for range 2 { // the report keeps its ids
		got := r.WithPlayers(map[string]string{"1": "ann", "2": "bea"})
		if *got.Events[0].PlayerID != "ann" || *got.Events[0].InID != "bea" || got.Events[1].PlayerID != nil || got.Events[2].PlayerID != nil {
			t.Errorf("got events %+v", got.Events)
		}
		if bench := got.Lineups.Away.Substitutes; *bench[0].ID != "bea" || bench[1].ID != nil {
			t.Errorf("got %+v", bench)
		}
	}
	if got := (reports.Report{}).WithPlayers(nil); got.Lineups != nil {
		t.Errorf("got lineups %+v of a report without any", got.Lineups)
	}
}
