package mcp

import (
	"errors"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"statgate/shared/api"
)

// everything is whether make mcp runs the tests.
var everything = os.Getenv("STATGATE_MCP") == "all"

// question is a good call of a tool, and what the text of its answer has.
type question struct {
	arguments map[string]any
	want      string
}

// questions has a good call of each tool.
var questions = map[string]func(f facts) question{
	"find": func(f facts) question { return question{map[string]any{"name": f.teamName}, f.team} },
	"matches": func(f facts) question {
		return question{map[string]any{"league": f.league, "season": f.season, "date": f.date, "status": "finished"}, f.match}
	},
	"match": func(f facts) question {
		return question{map[string]any{"match": f.match, "include": []string{"events", "lineups", "statistics"}}, f.teamName}
	},
	"standings": func(f facts) question {
		return question{map[string]any{"league": f.league, "season": f.season}, f.team}
	},
	"head_to_head": func(f facts) question {
		return question{map[string]any{"team": f.team, "opponent": f.otherName}, f.match}
	},
	"team":   func(f facts) question { return question{map[string]any{"team": f.teamName}, f.team} },
	"player": func(f facts) question { return question{map[string]any{"player": playerName}, playerName} },
	"usage":  func(facts) question { return question{map[string]any{}, "mcp:invoke"} },

	"list_leagues": func(f facts) question { return question{map[string]any{}, f.league} },
	"get_matches": func(f facts) question {
		return question{map[string]any{"league_id": f.league, "date": f.date, "status": "finished", "limit": 50}, f.match}
	},
	"get_match":         func(f facts) question { return question{map[string]any{"match_id": f.match}, f.teamName} },
	"get_match_events":  func(f facts) question { return question{map[string]any{"match_id": f.match}, f.match} },
	"get_match_stats":   func(f facts) question { return question{map[string]any{"match_id": f.match}, f.match} },
	"get_match_lineups": func(f facts) question { return question{map[string]any{"match_id": f.match}, f.match} },
	"get_standings":     func(f facts) question { return question{map[string]any{"league_id": f.league}, f.teamName} },
	"get_head_to_head":  func(f facts) question { return question{map[string]any{"match_id": f.match}, f.otherName} },
}

// narrow is a key that lacks scopes: those that it has, and the tools that it does not see with
// a scope that each of them requires.
var narrow = map[string]struct {
	scopes []string
	hidden map[string]string
}{
	"statgate": {[]string{"mcp:invoke", "read:matches"},
		map[string]string{"find": "read:leagues", "standings": "read:leagues", "team": "read:teams", "player": "read:players"}},
}

// scopes open every tool of a contract.
var scopes = map[string][]string{
	"statgate":    {"mcp:invoke", "read:leagues", "read:matches", "read:teams", "read:players"},
	"scorelytics": {"mcp:invoke"},
}

// small are the plan with the smallest budget for tools, and that budget.
var small = map[string]struct {
	plan   string
	budget int64
}{"statgate": {"FREE", 100}, "scorelytics": {"TRIAL", 30}}

func TestEveryToolHasAGoodCall(t *testing.T) {
	t.Parallel()
	for _, s := range sites(t) {
		for _, name := range s.tools {
			if questions[name] == nil {
				t.Errorf("%s: %s: add a good call to the table of this file", s.name, name)
			}
		}
	}
}

// TestForeignClients runs the newest clients. make mcp runs older ones, too.
func TestForeignClients(t *testing.T) {
	t.Parallel()
	runs(t, "newest", newest)
	if everything {
		runs(t, "older", older)
	}
}

// runs runs the clients of a set side by side. A client is one process, and has deployments of
// its own, because it moves their clocks.
func runs(t *testing.T, set string, clients []client) {
	t.Helper()
	p, err := install(t.Context(), set, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := started(t, c, p)
			t.Run("refuses a result that breaks its schema", func(t *testing.T) { refusesABadResult(t, c, d) })
			for _, s := range sites(t) {
				v := &verification{driver: d, site: s, client: c}
				t.Run(s.name+"/calls every tool that it may call", v.callsEveryTool)
				t.Run(s.name+"/is refused what its key may not do", v.isRefusedWithANarrowKey)
				t.Run(s.name+"/is refused when its key is revoked", v.isRefusedOnceRevoked)
				t.Run(s.name+"/learns how long an exhausted key must wait", v.learnsOfAnExhaustedKey)
			}
		})
	}
}

func started(t *testing.T, c client, p *places) *driver {
	t.Helper()
	d, err := c.start(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	})
	return d
}

// verification is a client at a site.
type verification struct {
	*driver
	*site
	client  client
	visited *visited
}

