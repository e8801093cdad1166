package tools_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"statgate/functions/mcp/tools"
	"statgate/shared/api"
	"statgate/shared/sources/importer"
	"statgate/shared/stats/matches"
)

func TestEveryToolOfTheContractIsDefinedWithTitleExampleAndSchemas(t *testing.T) {
	t.Parallel()
	w := empty(t)
	for _, name := range w.contract.MCP.Offers {
		tool, ok := w.tools[name]
		if !ok {
			t.Errorf("%s is not defined", name)
			continue
		}
		if tool.Title == "" || strings.Count(tool.Description, "Example: {") != 1 {
			t.Errorf("%s: title %q, description %q", name, tool.Title, tool.Description)
		}
		for kind, raw := range map[string]json.RawMessage{"input": tool.InputSchema, "output": tool.OutputSchema} {
			var schema struct {
				Type                 string
				Properties           map[string]struct{ Description string }
				AdditionalProperties *bool
			}
			if err := json.Unmarshal(raw, &schema); err != nil || schema.Type != "object" || schema.AdditionalProperties == nil || *schema.AdditionalProperties {
				t.Errorf("%s: %s schema %s, %v", name, kind, raw, err)
			}
			if strings.Contains(string(raw), `["array","null"]`) {
				t.Errorf("%s: the %s schema has lists that may be null: %s", name, kind, raw)
			}
			for field, p := range schema.Properties {
				if p.Description == "" {
					t.Errorf("%s: %s %s has no description", name, kind, field)
				}
			}
		}
	}
}

// TestExamplesOfDescriptionsAreValidInputs runs each example. Its names are not stored, so
// only the names may be refused.
func TestExamplesOfDescriptionsAreValidInputs(t *testing.T) {
	t.Parallel()
	w := empty(t)
	for name, tool := range w.tools {
		example := regexp.MustCompile(`Example: (\{.*?\})(\.|$)`).FindStringSubmatch(tool.Description)
		if example == nil {
			t.Errorf("%s has no example at the end of a sentence: %s", name, tool.Description)
			continue
		}
		if _, _, err := w.run(w.key("org_1"), name, example[1]); err != nil && err.Condition != api.NotFound {
			t.Errorf("%s %s: %v", name, example[1], err)
		}
	}
}

func TestNameInAnySpellingMeansTheObjectThatHasIt(t *testing.T) {
	t.Parallel()
	w := filled(t)
	for _, league := range []string{"en.1", "Premier League", "premier LEAGUE", "English Premier League", "epl"} {
		w.has(w.ask("standings", fmt.Sprintf(`{"league": %q}`, league)), "English Premier League [en.1], season 2025-26")
	}
	for _, team := range []string{"angby-ff", "Ängby FF", "ANGBY ff", "angby"} {
		w.has(w.ask("team", fmt.Sprintf(`{"team": %q}`, team)), "Ängby FF [angby-ff]")
	}
	for _, player := range []string{"jose-alvarez", "jose alvarez", "JOSÉ ÁLVAREZ", "Alvarez"} {
		w.has(w.ask("player", fmt.Sprintf(`{"player": %q}`, player)), "José Álvarez [jose-alvarez] (ESP)")
	}
}

func TestAmbiguousNameIsAnsweredWithWhatItMayMean(t *testing.T) {
	t.Parallel()
	w := filled(t)
	w.has(w.refused("standings", `{"league": "Bundesliga"}`), "league: ", "several", "Deutsche Bundesliga [de.1] (GER)", "Österreichische Bundesliga [at.1] (AUT)")
	w.has(w.ask("standings", `{"league": "austrian bundesliga"}`), "[at.1]")
	w.store(importer.Season{League: "en.1", Name: "English Premier League", Season: "2023-24", Matches: []matches.Match{game(1, "2023-08-12", "15:00", "Elmfield Town", "Firth City", 1, 0)}})
	w.has(w.refused("team", `{"team": "elmfield"}`), "Elmfield United [elmfield-united]", "Elmfield Town [elmfield-town]")
	w.has(w.ask("team", `{"team": "elmfield town"}`), "Elmfield Town [elmfield-town]")
}

