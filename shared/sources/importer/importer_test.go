package importer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/sources/importer"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/teams"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
)

var ctx = context.Background()

// data is a tree of files with the expected results of its import.
type data struct {
	clubs, football, adjustments string
	matches, teams               int // matches of the football tree; teams of both trees
	duplicates                   int // duplicate rows in 2025-26/en.4
	pairs                        int // pairs that meet more than once with the same team at home, in 2018-19/at.1
	spellings                    []spelling
	twoTeams                     [2]string // ids of two teams with similar names
	ambiguous                    []string
	deductions                   map[string]int // by league, season and team
}

type spelling struct{ league, season, id string }

var invented = data{
	clubs: "testdata/clubs", football: "testdata/football", adjustments: "testdata/adjustments.csv",
	matches: 30 + 12 + 12 + 26 + 7 + 2 + 2 + 4 + 2 + 3, teams: 29, duplicates: 3, pairs: 12,
	spellings: []spelling{
		{"en.1", "2015-16", "elmchester-city-fc"}, {"en.1", "2020-21", "elmchester-city-fc"}, {"uefa.cl", "2015-16", "elmchester-city-fc"},
		{"en.1", "2015-16", "swanmere-city-afc"}, {"uefa.cl", "2015-16", "swanmere-city-afc"}, {"en.4", "2025-26", "newholt-afc"},
		{"at.1", "2018-19", "sk-blitz-wien"}, {"uefa.cl", "2015-16", "sk-blitz-wien"}, {"uefa.cl", "2015-16", "blitz"},
		{"en.1", "2020-21", "afc-yewmouth"}, {"es.1", "2018-19", "lejana"},
	},
	twoTeams:   [2]string{"cometa-ec", "cometa-fc"},
	ambiguous:  []string{"Blitz: Blitz JC Heerveld (1954-1962) (NED), SK Blitz Wien (AUT)", "Lejana: CF Lejana (-2010) (ESP), Lejana UD (ESP)"},
	deductions: map[string]int{"en.1 2020-21 elmchester-united-fc": -8, "en.3 2019-20 afc-yewmouth": -12},
}

var real = data{
	matches: 5061, teams: 1104, duplicates: 12, pairs: 62,
	spellings: []spelling{
		{"en.1", "2010-11", "manchester-city-fc"}, {"en.1", "2020-21", "manchester-city-fc"}, {"uefa.cl", "2015-16", "manchester-city-fc"},
		{"en.1", "2015-16", "swansea-city-afc"}, {"en.1", "2017-18", "swansea-city-afc"}, {"en.4", "2025-26", "newport-county-afc"},
		{"en.1", "2015-16", "leicester-city-fc"}, {"at.1", "2018-19", "sk-rapid-wien"}, {"uefa.cl", "2015-16", "bayern-munchen"},
		{"de.cup", "2018-19", "bayern-munchen"}, {"en.3", "2019-20", "afc-wimbledon"},
	},
	twoTeams: [2]string{"fortaleza-ec", "fortaleza-fc"},
	ambiguous: []string{
		"Extremadura: CF Extremadura (-2010) (ESP), Extremadura UD (ESP)", "Rapid: Rapid JC Heerlen (1954-1962) (NED), SK Rapid Wien (AUT)",
	},
	deductions: map[string]int{
		"en.1 2023-24 everton-fc": -8, "en.1 2023-24 nottingham-forest-fc": -4, "en.3 2019-20 bolton-wanderers-fc": -12,
	},
}