// key makes a key of an organisation of its own.
func (v *verification) key(t *testing.T, plan string, scopes ...string) (id, secret string) {
	t.Helper()
	owner := strings.ToLower(regexp.MustCompile(`[^A-Za-z]`).ReplaceAllString(t.Name(), "")) + "@club.example"
	org, _ := v.Org(t, "Northern Broadcasting", plan, owner[max(0, len(owner)-60):])
	return v.Key(t, org, "Agent", scopes...)
}

// connected connects with a key, and ends the connection after the test.
func (v *verification) connected(t *testing.T, secret string) connection {
	t.Helper()
	v.visited = watch(t, v.Gateway)
	c, err := v.connect(v.visited.url+v.path, secret)
	if err != nil {
		t.Fatalf("connecting: %v", err)
	}
	t.Cleanup(func() {
		if err := v.close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		v.politely(t)
	})
	return c
}

// politely checks that client and server only exchanged what both expect.
func (v *verification) politely(t *testing.T) {
	t.Helper()
	for _, one := range v.visited.all() {
		switch {
		case one.path != v.path:
			t.Errorf("the client asked for %s %s, such as to begin a login", one.method, one.path)
		case one.session != "":
			t.Errorf("%s %s: got a session id, want none", one.method, one.rpc)
		case one.method == http.MethodGet && one.status != http.StatusMethodNotAllowed && v.name != "scorelytics":
			t.Errorf("GET: got %d, want 405", one.status)
		case one.method == http.MethodDelete && one.status != http.StatusMethodNotAllowed:
			t.Errorf("DELETE: got %d, want 405", one.status)
		case strings.HasPrefix(one.rpc, "notifications/") && one.status != http.StatusAccepted && one.status != http.StatusUnauthorized:
			t.Errorf("%s: got %d, want 202", one.rpc, one.status)
		case one.status == http.StatusNotAcceptable:
			t.Errorf("the server refused Accept: %s", one.accept)
		}
	}
}

func (v *verification) listed(t *testing.T) toolList {
	t.Helper()
	list, err := v.list()
	if err != nil {
		t.Fatalf("listing tools: %v", err)
	}
	return list
}

// ask calls a tool with arguments that it accepts. It returns what the answer's text has.
func (v *verification) ask(t *testing.T, tool string) (got toolResult, want string) {
	t.Helper()
	build, ok := questions[tool]
	if !ok {
		t.Fatalf("%s: add a good call to the table of this file", tool)
	}
	q := build(v.facts)
	got, err := v.call(tool, q.arguments)
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	return got, q.want
}

func (v *verification) callsEveryTool(t *testing.T) {
	v.freshWindow()
	_, secret := v.key(t, v.Contract.DefaultPlan, scopes[v.name]...)
	c := v.connected(t, secret)
	if c.Revision != v.client.revision || c.Session != nil {
		t.Errorf("connected with revision %s and session %v, want %s without a session", c.Revision, c.Session, v.client.revision)
	}
	if got := slices.Sorted(maps.Keys(c.Capabilities)); !slices.Equal(got, []string{"tools"}) {
		t.Errorf("the server announces %q, want tools alone", got)
	}
	if c.Server.Name != v.name || c.Instructions == "" {
		t.Errorf("the server is %q with the instructions %q", c.Server.Name, c.Instructions)
	}
	list := v.listed(t)
	if !slices.Equal(list.names(), v.tools) {
		t.Errorf("listed %q, want %q", list.names(), v.tools)
	}
	if v.client.revision >= "2026-07-28" && (list.CacheScope != "private" || list.TTLMs == nil || *list.TTLMs <= 0) {
		t.Errorf("clients may keep the list %v ms in a cache of scope %q, want some time and private", list.TTLMs, list.CacheScope)
	}
	for i, tool := range list.Tools {
		if tool.Title == "" && v.client.revision >= "2025-06-18" || tool.Description == "" || len(tool.InputSchema) == 0 {
			t.Errorf("%s: the list lacks title, description or input schema", tool.Name)
		}
		got, want := v.ask(t, tool.Name)
		if got.IsError || !strings.Contains(got.text(), want) {
			t.Errorf("%s: got %q, want a text with %q", tool.Name, got.text(), want)
		}
		if v.client.revision >= "2025-06-18" && (len(tool.OutputSchema) == 0 || len(got.StructuredContent) < 2 || got.StructuredContent[0] != '{') {
			t.Errorf("%s: structured content %.200s of the schema %.200s, want an object", tool.Name, got.StructuredContent, tool.OutputSchema)
		}
		quota := got.Meta.Quota
		if quota == nil || quota.Remaining != quota.Limit-int64(i+1) {
			t.Errorf("%s: after %d calls, the quota is %+v", tool.Name, i+1, quota)
		}
	}
	var r *refusal
	if _, err := v.call("no_such_tool", map[string]any{}); !errors.As(err, &r) || !strings.Contains(r.Message, `unknown tool "no_such_tool"`) || string(r.Code) != "-32602" {
		t.Errorf("an unknown tool: got %v, want the error -32602", err)
	}
}

