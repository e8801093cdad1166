package mcp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/functions/mcp"
	"statgate/functions/mcp/jsonrpc"
	"statgate/functions/mcp/tools"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

// world is a deployment with an organisation of its default plan.
type world struct {
	*deploymenttest.Fixture
	org string
}

func start(t *testing.T, contract, plan string) *world {
	t.Helper()
	return within(t, deploymenttest.New(t, contract), plan)
}

func within(t *testing.T, w *deploymenttest.Fixture, plan string) *world {
	t.Helper()
	if plan == "" {
		plan = w.Contract.DefaultPlan
	}
	org, _ := w.Org(t, "Agents", plan, "ada@example.com")
	return &world{w, org}
}

func (w *world) key(t *testing.T, scopes ...string) string {
	t.Helper()
	_, secret := w.Key(t, w.org, "agent", scopes...)
	return secret
}

// answer is a response of the server.
type answer struct {
	status int
	header http.Header
	raw    string
	id     any
	code   int // of a JSON-RPC error
	text   string
	failed bool // the result of a tool is an error
	tools  []string
	meta   map[string]any
}

// send posts a message.
func (w *world) send(t testing.TB, secret, body string, headers ...string) answer {
	t.Helper()
	r, err := w.Try(secret, http.MethodPost, w.Base+"/mcp", body, append([]string{"Accept", "application/json, text/event-stream"}, headers...)...)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: r.Status, header: r.Header, raw: string(r.Body)}
	var v struct {
		ID     any
		Error  json.RawMessage
		Result struct {
			IsError bool
			Content []struct{ Text string }
			Tools   []struct{ Name string }
			Meta    map[string]any `json:"_meta"`
		}
	}
	_ = json.Unmarshal(r.Body, &v)
	var e struct{ Code int }
	_ = json.Unmarshal(v.Error, &e)
	a.id, a.code, a.failed, a.meta = v.ID, e.Code, v.Result.IsError, v.Result.Meta
	for _, c := range v.Result.Content {
		a.text += c.Text
	}
	for _, tool := range v.Result.Tools {
		a.tools = append(a.tools, tool.Name)
	}
	return a
}

// newMeta is what each request of the newest revision states.
const newMeta = `{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`

func method(name string) string { return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q}`, name) }

func toolCall(tool, arguments string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, tool, arguments)
}

// remaining returns what is left of the budget.
func remaining(t *testing.T, a answer) int {
	t.Helper()
	n, err := strconv.Atoi(a.header.Get("X-RateLimit-Remaining"))
	if err != nil {
		t.Fatalf("got X-RateLimit-Remaining %q, want a number", a.header.Get("X-RateLimit-Remaining"))
	}
	return n
}

func TestOnlyCallsOfToolsSpendTheBudget(t *testing.T) {
	t.Parallel()
	for contract, tool := range map[string]string{"statgate": "usage", "scorelytics": "list_leagues"} {
		w := start(t, contract, "")
		secret := w.key(t, "mcp:invoke")
		before := remaining(t, w.send(t, secret, method("ping")))
		for _, free := range []string{
			method("ping"), method("tools/list"), method("resources/list"), method("nonsense"), toolCall("nonsense", `{}`),
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`,
			`{"jsonrpc":"2.0","method":"notifications/initialized"}`, `{"jsonrpc":"2.0","id":1,"result":{}}`,
			`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"` + tool + `"}}`, // a notification calls nothing
		} {
			if a := w.send(t, secret, free); a.status >= 300 || remaining(t, a) != before {
				t.Errorf("%s: %s: got %d with %d left, want success with %d", contract, free, a.status, remaining(t, a), before)
			}
		}
		a := w.send(t, secret, toolCall(tool, `{}`))
		if a.status != 200 || remaining(t, a) != before-1 {
			t.Errorf("%s: a call: got %d %s with %d left, want %d", contract, a.status, a.raw, remaining(t, a), before-1)
		}
		if quota, _ := a.meta["quota"].(map[string]any); quota["remaining"] != float64(before-1) {
			t.Errorf("%s: _meta says %v, want %d left", contract, a.meta, before-1)
		}
	}
}

