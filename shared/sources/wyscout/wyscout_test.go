package wyscout_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"statgate/shared/sources/wyscout"
	"statgate/shared/stats/reports"
)

// folder writes a small data set with two teams and four players, and returns its folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{
		"teams.json": `[{"wyId":1,"name":"Korea Republic"},{"wyId":2,"name":"Elm"}]`,
		"players.json": `[{"wyId":10,"shortName":"L. Modri\\u0107","role":{"name":"Midfielder"}},{"wyId":11,"shortName":"B","role":{"name":"Goalkeeper"}},
			{"wyId":20,"shortName":"C","role":{"name":"Sweeper"}},{"wyId":21,"shortName":"D","role":{"name":"Forward"}}]`,
		"matches/a.json": "[" + match("Regular", "10", `"null"`) + "]",
	}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		if text == "" {
			continue
		}
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// match returns a match in which D gets a yellow card, and a red card in minute 93.
func match(duration, starter, substitutions string) string {
	return fmt.Sprintf(`{"wyId":7,"duration":%q,"dateutc":"2018-07-15 15:00:00","teamsData":{
		"2":{"side":"away","teamId":2,"formation":{"lineup":[{"playerId":21,"yellowCards":"12","redCards":"93"}],"bench":[{"playerId":20,"yellowCards":"0","redCards":"0"}],"substitutions":"null"}},
		"1":{"side":"home","teamId":1,"formation":{"lineup":[{"playerId":%s,"yellowCards":"0","redCards":"0"}],"bench":[{"playerId":11,"yellowCards":"0","redCards":"0"}],"substitutions":%s}}}}`,
		duration, starter, substitutions)
}

