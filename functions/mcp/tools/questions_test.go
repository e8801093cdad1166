package tools_test

import (
	"fmt"
	"strings"
	"testing"

	"statgate/shared/api"
	"statgate/shared/sources/importer"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/teams"
)

// idOf returns the id of the first match that a list of matches shows.
func (w *world) idOf(arguments string) string {
	w.Helper()
	_, data, err := w.run(w.key("org_1"), "matches", arguments)
	if err != nil {
		w.Fatal(err)
	}
	id, _ := data["rows"].([]any)[0].(map[string]any)["id"].(string)
	return id
}

func TestMatchShowsTheRequestedPartsOfItsReport(t *testing.T) {
	t.Parallel()
	w := filled(t)
	id := w.idOf(`{"date": "2025-08-16", "team": "elmfield"}`)
	all := func(arguments string) string {
		return w.ask("match", fmt.Sprintf(`{"match": %q%s}`, id, arguments))
	}
	text := all("")
	w.has(text, "2025-08-16 15:00 Elmfield United [elmfield-united] 4-1 Firth City [firth-city], finished ("+id+"), en.1 2025-26 Matchday 1",
		"12' goal for Elmfield United: José Álvarez [jose-alvarez]\n", "30' own goal for Firth City: Sam Ash", "44' red card for Firth City: Max Alder",
		"45+2' goal by a penalty for Elmfield United: José Álvarez")
	w.lacks(text, "substitution", "starters", "shots")
	w.has(all(`, "include": ["events"], "detail": "full"`), "60' substitution for Elmfield United: Ole Rowan [ole-rowan] for Sam Ash")
	w.has(all(`, "include": ["lineups"]`), "Elmfield United, starters: José Álvarez, Sam Ash", "Elmfield United, substitutes: Ole Rowan", "Firth City, starters: Max Alder")
	w.has(all(`, "include": ["lineups"], "detail": "full"`), "José Álvarez [jose-alvarez] (forward), Sam Ash")
	w.has(all(`, "include": ["statistics", "events"]`), "12' goal", "shots: 17-4")
	w.has(all(`, "timezone": "Asia/Tokyo"`), "2025-08-16 23:00 Elmfield United", "dates and times in Asia/Tokyo")
	other := w.idOf(`{"league": "en.1", "season": "2024-25", "limit": 1}`)
	w.has(w.ask("match", fmt.Sprintf(`{"match": %q, "include": ["lineups", "events"]}`, other)), "No lineups of this match are known", "No events of this match are known")
}

func TestHeadToHeadShowsRecordLastAndNextMeetings(t *testing.T) {
	t.Parallel()
	w := filled(t)
	text := w.ask("head_to_head", `{"team": "elmfield", "opponent": "Firth City"}`)
	w.has(text, "Elmfield United [elmfield-united] against Firth City [firth-city]", "Played 3: won 1, drawn 1, lost 1, goals 5:4",
		"Next: 2026-05-02 15:00 Firth City [firth-city] v Elmfield United", "2025-08-16 15:00 Elmfield United [elmfield-united] 4-1 Firth City", "en.1 2025-26")
	if newest, older := strings.Index(text, "2025-08-16"), strings.Index(text, "2024-12-28"); newest > older {
		t.Errorf("the newest meeting is not the first:\n%s", text)
	}
	w.has(w.ask("head_to_head", `{"team": "firth", "opponent": "elmfield"}`), "Played 3: won 1, drawn 1, lost 1, goals 4:5")
	w.has(w.ask("head_to_head", `{"team": "firth", "opponent": "birkenau"}`), "No played meeting is known", "Next: none is scheduled")
	w.has(w.refused("head_to_head", `{"team": "firth", "opponent": "firth city"}`), "opponent: must be another team than Firth City [firth-city]")
}

func TestShootOutCountsForItsWinner(t *testing.T) {
	t.Parallel()
	w := empty(t)
	final := game(1, "2025-08-16", "15:00", "Firth City", "Elmfield United", 1, 1)
	final.Score.ExtraTime, final.Score.Penalties = &matches.Goals{Home: 2, Away: 2}, &matches.Goals{Home: 3, Away: 4}
	final.Score.Winner = matches.Winner(final.Status, final.Score)
	w.store(importer.Season{League: "en.1", Name: "English Premier League", Season: "2025-26", Matches: []matches.Match{final}})
	w.has(w.ask("head_to_head", `{"team": "elmfield", "opponent": "firth"}`), "Played 1: won 1, drawn 0, lost 0, goals 2:2", "2-2 (3-4 on penalties)")
	w.has(w.ask("match", fmt.Sprintf(`{"match": %q}`, w.idOf(`{"team": "firth"}`))), "; 1-1 after 90 minutes")
}

