package importer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/sources/importer"
	"statgate/shared/sources/simulation"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/players"
)

func (w testStore) players() players.Reader {
	return players.NewStore(w).For(&api.Caller{}, &contract.Contract{})
}

func (w testStore) playerStats(f players.Filter) []players.Stats {
	w.Helper()
	page, err := w.players().Stats(ctx, f, "", 5000)
	if err != nil || page.Next != "" {
		w.Fatalf("next %q, %v", page.Next, err)
	}
	return page.Items
}

// TestPlayersOf2018HaveTheGoalsOfTheirMatches compares the statistics with the results,
// which come from another source.
func TestPlayersOf2018HaveTheGoalsOfTheirMatches(t *testing.T) {
	t.Parallel()
	dir, _ := cups(t)
	w := open(t)
	report := w.importOK(cupOptions(dir))
	if p := report.Players; p.Total != 736 || p.New != 736 || p.Matches != 64 || p.Recorded != 64 || p.Changed != 0 {
		t.Errorf("got %+v, want the squads of 32 teams with 23 players each", p)
	}
	byTeam, own := map[string]int{}, 0
	for _, m := range w.season("2018") {
		result := *m.Score.FullTime
		if m.Score.ExtraTime != nil {
			result = *m.Score.ExtraTime
		}
		byTeam[m.Home.ID], byTeam[m.Away.ID] = byTeam[m.Home.ID]+result.Home, byTeam[m.Away.ID]+result.Away
		for _, e := range w.events(m.ID) {
			if e.Type == "own_goal" {
				own++
				byTeam[map[string]string{"home": m.Home.ID, "away": m.Away.ID}[e.Team]]--
			}
		}
	}
	got, minutes := map[string]int{}, map[string]int{}
	for _, s := range w.playerStats(players.Filter{League: "worldcup", Season: "2018"}) {
		got[s.Team], minutes[s.Team] = got[s.Team]+s.Goals, minutes[s.Team]+*s.Minutes
	}
	for team, goals := range byTeam {
		if got[team] != goals {
			t.Errorf("%s: the players have %d goals, the team scored %d without own goals", team, got[team], goals)
		}
	}
	if own != 12 || len(got) != 32 || minutes["france"] != 7*11*90 {
		t.Errorf("got %d own goals, %d teams, %d minutes of the champion, want 12, 32 and %d", own, len(got), minutes["france"], 7*11*90)
	}
}

func TestPlayersOf2018AreFoundWithTheirFigures(t *testing.T) {
	t.Parallel()
	dir, _ := cups(t)
	w := open(t)
	w.importOK(cupOptions(dir))
	for q, want := range map[string]string{
		"harry kane": "harry-kane ENG 1993-07-28 forward england m6 g6 a0 min573", "MODRIC": "luka-modric CRO 1985-09-09 midfielder croatia m7 g2 a0 min694",
		"mandžukić": "mario-mandzukic CRO 1986-01-14 forward croatia m6 g3 a0 min609", "K. Mbappé": "kylian-mbappe FRA 1998-12-20 forward france m7 g4 a0 min535",
		"Messi": "lionel-messi ARG 1987-06-24 forward argentina m4 g1 a0 min360", "cristiano ronaldo": "cristiano-ronaldo POR 1985-02-05 forward portugal m4 g4 a0 min360",
	} {
		found, err := w.players().Search(ctx, q, 3)
		if err != nil || len(found) != 1 {
			t.Errorf("%s: got %+v (%v)", q, found, err)
			continue
		}
		p := found[0]
		stats, err := w.players().StatsOf(ctx, p.ID)
		if err != nil || len(stats) != 1 {
			t.Fatalf("%s: got %+v (%v)", q, stats, err)
		}
		s := stats[0]
		if got := fmt.Sprintf("%s %s %s %s %s m%d g%d a%d min%d", p.ID, *p.Country, *p.Born, *p.Position, *p.Team, s.Matches, s.Goals, *s.Assists, *s.Minutes); got != want {
			t.Errorf("%s: got %s, want %s", q, got, want)
		}
	}
	for q, want := range map[string]string{"Modrik": "luka-modric", "Mbape": "kylian-mbappe", "Griezman": "antoine-griezmann"} {
		if found, err := w.players().Nearest(ctx, q, 1); err != nil || len(found) != 1 || found[0].ID != want {
			t.Errorf("%s: got %+v (%v), want %s", q, found, err, want)
		}
	}
}