// onBoth runs a test on the invented files and on the real ones. It skips the real ones
// with a message if they are missing.
func onBoth(t *testing.T, test func(t *testing.T, d data)) {
	t.Parallel()
	t.Run("invented", func(t *testing.T) { t.Parallel(); test(t, invented) })
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		dir := os.Getenv("STATGATE_DATA")
		if dir == "" {
			dir = filepath.Join("..", "..", "..", "..", "shared", "data")
		}
		if _, err := os.Stat(filepath.Join(dir, "openfootball-football.json")); err != nil {
			t.Skipf("NOT RUN: no openfootball data: %v (set STATGATE_DATA)", err)
		}
		d := real
		d.clubs, d.football = filepath.Join(dir, "openfootball-clubs"), filepath.Join(dir, "openfootball-football.json")
		d.adjustments = filepath.Join(dir, "adjustments.csv")
		test(t, d)
	})
}

func (d data) all() importer.Options {
	return importer.Options{Clubs: []string{d.clubs}, Openfootball: []string{d.football}, Adjustments: []string{d.adjustments}}
}

// testStore is a table with helpers that import into it and read it.
type testStore struct {
	*testing.T
	counting
}

// counting is a table that counts the writes that reach it.
type counting struct {
	table.Table
	writes *atomic.Int64
}

func (c counting) Write(ctx context.Context, w table.Write) (table.Item, error) {
	c.writes.Add(1)
	return c.Table.Write(ctx, w)
}

func (c counting) Transact(ctx context.Context, ws []table.Write) error {
	c.writes.Add(int64(len(ws)))
	return c.Table.Transact(ctx, ws)
}

func open(t *testing.T) testStore {
	t.Helper()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return testStore{t, counting{db.Table(table.Stats.Name), new(atomic.Int64)}}
}

// importedTables has the tables that tests only read, by football tree.
var importedTables sync.Map

type importOnce struct {
	sync.Once
	table  table.Table
	report importer.Report
	err    error
}

// imported returns a table with all of the data. The test must not change it.
func (d data) imported(t *testing.T) (testStore, importer.Report) {
	t.Helper()
	at, _ := importedTables.LoadOrStore(d.football, new(importOnce))
	o := at.(*importOnce)
	o.Do(func() {
		db, err := local.OpenMemory(table.Stats) // open until the tests end
		if err != nil {
			o.err = err
			return
		}
		o.table = db.Table(table.Stats.Name)
		o.report, o.err = importer.Run(ctx, o.table, time.Now, d.all())
	})
	if o.err != nil || len(o.report.Problems) > 0 {
		t.Fatalf("got %v and problems %v", o.err, o.report.Problems)
	}
	return testStore{t, counting{o.table, new(atomic.Int64)}}, o.report
}