func TestTeamShowsRecordFormLastAndNextMatches(t *testing.T) {
	t.Parallel()
	w := filled(t)
	text := w.ask("team", `{"team": "elmfield"}`)
	w.has(text, "en.1 2025-26: played 2: won 2, drawn 0, lost 0, goals 5:1", "Form, newest first: WW\n",
		"Next: 2026-03-14 23:30 Elmfield United [elmfield-united] v Oakham Rovers", "Next: 2026-05-02", "Last, newest first:\n2026-03-14 15:00 Ängby FF [angby-ff] 0-1")
	w.lacks(text, "2024-25")
	text = w.ask("team", `{"team": "elmfield", "season": "2024-25"}`)
	w.has(text, "en.1 2024-25: played 2: won 0, drawn 1, lost 1, goals 1:3", "Form, newest first: DL\n", "2024-12-28")
	w.lacks(text, "2025-26", "Next:")
	w.has(w.refused("team", `{"team": "elmfield", "season": "1999-00"}`), `season: the team has no match in season "1999-00"; call matches with the team`)
	w.has(w.refused("team", `{"team": "elmfield", "season": "last"}`), "season: must be a season such as 2015-16")
}

func TestStandingsShowOneGroup(t *testing.T) {
	t.Parallel()
	w := empty(t)
	var list []matches.Match
	for i, group := range []string{"Group A", "Group B"} {
		m := game(1, "2018-06-14", "15:00", []string{"Elmfield United", "Oakham Rovers"}[i], []string{"Firth City", "Ängby FF"}[i], 1, 0)
		m.Group, m.Matchday = &group, nil
		list = append(list, m)
	}
	w.store(importer.Season{League: "worldcup", Name: "World Cup", Season: "2018", Matches: list})
	for _, group := range []string{"B", "Group B", "group b"} {
		text := w.ask("standings", fmt.Sprintf(`{"league": "world cup", "group": %q}`, group))
		w.has(text, "Group B 1. Oakham Rovers", "Group B 2. Ängby FF")
		w.lacks(text, "Group A")
	}
	w.has(w.refused("standings", `{"league": "world cup", "group": "X"}`), `group: no group like "X"; nearest: Group A, Group B`)
	w.has(filled(t).refused("standings", `{"league": "en.1", "group": "A"}`), `group: the season has no groups`)
}

func TestPlayerShowsStatisticsBySeason(t *testing.T) {
	t.Parallel()
	w := filled(t)
	text := w.ask("player", `{"player": "jose alvarez"}`)
	w.has(text, "José Álvarez [jose-alvarez] (ESP), forward, born 1999-05-01, of elmfield-united", "In all: 2 matches, 3 goals",
		"\nen.1 2025-26, Elmfield United [elmfield-united]: 1 match, 3 goals, 1 assist\nen.1 2024-25, Elmfield United [elmfield-united]: 1 match, 0 goals, 1 assist")
	w.has(w.ask("player", `{"player": "jose alvarez", "league": "premier league", "season": "2025/26", "detail": "full"}`), "3 goals, 1 assist, 90 minutes, 1 yellow card, 0 red cards")
	w.has(w.refused("player", `{"player": "jose alvarez", "season": "2018"}`), "season: no statistics of José Álvarez [jose-alvarez] in 2018; seasons with statistics: en.1 2025-26, en.1 2024-25")
	w.has(w.refused("player", `{"player": "jose alvarez", "league": "de.1"}`), "league: no statistics of José Álvarez", "in de.1")
	w.has(w.ask("player", `{"player": "rowan"}`), "Ole Rowan [ole-rowan] (NOR)\nNo statistics are known")
}

// TestDataOfScopesThatTheKeyLacksIsLeftOut reads tools whose parts need further scopes.
func TestDataOfScopesThatTheKeyLacksIsLeftOut(t *testing.T) {
	t.Parallel()
	w := filled(t)
	for _, c := range []struct{ tool, arguments, scope, want, not string }{
		{"team", `{"team": "elmfield"}`, "read:teams", "may not read record, form and matches: they need the scope read:matches", "2026-"},
		{"player", `{"player": "alvarez"}`, "read:players", "may not read statistics: they need the scope read:stats", "goal"},
	} {
		text, data, err := w.run(w.key("org_1", "mcp:invoke", c.scope), c.tool, c.arguments)
		if err != nil || data["withheld"] != true {
			t.Fatal(data, err)
		}
		w.has(text, c.want)
		w.lacks(text, c.not)
	}
}

func TestUsageSaysWhatTheKeyMayDoAndHasLeft(t *testing.T) {
	t.Parallel()
	w := filled(t)
	text, data, err := w.run(w.key("org_1", "mcp:invoke", "read:matches"), "usage", `{}`)
	if err != nil {
		t.Fatal(err)
	}
	w.has(text, "Key key_1 of plan PRO", "Scopes: mcp:invoke, read:matches", "Tools: matches, match, head_to_head, usage\n",
		"Not allowed: team, which needs the scope read:teams\n", "Not allowed: standings, which needs the scope read:leagues or read:stats\n",
		"listMatches", "Quota: 42 of 1000 calls are left until 2026-03-14T21:30:00Z")
	w.lacks(text, "listTeams,", "createMatch", "Kinds")
	if budget := data["budget"].(map[string]any); budget["remaining"] != 42.0 || budget["name"] != "requests" {
		t.Errorf("budget %v", budget)
	}
}

