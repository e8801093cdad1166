package openfootball_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"statgate/shared/sources/openfootball"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/teams"
)

func parse(league, season, rows string) openfootball.File {
	data := fmt.Sprintf("{\n  \"name\": \"Hollow League 2018/19\",\n  \"matches\": [\n%s\n  ]\n}\n", rows)
	return openfootball.ParseFootball("f.json", league, season, []byte(data))
}

// one parses a single row with the given members in addition to teams and date.
func one(t *testing.T, league, members string) matches.Match {
	t.Helper()
	if members != "" {
		members = ", " + members
	}
	f := parse(league, "2018-19", `{"date":"2018-08-17","team1":"Elm","team2":"Fir"`+members+`}`)
	if len(f.Problems) > 0 || len(f.Rows) != 1 {
		t.Fatalf("%s: got %d rows and problems %v", members, len(f.Rows), f.Problems)
	}
	return f.Rows[0].Match
}

func show(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func TestPlaceReadsSeasonFromFolderAndLeagueFromFile(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"a/2015-16/en.1.json": "en.1 2015-16", "2025/co.1.json": "co.1 2025", "x/2019-2020/uefa.cl.json": "uefa.cl 2019-20",
		"1999-00/de.cup.json":     "de.cup 1999-00",
		"2015-16/en.1.clubs.json": "", "2015-16/README.md": "", "package.json": "", "archive/en.1.json": "", "2015-16/En 1.json": "",
	} {
		league, season, ok := openfootball.Place(path)
		if got := strings.TrimSpace(league + " " + season); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", path, got, ok, want)
		}
	}
}

func TestLeagueNameHasNoSeason(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"English Premier League 2015/16": "English Premier League", "Primera A 2025": "Primera A", "Serie A 2018-19": "Serie A",
		"Liga 1, 2019/2020": "Liga 1", "3. Liga": "3. Liga", "": "en.1",
	} {
		f := openfootball.ParseFootball("f.json", "en.1", "2015-16", []byte(`{"name":`+show(text)+`,"matches":[]}`))
		if f.Name != want {
			t.Errorf("%q: got %q, want %q", text, f.Name, want)
		}
	}
}

func TestRoundIsKeptVerbatimAndSplitIntoStageGroupAndMatchday(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ league, round, stage, group, matchday string }{
		{"en.1", "Matchday 5", "null", "null", "5"},
		{"en.4", "5. Round", "null", "null", "5"},
		{"co.1", "Apertura, Matchday 1", `"Apertura"`, "null", "1"},
		{"co.1", "Clausura, Playoffs, Final", `"Clausura, Playoffs"`, "null", "null"},
		{"uefa.cl", "Group A", "null", `"Group A"`, "null"},
		{"uefa.cl", "Group B, Matchday 3", "null", `"Group B"`, "3"},
		{"uefa.cl", "Round of 16", "null", "null", "null"},
		{"at.1", "Final", "null", "null", "null"},
		{"at.1", "Round 7", "null", "null", "7"},
		{"de.cup", "Round 1", "null", "null", "null"},
	} {
		m := one(t, tt.league, `"round":`+show(tt.round))
		if show(m.Stage) != tt.stage || show(m.Group) != tt.group || show(m.Matchday) != tt.matchday || *m.Round != tt.round {
			t.Errorf("%s in %s: got stage %s, group %s, matchday %s, round %s", tt.round, tt.league, show(m.Stage), show(m.Group), show(m.Matchday), show(m.Round))
		}
	}
	m := one(t, "at.1", `"round":"Matchday 23", "stage":"Playoffs - Relegation", "group":"Group C"`)
	if *m.Stage != "Playoffs - Relegation" || *m.Group != "Group C" || *m.Matchday != 23 {
		t.Errorf("separate fields: got %s", show(m))
	}
	if m := one(t, "at.1", ""); m.Round != nil || m.Stage != nil || m.Matchday != nil {
		t.Errorf("without a round: got %s", show(m))
	}
}