func (w testStore) run(o importer.Options) importer.Report {
	w.Helper()
	r, err := importer.Run(ctx, w.counting, time.Now, o)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// importOK runs an import and fails the test if it reports a problem.
func (w testStore) importOK(o importer.Options) importer.Report {
	w.Helper()
	r := w.run(o)
	for _, p := range r.Problems {
		w.Errorf("got problem %s", p)
	}
	return r
}

func (w testStore) list(f matches.Filter) (list []matches.Match, total *int64) {
	w.Helper()
	s := matches.NewStore(w.Table, time.Now)
	for after := ""; ; {
		page, err := s.Public().List(ctx, f, matches.PageRequest{Limit: 200, After: after})
		if err != nil {
			w.Fatal(err)
		}
		list, total = append(list, page.Matches...), page.Total
		if after = page.Next; after == "" {
			return list, total
		}
	}
}

func (w testStore) teams() []teams.Team {
	w.Helper()
	page, err := teams.NewStore(w.Table).Public().List(ctx, "", "", 100_000)
	if err != nil {
		w.Fatal(err)
	}
	return page.Teams
}

// contentOf returns a match as JSON without the fields that may differ between two
// imports: ids, version and update time.
func contentOf(m matches.Match) string {
	m.ID, m.Version, m.UpdatedAt, m.Home.ID, m.Away.ID = "", 0, "", "", ""
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func (w testStore) contents() []string {
	list, _ := w.list(matches.Filter{})
	var out []string
	for _, m := range list {
		out = append(out, contentOf(m))
	}
	sort.Strings(out)
	return out
}

// checkCounters compares every counter and the bounds of every season with the matches.
func (w testStore) checkCounters() {
	w.Helper()
	all, total := w.list(matches.Filter{})
	if *total != int64(len(all)) {
		w.Errorf("all: got total %d, want %d", *total, len(all))
	}
	want := map[string]int64{}
	filters := map[string]matches.Filter{}
	days := map[string][2]string{}
	for _, m := range all {
		league, season := string(m.League), string(m.Season)
		for key, f := range map[string]matches.Filter{
			"league " + league: {League: league}, "season " + league + " " + season: {League: league, Season: season},
			"status " + string(m.Status): {Statuses: []matches.Status{m.Status}}, "team " + m.Home.ID: {Team: m.Home.ID}, "team " + m.Away.ID: {Team: m.Away.ID},
		} {
			filters[key] = f
			want[key]++
		}
		at := league + " " + season
		if d, ok := days[at]; !ok {
			days[at] = [2]string{m.Date, m.Date}
		} else {
			days[at] = [2]string{min(d[0], m.Date), max(d[1], m.Date)}
		}
	}
	for key, f := range filters {
		list, total := w.list(f)
		if int64(len(list)) != want[key] || *total != want[key] {
			w.Errorf("%s: got %d matches and total %d, want %d", key, len(list), *total, want[key])
		}
	}
	for at, d := range days {
		league, season, _ := strings.Cut(at, " ")
		got, _, err := leagues.NewStore(w.Table).Public().Season(ctx, league, season)
		if err != nil || *got.Start != d[0] || *got.End != d[1] {
			w.Errorf("%s: got %+v, %v, want %v", at, got, err, d)
		}
	}
}

func TestEveryMatchOfEveryFileIsStoredOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, d data) {
		w, r := d.imported(t)
		if r.Matches.New != d.matches || r.Matches.Rows != d.matches+d.duplicates || len(r.Duplicates) != d.duplicates {
			t.Errorf("got %+v and %d duplicates, want %d matches and %d", r.Matches, len(r.Duplicates), d.matches, d.duplicates)
		}
		files, err := filepath.Glob(filepath.Join(d.football, "*", "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("got files %v, %v", files, err)
		}
		for _, path := range files {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var file struct{ Matches []json.RawMessage }
			if err := json.Unmarshal(raw, &file); err != nil {
				t.Fatal(err)
			}
			want := map[string]bool{}
			for _, m := range file.Matches {
				want[string(m)] = true
			}
			season, league := filepath.Base(filepath.Dir(path)), strings.TrimSuffix(filepath.Base(path), ".json")
			got, _ := w.list(matches.Filter{League: league, Season: season})
			if len(got) != len(want) {
				t.Errorf("%s: got %d matches, want its %d distinct rows", path, len(got), len(want))
			}
		}
		if got := len(w.teams()); got != d.teams {
			t.Errorf("got %d teams, want %d", got, d.teams)
		}
		w.checkCounters()
	})
}

func TestPairsThatMeetSeveralTimesKeepAllTheirMatches(t *testing.T) {
	onBoth(t, func(t *testing.T, d data) {
		w, _ := d.imported(t)
		pairs := map[[2]string]int{}
		all, _ := w.list(matches.Filter{League: "at.1", Season: "2018-19"})
		for _, m := range all {
			pairs[[2]string{m.Home.ID, m.Away.ID}]++
		}
		more := 0
		for _, n := range pairs {
			if n > 1 {
				more++
			}
		}
		if more != d.pairs {
			t.Errorf("got %d pairs with several matches, want %d", more, d.pairs)
		}
		finals, _ := w.list(matches.Filter{League: "at.1", Season: "2018-19", Round: "Final"})
		if len(finals) != 2 || finals[0].Home.ID != finals[1].Away.ID || finals[0].ID == finals[1].ID {
			t.Errorf("got finals %+v, want two legs", finals)
		}
	})
}