// TestOtherOrganisationsMatchesNeverAppear asks every tool that reads matches, with the names
// and the ids that the other organisation's matches have.
func TestOtherOrganisationsMatchesNeverAppear(t *testing.T) {
	t.Parallel()
	w := filled(t)
	mine := w.owned("org_1", "en.1", "2025-26", "2026-03-14", "Elmfield United", "Firth City")
	other := w.owned("org_2", "en.1", "2025-26", "2026-03-14", "Elmfield United", "Firth City")
	for _, c := range []struct{ tool, arguments string }{
		{"matches", `{"date": "today", "limit": 25}`}, {"matches", `{"league": "en.1", "season": "2025-26", "limit": 25}`},
		{"matches", `{"team": "elmfield-united", "limit": 25}`}, {"matches", `{"status": "finished", "limit": 25}`}, {"matches", `{"league": "en.1", "limit": 25}`},
		{"team", `{"team": "elmfield-united", "detail": "full"}`}, {"team", `{"team": "elmfield-united", "season": "2025-26", "detail": "full"}`},
		{"head_to_head", `{"team": "elmfield-united", "opponent": "firth-city", "limit": 25}`},
		{"match", fmt.Sprintf(`{"match": %q}`, mine)},
	} {
		text := w.ask(c.tool, c.arguments)
		w.has(text, mine)
		w.lacks(text, other)
	}
	_, _, hidden := w.run(w.key("org_1"), "match", fmt.Sprintf(`{"match": %q}`, other))
	_, _, missing := w.run(w.key("org_1"), "match", `{"match": "m_none"}`)
	if hidden == nil || missing == nil || hidden.Condition != api.NotFound || hidden.Condition != missing.Condition ||
		strings.ReplaceAll(hidden.Message, other, "") != strings.ReplaceAll(missing.Message, "m_none", "") {
		t.Errorf("a hidden match: %v; a missing one: %v", hidden, missing)
	}
	w.has(w.ask("standings", `{"league": "en.1"}`), "Elmfield United [elmfield-united] 6 points, 2 played")
}

func TestRoundIsFoundInAnySpelling(t *testing.T) {
	t.Parallel()
	w := empty(t)
	var list []matches.Match
	for i, round := range []string{"Matchday 1", "Semi-finals", "Semi-finals", "Match for third place", "Final"} {
		m := game(i, fmt.Sprintf("2018-07-%02d", i+1), "15:00", "Elmfield United", "Firth City", 1, 0)
		m.Round, m.Matchday = &round, nil
		switch i {
		case 0:
			m.Group = to("Group A")
		case 1:
			m.Home.Name, m.Away.Name = "Oakham Rovers", "Ängby FF"
		}
		list = append(list, m)
	}
	w.store(importer.Season{League: "en.1", Name: "English Premier League", Season: "2018", Matches: list})
	for round, want := range map[string]int{"Semi-finals": 2, "semi final": 2, "SEMIFINAL": 2, "final": 1, "group a": 1, "matchday 1": 1, "1": 0, "quarter-final": 0} {
		if got := w.pages("matches", fmt.Sprintf(`{"league": "en.1", "season": "2018", "round": %q, "limit": 1}`, round), "id"); len(got) != want {
			t.Errorf("%s: got %d matches, want %d", round, len(got), want)
		}
	}
	w.has(w.ask("matches", `{"league": "en.1", "round": "quarter-final"}`), "No matches of English Premier League [en.1], season 2018, round quarter-final",
		". Its rounds are: Semi-finals, Match for third place, Final, Group A, Matchday 1")
}

func TestOtherOrganisationsTeamsNeverAppear(t *testing.T) {
	t.Parallel()
	w := filled(t)
	store, ids := teams.NewStore(w.table), map[string]string{}
	for _, org := range []string{"org_1", "org_2"} {
		team, write, err := store.For(&api.Caller{Org: org}, w.contract).Own(t.Context(), "Zulu Rangers "+org, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.table.Write(t.Context(), *write); err != nil {
			t.Fatal(err)
		}
		ids[org] = team.ID
	}
	for _, name := range []string{"zulu", "rangers", "zulu rangers org", "zuul"} {
		text := w.ask("find", fmt.Sprintf(`{"name": %q}`, name))
		w.has(text, ids["org_1"])
		w.lacks(text, ids["org_2"], "org_2")
	}
	w.has(w.ask("team", `{"team": "zulu"}`), "Zulu Rangers org_1 ["+ids["org_1"]+"]")
	w.has(w.ask("team", fmt.Sprintf(`{"team": %q}`, ids["org_1"])), "Zulu Rangers org_1")
	for _, sent := range []string{ids["org_2"], "Zulu Rangers org_2"} {
		text := w.refused("team", fmt.Sprintf(`{"team": %q}`, sent))
		w.lacks(strings.Replace(text, sent, "", 1), ids["org_2"], "Rangers org_2")
		w.lacks(w.refused("head_to_head", fmt.Sprintf(`{"team": "firth", "opponent": %q}`, sent)), "Rangers org_2 [")
	}
}
