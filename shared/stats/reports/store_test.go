package reports_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/shared/stats/reports"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

var ctx = context.Background()

// engines runs a test on the embedded engine and on DynamoDB Local.
func engines(t *testing.T, run func(t *testing.T, tbl table.Table)) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) { run(t, memory(t)) })
	t.Run("DynamoDB Local", func(t *testing.T) { run(t, dynamolocal.Tables(t, table.Stats)[table.Stats.Name]) })
}

func memory(t *testing.T) table.Table {
	t.Helper()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db.Table(table.Stats.Name)
}

func ptr[T any](v T) *T { return &v }

func goal(player string, minute, added int) reports.Event {
	e := reports.Event{Type: reports.Goal, Team: reports.Home, Player: &player, Minute: minute}
	if added > 0 {
		e.AddedTime = &added
	}
	return e
}

func goals(events ...reports.Event) reports.Report {
	return reports.Report{Types: reports.Goals, Events: events}
}

func put(t *testing.T, s *reports.Store, match string, r reports.Report, want bool) {
	t.Helper()
	if changed, err := s.Put(ctx, match, r); err != nil || changed != want {
		t.Fatalf("got %t, %v, want %t", changed, err, want)
	}
}

func list(t *testing.T, s *reports.Store, match string) []reports.Event {
	t.Helper()
	events, err := reports.OfID(s, match).Events(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// textOf formats events as type, player, minute and version.
func textOf(events []reports.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%s %s %d v%d, ", e.Type, *e.Player, e.Minute, e.Version)
	}
	return b.String()
}

func TestCorrectedEventKeepsItsIDAndWithdrawnEventIsDeleted(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := reports.NewStore(tbl, time.Now)
		put(t, s, "m_1", goals(goal("B", 90, 2), goal("A", 45, 1), goal("A", 46, 0), goal("C", 90, 0)), true)
		before := list(t, s, "m_1")
		if got, want := textOf(before), "goal A 45 v1, goal A 46 v1, goal C 90 v1, goal B 90 v1, "; got != want {
			t.Errorf("got %s, want %s: by minute, then added time", got, want)
		}
		put(t, s, "m_1", goals(goal("A", 46, 0), goal("A", 45, 1), goal("C", 90, 0), goal("B", 90, 2)), false)
		penalty := goal("C", 89, 0)
		penalty.Type = reports.Penalty
		put(t, s, "m_1", goals(goal("A", 45, 1), goal("A", 46, 0), penalty), true)
		after := list(t, s, "m_1")
		if got, want := textOf(after), "goal A 45 v1, goal A 46 v1, penalty C 89 v2, "; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if after[2].ID != before[2].ID || after[0] != before[0] && after[0].ID != before[0].ID {
			t.Errorf("a corrected event has another id: %v, was %v", after, before)
		}
		if other := list(t, s, "m_2"); len(other) != 0 {
			t.Errorf("another match has %v", other)
		}
	})
}

func TestReportsOfSeveralSourcesAreCombined(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := reports.NewStore(tbl, time.Now)
		card := reports.Event{Type: reports.YellowCard, Team: reports.Away, Player: ptr("A"), Minute: 12}
		lineups := &reports.Lineups{Home: reports.Lineup{Starters: []reports.LineupPlayer{{Name: "A", Position: ptr("forward")}}, Substitutes: []reports.LineupPlayer{}},
			Away: reports.Lineup{Starters: []reports.LineupPlayer{}, Substitutes: []reports.LineupPlayer{}}}
		stats := &reports.Stats{Data: []reports.Section{{Section: "attack", Stats: []reports.Stat{{Name: "shots", Home: 3, Away: 4}}}}}
		put(t, s, "m_1", goals(goal("A", 5, 0)), true)
		put(t, s, "m_1", reports.Report{Types: reports.Cards, Events: []reports.Event{card}, Lineups: lineups, Stats: stats}, true)
		put(t, s, "m_1", reports.Report{Types: reports.Cards, Events: []reports.Event{card}, Lineups: lineups, Stats: stats}, false)
		put(t, s, "m_1", goals(), true)
		if got, want := textOf(list(t, s, "m_1")), "yellow_card A 12 v1, "; got != want {
			t.Errorf("got %s, want %s: the source of goals reports none", got, want)
		}
		gotLineups, err := reports.OfID(s, "m_1").Lineups(ctx)
		if err != nil || gotLineups.Home.Starters[0].Name != "A" || *gotLineups.Home.Starters[0].Position != "forward" {
			t.Errorf("got %+v, %v", gotLineups, err)
		}
		gotStats, err := reports.OfID(s, "m_1").Stats(ctx)
		if err != nil || fmt.Sprint(gotStats.Data) != fmt.Sprint(stats.Data) {
			t.Errorf("got %+v, %v", gotStats, err)
		}
	})
}