func TestUnknownNameIsAnsweredWithTheNearestNames(t *testing.T) {
	t.Parallel()
	w := filled(t)
	w.has(w.refused("team", `{"team": "Elmfeild United"}`), `no team like "Elmfeild United"; nearest: Elmfield United [elmfield-united]`)
	w.has(w.refused("standings", `{"league": "Premier Leage"}`), `no league like "Premier Leage"; nearest: English Premier League [en.1] (ENG)`)
	w.has(w.refused("player", `{"player": "Jose Alvares"}`), "nearest: José Álvarez [jose-alvarez] (ESP)")
	w.has(w.refused("head_to_head", `{"team": "Elmfield", "opponent": "Frith City"}`), "opponent: no team", "Firth City [firth-city]")
	w.has(w.refused("standings", `{"league": "en.1", "season": "2025"}`), `no season of English Premier League like "2025"; nearest: 2025-26`)
	w.has(w.refused("match", `{"match": "nope"}`), `no match has the id "nope"`, "call matches")
	w.has(w.ask("find", `{"name": "Elmfeild"}`), "nearest:", "team Elmfield United [elmfield-united]")
}

func TestSeasonIsFoundAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	w := filled(t)
	for _, season := range []string{"2024-25", "2024/25", "2024-2025", "2024/2025"} {
		w.has(w.ask("standings", fmt.Sprintf(`{"league": "en.1", "season": %q}`, season)), "season 2024-25", "2. Firth City [firth-city] 4 points")
		w.has(w.ask("matches", fmt.Sprintf(`{"league": "en.1", "season": %q, "round": "2"}`, season)), "Firth City [firth-city] 1-1 Elmfield United")
		w.has(w.ask("team", fmt.Sprintf(`{"team": "Firth City", "season": %q}`, season)), "en.1 2024-25: played 2: won 1, drawn 1, lost 0, goals 3:1")
	}
}

func TestStandingsShowTheTableAfterARound(t *testing.T) {
	t.Parallel()
	w := filled(t)
	w.has(w.ask("standings", `{"league": "en.1", "round": 1}`), "after round 1", "1. Elmfield United [elmfield-united] 3 points, 1 played, goal difference +3")
	w.has(w.ask("standings", `{"league": "en.1", "date": "2026-03-14", "detail": "full"}`), "on 2026-03-14", "1. Elmfield United [elmfield-united] 6 points, 2 played, goal difference +4, W2 D0 L0, goals 5:1")
	text, _, err := w.run(w.key("org_1", "mcp:invoke", "read:matches"), "standings", `{"league": "en.1", "round": 1}`)
	if err == nil || err.Condition != api.Permission {
		t.Errorf("a key without standings:read got %s, %v", text, err)
	}
}