func TestSpellingsOfOneTeamResolveToOneID(t *testing.T) {
	onBoth(t, func(t *testing.T, d data) {
		w, _ := d.imported(t)
		for _, s := range d.spellings {
			ids, err := leagues.NewStore(w.Table).Public().Teams(ctx, s.league, s.season)
			if err != nil || !slices.Contains(ids, s.id) {
				t.Errorf("%s %s: got %v, %v, want %s among them", s.league, s.season, ids, err, s.id)
			}
		}
		for _, id := range d.twoTeams {
			list, total := w.list(matches.Filter{Team: id})
			if len(list) == 0 || *total != int64(len(list)) {
				t.Errorf("%s: got %d matches, total %d", id, len(list), *total)
			}
		}
	})
}

func TestOrderOfImportDoesNotMatter(t *testing.T) {
	onBoth(t, func(t *testing.T, d data) {
		clubs, football := importer.Options{Clubs: []string{d.clubs}}, importer.Options{Openfootball: []string{d.football}}
		adjustments := importer.Options{Adjustments: []string{d.adjustments}}
		want, _ := d.imported(t)
		wantStories, wantTeams := want.contents(), names(want.teams())
		for name, order := range map[string][]importer.Options{
			"matches first": {football, clubs, adjustments}, "clubs first": {clubs, football, adjustments}, "adjustments early": {football, adjustments, clubs},
			"in between": {football, clubs, football, adjustments, clubs},
		} {
			if d.matches > 1000 && name != "matches first" {
				continue // only the invented files are imported in all orders
			}
			w := open(t)
			for _, o := range order {
				w.run(o)
			}
			if got := w.contents(); !slices.Equal(got, wantStories) {
				t.Errorf("%s: got other matches (%d, want %d)", name, len(got), len(wantStories))
			}
			if got := names(w.teams()); !slices.Equal(got, wantTeams) {
				t.Errorf("%s: got other teams (%d, want %d)", name, len(got), len(wantTeams))
			}
			w.checkCounters()
		}
	})
}

func names(list []teams.Team) []string {
	var out []string
	for _, team := range list {
		country := ""
		if team.Country != nil {
			country = *team.Country
		}
		out = append(out, country+" "+strings.Join(team.Names, "|"))
	}
	sort.Strings(out)
	return out
}

func TestSecondImportWritesNothingAndReportsTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, d data) {
		w, first := d.imported(t)
		r := w.importOK(d.all())
		for _, want := range d.ambiguous {
			if !slices.Contains(first.Ambiguous, want) || !slices.Contains(r.Ambiguous, want) {
				t.Errorf("got ambiguous %q and %q, want %q among them", first.Ambiguous, r.Ambiguous, want)
			}
		}
		if n := w.writes.Load(); n != 0 {
			t.Errorf("got %d writes, want none", n)
		}
		if want := (importer.MatchCounts{Rows: d.matches + d.duplicates, Unchanged: d.matches}); r.Matches != want || r.Teams != (teams.Changes{}) {
			t.Errorf("got %+v and teams %+v, want %+v", r.Matches, r.Teams, want)
		}
	})
}

func TestAdjustmentsAreInForceOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, d data) {
		w, _ := d.imported(t)
		w.importOK(importer.Options{Adjustments: []string{d.adjustments}})
		for at, want := range d.deductions {
			part := strings.Fields(at)
			list, err := leagues.NewStore(w.Table).Public().Adjustments(ctx, part[0], part[1])
			if err != nil {
				t.Fatal(err)
			}
			got := 0
			for _, a := range list {
				if a.TeamID == part[2] {
					got += a.Points
				}
			}
			if got != want {
				t.Errorf("%s: got %d points, want %d", at, got, want)
			}
		}
	})
}

