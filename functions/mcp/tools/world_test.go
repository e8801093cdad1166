package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"statgate/functions/mcp/tools"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/sources/importer"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/players"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

// now is the time of the calls: the evening of the last matches' day in London, and the next
// day in Tokyo.
var now = time.Date(2026, 3, 14, 20, 30, 0, 0, time.UTC)

// maxAnswer is the size of an answer that clients are promised.
const maxAnswer = 8 << 10

// world is a table of invented football, and the tools over it.
type world struct {
	testing.TB
	table    table.Table
	counter  *counter
	contract *contract.Contract
	tools    map[string]tools.Tool
	outputs  map[string]*jsonschema.Schema
	now      time.Time
}

// counter is a table that counts reads and the items that they return.
type counter struct {
	table.Table
	reads, items atomic.Int64
}

func (c *counter) count(items int) { c.reads.Add(1); c.items.Add(int64(items)) }

func (c *counter) Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error) {
	c.count(1)
	return c.Table.Get(ctx, key, consistent)
}

func (c *counter) BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error) {
	c.count(len(keys))
	return c.Table.BatchGet(ctx, keys, consistent)
}

func (c *counter) Query(ctx context.Context, q table.Query) (table.Page, error) {
	page, err := c.Table.Query(ctx, q)
	c.count(len(page.Items))
	return page, err
}

func empty(t testing.TB) *world {
	t.Helper()
	return emptyAt(t, now)
}

// emptyAt returns a world of another time.
func emptyAt(t testing.TB, at time.Time) *world {
	t.Helper()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return over(t, db.Table(table.Stats.Name), at)
}

// over returns the tools over a table.
func over(t testing.TB, tbl table.Table, now time.Time) *world {
	t.Helper()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, table: tbl, counter: &counter{Table: tbl}, contract: c, tools: map[string]tools.Tool{}, outputs: map[string]*jsonschema.Schema{}, now: now}
	for _, tool := range tools.All(tools.NewDeps(c, w.counter, func() time.Time { return now })) {
		w.tools[tool.Name], w.outputs[tool.Name] = tool, compiled(t, tool)
	}
	return w
}

// compiled returns the schema of a tool's results.
func compiled(t testing.TB, tool tools.Tool) *jsonschema.Schema {
	t.Helper()
	var schema any
	if err := json.Unmarshal(tool.OutputSchema, &schema); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("urn:"+tool.Name, schema); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("urn:" + tool.Name)
}

// key returns a call of an organisation's key with some scopes, all data by default.
func (w *world) key(org string, scopes ...string) *tools.Call {
	w.Helper()
	if len(scopes) == 0 {
		scopes = []string{"mcp:invoke", "read:leagues", "read:matches", "read:teams", "read:players", "read:stats"}
	}
	permissions, err := w.contract.Scopes.Permissions(scopes)
	if err != nil {
		w.Fatal(err)
	}
	return &tools.Call{Contract: w.contract, Now: w.now, Caller: &api.Caller{Key: "key_1", Org: org, Plan: "PRO", Scopes: scopes, Permissions: permissions},
		Meter: api.Meter{Budget: "requests", Limit: 1000, Used: 958, ResetsAt: w.now.Add(time.Hour)},
		Cursors: func(context.Context) (api.Cursors, error) {
			return api.Cursors{Key: []byte("a secret of this test")}, nil
		}}
}

// run calls a tool with arguments as JSON. It fails the test if the answer is too large
// or does not fit the schema of the tool.
func (w *world) run(c *tools.Call, tool, arguments string) (string, map[string]any, *api.Error) {
	w.Helper()
	answer, err := w.tools[tool].Run(w.Context(), c, json.RawMessage(arguments))
	if err != nil {
		return "", nil, api.ErrorOf(err)
	}
	raw, err := json.Marshal(answer.Data)
	if err != nil {
		w.Fatal(err)
	}
	if n := len(raw) + len(answer.Text); n > maxAnswer {
		w.Errorf("%s %s: the answer has %d bytes", tool, arguments, n)
	}
	var data map[string]any
	if err := json.Unmarshal(raw, &data); err != nil {
		w.Fatal(err)
	}
	if err := w.outputs[tool].Validate(data); err != nil {
		w.Errorf("%s %s: the result does not fit the tool's schema: %v\n%s", tool, arguments, err, raw)
	}
	return answer.Text, data, nil
}

