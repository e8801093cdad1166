package importer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/sources/importer"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/stats/standings"
	"statgate/shared/table"
)

// cupMatch is a match of the open data of the world cups. The tests read the files
// themselves, independently of the importer.
type cupMatch struct {
	Team1, Team2   string
	Score          struct{ FT, ET []int }
	Goals1, Goals2 []struct{ Penalty, Owngoal bool }
}

func cups(t *testing.T) (dir string, byYear map[string][]cupMatch) {
	t.Helper()
	dir = os.Getenv("STATGATE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "wyscout-figshare")); err != nil {
		t.Skipf("NOT RUN: no data of world cups: %v (set STATGATE_DATA)", err)
	}
	byYear = map[string][]cupMatch{}
	for _, year := range []string{"1930", "2014", "2018"} {
		var file struct{ Matches []cupMatch }
		readJSON(t, filepath.Join(dir, "openfootball-worldcup.json", year, "worldcup.json"), &file)
		byYear[year] = file.Matches
	}
	return dir, byYear
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func cupOptions(dir string) importer.Options {
	return importer.Options{Openfootball: []string{filepath.Join(dir, "openfootball-worldcup.json")}, Wyscout: []string{filepath.Join(dir, "wyscout-figshare")}}
}

func (w testStore) season(season string) []matches.Match {
	w.Helper()
	list, _ := w.list(matches.Filter{League: "worldcup", Season: season})
	return list
}

func (w testStore) events(match string) []reports.Event {
	w.Helper()
	events, err := w.report(match).Events(ctx)
	if err != nil {
		w.Fatal(err)
	}
	return events
}

// report returns the reader of a public match's report.
func (w testStore) report(match string) reports.Reader {
	w.Helper()
	visible, err := matches.NewStore(w, time.Now).Public().Visible(ctx, match)
	if err != nil {
		w.Fatal(err)
	}
	return reports.NewStore(w, time.Now).Of(visible)
}

func TestGoalEventsOfWorldCupsAddUpToTheResults(t *testing.T) {
	t.Parallel()
	dir, files := cups(t)
	w := open(t)
	w.importOK(importer.Options{Openfootball: cupOptions(dir).Openfootball})
	for year, file := range files {
		want, got := map[reports.EventType]int{}, map[reports.EventType]int{}
		for _, m := range file {
			for _, g := range append(m.Goals1, m.Goals2...) {
				want[typeOf(g.Owngoal, g.Penalty)]++
			}
		}
		stored := w.season(year)
		if len(stored) != len(file) {
			t.Errorf("%s: %d matches are stored, the file has %d", year, len(stored), len(file))
		}
		for _, m := range stored {
			var score matches.Goals
			before := ""
			for _, e := range w.events(m.ID) {
				got[e.Type]++
				if e.Team == reports.Home {
					score.Home++
				} else {
					score.Away++
				}
				if before > e.Position() || e.Player == nil || e.ID == "" || e.PlayerIn != nil {
					t.Errorf("%s %s: %+v is out of order or incomplete", m.Home.Name, m.Away.Name, e)
				}
				before = e.Position()
			}
			result := *m.Score.FullTime
			if m.Score.ExtraTime != nil {
				result = *m.Score.ExtraTime
			}
			if score != result {
				t.Errorf("%s %s - %s: the events add up to %v, the result is %v", year, m.Home.Name, m.Away.Name, score, result)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, the file has %v", year, got, want)
		}
	}
}

func typeOf(own, penalty bool) reports.EventType {
	switch {
	case own:
		return reports.OwnGoal
	case penalty:
		return reports.Penalty
	}
	return reports.Goal
}

// TestWorldCupTablesMatchThePublishedTables compares computed tables with those in the
// data.
func TestWorldCupTablesMatchThePublishedTables(t *testing.T) {
	t.Parallel()
	dir, _ := cups(t)
	w := open(t)
	w.importOK(importer.Options{Openfootball: cupOptions(dir).Openfootball})
	store := matches.NewStore(w, time.Now).Public()
	for _, year := range []string{"2014", "2018"} {
		var file struct {
			Groups []struct {
				Name      string
				Standings []struct {
					Team                          struct{ Name string }
					Played, Won, Drawn, Lost, Pts int
					GoalsFor                      int `json:"goals_for"`
					GoalsAgainst                  int `json:"goals_against"`
				}
			}
		}
		readJSON(t, filepath.Join(dir, "openfootball-worldcup.json", year, "worldcup.standings.json"), &file)
		list, err := store.Season(ctx, "worldcup", year)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := standings.Compute(standings.For("worldcup", year), list, nil, standings.AsOf{})
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, r := range rows {
			got = append(got, fmt.Sprint(*r.Group, r.Team.Name, r.Played, r.Won, r.Drawn, r.Lost, r.GoalsFor, r.GoalsAgainst, r.Points))
		}
		for _, g := range file.Groups {
			for _, s := range g.Standings {
				name := s.Team.Name
				if name == "United States" {
					name = "USA" // the spelling of the matches of 2014
				}
				want = append(want, fmt.Sprint(g.Name, name, s.Played, s.Won, s.Drawn, s.Lost, s.GoalsFor, s.GoalsAgainst, s.Pts))
			}
		}
		if len(got) != 32 || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", year, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// wyMatch is a match in Wyscout's file.
type wyMatch struct {
	ID    int `json:"wyId"`
	Teams map[string]struct {
		Side      string
		Team      int `json:"teamId"`
		Formation struct {
			Lineup, Bench []struct{ YellowCards, RedCards string }
			Substitutions []any
		}
	} `json:"teamsData"`
}

func TestLineupsCardsAndSubstitutionsOf2018MatchTheFiles(t *testing.T) {
	t.Parallel()
	dir, _ := cups(t)
	w := open(t)
	report := w.importOK(cupOptions(dir))
	var file []wyMatch
	readJSON(t, filepath.Join(dir, "wyscout-figshare", "matches", "matches_World_Cup.json"), &file)
	want, got := map[string]int{}, map[string]int{}
	for _, m := range file {
		for _, side := range m.Teams {
			want["starters"] += len(side.Formation.Lineup)
			want["substitutes"] += len(side.Formation.Bench)
			want["substitution"] += len(side.Formation.Substitutions)
			for _, p := range append(side.Formation.Lineup, side.Formation.Bench...) {
				if p.YellowCards != "0" {
					want["yellow_card"]++
				}
				if p.RedCards != "0" {
					want["red_card"]++
				}
			}
		}
	}
	for _, m := range w.season("2018") {
		l, err := w.report(m.ID).Lineups(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, side := range []reports.Lineup{l.Home, l.Away} {
			got["starters"] += len(side.Starters)
			got["substitutes"] += len(side.Substitutes)
		}
		for _, e := range w.events(m.ID) {
			if name := string(e.Type); !strings.Contains(name, "goal") && e.Type != reports.Penalty {
				got[name]++
			}
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || want["starters"] != 64*22 {
		t.Errorf("got %v, the file has %v", got, want)
	}
	// Each of the 64 matches of 2018 has two reports: goals, except for the match without
	// goals, and lineups. Matches of other years have reports of goals only.
	if r := report.Reports; r.Total != 18+57+63+64 || r.Changed != r.Total {
		t.Errorf("got %+v", r)
	}
}

// figures counts shots, passes, corners, fouls, throw-ins and offsides of both sides in
// each match that has a file of events.
func figures(t *testing.T, dir string, file []wyMatch) map[string]bool {
	t.Helper()
	want := map[string]bool{}
	for _, m := range file {
		raw := filepath.Join(dir, "wyscout-figshare", "events", fmt.Sprint(m.ID, ".json"))
		if _, err := os.Stat(raw); err != nil {
			continue
		}
		var events []struct {
			EventName, SubEventName, MatchPeriod string
			TeamID                               int
		}
		readJSON(t, raw, &events)
		n := map[string]int{}
		for _, e := range events {
			side := ""
			for _, s := range m.Teams {
				if s.Team == e.TeamID {
					side = s.Side
				}
			}
			n["a "+e.EventName+" "+side]++
			n[e.SubEventName+" "+side]++
		}
		both := []int{}
		for _, side := range []string{" home", " away"} {
			both = append(both, n["a Shot"+side]+n["Free kick shot"+side]+n["Penalty"+side], n["a Pass"+side],
				n["Corner"+side], n["a Foul"+side], n["Throw in"+side], n["a Offside"+side])
		}
		want[fmt.Sprint(both)] = true
	}
	return want
}

func TestStatisticsOfAMatchMatchItsFileOfEvents(t *testing.T) {
	t.Parallel()
	dir, _ := cups(t)
	w := open(t)
	w.importOK(cupOptions(dir))
	var file []wyMatch
	readJSON(t, filepath.Join(dir, "wyscout-figshare", "matches", "matches_World_Cup.json"), &file)
	want := figures(t, dir, file)
	got := map[string]bool{}
	for _, m := range w.season("2018") {
		s, err := w.report(m.ID).Stats(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Data) == 0 {
			continue
		}
		home, away := map[string]int{}, map[string]int{}
		for _, section := range s.Data {
			for _, stat := range section.Stats {
				home[stat.Name], away[stat.Name] = stat.Home, stat.Away
			}
		}
		figures := []int{}
		for _, side := range []map[string]int{home, away} {
			figures = append(figures, side["shots"], side["passes"], side["corners"], side["fouls"], side["throw_ins"], side["offsides"])
		}
		got[fmt.Sprint(figures)] = true
	}
	if len(want) != 4 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, the files have %v", got, want)
	}
}

func TestSecondImportOfReportsWritesNothing(t *testing.T) {
	t.Parallel()
	dir, _ := cups(t)
	w := open(t)
	w.importOK(cupOptions(dir))
	before := w.writes.Load()
	again := w.importOK(cupOptions(dir))
	if wrote := w.writes.Load() - before; wrote != 0 || again.Reports.Changed != 0 || again.Reports.Total == 0 {
		t.Errorf("the second import made %d writes, %+v", wrote, again.Reports)
	}
}

func TestReportWithoutAStoredMatchIsReportedAsAProblem(t *testing.T) {
	t.Parallel()
	dir, _ := cups(t)
	w := open(t)
	report := w.run(importer.Options{Wyscout: cupOptions(dir).Wyscout})
	if len(report.Problems) != 64 || !strings.Contains(report.Problems[0].String(), "import its season first") || report.Reports.Total != 0 {
		t.Errorf("got %d problems, first %v", len(report.Problems), report.Problems[:1])
	}
}

func TestGoalsOfAFileBecomeEventsThatFollowItsCorrections(t *testing.T) {
	t.Parallel()
	w := open(t)
	goals := func(list string) importer.Options {
		return importer.Options{Openfootball: []string{writeTree(t, map[string]string{
			"2020-21/en.1.json": league(fixture("Matchday 1", "2020-09-12", "Elm", "Ash", `,"score":{"ft":[2,1]},"goals1":[`+list+`],"goals2":[{"name":"C","minute":9,"owngoal":true}]`)),
			// Files of standings and teams are not leagues.
			"2020/cup.json":           league(fixture("Final", "2020-09-12", "Elm", "Ash", "")),
			"2020/cup.standings.json": `{"name":"Cup","groups":[]}`, "2020/cup.teams.json": `{"name":"Cup","teams":[]}`,
		})}}
	}
	textOfEvents := func() string {
		var b strings.Builder
		list, _ := w.list(matches.Filter{League: "en.1", Season: "2020-21"})
		for _, e := range w.events(list[0].ID) {
			added := 0
			if e.AddedTime != nil {
				added = *e.AddedTime
			}
			fmt.Fprintf(&b, "%s %s %s %d+%d v%d; ", e.Type, e.Team, *e.Player, e.Minute, added, e.Version)
		}
		return b.String()
	}
	w.importOK(goals(`{"name":"B","minute":90,"offset":2},{"name":"A","minute":45,"penalty":true}`))
	if got, want := textOfEvents(), "own_goal away C 9+0 v1; penalty home A 45+0 v1; goal home B 90+2 v1; "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.importOK(goals(`{"name":"A","minute":46},{"name":"D","minute":90,"offset":2}`))
	if got, want := textOfEvents(), "own_goal away C 9+0 v1; goal home A 46+0 v2; goal home D 90+2 v1; "; got != want {
		t.Errorf("got %s, want %s: A's goal has the same id, B's is deleted", got, want)
	}
	bad := w.run(goals(`{"name":"A","minute":"?"}`))
	if len(bad.Problems) != 1 || !strings.Contains(bad.Problems[0].String(), "matches[0].goals1[0].minute") {
		t.Errorf("got %v", bad.Problems)
	}
	all, err := leagues.NewStore(w).Public().List(ctx, "")
	if err != nil || len(all) != 2 {
		t.Errorf("got leagues %+v, %v, want en.1 and cup", all, err)
	}
}

func TestReportsOfTwoSourcesAreCombined(t *testing.T) {
	t.Parallel()
	w := open(t)
	o := importer.Options{Openfootball: []string{"testdata/reports/2018"}, Wyscout: []string{"testdata/reports/wyscout"}}
	if r := w.importOK(o); r.Reports != (importer.ReportCounts{Total: 2, Changed: 2}) {
		t.Errorf("got %+v", r.Reports)
	}
	before := w.writes.Load()
	if r := w.importOK(o); r.Reports != (importer.ReportCounts{Total: 2}) || w.writes.Load() != before {
		t.Errorf("again: got %+v, %d writes", r.Reports, w.writes.Load()-before)
	}
	var got []string
	list, _ := w.list(matches.Filter{League: "cup", Season: "2018"})
	for _, e := range w.events(list[0].ID) {
		got = append(got, fmt.Sprint(e.Type, " ", e.Team, " ", *e.Player, " ", e.Minute))
	}
	// Two events in the same minute are ordered by id.
	want := []string{"goal home Birch 12", "own_goal away Cedar 40", "substitution home A. Birch 90", "yellow_card home A. Birch 90", "penalty home Birch 90"}
	if len(got) > 3 && strings.HasPrefix(got[2], "yellow") {
		got[2], got[3] = got[3], got[2]
	}
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if other := w.events(list[1].ID); len(other) != 0 {
		t.Errorf("a match without a report has events %v", other)
	}
	stats, err := w.report(list[0].ID).Stats(ctx)
	if err != nil || len(stats.Data) != 4 || stats.Data[0].Stats[0] != (reports.Stat{Name: "shots", Home: 1}) {
		t.Errorf("got %+v, %v", stats, err)
	}
}

// TestReportOfAMergedMatchSurvivesAnInterruptedImport imports one match with two spellings
// of a club, with a report of each. Then a clubs file unites the spellings, and the import
// is interrupted at each of its writes.
func TestReportOfAMergedMatchSurvivesAnInterruptedImport(t *testing.T) {
	t.Parallel()
	football := writeTree(t, map[string]string{"2020-21/en.1.json": league(
		fixture("Matchday 1", "2020-09-12", "Elms", "Ash", `,"score":{"ft":[2,0]}`),
		fixture("Matchday 1", "2020-09-12", "Elmfield City", "Ash", `,"score":{"ft":[2,0]},"goals1":[{"name":"A","minute":4},{"name":"B","minute":5}],"goals2":[]`))})
	clubs := importer.Options{Clubs: []string{writeTree(t, map[string]string{"eng.clubs.txt": "Elmfield City FC\n | Elmfield City | Elms\n"})}}
	for n := int64(0); ; n++ {
		w := open(t)
		store := reports.NewStore(w, time.Now)
		w.importOK(importer.Options{Openfootball: []string{football}})
		merged, kept := w.matchOf("elmfield-city"), w.matchOf("elms")
		stats := &reports.Stats{Data: []reports.Section{{Section: "attack", Stats: []reports.Stat{{Name: "shots", Home: 3, Away: 4}}}}}
		card := reports.Event{Type: reports.YellowCard, Team: reports.Home, Minute: 9}
		for match, r := range map[string]reports.Report{
			merged: {Types: reports.Cards, Events: []reports.Event{card}, Stats: stats, Lineups: &reports.Lineups{}},
			kept:   {Types: reports.Cards, Events: []reports.Event{card, card}},
		} {
			if _, err := store.Put(ctx, match, r); err != nil {
				t.Fatal(err)
			}
		}
		left := new(atomic.Int64)
		left.Store(n)
		_, importErr := importer.Run(ctx, failing{w.Table, left}, time.Now, clubs)
		w.importOK(clubs)
		if current := w.matchOf("elms"); current != kept {
			t.Fatalf("the match is %s, want %s", current, kept)
		}
		count := map[reports.EventType]int{}
		for _, e := range w.events(kept) {
			count[e.Type]++
		}
		if count[reports.Goal] != 2 || count[reports.YellowCard] != 2 {
			t.Errorf("import interrupted at write %d: got %v, want the merged match's goals and the match's own cards", n, count)
		}
		if got, err := w.report(kept).Stats(ctx); err != nil || len(got.Data) != 1 {
			t.Errorf("import interrupted at write %d: got statistics %v, %v", n, got.Data, err)
		}
		if importErr == nil {
			page, err := w.Query(ctx, table.Query{Partition: table.Join("MATCH", merged)})
			if err != nil {
				t.Fatal(err)
			}
			if left := page.Items; len(left) != 1 { // the alias
				t.Errorf("the merged match still has %v", left)
			}
			if r := w.importOK(importer.Options{Openfootball: []string{football}}); r.Reports.Changed != 0 {
				t.Errorf("the source again: got %+v, want no change and the same ids", r.Reports)
			}
			return
		}
	}
}

// matchOf returns the id of the only match of a team.
func (w testStore) matchOf(team string) string {
	w.Helper()
	list, _ := w.list(matches.Filter{Team: team})
	if len(list) != 1 {
		w.Fatalf("got %d matches of %s, want 1", len(list), team)
	}
	return list[0].ID
}