// tree writes files below a temporary folder and returns it.
func writeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func league(rows ...string) string {
	return "{\"name\": \"Elm League 2020/21\",\n\"matches\": [\n" + strings.Join(rows, ",\n") + "\n]}\n"
}

func fixture(round, date, home, away, more string) string {
	return fmt.Sprintf(`{"round":%q,"date":%q,"team1":%q,"team2":%q%s}`, round, date, home, away, more)
}

func TestOneChangedResultWritesOneMatch(t *testing.T) {
	t.Parallel()
	w := open(t)
	put := func(score, date string) (importer.Report, matches.Match) {
		root := writeTree(t, map[string]string{"2020-21/en.1.json": league(
			fixture("Matchday 1", date, "Elm", "Ash", score), fixture("Matchday 2", "2020-09-19", "Ash", "Elm", ""))})
		r := w.importOK(importer.Options{Openfootball: []string{root}})
		list, _ := w.list(matches.Filter{League: "en.1", Season: "2020-21", Round: "1"})
		if len(list) != 1 {
			t.Fatalf("got %d matches, want 1", len(list))
		}
		return r, list[0]
	}
	_, before := put(`,"score":{}`, "2020-09-12")
	_, version, err := leagues.NewStore(w.Table).Public().Season(ctx, "en.1", "2020-21")
	if err != nil {
		t.Fatal(err)
	}
	w.writes.Store(0)
	r, after := put(`,"score":{"ft":[2,1]}`, "2020-10-01")
	if r.Matches.Changed != 1 || r.Matches.Unchanged != 1 || r.Matches.New != 0 {
		t.Errorf("got %+v, want one changed", r.Matches)
	}
	if after.ID != before.ID || after.Version != before.Version+1 || after.Status != matches.Finished || *after.Score.Winner != "home" || after.Date != "2020-10-01" {
		t.Errorf("got %+v, want the match rescheduled, finished and with the next version", after)
	}
	if n := w.writes.Load(); n != 4 { // the match, two status counters, the season
		t.Errorf("got %d writes, want 4", n)
	}
	season, next, err := leagues.NewStore(w.Table).Public().Season(ctx, "en.1", "2020-21")
	if err != nil || next != version+1 || *season.CurrentMatchday != 1 || *season.Start != "2020-09-19" {
		t.Errorf("got season %+v at version %d, %v, want version %d", season, next, err, version+1)
	}
	w.checkCounters()
}

func TestMatchesOfMergedTeamsKeepTheirIDs(t *testing.T) {
	t.Parallel()
	w := open(t)
	football := writeTree(t, map[string]string{
		"2019-20/en.1.json": league(fixture("Matchday 1", "2019-09-12", "Elms", "Ash", `,"score":{"ft":[1,0]}`)),
		"2020-21/en.1.json": league(fixture("Matchday 1", "2020-09-12", "Elmfield City", "Ash", `,"score":{"ft":[2,0]}`),
			fixture("Matchday 1", "2020-09-12", "Elms", "Ash", `,"score":{"ft":[2,0]}`)), // the same match with another spelling
	})
	clubs := writeTree(t, map[string]string{"eng.clubs.txt": "Elmfield City FC\n | Elmfield City | Elms\n"})
	w.importOK(importer.Options{Openfootball: []string{football}})
	before, _ := w.list(matches.Filter{})
	if len(before) != 3 {
		t.Fatalf("got %d matches, want 3 before the merge", len(before))
	}
	w.importOK(importer.Options{Clubs: []string{clubs}})
	r := w.importOK(importer.Options{Openfootball: []string{football}})
	if r.Matches.New+r.Matches.Changed > 0 || len(r.Duplicates) != 1 {
		t.Errorf("again: got %+v and %d duplicates, want no new match and one duplicate", r.Matches, len(r.Duplicates))
	}
	after, total := w.list(matches.Filter{Team: "elms"})
	if len(after) != 2 || *total != 2 {
		t.Errorf("got %d matches of elms, total %d, want 2", len(after), *total)
	}
	s := matches.NewStore(w.Table, time.Now)
	for _, m := range before {
		got, err := s.Public().Get(ctx, m.ID)
		if err != nil || got.Home.ID != "elms" || got.Home.Name != "Elmfield City FC" || got.Season != m.Season {
			t.Errorf("%s: got %+v, %v, want the merged team", m.ID, got, err)
		}
	}
	w.checkCounters()
}