func TestTimesAreLocalToTheLeagueUnlessTheyHaveAnOffset(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ league, date, time, local, kickoff string }{
		{"en.1", "2018-08-17", `"15:00"`, `"15:00"`, `"2018-08-17T14:00:00Z"`},
		{"en.1", "2018-12-17", `"9:30"`, `"09:30"`, `"2018-12-17T09:30:00Z"`},
		{"uefa.cl", "2018-08-17", `"20:45"`, `"20:45"`, `"2018-08-17T18:45:00Z"`},
		{"co.1", "2025-05-11", `"20:20"`, `"20:20"`, `"2025-05-12T01:20:00Z"`},
		{"br.1", "2025-05-11", `"18:30"`, `"18:30"`, `"2025-05-11T21:30:00Z"`},
		{"en.1", "2018-08-17", `"18:00 UTC+3"`, `"18:00"`, `"2018-08-17T15:00:00Z"`},
		{"en.1", "2018-08-17", `"18:00 UTC-3:30"`, `"18:00"`, `"2018-08-17T21:30:00Z"`},
		{"zz.1", "2018-08-17", `"18:00 UTC"`, `"18:00"`, `"2018-08-17T18:00:00Z"`},
		{"zz.1", "2018-08-17", `"18:00"`, `"18:00"`, `null`},
		{"en.1", "2018-08-17", `null`, `null`, `null`},
	} {
		f := parse(tt.league, "2018-19", fmt.Sprintf(`{"team1":"Elm","team2":"Fir","date":"%s","time":%s}`, tt.date, tt.time))
		if len(f.Rows) != 1 {
			t.Errorf("%s: got %v", tt.time, f.Problems)
			continue
		}
		m := f.Rows[0].Match
		if show(m.Time) != tt.local || show(m.KickoffAt) != tt.kickoff || m.Date != tt.date {
			t.Errorf("%s in %s: got %s at %s, want %s at %s", tt.time, tt.league, show(m.Time), show(m.KickoffAt), tt.local, tt.kickoff)
		}
		if f.ZoneUnknown != (tt.league == "zz.1") {
			t.Errorf("%s: got zone unknown %v", tt.league, f.ZoneUnknown)
		}
	}
}

func TestEveryFormOfScoreAndStatusIsRead(t *testing.T) {
	t.Parallel()
	for members, want := range map[string]string{
		``:                      `scheduled {"half_time":null,"full_time":null,"extra_time":null,"penalties":null,"winner":null}`,
		`"score":{}`:            `scheduled {"half_time":null,"full_time":null,"extra_time":null,"penalties":null,"winner":null}`,
		`"score":{"ft":[0,0]}`:  `finished {"half_time":{"home":0,"away":0},"full_time":{"home":0,"away":0},"extra_time":null,"penalties":null,"winner":"draw"}`,
		`"score":{"ft":[1,0]}`:  `finished {"half_time":null,"full_time":{"home":1,"away":0},"extra_time":null,"penalties":null,"winner":"home"}`,
		`"score1":1,"score2":2`: `finished {"half_time":null,"full_time":{"home":1,"away":2},"extra_time":null,"penalties":null,"winner":"away"}`,
		`"score":[2,1]`:         `finished {"half_time":null,"full_time":{"home":2,"away":1},"extra_time":null,"penalties":null,"winner":"home"}`,
		`"score":{"p":[4,3],"et":[2,2],"ht":[0,1],"ft":[1,1]}`: `finished {"half_time":{"home":0,"away":1},"full_time":{"home":1,"away":1},"extra_time":{"home":2,"away":2},"penalties":{"home":4,"away":3},"winner":"home"}`,
		`"score":{},"status":"cancelled"`:                      `cancelled {"half_time":null,"full_time":null,"extra_time":null,"penalties":null,"winner":null}`,
		`"score":{},"status":"CANCELED"`:                       `cancelled {"half_time":null,"full_time":null,"extra_time":null,"penalties":null,"winner":null}`,
		`"score":{"ft":[3,0]},"status":"awarded"`:              `awarded {"half_time":null,"full_time":{"home":3,"away":0},"extra_time":null,"penalties":null,"winner":"home"}`,
		`"score":{"ft":[1,0]},"status":"abandoned"`:            `abandoned {"half_time":null,"full_time":{"home":1,"away":0},"extra_time":null,"penalties":null,"winner":null}`,
		`"score":{},"status":"postponed"`:                      `postponed {"half_time":null,"full_time":null,"extra_time":null,"penalties":null,"winner":null}`,
	} {
		m := one(t, "en.1", members)
		if got := string(m.Status) + " " + show(m.Score); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", members, got, want)
		}
	}
}