func (v *verification) isRefusedWithANarrowKey(t *testing.T) {
	_, closed := v.key(t, v.Contract.DefaultPlan, "read:matches")
	v.refused(t, closed, map[string]int{"statgate": http.StatusForbidden, "scorelytics": http.StatusUnauthorized}[v.name])
	lacks, ok := narrow[v.name]
	if !ok {
		return // mcp:invoke opens every tool
	}
	org, _ := v.Org(t, "Narrow", v.Contract.DefaultPlan, "narrow@club.example")
	_, secret := v.Key(t, org, "Agent", lacks.scopes...)
	v.connected(t, secret)
	want := slices.DeleteFunc(slices.Clone(v.tools), func(name string) bool { return lacks.hidden[name] != "" })
	if got := v.listed(t).names(); !slices.Equal(got, want) || len(got) == len(v.tools) {
		t.Errorf("listed %q, want %q", got, want)
	}
	for _, name := range v.tools {
		got, _ := v.ask(t, name)
		if scope := lacks.hidden[name]; got.IsError != (scope != "") || !strings.Contains(got.text(), scope) {
			t.Errorf("%s: got %+v, want an error that names the scope %q", name, got, scope)
		}
	}
}

// refused connects with a key that may not connect.
func (v *verification) refused(t *testing.T, secret string, status int) {
	t.Helper()
	v.visited = watch(t, v.Gateway)
	if _, err := v.connect(v.visited.url+v.path, secret); err == nil {
		t.Errorf("connected, want the status %d", status)
		if err := v.close(); err != nil {
			t.Error(err)
		}
	}
	v.answered(t, 0, status)
}

// answered checks the status of all requests after the first n.
func (v *verification) answered(t *testing.T, n, status int) {
	t.Helper()
	later := v.visited.since(n)
	for _, one := range later {
		if one.status != status && one.method == http.MethodPost || one.path != v.path {
			t.Errorf("%s %s %s: got %d, want %d", one.method, one.path, one.rpc, one.status, status)
		}
	}
	if len(later) == 0 || len(later) > 4 {
		t.Errorf("the client sent %d requests, want a few", len(later))
	}
}

func (v *verification) isRefusedOnceRevoked(t *testing.T) {
	id, secret := v.key(t, v.Contract.DefaultPlan, scopes[v.name]...)
	v.connected(t, secret)
	v.listed(t)
	v.revoke(t, id)
	before := len(v.visited.all())
	if got, err := v.call(api.ToolsFor(v.Contract)[0].Name, map[string]any{}); err == nil {
		t.Errorf("got %+v with a revoked key", got)
	}
	v.answered(t, before, http.StatusUnauthorized)
}

func (v *verification) learnsOfAnExhaustedKey(t *testing.T) {
	tool := v.tools[len(v.tools)-1]
	limit := small[v.name]
	v.freshWindow()
	_, secret := v.key(t, limit.plan, scopes[v.name]...)
	v.connected(t, secret)
	v.listed(t)
	for left := limit.budget - 1; left >= 0; left-- {
		if got, _ := v.ask(t, tool); got.IsError || got.Meta.Quota.Remaining != left {
			t.Fatalf("got %+v, want %d calls left", got, left)
		}
	}
	before := len(v.visited.all())
	got, err := v.call(tool, questions[tool](v.facts).arguments)
	last := v.visited.since(before)
	wait, _ := strconv.Atoi(last[0].seconds)
	if len(last) != 1 || wait <= 0 {
		t.Errorf("the client sent %+v, want one request, with the time to wait", last)
	}
	var r *refusal
	switch {
	case v.name == "statgate" && (err != nil || !got.IsError || !strings.Contains(got.text(), "wait "+last[0].seconds+" seconds") || last[0].status != http.StatusOK):
		t.Errorf("got %+v and %v with the status %d, want a result that says to wait %d seconds", got, err, last[0].status, wait)
	case v.name == "scorelytics" && (!errors.As(err, &r) || last[0].status != http.StatusTooManyRequests):
		t.Errorf("got %+v and %v with the status %d, want an error and 429", got, err, last[0].status)
	}
	// Version 1 of the SDK of Python ends its connection at an HTTP error.
	if err := v.close(); err != nil {
		t.Error(err)
	}
	if _, err := v.connect(v.visited.url+v.path, secret); err != nil {
		t.Fatalf("connecting with an exhausted key: %v", err)
	}
	if names := v.listed(t).names(); !slices.Equal(names, v.tools) {
		t.Errorf("an exhausted key lists %q, want %q", names, v.tools)
	}
}