func TestClubsFileSplitsATeamIntoTwo(t *testing.T) {
	t.Parallel()
	w := open(t)
	football := writeTree(t, map[string]string{"2020-21/en.1.json": league(
		fixture("Matchday 1", "2020-09-12", "Elmleton FC", "Ash", ""), fixture("Matchday 2", "2020-09-19", "AFC Elmleton", "Ash", ""))})
	clubs := writeTree(t, map[string]string{"eng.clubs.txt": "Elmleton FC\nAFC Elmleton\n"})
	w.importOK(importer.Options{Openfootball: []string{football}})
	if list, _ := w.list(matches.Filter{Team: "elmleton-fc"}); len(list) != 2 {
		t.Fatalf("got %d matches, want 2: the names differ only in FC and AFC", len(list))
	}
	w.importOK(importer.Options{Clubs: []string{clubs}})
	for _, id := range []string{"elmleton-fc", "afc-elmleton"} {
		if list, _ := w.list(matches.Filter{Team: id}); len(list) != 1 {
			t.Errorf("%s: got %d matches, want 1", id, len(list))
		}
	}
	r := w.importOK(importer.Options{Openfootball: []string{football}})
	if r.Matches.Unchanged != 2 {
		t.Errorf("again: got %+v, want both unchanged", r.Matches)
	}
	w.checkCounters()
}