func TestFindShowsOnlyTheKindsThatTheKeyMayRead(t *testing.T) {
	t.Parallel()
	w := filled(t)
	w.store(importer.Season{League: "en.1", Name: "English Premier League", Season: "2022-23", Matches: []matches.Match{game(1, "2022-08-12", "15:00", "Premier Town", "José United", 1, 0)}})
	for scope, want := range map[string][]string{"read:leagues": {"league"}, "read:teams": {"team"}, "read:players": {"player"}} {
		c := w.key("org_1", "mcp:invoke", scope)
		for _, name := range []string{"premier", "jose", "premeir", "jsoe"} {
			_, data, err := w.run(c, "find", fmt.Sprintf(`{"name": %q}`, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range data["rows"].([]any) {
				if kind := row.(map[string]any)["kind"].(string); !slices.Contains(want, kind) {
					t.Errorf("%s shows the %s %v", scope, kind, row)
				}
			}
		}
		text, _, err := w.run(c, "usage", `{}`)
		if err != nil {
			t.Fatal(err)
		}
		w.has(text, "Kinds that find shows: "+want[0]+"\n")
	}
	_, _, err := w.run(w.key("org_1", "mcp:invoke", "read:teams"), "find", `{"name": "jose", "kind": "player"}`)
	if err == nil || !strings.Contains(tools.Problem(err), "may not read any player; it may read: team") {
		t.Errorf("got %v", err)
	}
	w.has(w.ask("find", `{"name": "jose"}`), "team José United", "player José Álvarez [jose-alvarez] (ESP)")
	w.has(w.ask("find", `{"name": "jose", "kind": "player", "detail": "full"}`), "forward, born 1999-05-01, of elmfield-united")
}

func TestDayWordsMeanDaysOfTheTimeZone(t *testing.T) {
	t.Parallel()
	w := filled(t)
	for _, c := range []struct {
		arguments string
		want, not []string
	}{
		{`{"league": "en.1", "date": "today"}`, []string{"on 2026-03-14 (dates and times in Europe/London)", "15:00 Ängby", "17:30 Firth", "23:30 Elmfield"}, []string{"2026-03-15"}},
		{`{"league": "en.1", "date": "tomorrow"}`, []string{"on 2026-03-15", "15:00 Firth City"}, []string{"Oakham"}},
		{`{"league": "en.1", "date": "yesterday"}`, []string{"No matches", "on 2026-03-13"}, []string{"[elmfield-united]"}},
		// In Tokyo it is the 15th, on which the matches of the 14th begin.
		{`{"date": "today", "timezone": "Asia/Tokyo"}`, []string{"on 2026-03-15 (dates and times in Asia/Tokyo)", "2026-03-15 00:00 Ängby FF", "2026-03-15 08:30 Elmfield"}, []string{"Firth City [firth-city] v"}},
		{`{"date": "yesterday", "timezone": "Asia/Tokyo", "team": "oakham rovers"}`, []string{"on 2026-03-14", "No matches"}, nil},
		{`{"date": "2026-03-15", "timezone": "Asia/Tokyo", "team": "oakham rovers"}`, []string{"2026-03-15 02:30 Firth City", "2026-03-15 08:30 Elmfield"}, nil},
		{`{}`, []string{"on 2026-03-14", "23:30 Elmfield"}, []string{"2026-03-15"}},
		{`{"date": "2026-03-14", "to": "2026-03-15", "league": "en.1"}`, []string{"on 2026-03-14 to 2026-03-15", "2026-03-15 15:00 Firth City"}, nil},
	} {
		text := w.ask("matches", c.arguments)
		w.has(text, c.want...)
		w.lacks(text, c.not...)
	}
	for arguments, want := range map[string]string{
		`{"date": "someday"}`:                          "date: must be today, yesterday, tomorrow or a date",
		`{"date": "today", "timezone": "Mars/Base"}`:   "timezone: must be an IANA time zone",
		`{"date": "2026-01-01", "to": "2026-06-01"}`:   "to: must be at most 31 days",
		`{"date": "2026-01-02", "to": "2026-01-01"}`:   "to: must not be before date",
		`{"to": "2026-01-01"}`:                         "date: is required with to",
		`{"date": "today", "when": "past"}`:            "when: cannot be combined with date",
		`{"date": "0000-01-01"}`:                       "date: must be",
		`{"date": "9999-12-31", "league": "en.1"}`:     "date: must be",
		`{"date": "today", "unknown": 1}`:              "unknown",
		`{"league": "en.1", "status": "almost"}`:       "status",
		`{"league": "en.1", "timezone": "Local"}`:      "timezone: must be",
		`{"league": "en.1", "cursor": "not a cursor"}`: "cursor: is not valid",
	} {
		w.has(w.refused("matches", arguments), want)
	}
}

func TestFiltersThatNoIndexServesAreAnsweredWithThoseThatOneDoes(t *testing.T) {
	t.Parallel()
	w := filled(t)
	for _, arguments := range []string{`{"league": "en.1", "team": "firth"}`, `{"team": "firth", "status": "finished"}`, `{"season": "2025-26"}`, `{"round": "1"}`, `{"date": "today", "league": "en.1", "team": "firth"}`} {
		w.has(w.refused("matches", arguments), "no index serves these filters together; supported: ", "league with season (and round, status)", "call head_to_head")
	}
	w.has(w.ask("matches", `{"league": "en.1", "status": "scheduled"}`), "season 2025-26, scheduled", "Elmfield United [elmfield-united] v Oakham")
	w.has(w.ask("matches", `{"status": "finished", "limit": 1}`), "finished, newest first", "2026-03-14 17:30 Firth City", "en.1 2025-26", "There is more")
	w.has(w.ask("matches", `{"team": "firth", "when": "future", "limit": 1}`), "from now on", "2026-03-15 15:00 Firth City")
	w.has(w.ask("matches", `{"team": "firth", "limit": 1, "detail": "full"}`), "2-2", "en.1 2025-26 Matchday 2", "kick-off 2026-03-14T17:30:00Z")
}

var cursorForm = regexp.MustCompile(`repeat the call with cursor (\S+)`)

// pages calls a tool with each cursor until the end, and returns the values of a field of all
// rows.
func (w *world) pages(tool, arguments, field string) []string {
	w.Helper()
	var all []string
	for range 100 {
		text, data, err := w.run(w.key("org_1"), tool, arguments)
		if err != nil {
			w.Fatal(err)
		}
		for _, row := range data["rows"].([]any) {
			all = append(all, fmt.Sprint(row.(map[string]any)[field]))
		}
		next, _ := data["next_cursor"].(string)
		shown := cursorForm.FindStringSubmatch(text)
		if (next != "") != (shown != nil) || shown != nil && shown[1] != next {
			w.Errorf("%s: the text has the cursor %v, the data %q", tool, shown, next)
		}
		if next == "" {
			return all
		}
		var values map[string]any
		if err := json.Unmarshal([]byte(arguments), &values); err != nil {
			w.Fatal(err)
		}
		values["cursor"] = next
		raw, err2 := json.Marshal(values)
		if err2 != nil {
			w.Fatal(err2)
		}
		arguments = string(raw)
	}
	w.Fatalf("%s: a list without end", tool)
	return nil
}

func TestCursorsShowEveryRowOnce(t *testing.T) {
	t.Parallel()
	w := filled(t)
	var many []matches.Match
	for i := range 60 {
		many = append(many, game(i+1, fmt.Sprintf("2023-%02d-%02d", 1+i/28, 1+i%28), "15:00", "Firth City", "Elmfield United", i%4, i%3))
	}
	w.store(importer.Season{League: "en.1", Name: "English Premier League", Season: "2022-23", Matches: many})
	for _, c := range []struct {
		tool, arguments, field string
		want                   int
	}{
		{"matches", `{"league": "en.1", "season": "2022-23", "limit": 25}`, "id", 60},
		{"matches", `{"league": "en.1", "season": "2022-23", "limit": 7, "detail": "full"}`, "id", 60},
		{"matches", `{"team": "firth", "limit": 25}`, "id", 64},
		{"head_to_head", `{"team": "firth", "opponent": "elmfield"}`, "id", 63},
		{"standings", `{"league": "en.1", "limit": 3}`, "id", 4},
		{"find", `{"name": "e", "limit": 2}`, "id", 3},
		{"player", `{"player": "alvarez", "limit": 1}`, "season", 2},
	} {
		got := w.pages(c.tool, c.arguments, c.field)
		if distinct := slices.Compact(slices.Sorted(slices.Values(got))); len(got) != c.want || len(distinct) != c.want {
			t.Errorf("%s %s: got %d rows, %d of them distinct, want %d: %v", c.tool, c.arguments, len(got), len(distinct), c.want, got)
		}
	}
	_, data, err := w.run(w.key("org_1"), "matches", `{"league": "en.1", "season": "2022-23"}`)
	if err != nil {
		t.Fatal(err)
	}
	stolen := fmt.Sprintf(`{"league": "en.1", "season": "2022-23", "cursor": %q}`, data["next_cursor"])
	if _, _, err := w.run(w.key("org_2"), "matches", stolen); err == nil || err.Condition != api.InputCursor {
		t.Errorf("the cursor of another organisation: %v", err)
	}
}