// ask calls a tool with a key that may read everything, and returns the text.
func (w *world) ask(tool, arguments string) string {
	w.Helper()
	text, _, err := w.run(w.key("org_1"), tool, arguments)
	if err != nil {
		w.Fatalf("%s %s: %s: %v", tool, arguments, tools.Problem(err), err)
	}
	return text
}

// refused calls a tool that must refuse its input, and returns the text of the result.
func (w *world) refused(tool, arguments string) string {
	w.Helper()
	text, _, err := w.run(w.key("org_1"), tool, arguments)
	if err == nil {
		w.Fatalf("%s %s: answered %s", tool, arguments, text)
	}
	if err.Condition == api.Unavailable || err.Condition == api.Internal {
		w.Fatalf("%s %s: %v", tool, arguments, err)
	}
	return tools.Problem(err)
}

// has fails the test unless a text has all parts.
func (w *world) has(text string, parts ...string) {
	w.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			w.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}

// lacks fails the test if a text has one of the parts.
func (w *world) lacks(text string, parts ...string) {
	w.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			w.Errorf("%q must not be in:\n%s", part, text)
		}
	}
}

func to[T any](v T) *T { return &v }

// game is a match at a time in London; without a result it is scheduled.
func game(round int, date, clock, home, away string, result ...int) matches.Match {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", date+" "+clock, london)
	if err != nil {
		panic(err)
	}
	m := matches.Match{Date: date, Time: &clock, KickoffAt: to(at.UTC().Format(time.RFC3339)), Status: matches.Scheduled,
		Matchday: &round, Round: to(fmt.Sprintf("Matchday %d", round)), Home: matches.Side{Name: home}, Away: matches.Side{Name: away}}
	if len(result) == 2 {
		m.Status, m.Score.FullTime = matches.Finished, &matches.Goals{Home: result[0], Away: result[1]}
		m.Score.Winner = matches.Winner(m.Status, m.Score)
	}
	return m
}

// filled returns a world with two seasons of a small league, a cup, players and a report.
func filled(t testing.TB) *world {
	t.Helper()
	w := empty(t)
	w.fill()
	return w
}

func (w *world) fill() {
	w.Helper()
	w.store(importer.Season{League: "en.1", Name: "English Premier League", Season: "2024-25", Matches: []matches.Match{
		game(1, "2024-08-17", "15:00", "Elmfield United", "Firth City", 0, 2), game(1, "2024-08-17", "15:00", "Ängby FF", "Oakham Rovers", 1, 1),
		game(2, "2024-12-28", "15:00", "Firth City", "Elmfield United", 1, 1), game(2, "2024-12-28", "15:00", "Oakham Rovers", "Ängby FF", 3, 0),
	}}, importer.Season{League: "en.1", Name: "English Premier League", Season: "2025-26", Matches: []matches.Match{
		game(1, "2025-08-16", "15:00", "Elmfield United", "Firth City", 4, 1), game(1, "2025-08-16", "15:00", "Oakham Rovers", "Ängby FF", 0, 0),
		game(2, "2026-03-14", "15:00", "Ängby FF", "Elmfield United", 0, 1), game(2, "2026-03-14", "17:30", "Firth City", "Oakham Rovers", 2, 2),
		game(3, "2026-03-14", "23:30", "Elmfield United", "Oakham Rovers"), game(3, "2026-03-15", "15:00", "Firth City", "Ängby FF"),
		game(4, "2026-05-02", "15:00", "Firth City", "Elmfield United"),
	}, Reports: map[int]*reports.Report{0: report()}},
		importer.Season{League: "de.1", Name: "Deutsche Bundesliga", Season: "2025-26", Matches: []matches.Match{game(1, "2025-08-16", "15:00", "Birkenau", "Eichendorf", 1, 0)}},
		importer.Season{League: "at.1", Name: "Österreichische Bundesliga", Season: "2025-26", Matches: []matches.Match{game(1, "2025-08-16", "15:00", "Lärchdorf", "Kieferberg", 1, 0)}})
	w.players()
}