func TestProblemsAreReportedAndTheRestIsImported(t *testing.T) {
	t.Parallel()
	w := open(t)
	root := writeTree(t, map[string]string{
		"2020-21/en.1.json": league(
			fixture("Matchday 1", "2020-09-12", "Elm", "Ash", `,"score":{"ft":[1]}`), fixture("Matchday 2", "2020-09-19", "Ash", "Elm", ""),
			fixture("Matchday 3", "2020-09-26", "Elm", "Elm FC", ""),
			fixture("Matchday 4", "2020-09-26", "Elm", "Ash", `,"score":{"ft":[1,0]}`), fixture("Matchday 4", "2020-09-26", "Elm", "Ash", `,"score":{"ft":[1,1]}`)),
		"2020-21/es.1.json":        "{\n\"matches\": [\n{,",
		"2020-21/zz.1.json":        league(fixture("Matchday 1", "2020-09-12", "Yew", "Fir", `,"time":"15:00"`)),
		"2020-21/en.1.clubs.json":  "{}",
		"2020-21/README.md":        "#",
		"clubs/eng.clubs.txt":      "  | Early\nElm FC\n",
		"clubs/atlantis.clubs.txt": "Oak\n",
		"adjustments.csv":          "league,season,team,points,reason\nen.1,2020-21,Unknown,-8,x\nen.1,2020-21,Elm,-1,y\nen.1,2020-21,Elm,many,z\n\"en.1,\n",
	})
	r := w.run(importer.Options{Clubs: []string{filepath.Join(root, "clubs")}, Openfootball: []string{root, filepath.Join(root, "none")}, Adjustments: []string{filepath.Join(root, "adjustments.csv"), filepath.Join(root, "none.csv")}})
	var got []string
	for _, p := range r.Problems {
		got = append(got, strings.TrimPrefix(strings.ReplaceAll(p.String(), root, ""), "/"))
	}
	want := []string{
		`clubs/atlantis.clubs.txt: name: unknown country code "atlantis"; want a name such as eng.clubs.txt`,
		`clubs/eng.clubs.txt:1: alias: spellings come before any club`,
		`none: no such file or directory`,
		`none: no season file found, such as 2015-16/en.1.json`,
		`2020-21/en.1.json:3: matches[0].score.ft: want the goals of both teams, such as [1, 0]; got a list of 1`,
		`2020-21/es.1.json:3: unreadable JSON: invalid character ','`,
		`2020-21/en.1.json:5: matches[2]: "Elm" and "Elm FC" are one team`,
		`2020-21/en.1.json:7: matches[4]: the same match as matches[3], with another result`,
		`adjustments.csv:5: extraneous or missing " in quoted-field`,
		`adjustments.csv:2: team: no club has the name "Unknown" in en.1`,
		`adjustments.csv:4: points: want a number such as -8, got "many"`,
		`none.csv: no such file or directory`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if all, _ := w.list(matches.Filter{}); len(all) != 3 || r.Adjustments != 1 {
		t.Errorf("got %d matches and %d adjustments, want 3 and 1", len(all), r.Adjustments)
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "zz.1") {
		t.Errorf("got notes %q, want one about the time zone of zz.1", r.Notes)
	}
	w.checkCounters()
}

func TestPostponedMatchTakesItsLaterRow(t *testing.T) {
	t.Parallel()
	w := open(t)
	root := writeTree(t, map[string]string{"2020-21/en.1.json": league(
		fixture("Matchday 1", "2020-09-12", "Elm", "Ash", `,"status":"postponed"`), fixture("Matchday 1", "2020-10-01", "Elm", "Ash", `,"score":{"ft":[1,0]}`))})
	w.importOK(importer.Options{Openfootball: []string{root}})
	all, _ := w.list(matches.Filter{})
	if len(all) != 1 || all[0].Status != matches.Finished || all[0].Date != "2020-10-01" {
		t.Errorf("got %+v, want the played match", all)
	}
}

func TestAdjustmentOfAClubOutsideTheSeasonIsReportedByLine(t *testing.T) {
	t.Parallel()
	w := open(t)
	root := writeTree(t, map[string]string{
		"eng.clubs.txt":     "Elm FC\nOak FC\n",
		"2020-21/en.1.json": league(fixture("Matchday 1", "2020-09-12", "Elm", "Ash", "")),
		"a.csv":             "league,season,team,points,reason\nen.1,2020-21,Oak,-8,x\nen.1,2021-22,Oak,-8,x\n",
	})
	r := w.run(importer.Options{Clubs: []string{root}, Openfootball: []string{root}, Adjustments: []string{filepath.Join(root, "a.csv")}})
	if len(r.Problems) != 1 || !strings.HasSuffix(r.Problems[0].String(), "a.csv:2: team: Oak FC does not play in en.1 2020-21") {
		t.Errorf("got %v, want a problem in line 2", r.Problems)
	}
	if r.Adjustments != 1 || len(r.Notes) != 1 {
		t.Errorf("got %d adjustments and notes %q, want one adjustment of a future season, and a note", r.Adjustments, r.Notes)
	}
}

func TestConcurrentImportsStoreEachMatchOnceWithExactCounters(t *testing.T) {
	t.Parallel()
	w := open(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := importer.Run(ctx, w.counting, time.Now, invented.all()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if all, _ := w.list(matches.Filter{}); len(all) != invented.matches {
		t.Errorf("got %d matches, want %d", len(all), invented.matches)
	}
	if got := len(w.teams()); got != invented.teams {
		t.Errorf("got %d teams, want %d", got, invented.teams)
	}
	w.checkCounters()
}

// failing is a table whose writes fail after a number of successful ones.
type failing struct {
	table.Table
	left *atomic.Int64
}

var errBroken = errors.New("broken")

func (f failing) Write(ctx context.Context, w table.Write) (table.Item, error) {
	if f.left.Add(-1) < 0 {
		return nil, errBroken
	}
	return f.Table.Write(ctx, w)
}

func (f failing) Transact(ctx context.Context, ws []table.Write) error {
	if f.left.Add(-1) < 0 {
		return errBroken
	}
	return f.Table.Transact(ctx, ws)
}

func TestInterruptedImportIsCompletedByTheNext(t *testing.T) {
	t.Parallel()
	want, _ := invented.imported(t)
	for n := int64(0); ; n += 1 + n/6 {
		w := open(t)
		w.run(importer.Options{Openfootball: []string{invented.football}})
		left := new(atomic.Int64)
		left.Store(n)
		_, err := importer.Run(ctx, failing{w.Table, left}, time.Now, invented.all())
		if err != nil && !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		w.run(invented.all())
		if got := w.contents(); !slices.Equal(got, want.contents()) {
			t.Fatalf("interrupted at write %d: got %d matches that differ from the %d wanted", n, len(got), len(want.contents()))
		}
		w.checkCounters()
		if err == nil {
			return
		}
	}
}

func TestImportIntoDynamoDBGivesTheSameMatches(t *testing.T) {
	t.Parallel()
	w := testStore{t, counting{dynamolocal.Tables(t, table.Stats)[table.Stats.Name], new(atomic.Int64)}}
	w.importOK(importer.Options{Openfootball: []string{invented.football}})
	w.importOK(importer.Options{Clubs: []string{invented.clubs}})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if _, err := importer.Run(ctx, w.counting, time.Now, invented.all()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	w.writes.Store(0)
	w.importOK(invented.all())
	if n := w.writes.Load(); n != 0 {
		t.Errorf("got %d writes by the last import, want none", n)
	}
	want, _ := invented.imported(t)
	if got := w.contents(); !slices.Equal(got, want.contents()) {
		t.Errorf("got %d matches that differ from the %d wanted", len(got), invented.matches)
	}
	if got := names(w.teams()); !slices.Equal(got, names(want.teams())) {
		t.Errorf("got other teams (%d, want %d)", len(got), invented.teams)
	}
	w.checkCounters()
}

func TestPutImportsMatchesOfAnySource(t *testing.T) {
	t.Parallel()
	w := open(t)
	m := matches.Match{Date: "2020-01-01", Status: matches.Scheduled, Home: matches.Side{Name: "Elm"}, Away: matches.Side{Name: "Ash"}}
	r, err := importer.Put(ctx, w.Table, time.Now, []importer.Season{{League: "sim.1", Name: "Simulated", Season: "2020", Matches: []matches.Match{m}}})
	if err != nil || r.Matches.New != 1 {
		t.Fatalf("got %+v, %v", r.Matches, err)
	}
	l, err := leagues.NewStore(w.Table).Public().Get(ctx, "sim.1")
	if want := (&leagues.League{ID: "sim.1", Name: "Simulated", Sport: leagues.Football, CurrentSeason: l.CurrentSeason}); err != nil || !reflect.DeepEqual(l, want) {
		t.Errorf("got %+v, %v", l, err)
	}
}

func TestProgressRisesToItsTotal(t *testing.T) {
	t.Parallel()
	w := open(t)
	o := invented.all()
	last, most := 0, 0
	o.Progress = func(done, total int) {
		if done < last || done > total {
			t.Errorf("got %d after %d of %d", done, last, total)
		}
		last, most = done, total
	}
	w.importOK(o)
	if most != invented.matches+invented.duplicates || last != most {
		t.Errorf("got %d of %d, want all %d", last, most, invented.matches+invented.duplicates)
	}
}

func TestCheckNamesAPathThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	if err := importer.Check(invented.all()); err != nil {
		t.Errorf("got %v, want none", err)
	}
	if err := importer.Check(importer.Options{Clubs: []string{"nowhere"}}); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v, want an error with the path", err)
	}
}