func TestBadRowIsReportedByLineAndFieldAndOtherRowsAreKept(t *testing.T) {
	t.Parallel()
	for row, want := range map[string]string{
		`{"date":"2018-08-17","team1":"Elm","team2":"Fir","score":{"ft":[1]}}`:     `f.json:5: matches[1].score.ft: want the goals of both teams, such as [1, 0]; got a list of 1`,
		`{"date":"2018-08-17","team1":"Elm","team2":"Fir","score":{"ft":[1,-1]}}`:  `f.json:5: matches[1].score.ft: want a number of goals, got -1`,
		`{"date":"2018-08-17","team1":"Elm","team2":"Fir","score":{"ft":[1,"x"]}}`: `f.json:5: matches[1].score.ft: want a number of goals, got "x"`,
		`{"date":"2018-08-17","team1":"Elm","team2":"Fir","score":{"ft":[1,1.5]}}`: `f.json:5: matches[1].score.ft: want a number of goals, got 1.5`,
		`{"date":"2018-08-17","team1":"Elm","team2":"Fir","score":{"p":[1,0]}}`:    `f.json:5: matches[1].score.ft: missing, but extra time or penalties are given`,
		`{"date":"2018-08-17","team1":"Elm","team2":"Fir","score":"1-0"}`:          `f.json:5: matches[1].score: want an object, got "1-0"`,
		`{"date":"2018-13-17","team1":"Elm","team2":"Fir"}`:                        `f.json:5: matches[1].date: want a date such as 2015-08-08, got "2018-13-17"`,
		`{"team1":"Elm","team2":"Fir"}`:                                            `f.json:5: matches[1].date: missing`,
		`{"date":"2018-08-17","time":"25:00","team1":"Elm","team2":"Fir"}`:         `f.json:5: matches[1].time: want a time such as 9:30, 15:00 or 18:00 UTC+3, got "25:00"`,
		`{"date":"2018-08-17","time":1500,"team1":"Elm","team2":"Fir"}`:            `f.json:5: matches[1].time: want a string, got 1500`,
		`{"date":"2018-08-17","team1":"Elm"}`:                                      `f.json:5: matches[1].team2: missing`,
		`{"date":"2018-08-17","team1":" ","team2":"Fir"}`:                          `f.json:5: matches[1].team1: missing`,
		`{"date":"2018-08-17","team1":"Elm","team2":"Elm"}`:                        `f.json:5: matches[1].team2: the team plays itself`,
		`{"date":"2018-08-17","team1":"Elm","team2":"Fir","status":"washed out"}`:  `f.json:5: matches[1].status: unknown status "washed out"`,
		`[1, 2]`: `f.json:5: matches[1]: want an object, got a list`,
		`null`:   `f.json:5: matches[1]: want an object, got null`,
		"{\"date\":\"2018-08-17\",\n\"team1\":\"Elm\",\n\n\"team2\":\"Fir\",\"score\":{\"ht\":\n[0,0],\"ft\":\n[1,true]}}": `f.json:10: matches[1].score.ft: want a number of goals, got true`,
	} {
		good := `{"date":"2018-08-17","team1":"Ash","team2":"Yew","score":{"ft":[1,0]}}`
		f := parse("en.1", "2018-19", strings.Join([]string{good, row, good}, ",\n"))
		if len(f.Problems) != 1 || f.Problems[0].String() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", row, f.Problems, want)
		}
		if len(f.Rows) != 2 || f.Rows[1].Field != "matches[2]" {
			t.Errorf("%s: got %d rows, want the other two", row, len(f.Rows))
		}
	}
}