func TestBatchesAreRefusedAtEveryRevisionBeforeTheGate(t *testing.T) {
	t.Parallel()
	w := start(t, "statgate", "")
	secret := w.key(t, "mcp:invoke")
	for _, revision := range []string{"", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"} {
		a := w.send(t, secret, "["+toolCall("usage", `{}`)+","+toolCall("usage", `{}`)+"]", "MCP-Protocol-Version", revision)
		if a.status != 400 || a.code != -32600 || a.header.Get("X-RateLimit-Remaining") != "" {
			t.Errorf("%q: got %d %s, want 400 with -32600 and no passage of the gate", revision, a.status, a.raw)
		}
	}
}

func TestBadMessagesGetTheProtocolsError(t *testing.T) {
	t.Parallel()
	w := start(t, "statgate", "")
	secret := w.key(t, "mcp:invoke", "read:leagues")
	many := strings.Repeat(`"a",`, 10_000)
	for name, c := range map[string]struct {
		body    string
		headers []string
		status  int
		code    int
	}{
		"malformed":               {body: `{"jsonrpc"`, status: 400, code: -32700},
		"no version":              {body: `{"id":1,"method":"ping"}`, status: 400, code: -32600},
		"unknown method":          {body: method("resources/read"), status: 200, code: -32601},
		"unknown method, new":     {body: method("prompts/list"), headers: []string{"MCP-Protocol-Version", "2026-07-28"}, status: 404, code: -32601},
		"subscription":            {body: method("subscriptions/listen"), headers: []string{"MCP-Protocol-Version", "2026-07-28"}, status: 404, code: -32601},
		"unknown tool":            {body: toolCall("nope", `{}`), status: 200, code: -32602},
		"unknown revision":        {body: method("ping"), headers: []string{"MCP-Protocol-Version", "2001-01-01"}, status: 400, code: -32600},
		"future revision":         {body: method("ping"), headers: []string{"MCP-Protocol-Version", "2099-01-01"}, status: 400},
		"another method's header": {body: method("ping"), headers: []string{"MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/list"}, status: 400},
		"another media type":      {body: method("ping"), headers: []string{"Content-Type", "text/plain"}, status: 415, code: -32600},
		"no media type":           {body: method("ping"), headers: []string{"Content-Type", ""}, status: 415, code: -32600},
		"events only":             {body: method("ping"), headers: []string{"Accept", "text/html"}, status: 406, code: -32600},
		"deep arguments":          {body: toolCall("usage", strings.Repeat("[", 5000)+strings.Repeat("]", 5000)), status: 400, code: -32600},
		"too deep":                {body: toolCall("usage", strings.Repeat("[", 50_000)+strings.Repeat("]", 50_000)), status: 400, code: -32700},
		"ten thousand ids":        {body: toolCall("usage", `{"ids":[`+many+`"a"]}`), status: 200},
		"257 KB":                  {body: toolCall("usage", `"`+strings.Repeat("a", 257<<10)+`"`), status: 413, code: -32600},
		"arguments of a text":     {body: toolCall("usage", `"a"`), status: 200},
		"params as a list":        {body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[1]}`, status: 400, code: -32600},
	} {
		a := w.send(t, secret, c.body, c.headers...)
		if a.status != c.status || c.code != 0 && a.code != c.code {
			t.Errorf("%s: got %d %.300s, want %d with %d", name, a.status, a.raw, c.status, c.code)
		}
		if c.code == 0 && a.code == 0 && !a.failed {
			t.Errorf("%s: got %d %.300s, want an error", name, a.status, a.raw)
		}
		if strings.Contains(a.raw, "goroutine") {
			t.Errorf("%s: the answer has a stack trace", name)
		}
	}
}

func TestWrongNamesAndArgumentsOfToolsAreExplainedInFewWords(t *testing.T) {
	t.Parallel()
	w := start(t, "statgate", "")
	secret := w.key(t, "mcp:invoke", "read:leagues")
	for body, want := range map[string]string{
		toolCall(strings.Repeat("x", 100_000), `{}`):                                              "unknown tool",
		toolCall("nope", `{}`):                                                                    "unknown tool",
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}`:                      "params.name: must be the name of a tool",
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"usage"}}`:                "params.name: must be the name of a tool",
		`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`:                                          "params",
		toolCall("find", `[]`):                                                                    "arguments: must be an object",
		toolCall("find", `"prem"`):                                                                "arguments: must be an object",
		`{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"usage"}}`: "id: ",
	} {
		for _, revision := range []string{"2025-11-25", ""} {
			a := w.send(t, secret, body, "MCP-Protocol-Version", revision)
			if len(a.raw) > 1000 || !strings.Contains(a.raw, want) || strings.Contains(a.raw, "Params") || strings.Contains(a.raw, "the body") {
				t.Errorf("%.100s: got %d bytes %.300s, want %q", body, len(a.raw), a.raw, want)
			}
		}
	}
}

func TestKeysSeeAndCallTheToolsOfTheirScopesOnly(t *testing.T) {
	t.Parallel()
	w := start(t, "statgate", "")
	narrow := w.key(t, "mcp:invoke", "read:leagues")
	listed := w.send(t, narrow, method("tools/list"))
	if !slices.Contains(listed.tools, "standings") || slices.Contains(listed.tools, "matches") {
		t.Errorf("got the tools %v, want standings and not matches", listed.tools)
	}
	before := remaining(t, listed)
	a := w.send(t, narrow, toolCall("matches", `{}`))
	if a.status != 200 || !a.failed || !strings.Contains(a.text, "read:matches") {
		t.Errorf("got %d %s, want an error result that names the scope read:matches", a.status, a.raw)
	}
	if left := remaining(t, w.send(t, narrow, method("ping"))); left != before {
		t.Errorf("%d left after a refused call, want %d", left, before)
	}
	outside := w.key(t, "read:leagues", "read:matches")
	if a := w.send(t, outside, method("tools/list")); a.status != 403 || !strings.Contains(a.raw, "mcp:invoke") && !strings.Contains(a.raw, "scope") {
		t.Errorf("without mcp:invoke: got %d %s, want 403", a.status, a.raw)
	}
}

func TestNarrowedAndRevokedKeysAreRefusedOnTheNextCall(t *testing.T) {
	t.Parallel()
	w := start(t, "statgate", "")
	id, secret := w.Key(t, w.org, "agent", "mcp:invoke", "read:leagues", "read:matches")
	if a := w.send(t, secret, toolCall("usage", `{}`)); a.status != 200 || a.failed {
		t.Fatalf("got %d %s", a.status, a.raw)
	}
	if r := w.Call(t, w.Operator, "PATCH", "/keys/"+id, `{"scopes":["mcp:invoke"]}`); r.Status != 200 {
		t.Fatalf("narrowing: %d %s", r.Status, r.Body)
	}
	if a := w.send(t, secret, toolCall("standings", `{"league":"en.1"}`)); a.status != 200 || !a.failed || !strings.Contains(a.text, "read:leagues") {
		t.Errorf("a narrowed key: got %d %s, want an error result that names the scope", a.status, a.raw)
	}
	if a := w.send(t, secret, method("tools/list")); slices.Contains(a.tools, "standings") {
		t.Errorf("a narrowed key still sees %v", a.tools)
	}
	if r := w.Call(t, w.Operator, "POST", "/keys/"+id+"/revoke", ""); r.Status != 200 {
		t.Fatalf("revoking: %d %s", r.Status, r.Body)
	}
	if a := w.send(t, secret, toolCall("usage", `{}`)); a.status != 401 || a.header.Get("WWW-Authenticate") != "Bearer" || !strings.Contains(a.raw, `"error":"unauthorized"`) {
		t.Errorf("a revoked key: got %d %s, want the contract's 401", a.status, a.raw)
	}
}

func TestTokensCallTools(t *testing.T) {
	t.Parallel()
	w := start(t, "statgate", "")
	secret := w.key(t, "mcp:invoke", "read:leagues")
	r := w.Call(t, secret, "POST", "/tokens", `{"scopes":["mcp:invoke"]}`)
	token, _ := r.JSON(t)["token"].(string)
	if a := w.send(t, token, toolCall("usage", `{}`)); a.status != 200 || a.failed {
		t.Errorf("got %d %s, want a result", a.status, a.raw)
	}
	if a := w.send(t, token, toolCall("standings", `{"league":"en.1"}`)); !a.failed || !strings.Contains(a.text, "read:leagues") {
		t.Errorf("got %d %s, want an error result that names the scope that the token lacks", a.status, a.raw)
	}
}

// A minute's budget of scorelytics and the hour's of statgate, from 32 clients at once.
func TestTheBudgetOfToolsIsExactUnderConcurrentClients(t *testing.T) {
	t.Parallel()
	for contract, c := range map[string]struct {
		plan, tool string
		limit      int64
	}{"statgate": {"FREE", "usage", 100}, "scorelytics": {"TRIAL", "list_leagues", 30}} {
		deploymenttest.Engines(t, contract, func(t *testing.T, f *deploymenttest.Fixture) {
			w := within(t, f, c.plan)
			secret := w.key(t, "mcp:invoke")
			var admitted, refused atomic.Int64
			var group sync.WaitGroup
			window := func(a answer) string { return a.header.Get("X-RateLimit-Reset") }
			first := window(w.send(t, secret, method("ping")))
			for range 32 {
				group.Go(func() {
					for range (c.limit+40)/32 + 1 {
						switch a := w.send(t, secret, toolCall(c.tool, `{}`)); {
						case a.status == 200 && !a.failed:
							admitted.Add(1)
						case contract == "statgate" && a.status == 200 && strings.Contains(a.text, "wait ") && a.header.Get("Retry-After") != "",
							contract == "scorelytics" && a.status == 429 && a.code == -32000 && a.header.Get("Retry-After") != "":
							refused.Add(1)
						default:
							t.Errorf("got %d %s, want a result or a refusal with the time to wait", a.status, a.raw)
						}
					}
				})
			}
			group.Wait()
			if window(w.send(t, secret, method("ping"))) != first {
				t.Log("a window ended meanwhile")
				if admitted.Load() > 2*c.limit {
					t.Errorf("%d calls were admitted in two windows, want at most %d", admitted.Load(), 2*c.limit)
				}
				return
			}
			if admitted.Load() != c.limit || refused.Load() == 0 {
				t.Errorf("%d calls were admitted and %d refused, want exactly %d", admitted.Load(), refused.Load(), c.limit)
			}
		})
	}
}

func TestUsageCountsByTool(t *testing.T) {
	t.Parallel()
	w := start(t, "statgate", "")
	id, secret := w.Key(t, w.org, "agent", "mcp:invoke")
	for range 3 {
		w.send(t, secret, toolCall("usage", `{}`))
	}
	w.send(t, secret, method("tools/list"))
	raw := string(w.Call(t, w.Operator, "GET", "/keys/"+id+"/usage", "").Body)
	for _, want := range []string{`"callMCP.usage"`, `"callMCP"`} {
		if !strings.Contains(raw, want) {
			t.Errorf("got %s, want %s", raw, want)
		}
	}
}

func TestLogsNameTheToolAndNeverItsArguments(t *testing.T) {
	t.Parallel()
	w := start(t, "statgate", "")
	secret := w.key(t, "mcp:invoke", "read:leagues")
	w.send(t, secret, toolCall("standings", `{"league":"confidential question"}`))
	log := w.Log.String()
	if !strings.Contains(log, `"tool":"standings"`) || strings.Contains(log, "confidential") || strings.Contains(log, secret) {
		t.Errorf("got %s, want the tool's name, no argument and no secret", log)
	}
}

// stuck is a table whose reads wait for the end of their context while it is closed.
type stuck struct {
	table.Table
	closed atomic.Bool
}

func (s *stuck) Get(ctx context.Context, k table.Key, consistent bool) (table.Item, error) {
	if s.closed.Load() {
		<-ctx.Done()
		return nil, fmt.Errorf("%w: %w", table.ErrUnavailable, ctx.Err())
	}
	return s.Table.Get(ctx, k, consistent)
}

func (s *stuck) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if s.closed.Load() {
		<-ctx.Done()
		return table.Page{}, fmt.Errorf("%w: %w", table.ErrUnavailable, ctx.Err())
	}
	return s.Table.Query(ctx, q)
}

func TestACallEndsWithinTheFunctionsTimeAtEveryRevision(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	stats := &stuck{Table: db.Table("stats")}
	w := within(t, deploymenttest.With(t, "statgate", map[string]table.Table{"keys": db.Table("keys"), "stats": stats}, deploymenttest.Setup{
		Within: func(ctx context.Context, operation string) context.Context {
			if operation != api.CallMCP {
				return ctx
			}
			ctx, cancel := context.WithTimeout(ctx, 1500*time.Millisecond) // one second of it is the adapter's
			t.Cleanup(cancel)
			return ctx
		},
	}), "")
	secret := w.key(t, "mcp:invoke", "read:leagues")
	stats.closed.Store(true)
	meta := `,"_meta":` + newMeta
	for revision, body := range map[string]string{
		"2025-03-26": toolCall("standings", `{"league":"en.1"}`),
		"2025-11-25": toolCall("standings", `{"league":"en.1"}`),
		"2026-07-28": `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"standings","arguments":{"league":"en.1"}` + meta + `}}`,
	} {
		a := w.send(t, secret, body, "MCP-Protocol-Version", revision, "Mcp-Method", "tools/call", "Mcp-Name", "standings")
		if a.status != 503 || !strings.Contains(a.raw, `"error":"unavailable"`) || !strings.Contains(w.Log.String(), `"status":503`) {
			t.Errorf("%s: got %d %s, want the contract's 503 and a log line", revision, a.status, a.raw)
		}
	}
}

func TestForeignPagesAreRefused(t *testing.T) {
	t.Parallel()
	w := start(t, "statgate", "")
	secret := w.key(t, "mcp:invoke")
	if a := w.send(t, secret, method("ping"), "Origin", "https://app.example.com"); a.status != 200 || a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("without a list: got %d %s, want any page", a.status, a.raw)
	}
}

func FuzzAnyMessageIsAnswered(f *testing.F) {
	for _, seed := range []string{
		method("ping"), method("tools/list"), toolCall("usage", `{}`), toolCall("standings", `{"league":"en.1","round":1}`),
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"x","capabilities":7}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"usage","_meta":{"progressToken":1}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x","_meta":` + newMeta + `}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"usage","arguments":{},"_meta":` + newMeta + `}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"usage","inputResponses":{"a":{"action":"accept"}},"requestState":"x","_meta":` + newMeta + `}}`,
	} {
		for _, revision := range []string{"", "2025-06-18", "2026-07-28"} {
			f.Add(seed, revision)
		}
	}
	c, err := preset.Load("statgate")
	if err != nil {
		f.Fatal(err)
	}
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	h := mcp.Handlers(mcp.Deps{Tools: tools.NewDeps(c, db.Table("stats"), time.Now)})[0]
	server, _ := api.Find(api.CallMCP)
	f.Fuzz(func(t *testing.T, body, revision string) {
		m := &api.Message{Body: []byte(body), Header: http.Header{"Content-Type": {"application/json"}, "Mcp-Protocol-Version": {revision}}}
		if msg, bad := jsonrpc.Decode([]byte(body)); bad == nil { // the newest revision requires them
			m.Header["Mcp-Method"], m.Header["Mcp-Name"] = []string{msg.Method}, []string{msg.Tool}
		}
		row, refused := h.Protocol.Row(server, m)
		if refused != nil {
			if refused.Status < 400 || refused.Status >= 500 {
				t.Errorf("refused with %d", refused.Status)
			}
			return
		}
		if called := m.Name != ""; called != (row.Cost == 1) {
			t.Errorf("the tool %q costs %d", m.Name, row.Cost)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		value, err := h.Call(ctx, &api.Request{Route: server, Now: time.Now(), Caller: &api.Caller{Org: "org_1", Role: api.RoleOwner, Permissions: []string{"*:*"}},
			Cursors: func(context.Context) (api.Cursors, error) { return api.Cursors{Key: []byte("k")}, nil }}, m)
		if err != nil || ctx.Err() != nil {
			t.Fatalf("got %v, want an answer: %s", err, body)
		}
		if raw, ok := value.(api.Raw); !ok || raw.Status < 200 || raw.Status >= 500 || len(raw.Body) > 0 && !json.Valid(raw.Body) {
			t.Errorf("got %+v, want an answer in JSON", value)
		}
	})
}
