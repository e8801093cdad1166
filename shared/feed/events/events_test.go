package events_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"statgate/shared/feed/events"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

var (
	now    = time.Date(2026, 5, 2, 14, 0, 0, 0, time.UTC)
	recent = "2026-05-02T13:00:00Z"
	old    = "2015-08-08T14:00:00Z"
)

// items are the stored items of a match and its report, written by the stores.
func items(t *testing.T, kickoff string, score *matches.Goals) map[string]table.Item {
	t.Helper()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	stats := db.Table(table.Stats.Name)
	m := &matches.Record{Match: matches.Match{ID: "m_1", Date: kickoff[:10], KickoffAt: &kickoff, Status: matches.Live,
		Home: matches.Side{ID: "a", Name: "A"}, Away: matches.Side{ID: "b", Name: "B"}, Score: matches.Score{FullTime: score}, Owner: "org_1", Version: 1, UpdatedAt: recent}}
	clock := func() time.Time { return now }
	if err := matches.NewStore(stats, clock).Apply(t.Context(), []matches.Change{{After: m}}); err != nil {
		t.Fatal(err)
	}
	player := "P. Layer"
	if _, err := reports.NewStore(stats, clock).Put(t.Context(), "m_1", reports.Report{Types: reports.Goals,
		Events:  []reports.Event{{Type: reports.Goal, Team: reports.Home, Minute: 12, Player: &player}},
		Lineups: &reports.Lineups{}, Stats: &reports.Stats{}}); err != nil {
		t.Fatal(err)
	}
	page, err := stats.Query(context.Background(), table.Query{Partition: "MATCH#m_1"})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]table.Item{}
	for _, it := range page.Items {
		all[it.Str(table.SortAttr)[:min(5, len(it.Str(table.SortAttr)))]] = it
	}
	for _, it := range all {
		it["owner"] = matches.Public // of the items that have one
	}
	return all
}

func changeOf(was, is table.Item) table.Change {
	return table.Change{ID: "c1", Time: now, Old: was, New: is}
}

func TestEachChangeOfAMatchMakesItsEvent(t *testing.T) {
	t.Parallel()
	before, after, archive := items(t, recent, &matches.Goals{}), items(t, recent, &matches.Goals{Home: 1}), items(t, old, nil)
	own := items(t, old, nil)
	own["MATCH"]["owner"] = "org_1"
	alias := table.Item{table.PartitionAttr: "MATCH#m_1", table.SortAttr: "MATCH", "alias_of": "m_2"}
	touched := table.Item{}
	for name, value := range before["MATCH"] {
		touched[name] = value
	}
	touched["version"], touched["updated_at"], touched["home_as"] = int64(2), "2026-05-02T14:00:00Z", "A FC"
	for name, c := range map[string]struct {
		was, is table.Item
		want    string
	}{
		"new":                    {nil, before["MATCH"], events.MatchCreated},
		"new, of an archive":     {nil, archive["MATCH"], ""},
		"new, old, private":      {nil, own["MATCH"], events.MatchCreated},
		"another score":          {before["MATCH"], after["MATCH"], events.MatchUpdated},
		"nothing that is shown":  {before["MATCH"], touched, ""},
		"deleted":                {before["MATCH"], nil, events.MatchDeleted},
		"merged with another":    {before["MATCH"], alias, events.MatchDeleted},
		"an alias that moves":    {alias, alias, ""},
		"a goal":                 {nil, before["EVENT"], events.EventCreated},
		"a goal, corrected":      {before["EVENT"], before["EVENT"], events.EventUpdated},
		"a goal, withdrawn":      {before["EVENT"], nil, events.EventDeleted},
		"lineups":                {nil, before["LINEU"], events.LineupsChange},
		"lineups go":             {before["LINEU"], nil, ""},
		"statistics":             {nil, before["STATS"], events.StatsChange},
		"the head of the report": {nil, before["REPOR"], ""},
		"a counter":              {nil, table.Item{table.PartitionAttr: "COUNT#public", table.SortAttr: "ALL", "n": int64(1)}, ""},
	} {
		if c.was == nil && c.is == nil {
			t.Fatalf("%s: there is no such item", name)
		}
		e, ok, err := events.Of(changeOf(c.was, c.is))
		if err != nil || e.Type != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q, %v, %v, want %q", name, e.Type, ok, err, c.want)
		}
	}
}

func TestAnUpdateNamesTheFieldsThatChanged(t *testing.T) {
	t.Parallel()
	before, after := items(t, recent, &matches.Goals{}), items(t, recent, &matches.Goals{Home: 1})
	after["MATCH"]["status"], after["MATCH"]["version"] = "finished", int64(2)
	e, _, err := events.Of(changeOf(before["MATCH"], after["MATCH"]))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(e.Data.(events.MatchNews).Changed)
	if got, want := string(raw), `["status","score"]`; err != nil || got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestARepeatedChangeMakesTheSameEvent(t *testing.T) {
	t.Parallel()
	it := items(t, recent, nil)["MATCH"]
	first, _, _ := events.Of(changeOf(nil, it))
	again, _, _ := events.Of(changeOf(nil, it))
	other := changeOf(nil, it)
	other.ID = "c2"
	second, _, _ := events.Of(other)
	if first.ID != again.ID || first.ID == second.ID || first.ID == "" {
		t.Errorf("got %s, %s, and %s for another change", first.ID, again.ID, second.ID)
	}
	if earlier := events.ID("evt_", now.Add(-time.Second), "c3"); earlier >= first.ID {
		t.Errorf("%s of a second earlier does not sort before %s", earlier, first.ID)
	}
}

func TestEventsAboutReportsIncludeTheMatch(t *testing.T) {
	t.Parallel()
	all := items(t, recent, nil)
	m := matches.FromItem(all["MATCH"])
	for _, sort := range []string{"EVENT", "LINEU", "STATS"} {
		e, ok, err := events.Of(changeOf(nil, all[sort]))
		if !ok || err != nil || e.Match != "m_1" || e.Of != nil {
			t.Fatalf("%s: got %+v, %v, %v", sort, e, ok, err)
		}
		if !e.AddMatch(m) {
			t.Errorf("%s: got no event", sort)
		}
		raw, err := json.Marshal(e.Data)
		var data struct{ Match matches.Match }
		if err != nil || json.Unmarshal(raw, &data) != nil || data.Match.ID != "m_1" {
			t.Errorf("%s: got %s, %v, want the match with it", sort, raw, err)
		}
		if e.AddMatch(nil) || e.AddMatch(matches.FromItem(items(t, old, nil)["MATCH"])) {
			t.Errorf("%s: got an event for a match that is deleted or long over", sort)
		}
	}
}