func TestUnreadableFileIsReportedByLine(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		"{\n\"name\": \"x\",\n\"matches\": [\n{,]}":       "f.json:4: unreadable JSON:",
		"{\n\"name\": \"x\",\n\"matches\": [\n{\"date\":": "f.json:4: unreadable JSON: the file ends within the JSON value",
		"":                                "f.json:1: unreadable JSON: the file ends within the JSON value",
		"{\n\"matches\": []\n}\n{}":       "f.json:4: unreadable JSON: unexpected text after the end",
		"[]":                              "f.json:1: want an object",
		"{\n\"matches\": {}\n}":           "f.json:1: matches: want a list, got an object",
		"{}":                              "f.json:1: matches: want a list, got null",
		strings.Repeat("[", 5000):         "f.json:1: unreadable JSON: values are nested deeper than 32",
		"{\"matches\":[]\n,\"a\":\n nul}": "f.json:3: unreadable JSON:",
	} {
		f := openfootball.ParseFootball("f.json", "en.1", "2018-19", []byte(data))
		if len(f.Problems) != 1 || !strings.HasPrefix(f.Problems[0].String(), want) {
			t.Errorf("%.60q:\ngot  %v\nwant %s…", data, f.Problems, want)
		}
		if len(f.Rows) != 0 {
			t.Errorf("%.60q: got %d rows", data, len(f.Rows))
		}
	}
}

func TestClubsHaveTheirSpellings(t *testing.T) {
	t.Parallel()
	f := openfootball.ParseClubs("x/es.clubs.txt", []byte(`
= Spain • España     ## a comment, with a comma
# Another FC, Nowhere

== Región ==
Hollow CF, 1901,  @ Old Ground,   Hollow › Region   # Nowhere Town
  | Hollow |  CF Hollow   ## not | this
  | Hollow Club [en] | $$Tin$$ Hollow
 Main Street 1 // 12345 Hollow
ii) Hollow CF B
  | Hollow II
FC Nether (1939-2011) ,   Nether
  | Nether
Vale (-2010)
  Vale 06
  Borussia Vale
`))
	want := []teams.Club{
		{Name: "Hollow CF", Country: "ESP", Aliases: []string{"Hollow", "CF Hollow", "Hollow Club", "Tin Hollow"}},
		{Name: "Hollow CF B", Country: "ESP", Aliases: []string{"Hollow II"}},
		{Name: "FC Nether", Years: "1939-2011", Country: "ESP", Aliases: []string{"Nether"}},
		{Name: "Vale", Years: "-2010", Country: "ESP", Aliases: []string{"Vale 06", "Borussia Vale"}},
	}
	if len(f.Problems) > 0 || !reflect.DeepEqual(f.Clubs, want) {
		t.Errorf("got  %+v\nwant %+v\nproblems %v", f.Clubs, want, f.Problems)
	}
}

func TestBadClubsAreReportedByLine(t *testing.T) {
	t.Parallel()
	f := openfootball.ParseClubs("es.clubs.txt", []byte("= Spain\n  | Early\nii) , Nowhere\nElm\n"))
	var got []string
	for _, p := range f.Problems {
		got = append(got, p.String())
	}
	want := []string{"es.clubs.txt:2: alias: spellings come before any club", "es.clubs.txt:3: name: a club without a name"}
	if !slices.Equal(got, want) || len(f.Clubs) != 1 {
		t.Errorf("got %v and %d clubs, want %v and 1", got, len(f.Clubs), want)
	}
	if f := openfootball.ParseClubs("atlantis.clubs.txt", nil); len(f.Problems) != 1 {
		t.Errorf("unknown country: got %v", f.Problems)
	}
}

func FuzzEveryRowIsCompleteOrReported(f *testing.F) {
	f.Add([]byte(`{"name":"x 2015/16","matches":[{"date":"2018-08-17","time":"9:30","team1":"Ash","team2":{"name":"Yew"},"round":"Apertura, Matchday 1","score":{"ht":[0,0],"ft":[1,0]}}]}`))
	f.Add([]byte(`{"matches":[{},null,[],{"date":1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := openfootball.ParseFootball("f.json", "en.1", "2015-16", data)
		for _, r := range file.Rows {
			m := r.Match
			if m.Home.Name == "" || m.Away.Name == "" || len(m.Date) != 10 || !m.Status.Known() || r.Line < 1 {
				t.Errorf("got an incomplete row %+v", r)
			}
		}
		for _, p := range file.Problems {
			if p.Line < 1 || p.Message == "" {
				t.Errorf("got a problem without a place: %+v", p)
			}
		}
	})
}
