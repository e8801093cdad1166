package tools_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"statgate/functions/mcp/tools"
	"statgate/shared/sources/importer"
)

// What an agent may spend on one question.
const (
	maxCalls     = 3
	maxTaskBytes = 6 << 10
)

// step is one call of the scripted client. Its arguments may refer to the results of earlier
// steps: the first match of a regular expression, or its first group, replaces {{it}}.
type step struct{ tool, arguments string }

// task is a question with the calls that answer it. The last result has the answer.
type task struct {
	question string
	steps    []step
	answer   []string
}

var tasks = []task{
	{"Who led the Premier League after round 20 of 2015-16?",
		[]step{{"standings", `{"league": "Premier League", "season": "2015-16", "round": 20}`}},
		[]string{"1. Arsenal FC [arsenal-fc] 42 points"}},
	{"When do Chelsea and Manchester City meet next?",
		[]step{{"head_to_head", `{"team": "Chelsea", "opponent": "Manchester City"}`}},
		[]string{"Next: 2026-04-12 16:30 Chelsea FC [chelsea-fc] v Manchester City FC"}},
	{"How many goals had Harry Kane at the world cup of 2018?",
		[]step{{"player", `{"player": "Harry Kane", "league": "World Cup", "season": "2018"}`}},
		[]string{"worldcup 2018, England [england]: 6 matches, 6 goals"}},
	{"Who scored in the final of the world cup of 2018?",
		[]step{{"matches", `{"league": "World Cup", "season": "2018", "round": "Final"}`}, {"match", `{"match": "{{finished \\((m_\\w+)\\)}}"}`}},
		[]string{"18' own goal for France: Mandžukić", "28' goal for Croatia: Perišić", "38' goal by a penalty for France: Griezmann", "59' goal for France: Pogba",
			"65' goal for France: Mbappé", "69' goal for Croatia: Mandžukić"}},
	{"What was Leicester's record in 2015-16?",
		[]step{{"team", `{"team": "Leicester", "season": "2015/16"}`}},
		[]string{"en.1 2015-16: played 38: won 23, drawn 12, lost 3, goals 68:36"}},
	{"Which Premier League matches are on the next Saturday?",
		[]step{{"matches", `{"league": "Premier League", "date": "2026-03-14"}`}},
		[]string{"15:00 Sunderland AFC [sunderland-afc] v Brighton", "15:00 Burnley FC", "17:30 Arsenal FC", "17:30 Chelsea FC", "20:00 West Ham United FC"}},
	{"At what time in Tokyo does Arsenal play next?",
		[]step{{"team", `{"team": "Arsenal", "timezone": "Asia/Tokyo"}`}},
		[]string{"Next: 2026-03-15 02:30 Arsenal FC [arsenal-fc] v Everton FC"}},
	{"Who won the Champions League of 2015-16?",
		[]step{{"matches", `{"league": "Champions League", "season": "2015-16", "round": "Final"}`}},
		[]string{"Real Madrid [real-madrid] 1-1 (5-3 on penalties) Atlético Madrid"}},
	{"How many points was Everton deducted in 2023-24?",
		[]step{{"standings", `{"league": "english premier league", "season": "2023-24"}`}},
		[]string{"Everton FC [everton-fc] 40 points, 38 played, goal difference -11 (8 deducted)"}},
	{"How is the form of Mancester Utd?",
		[]step{{"team", `{"team": "Mancester Untied"}`}, {"team", `{"team": "{{Manchester United FC \\[([a-z-]+)\\]}}"}`}},
		[]string{"Manchester United FC [manchester-united-fc] (ENG)", "Form, newest first: LW"}},
	{"Who started for Croatia in the semi-final of 2018?",
		[]step{{"matches", `{"league": "World Cup", "season": "2018", "round": "semi-final"}`}, {"match", `{"match": "{{Croatia \\[croatia\\].*\\((m_\\w+)\\)}}", "include": ["lineups"]}`}},
		[]string{"Croatia, starters: ", "L. Modrić", "D. Subašić"}},
	{"How often did France shoot in the final of the world cup of 2018?",
		[]step{{"team", `{"team": "France", "season": "2018"}`}, {"match", `{"match": "{{4-2 Croatia \\[croatia\\], finished \\((m_\\w+)\\)}}", "include": ["statistics"]}`}},
		[]string{"France [france] 4-2 Croatia", "shots: 8-14"}},
}

// realWorld has the open data: English seasons, the cups, and players of the world cup.
func realWorld(t *testing.T, at time.Time) *world {
	t.Helper()
	dir := os.Getenv("STATGATE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "wyscout-figshare")); err != nil {
		t.Skipf("NOT RUN: no real data: %v (set STATGATE_DATA)", err)
	}
	w := emptyAt(t, at)
	football := filepath.Join(dir, "openfootball-football.json")
	_, err := importer.Run(t.Context(), w.table, func() time.Time { return at }, importer.Options{
		Clubs: []string{filepath.Join(dir, "openfootball-clubs")},
		Openfootball: []string{filepath.Join(football, "2015-16"), filepath.Join(football, "2023-24"), filepath.Join(football, "2025-26"),
			filepath.Join(dir, "openfootball-worldcup.json")},
		Adjustments: []string{filepath.Join(dir, "adjustments.csv")}, Wyscout: []string{filepath.Join(dir, "wyscout-figshare")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

var reference = regexp.MustCompile(`\{\{(.*)\}\}`)

// filledIn replaces the reference of arguments by what the latest result says.
func filledIn(t *testing.T, arguments, result string) string {
	t.Helper()
	ref := reference.FindStringSubmatch(arguments)
	if ref == nil {
		return arguments
	}
	pattern := strings.ReplaceAll(ref[1], `\\`, `\`)
	found := regexp.MustCompile(pattern).FindStringSubmatch(result)
	if found == nil {
		t.Fatalf("no %s in the result:\n%s", pattern, result)
	}
	return strings.Replace(arguments, ref[0], found[1], 1)
}

// TestQuestionsAreAnsweredInThreeCallsAndSixKilobytes logs the calls and bytes of each
// question. A refused call counts as any other.
func TestQuestionsAreAnsweredInThreeCallsAndSixKilobytes(t *testing.T) {
	t.Parallel()
	w := realWorld(t, time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC))
	if len(tasks) < 12 {
		t.Errorf("%d questions", len(tasks))
	}
	for _, one := range tasks {
		size, result := 0, ""
		for _, s := range one.steps {
			text, data, err := w.run(w.key("org_1"), s.tool, filledIn(t, s.arguments, result))
			if err != nil {
				text = tools.Problem(err)
			} else {
				raw, err := json.Marshal(data)
				if err != nil {
					t.Fatal(err)
				}
				size += len(raw)
			}
			size, result = size+len(text), text
		}
		t.Logf("%d calls, %d bytes: %s", len(one.steps), size, one.question)
		if len(one.steps) > maxCalls || size > maxTaskBytes {
			t.Errorf("%s: %d calls, %d bytes", one.question, len(one.steps), size)
		}
		(&world{TB: t}).has(result, one.answer...)
	}
}