func TestMatchWithoutAReportHasEmptyLists(t *testing.T) {
	t.Parallel()
	s := reports.NewStore(memory(t), time.Now)
	l, err := reports.OfID(s, "m_1").Lineups(ctx)
	if err != nil || l.Home.Starters == nil || l.Home.Substitutes == nil || l.Away.Starters == nil || l.Away.Substitutes == nil {
		t.Errorf("got %+v, %v", l, err)
	}
	if stats, err := reports.OfID(s, "m_1").Stats(ctx); err != nil || stats.Data == nil || len(stats.Data) != 0 {
		t.Errorf("got %+v, %v", stats, err)
	}
}

// TestConcurrentWritersStoreOneOfTheirReports writes three different reports of one match
// concurrently. The stored report must be one of them, never a mix.
func TestConcurrentWritersStoreOneOfTheirReports(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := reports.NewStore(tbl, time.Now)
		for round := range 5 {
			match := fmt.Sprint("m_", round)
			var wg sync.WaitGroup
			for _, players := range []string{"ABC", "CDE", "FGH"} {
				wg.Go(func() {
					var events []reports.Event
					for i, p := range players {
						events = append(events, goal(string(p), i, 0))
					}
					if _, err := s.Put(ctx, match, goals(events...)); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			got := ""
			for _, e := range list(t, s, match) {
				got += *e.Player
			}
			if got != "ABC" && got != "CDE" && got != "FGH" {
				t.Errorf("got a mix: %s", got)
			}
		}
	})
}

func TestConcurrentWritersOfLongReportsStoreOneOfThem(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := reports.NewStore(tbl, time.Now)
		var wg sync.WaitGroup
		for _, player := range []string{"A", "B", "C"} {
			wg.Go(func() {
				if _, err := s.Put(ctx, "m_1", goals(minutes(player, 120)...)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		events := list(t, s, "m_1")
		for i, e := range events {
			if *e.Player != *events[0].Player || e.Minute != i {
				t.Fatalf("got a mix: event %d is %s in minute %d", i, *e.Player, e.Minute)
			}
		}
		if len(events) != 120 {
			t.Errorf("got %d events, want 120", len(events))
		}
	})
}

func TestReportThatFitsInOneTransactionIsStoredAtomically(t *testing.T) {
	t.Parallel()
	for _, fault := range []tabletest.Fault{tabletest.Throttled, tabletest.Unavailable} {
		faulty := tabletest.NewFaulty(memory(t))
		s := reports.NewStore(faulty, time.Now)
		faulty.Next(1, fault, "Transact")
		if changed, err := s.Put(ctx, "m_1", goals(goal("A", 1, 0), goal("B", 2, 0))); err == nil || changed {
			t.Errorf("got %t, %v", changed, err)
		}
		if got := list(t, s, "m_1"); len(got) != 0 {
			t.Errorf("a failed write stored %v", got)
		}
		put(t, s, "m_1", goals(goal("A", 1, 0), goal("B", 2, 0)), true)
	}
}

// minutes returns n goals of a player, one in each minute from 0.
func minutes(player string, n int) []reports.Event {
	events := make([]reports.Event, n)
	for i := range events {
		events[i] = goal(player, i, 0)
	}
	return events
}

// TestInterruptedLongReportIsAPrefixAndIsCompletedByTheNextImport stops an import of
// several transactions at each of its writes, and imports again.
func TestInterruptedLongReportIsAPrefixAndIsCompletedByTheNextImport(t *testing.T) {
	t.Parallel()
	stats := &reports.Stats{Data: []reports.Section{{Section: "attack", Stats: []reports.Stat{{Name: "shots", Home: 3, Away: 4}}}}}
	long := goals(minutes("A", 250)...)
	long.Stats = stats
	for failAt := 1; failAt <= 4; failAt++ { // 30 events removed, 250 added and the statistics: three transactions
		faulty := tabletest.NewFaulty(memory(t))
		s := reports.NewStore(faulty, time.Now)
		put(t, s, "m_1", goals(minutes("Z", 30)...), true)
		written := 0
		faulty.Follow(func(c tabletest.Call) (tabletest.Fault, time.Duration) {
			if c.Method == "Transact" {
				if written++; written == failAt {
					return tabletest.Unavailable, 0
				}
			}
			return tabletest.None, 0
		})
		_, err := s.Put(ctx, "m_1", long)
		faulty.Heal()
		got, _ := reports.OfID(s, "m_1").Stats(ctx)
		events := list(t, s, "m_1")
		if complete := len(events) == 250; complete != (err == nil) || complete != (len(got.Data) > 0) {
			t.Errorf("got %v with %d events and statistics %v", err, len(events), got.Data)
		}
		for i, e := range events {
			if *e.Player != *events[0].Player || *e.Player == "A" && e.Minute != i {
				t.Fatalf("event %d is %s in minute %d: not from one report", i, *e.Player, e.Minute)
			}
		}
		put(t, s, "m_1", long, err != nil)
		if events = list(t, s, "m_1"); len(events) != 250 {
			t.Errorf("after the next import there are %d events, want 250", len(events))
		}
	}
}