func (w *world) store(seasons ...importer.Season) {
	w.Helper()
	r, err := importer.Put(w.Context(), w.table, func() time.Time { return now }, seasons)
	if err != nil || len(r.Problems) > 0 {
		w.Fatal(err, r.Problems)
	}
}

// report is of the 4-1 of Elmfield United against Firth City.
func report() *reports.Report {
	return &reports.Report{Types: append(append([]reports.EventType{}, reports.Goals...), append(reports.Cards, reports.Substitutions...)...),
		Events: []reports.Event{
			{Type: reports.Goal, Team: reports.Home, Minute: 12, Player: to("José Álvarez"), PlayerID: to("jose-alvarez")},
			{Type: reports.OwnGoal, Team: reports.Away, Minute: 30, Player: to("Sam Ash")},
			{Type: reports.RedCard, Team: reports.Away, Minute: 44, Player: to("Max Alder")},
			{Type: reports.Penalty, Team: reports.Home, Minute: 45, AddedTime: to(2), Player: to("José Álvarez")},
			{Type: reports.Substitution, Team: reports.Home, Minute: 60, Player: to("Sam Ash"), PlayerIn: to("Ole Rowan"), InID: to("ole-rowan")},
			{Type: reports.Goal, Team: reports.Home, Minute: 70, Player: to("José Álvarez")},
			{Type: reports.Goal, Team: reports.Home, Minute: 90, AddedTime: to(1), Player: to("Ole Rowan")},
		},
		Lineups: &reports.Lineups{
			Home: reports.Lineup{Starters: []reports.LineupPlayer{{Name: "José Álvarez", ID: to("jose-alvarez"), Position: to("forward")}, {Name: "Sam Ash"}}, Substitutes: []reports.LineupPlayer{{Name: "Ole Rowan"}}},
			Away: reports.Lineup{Starters: []reports.LineupPlayer{{Name: "Max Alder"}}},
		},
		Stats: &reports.Stats{Data: []reports.Section{{Section: "attack", Stats: []reports.Stat{{Name: "shots", Home: 17, Away: 4}}}}},
	}
}

// players stores two players, one with goals in two seasons.
func (w *world) players() {
	w.Helper()
	s := players.NewStore(w.table)
	ids, _, err := s.Put(w.Context(), "test", []players.Stated{
		{Key: "1", Name: "José Álvarez", Country: to("ESP"), Born: to("1999-05-01"), Position: to("forward"), Team: to("elmfield-united"), TeamAt: "2025-08-16T15:00:00Z"},
		{Key: "2", Name: "Ole Rowan", Country: to("NOR")},
	})
	if err != nil {
		w.Fatal(err)
	}
	for key, season := range map[string]string{"a": "2024-25", "b": "2025-26"} {
		goals := map[string]int{"a": 0, "b": 3}[key]
		if _, err := s.Record(w.Context(), players.Match{Source: "test", Key: key, League: "en.1", Season: season, Appearances: []players.Appearance{
			{Player: ids["1"], Team: "elmfield-united", Minutes: to(90), Goals: goals, Assists: to(1), YellowCards: to(1), RedCards: to(0)},
		}}); err != nil {
			w.Fatal(err)
		}
	}
}

// owned stores a match of an organisation, and returns its id.
func (w *world) owned(org, league, season, date, home, away string) string {
	w.Helper()
	m := game(9, date, "12:00", home, away, 7, 6)
	m.League, m.Season, m.Owner = matches.Ref(league), matches.Ref(season), org
	m.Home.ID, m.Away.ID = strings.ToLower(strings.ReplaceAll(home, " ", "-")), strings.ToLower(strings.ReplaceAll(away, " ", "-"))
	m.ID = matches.IdentityOf(&m).ID(org, 0)
	if err := matches.NewStore(w.table, time.Now).Apply(w.Context(), []matches.Change{{After: &matches.Record{Match: m}}}); err != nil {
		w.Fatal(err)
	}
	return m.ID
}