// TestCorrectedFilesChangePlayersAndStatistics imports a match, then the same match with
// other figures, a renamed player and another lineup.
func TestCorrectedFilesChangePlayersAndStatistics(t *testing.T) {
	t.Parallel()
	w := open(t)
	raw, err := os.ReadFile("testdata/reports/wyscout/matches/matches_Cup.json")
	if err != nil {
		t.Fatal(err)
	}
	named, err := os.ReadFile("testdata/reports/wyscout/players.json")
	if err != nil {
		t.Fatal(err)
	}
	teams, err := os.ReadFile("testdata/reports/wyscout/teams.json")
	if err != nil {
		t.Fatal(err)
	}
	run := func(edit ...string) importer.PlayerCounts {
		change := strings.NewReplacer(edit...)
		dir := writeTree(t, map[string]string{"matches/a.json": change.Replace(string(raw)), "players.json": change.Replace(string(named)), "teams.json": string(teams)})
		return w.importOK(importer.Options{Openfootball: []string{"testdata/reports/2018"}, Wyscout: []string{dir}}).Players
	}
	text := func() string {
		var all []string
		for _, s := range w.playerStats(players.Filter{}) {
			all = append(all, fmt.Sprintf("%s %s m%d g%d min%d y%d", s.Player, s.Team, s.Matches, s.Goals, *s.Minutes, *s.YellowCards))
		}
		return strings.Join(all, "; ")
	}
	if got, want := run(), (importer.PlayerCounts{Total: 4, Changes: players.Changes{New: 4}, Matches: 1, Recorded: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := text(), "a-birch elmland m1 g0 min90 y1; c-cedar elmland m1 g0 min0 y0; d-dogwood ashia m1 g0 min90 y0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := run(), (importer.PlayerCounts{Total: 4, Matches: 1}); got != want {
		t.Errorf("again: got %+v, want %+v", got, want)
	}
	correct := []string{`"shortName": "A. Birch"`, `"shortName": "A. Birch-Oak", "firstName": "Ann"`, `"playerId": 10, "yellowCards": "92"`, `"playerId": 10, "goals": "2", "ownGoals": "1", "yellowCards": "0"`, `"minute": 92`, `"minute": 60`}
	if got, want := run(correct...), (importer.PlayerCounts{Total: 4, Changes: players.Changes{Changed: 1}, Matches: 1, Recorded: 1}); got != want {
		t.Errorf("corrected: got %+v, want %+v", got, want)
	}
	if got, want := text(), "a-birch elmland m1 g2 min60 y0; c-cedar elmland m1 g0 min30 y0; d-dogwood ashia m1 g0 min90 y0"; got != want {
		t.Errorf("corrected: got  %s\nwant %s", got, want)
	}
	if p, err := w.players().Get(ctx, "a-birch"); err != nil || p.Name != "Ann Birch-Oak" {
		t.Errorf("got %+v (%v), want the id to stay", p, err)
	}
}

// TestImportOfPlayersThatWasInterruptedIsCompletedByTheNext fails the import at each of its
// writes.
func TestImportOfPlayersThatWasInterruptedIsCompletedByTheNext(t *testing.T) {
	t.Parallel()
	o := importer.Options{Openfootball: []string{"testdata/reports/2018"}, Wyscout: []string{"testdata/reports/wyscout"}}
	whole := open(t)
	whole.importOK(o)
	all, err := whole.players().List(ctx, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint(*all.Total, len(all.Items), whole.playerStats(players.Filter{})[0].Matches)
	for n := int64(0); ; n++ {
		w := open(t)
		if interrupted(w, n, o) == nil {
			return
		}
		w.importOK(o)
		page, err := w.players().List(ctx, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(*page.Total, len(page.Items), w.playerStats(players.Filter{})[0].Matches); got != want || !reflect.DeepEqual(page.Items, all.Items) {
			t.Errorf("interrupted at write %d: got %s, want %s", n, got, want)
		}
	}
}

// TestClubsOfThePremierLeagueAreRecognised finds the matches of a season of clubs by the
// data set's spellings, with and without the other countries' clubs.
func TestClubsOfThePremierLeagueAreRecognised(t *testing.T) {
	t.Parallel()
	dir, _ := cups(t)
	var file []struct {
		ID   int `json:"wyId"`
		Name string
		Type string
	}
	teams := filepath.Join(dir, "wyscout-figshare", "teams.json")
	readJSON(t, teams, &file)
	ids := map[string]int{}
	for _, c := range file {
		if c.Type == "club" {
			ids[c.Name] = c.ID
		}
	}
	raw, err := os.ReadFile(teams)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []importer.Options{{}, {Clubs: []string{filepath.Join(dir, "openfootball-clubs")}}} {
		w := open(t)
		o.Openfootball = []string{filepath.Join(dir, "openfootball-football.json", "2017-18")}
		w.run(o)
		list, _ := w.list(matches.Filter{League: "en.1", Season: "2017-18"})
		var all []string
		for _, m := range list {
			short := func(name string) int { return ids[strings.TrimSuffix(strings.TrimSuffix(name, " FC"), " AFC")] }
			at, err := time.Parse(time.RFC3339, *m.KickoffAt)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprintf(`{"wyId":%d,"dateutc":%q,"teamsData":{"1":{"side":"home","teamId":%d},"2":{"side":"away","teamId":%d}}}`,
				len(all), at.Format(time.DateTime), short(m.Home.Name), short(m.Away.Name)))
		}
		folder := writeTree(t, map[string]string{"matches/a.json": "[" + strings.Join(all, ",") + "]", "teams.json": string(raw), "players.json": "[]"})
		if report := w.run(importer.Options{Wyscout: []string{folder}}); len(report.Problems) > 0 || report.Players.Matches != 380 {
			t.Errorf("%d of %d matches were found, first problems: %v", report.Players.Matches, len(list), report.Problems[:min(3, len(report.Problems))])
		}
	}
}

// interrupted runs an import that fails at its write n. It returns nil if the import has
// fewer writes.
func interrupted(w testStore, n int64, o importer.Options) error {
	left := new(atomic.Int64)
	left.Store(n)
	_, err := importer.Run(ctx, failing{w.Table, left}, time.Now, o)
	return err
}

// TestSimulatedLeagueHasPlayersWithExactSumsOnLaterDays stores the simulated league again
// on later days. Matches whose reports are no longer among the latest keep their figures.
func TestSimulatedLeagueHasPlayersWithExactSumsOnLaterDays(t *testing.T) {
	t.Parallel()
	w := open(t)
	start := time.Date(2026, time.October, 14, 12, 0, 0, 0, time.UTC)
	seen := map[string]players.Sheet{}
	for _, day := range []int{0, 0, 7, 21} {
		now := start.AddDate(0, 0, day)
		sim := simulation.New(1, now)
		before := w.writes.Load()
		report, err := importer.Put(ctx, w, func() time.Time { return now }, importer.Simulated(sim))
		if err != nil || len(report.Problems) > 0 {
			t.Fatalf("got %v, %v", report.Problems, err)
		}
		if again := len(seen) > 0 && day == 0; again && w.writes.Load() != before {
			t.Errorf("the same day again made %d writes", w.writes.Load()-before)
		}
		want := 0
		for _, sheet := range sim.Sheets {
			seen[sheet.Key] = sheet
		}
		for _, sheet := range seen {
			for _, p := range slices.Concat(sheet.Home, sheet.Away) {
				want += p.Goals
			}
		}
		got := 0
		for _, s := range w.playerStats(players.Filter{}) {
			got += s.Goals
		}
		page, err := w.players().List(ctx, "", 1000)
		if err != nil || got != want || want == 0 || *page.Total != 14*18 || len(page.Items) != 14*18 {
			t.Errorf("day %d: %d goals, want %d; %d players, total %d (%v)", day, got, want, len(page.Items), *page.Total, err)
		}
	}
}

// TestEventsAndLineupsReferToPlayers checks reports of both sources with players, and of
// one without.
func TestEventsAndLineupsReferToPlayers(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.importOK(importer.Options{Openfootball: []string{"testdata/reports/2018"}, Wyscout: []string{"testdata/reports/wyscout"}})
	list, _ := w.list(matches.Filter{League: "cup", Season: "2018"})
	var got []string
	for _, e := range w.events(list[0].ID) {
		text := string(e.Type)
		for _, id := range []*string{e.PlayerID, e.InID} {
			if id != nil {
				text += " " + *id
			}
		}
		got = append(got, text)
	}
	slices.Sort(got)
	if want := "goal; own_goal; penalty; substitution a-birch c-cedar; yellow_card a-birch"; strings.Join(got, "; ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	l, err := w.report(list[0].ID).Lineups(ctx)
	if err != nil || *l.Home.Starters[0].ID != "a-birch" || *l.Home.Substitutes[0].ID != "c-cedar" || *l.Away.Starters[0].ID != "d-dogwood" {
		t.Errorf("got %+v (%v)", l, err)
	}

	sim, demo := simulation.New(1, time.Now()), open(t)
	for range 2 { // the source's own report stays as it is
		if _, err := importer.Put(ctx, demo, time.Now, importer.Simulated(sim)); err != nil {
			t.Fatal(err)
		}
	}
	all, _ := demo.list(matches.Filter{League: sim.League.ID})
	events := 0
	for _, m := range all {
		for _, e := range demo.events(m.ID) {
			events++
			p, err := demo.players().Get(ctx, *e.PlayerID)
			if err != nil || p.Name[:1]+"."+p.Name[strings.Index(p.Name, " "):] != *e.Player {
				t.Errorf("got %+v of %s (%v)", p, *e.Player, err)
			}
		}
	}
	if events == 0 {
		t.Error("the simulated league has no events")
	}
}