func textOf(events []reports.Event) string {
	var all []string
	for _, e := range events {
		text := fmt.Sprintf("%s %s %s %d", e.Type, e.Team, *e.Player, e.Minute)
		if e.AddedTime != nil {
			text += fmt.Sprintf("+%d", *e.AddedTime)
		}
		if e.PlayerIn != nil {
			text += " " + *e.PlayerIn
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

func read(t *testing.T, files map[string]string) wyscout.Match {
	t.Helper()
	set := wyscout.Read(folder(t, files))
	if len(set.Problems) > 0 || len(set.Matches) != 1 {
		t.Fatalf("got %d matches, problems %v", len(set.Matches), set.Problems)
	}
	return set.Matches[0]
}

func TestMatchHasItsTeamsLineupsAndEvents(t *testing.T) {
	t.Parallel()
	m := read(t, map[string]string{"matches/a.json": "[" + match("Regular", "10", `[{"playerIn":11,"playerOut":10,"minute":71}]`) + "]"})
	if m.Home != "South Korea" || m.Away != "Elm" || m.Kickoff.Format("2006-01-02T15:04Z07:00") != "2018-07-15T15:00Z" {
		t.Errorf("got %s against %s at %s", m.Home, m.Away, m.Kickoff)
	}
	if got, want := textOf(m.Report.Events), "red_card away D 90+3; substitution home L. Modrić 71 B; yellow_card away D 12"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	home, away := m.Report.Lineups.Home, m.Report.Lineups.Away
	if home.Starters[0].Name != "L. Modrić" || *home.Starters[0].Position != "midfielder" || *home.Substitutes[0].Position != "goalkeeper" {
		t.Errorf("got %+v", home)
	}
	if away.Starters[0].Name != "D" || away.Substitutes[0].Position != nil {
		t.Errorf("got %+v: want a null position for an unknown role", away)
	}
	if m.Report.Stats != nil {
		t.Errorf("got statistics %+v without a file of events", m.Report.Stats)
	}
	for _, kind := range append(slices.Clone(reports.Cards), reports.Substitutions...) {
		if !slices.Contains(m.Report.Types, kind) {
			t.Errorf("type %s is missing from the report's types", kind)
		}
	}
	if slices.Contains(m.Report.Types, reports.Goal) {
		t.Error("the report's types have goals, which the source does not report")
	}
}

func TestMinutesOfExtraTimeAreNotAddedTime(t *testing.T) {
	t.Parallel()
	m := read(t, map[string]string{"matches/a.json": "[" + match("Penalties", "10", `[{"playerIn":11,"playerOut":10,"minute":122}]`) + "]"})
	if got, want := textOf(m.Report.Events), "red_card away D 93; substitution home L. Modrić 120+2 B; yellow_card away D 12"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestStatisticsCountEachSideWithoutTheShootOut(t *testing.T) {
	t.Parallel()
	event := func(team int, name, sub, period string, tag int) string {
		return fmt.Sprintf(`{"teamId":%d,"eventName":%q,"subEventName":%q,"matchPeriod":%q,"tags":[{"id":%d}]}`, team, name, sub, period, tag)
	}
	m := read(t, map[string]string{"events/7.json": "[" + strings.Join([]string{
		event(1, "Shot", "Shot", "1H", 1801), event(1, "Shot", "Shot", "2H", 1802), event(2, "Free Kick", "Penalty", "E1", 1801),
		event(2, "Free Kick", "Penalty", "P", 1801), event(2, "Free Kick", "Corner", "2H", 0), event(2, "Foul", "Hand foul", "2H", 0),
		event(1, "Pass", "Cross", "1H", 1801), event(1, "Pass", "Simple pass", "1H", 1802), event(9, "Pass", "Simple pass", "1H", 1801),
	}, ",") + "]"})
	got := map[string][2]int{}
	for _, section := range m.Report.Stats.Data {
		for _, stat := range section.Stats {
			got[section.Section+" "+stat.Name] = [2]int{stat.Home, stat.Away}
		}
	}
	want := map[string][2]int{
		"attack shots": {2, 1}, "attack shots_on_target": {1, 1}, "attack offsides": {0, 0}, "passing passes": {2, 0}, "passing accurate_passes": {1, 0},
		"passing crosses": {1, 0}, "set_pieces corners": {0, 1}, "set_pieces throw_ins": {0, 0}, "discipline fouls": {0, 1},
		"discipline yellow_cards": {0, 1}, "discipline red_cards": {0, 1},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestProblemsAreReportedAndTheRestIsRead(t *testing.T) {
	t.Parallel()
	good := match("Regular", "10", `"null"`)
	for _, c := range []struct {
		files   map[string]string
		want    string
		matches int
	}{
		{map[string]string{"matches/a.json": "[" + good + "," + match("Regular", "99", `"null"`) + "]"}, "[1]: player 99 is not in players.json", 1},
		{map[string]string{"matches/a.json": "[" + good + "," + match("Regular", "10", `[{"playerIn":98,"playerOut":10,"minute":7}]`) + "]"}, "substitution: player 10 or 98", 1},
		{map[string]string{"matches/a.json": "[" + good + "," + strings.Replace(good, "2018-07-15", "2018-17-15", 1) + "]"}, "dateutc: want a time", 1},
		{map[string]string{"matches/a.json": "[" + good + "," + strings.Replace(good, `"teamId":2`, `"teamId":3`, 1) + "]"}, "a team is missing or not in teams.json", 1},
		{map[string]string{"matches/b.json": "["}, "b.json: unreadable JSON", 1},
		{map[string]string{"events/7.json": "{"}, "7.json: unreadable JSON", 1},
		{map[string]string{"matches/a.json": ""}, "no file matches/*.json found", 0},
		{map[string]string{"players.json": "", "matches/a.json": "[]"}, "players.json: no such file", 0},
	} {
		set := wyscout.Read(folder(t, c.files))
		if len(set.Problems) != 1 || !strings.Contains(set.Problems[0].String(), c.want) || len(set.Matches) != c.matches {
			t.Errorf("got %d matches, problems %v, want %d and %q", len(set.Matches), set.Problems, c.matches, c.want)
		}
	}
}
