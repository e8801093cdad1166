package suite

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// mcp has the cases of the MCP server, for contracts that have one. They send single messages:
// clients that others wrote are tested elsewhere.
func mcp(c *contract.Contract) []Case {
	if _, deployed := c.Operations[api.CallMCP]; !deployed {
		return nil
	}
	return []Case{
		{ID: "mcp.revisions", Guarantee: "initialize and server/discover answer at their revisions, with tools alone", Run: mcpRevisions},
		{ID: "mcp.cost", Guarantee: "a call of a tool costs one request, which the usage counts under the tool; other messages cost none", Run: mcpCost},
		{ID: "mcp.tools", Guarantee: "the list has every tool of the contract in a fixed order, and each answers a call with at most 8 KB", Run: mcpTools},
		{ID: "mcp.scope", Guarantee: "a key without the server's scope is refused", Run: mcpScope},
		{ID: "mcp.tool-scope", Guarantee: "a tool whose data the key may not read is not listed and answers with an error that names the scope, unless the contract's tools need no other scope", Run: mcpToolScope},
		{ID: "mcp.narrowed", Guarantee: "a scope removed from a key hides its tools from the next message", Run: mcpNarrowed},
		{ID: "mcp.revoked", Guarantee: "a revoked key is refused on the next call of a tool, without pointing to OAuth", Run: mcpRevoked},
		{ID: "mcp.token", Guarantee: "a token of a key calls tools, and is refused after its key is revoked", Run: mcpToken},
		{ID: "mcp.malformed", Guarantee: "batches, broken messages and unknown methods get an error of the protocol and cost nothing", Run: mcpMalformed},
		{ID: "mcp.origin", Guarantee: "a web page may call the server, or is refused with an error of the protocol", Run: mcpOrigin},
		{ID: "mcp.methods", Guarantee: "GET is the event stream or a 405, and DELETE is a 405", Run: mcpMethods},
		{ID: "mcp.quota", Guarantee: "of the calls of 32 concurrent clients of one key exactly the budget is admitted; the rest get the contract's answer, which says how long to wait", Run: mcpQuota},
	}
}

// The revisions of the protocol that the cases use.
const (
	usualRevision  = "2025-06-18"
	newestRevision = "2026-07-28"
)

// message encodes a request of JSON-RPC.
func message(method string, params in) []byte {
	m := in{"jsonrpc": "2.0", "id": 1, "method": method}
	if params != nil {
		m["params"] = params
	}
	return encode(m)
}

// postMCP sends a body to the server.
func (t *T) postMCP(secret string, body []byte, headers ...string) Reply {
	return t.send(request{method: http.MethodPost, path: t.routes[api.CallMCP].Path, secret: secret, body: body,
		headers: append([]string{"Accept", "application/json, text/event-stream"}, headers...)})
}

// mcp sends a request to the server.
func (t *T) mcp(secret, method string, params in) Reply {
	return t.postMCP(secret, message(method, params), "MCP-Protocol-Version", usualRevision)
}

// mcpNewest sends a request at the newest revision, whose messages describe their client.
func (t *T) mcpNewest(secret, method, name string, params in) Reply {
	with := in{"_meta": in{"io.modelcontextprotocol/protocolVersion": newestRevision, "io.modelcontextprotocol/clientCapabilities": in{},
		"io.modelcontextprotocol/clientInfo": in{"name": "e2e", "version": "1"}}}
	maps.Copy(with, params)
	headers := []string{"MCP-Protocol-Version", newestRevision, "Mcp-Method", method}
	if name != "" {
		headers = append(headers, "Mcp-Name", name)
	}
	return t.postMCP(secret, message(method, with), headers...)
}

// callTool calls a tool.
func (t *T) callTool(secret, name string, arguments in) Reply {
	if arguments == nil {
		arguments = in{}
	}
	return t.mcp(secret, "tools/call", in{"name": name, "arguments": arguments})
}

// wantResult checks that a tool answered without an error.
func (t *T) wantResult(r Reply) {
	if r.Status != http.StatusOK || r.value("result") == nil || r.value("result", "isError") == true {
		t.Fatalf("%s: got %s, want the result of a tool", r.asked, r.brief())
	}
}

// wantToolError checks that a tool's result is an error whose text has the words.
func (t *T) wantToolError(r Reply, words ...string) {
	text := toolText(r)
	if r.Status != http.StatusOK || r.value("result", "isError") != true {
		t.Errorf("%s: got %s, want a result that is an error", r.asked, r.brief())
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s: the error %q does not name %s", r.asked, text, word)
		}
	}
}

// toolText returns the text of a tool's result.
func toolText(r Reply) string {
	for _, part := range objects(r.value("result", "content")) {
		if text := textOf(part, "text"); text != "" {
			return text
		}
	}
	return ""
}

// wantProtocolError checks that an answer is an error of JSON-RPC.
func (t *T) wantProtocolError(r Reply, status int, code float64) {
	if r.Status != status || r.number("error", "code") != code || r.text("jsonrpc") != "2.0" {
		t.Errorf("%s: got %s, want %d with the error %v of JSON-RPC", r.asked, r.brief(), status, code)
	}
}

// listTools returns the names of the tools that the key sees, and their input schemas.
func (t *T) listTools(secret string) (names []string, schemas map[string]map[string]any) {
	r := t.mcp(secret, "tools/list", nil)
	t.wantStatus(r, http.StatusOK)
	schemas = map[string]map[string]any{}
	for _, tool := range objects(r.value("result", "tools")) {
		name := textOf(tool, "name")
		names = append(names, name)
		schemas[name], _ = tool["inputSchema"].(map[string]any)
	}
	return names, schemas
}

// wantTools compares lists of tools, whose order is the server's.
func (t *T) wantTools(got, want []string) {
	if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("the tools are %v, want %v", got, want)
	}
}

// simpleTool returns a tool of the key that needs no argument.
func (t *T) simpleTool(secret string) string {
	names, schemas := t.listTools(secret)
	for _, name := range names {
		if required, _ := schemas[name]["required"].([]any); len(required) == 0 {
			return name
		}
	}
	t.Fatalf("no tool of %v can be called without arguments", names)
	return ""
}

// serverScope returns the narrowest scope that opens the server.
func (t *T) serverScope() []string {
	scopes, ok := t.narrowestScope(t.routes[api.CallMCP])
	if !ok {
		t.Fatalf("no scope opens %s", api.CallMCP)
	}
	return scopes
}

// agentKey creates a key at home that reaches the server and all data.
func (t *T) agentKey() key {
	return t.key(t.home.admin, t.home, in{"scopes": t.readScopes()})
}

// mcpBudget returns the budget of a plan that calls of tools count against.
func (fx *fixture) mcpBudget(p contract.Plan) contract.Budget {
	name := fx.contract.Operations[api.CallMCP].Budget
	if name == "" {
		name = contract.Requests
	}
	return p.Budgets[name]
}

func mcpRevisions(t *T) {
	k := t.agentKey()
	begin := in{"protocolVersion": usualRevision, "capabilities": in{}, "clientInfo": in{"name": "e2e", "version": "1"}}
	r := t.postMCP(k.secret, message("initialize", begin))
	t.wantStatus(r, http.StatusOK)
	if got := r.text("result", "protocolVersion"); got != usualRevision || r.text("result", "instructions") == "" {
		t.Errorf("initialize: got revision %q, want %s and instructions", got, usualRevision)
	}
	onlyTools(t, r)
	onlyTools(t, t.mcpNewest(k.secret, "server/discover", "", nil))
	list := t.mcpNewest(k.secret, "tools/list", "", nil)
	if scope, ttl := list.text("result", "cacheScope"), list.number("result", "ttlMs"); scope != "private" || ttl <= 0 {
		t.Errorf("tools/list: cacheScope %q and ttlMs %v, want private and a time: the list depends on the key", scope, ttl)
	}
	name := t.simpleTool(k.secret)
	t.wantResult(t.mcpNewest(k.secret, "tools/call", name, in{"name": name, "arguments": in{}}))
	if r := t.postMCP(k.secret, encode(in{"jsonrpc": "2.0", "method": "notifications/initialized"})); r.Status != http.StatusAccepted || len(r.Body) > 0 {
		t.Errorf("a notification: got %s, want 202 without a body", r.brief())
	}
}

// onlyTools checks that the server offers tools and nothing else. A client that subscribes to
// anything would hold a connection.
func onlyTools(t *T, r Reply) {
	t.wantStatus(r, http.StatusOK)
	offered, _ := r.value("result", "capabilities").(map[string]any)
	tools, has := offered["tools"].(map[string]any)
	if !has || len(offered) != 1 || len(tools) != 0 {
		t.Errorf("%s: the capabilities are %v, want tools alone", r.asked, offered)
	}
}

// mcpCost compares what is left before and after each message, and the usage.
func mcpCost(t *T) {
	budget := t.mcpBudget(t.largest())
	t.inWindow(budget, 10*time.Second, func() {
		k := t.agentKey()
		name := t.simpleTool(k.secret)
		for used := int64(1); used <= 2; used++ {
			for _, method := range []string{"ping", "tools/list"} {
				t.wantStatus(t.mcp(k.secret, method, nil), http.StatusOK)
			}
			r := t.callTool(k.secret, name, nil)
			t.wantResult(r)
			if left := r.number("result", "_meta", "quota", "remaining"); left != float64(budget.Limit-used) {
				t.Errorf("%s: call %d leaves %v of %d requests, want %d", r.asked, used, left, budget.Limit, budget.Limit-used)
			}
		}
		t.wantStatus(t.postMCP(k.secret, encode(in{"jsonrpc": "2.0", "method": "notifications/initialized"})), http.StatusAccepted)
		t.checkUsage(t.home.admin, k.id, map[string]int{api.CallMCP: 6, api.CallMCP + "." + name: 2})
	})
}

// mcpTools calls every tool with arguments of the data that the deployment has.
func mcpTools(t *T) {
	k := t.agentKey()
	names, schemas := t.listTools(k.secret)
	var want []string
	for _, tool := range api.ToolsFor(t.contract) {
		want = append(want, tool.Name)
	}
	t.wantTools(names, want)
	if again, _ := t.listTools(k.secret); !slices.Equal(again, names) {
		t.Errorf("the tools are in the order %v, and were in the order %v", again, names)
	}
	counts := map[string]int{api.CallMCP: 2}
	for _, name := range names {
		if unknown := unknownArguments(schemas[name]); len(unknown) > 0 {
			if r := t.callTool(k.secret, name, unknown); r.Status != http.StatusOK || r.value("result") == nil {
				t.Errorf("%s: got %s, want a result that says that nothing is found", r.asked, r.brief())
			}
			counts[api.CallMCP+"."+name]++
		}
		arguments, ok := t.arguments(name, schemas[name])
		if !ok {
			continue // the deployment has no data for it
		}
		r := t.callTool(k.secret, name, arguments)
		t.wantResult(r)
		text, object := toolText(r), encode(r.value("result", "structuredContent"))
		if size := len(text) + len(object); text == "" || r.value("result", "structuredContent") == nil || size > maxToolBytes {
			t.Errorf("%s: an answer of %d bytes, want a text and an object of at most %d", name, size, maxToolBytes)
		}
		counts[api.CallMCP+"."+name]++
	}
	t.checkUsage(t.home.admin, k.id, counts)
}

// maxToolBytes is the size of a tool's answer: its text and its object.
const maxToolBytes = 8 << 10

// unknownArguments returns the required arguments of a tool that name nothing.
func unknownArguments(schema map[string]any) in {
	required, _ := schema["required"].([]any)
	with := in{}
	for _, one := range required {
		if name, ok := one.(string); ok {
			with[name] = "unknown-" + name
		}
	}
	return with
}

// arguments returns the required arguments of a tool, taken from a match of the deployment. It
// returns false if the deployment has no match.
func (t *T) arguments(tool string, schema map[string]any) (in, bool) {
	required, _ := schema["required"].([]any)
	if len(required) == 0 {
		return nil, true
	}
	found := t.items(t.mustOp(t.reader.secret, "listMatches", nil))
	if len(found) == 0 {
		return nil, false
	}
	match := found[0]
	side := func(name string) string {
		for _, path := range [][]string{{name, "id"}, {name + "_id"}, {name + "_team_id"}, {name, "name"}, {name + "_team"}, {name}} {
			if text := textOf(match, path...); text != "" {
				return text
			}
		}
		return ""
	}
	league := textOf(match, "league")
	if league == "" {
		league = textOf(match, "league_id")
	}
	known := in{"match": match["id"], "match_id": match["id"], "league": league, "league_id": league, "query": league, "name": league, "q": league,
		"team": side("home"), "team_a": side("home"), "team_b": side("away"), "team1": side("home"), "team2": side("away"), "home": side("home"), "away": side("away"), "opponent": side("away")}
	if _, players := t.routes["listPlayers"]; players {
		listed := t.items(t.mustOp(t.reader.secret, "listPlayers", nil))
		if len(listed) == 0 && slices.Contains(required, any("player")) {
			return nil, false
		}
		if len(listed) > 0 {
			known["player"] = listed[0]["id"]
		}
	}
	with := in{}
	for _, one := range required {
		name, _ := one.(string)
		if with[name] = known[name]; known[name] == nil || known[name] == "" {
			t.Errorf("%s: this case has no value for the argument %s of a match %.200s", tool, name, encode(match))
			return nil, false
		}
	}
	return with, true
}

func mcpScope(t *T) {
	d := t.endpoint()
	if t.opens(d.scopes, t.routes[api.CallMCP]) {
		t.NotApplicable("every scope opens the server")
	}
	k := t.clientKey(d)
	t.wantError(t.mcp(k.secret, "tools/list", nil), api.Permission)
	t.wantError(t.callTool(k.secret, api.ToolsFor(t.contract)[0].Name, nil), api.Permission)
}

func mcpToolScope(t *T) {
	k := t.key(t.home.admin, t.home, in{"scopes": t.serverScope()})
	patterns, err := t.contract.Scopes.Permissions(t.serverScope())
	if err != nil {
		t.Fatalf("%v", err)
	}
	var want []string
	for _, tool := range api.ToolsFor(t.contract) {
		if tool.Visible(patterns, t.contract) {
			want = append(want, tool.Name)
			continue
		}
		scopes, _ := t.narrowestScope(api.Route{Permissions: tool.Permissions})
		t.wantToolError(t.callTool(k.secret, tool.Name, nil), scopes...)
	}
	names, _ := t.listTools(k.secret)
	t.wantTools(names, want)
	if d := t.endpoint(); !t.opens(t.serverScope(), d.route) {
		t.wantError(t.call(k.secret, d), api.Permission)
	}
	t.checkUsage(t.home.admin, k.id, map[string]int{api.CallMCP: 1})
}

func mcpNarrowed(t *T) {
	if t.contract.MCP.Tools == contract.ToolsAlone {
		t.NotApplicable("the contract's tools need no other scope")
	}
	k := t.agentKey()
	before, _ := t.listTools(k.secret)
	t.mustOp(t.home.admin, "updateKey", in{"key": k.id, "scopes": t.serverScope()})
	after, _ := t.listTools(k.secret)
	if len(after) >= len(before) {
		t.Errorf("the tools are %v after the key lost its data scopes, and were %v", after, before)
	}
	for _, name := range before {
		if !slices.Contains(after, name) {
			t.wantToolError(t.callTool(k.secret, name, nil), "scope")
		}
	}
}

func mcpRevoked(t *T) {
	k := t.agentKey()
	name := t.simpleTool(k.secret)
	t.wantResult(t.callTool(k.secret, name, nil))
	t.mustOp(t.home.admin, "revokeKey", in{"key": k.id})
	r := t.callTool(k.secret, name, nil)
	t.wantInvalidSecret(r)
	for _, challenge := range []string{r.Header.Get("WWW-Authenticate"), r.Header.Get("X-Amzn-Remapped-Www-Authenticate")} {
		if challenge != "" && challenge != api.Challenge {
			t.Errorf("%s: WWW-Authenticate is %q, want %s: clients would look for an OAuth server", r.asked, challenge, api.Challenge)
		}
	}
}

func mcpToken(t *T) {
	if _, has := t.routes["createToken"]; !has {
		t.NotApplicable("the contract has no tokens")
	}
	k := t.agentKey()
	token := t.token(k, in{"scopes": t.serverScope()})
	name := t.simpleTool(token)
	t.wantResult(t.callTool(token, name, nil))
	t.mustOp(t.home.admin, "revokeKey", in{"key": k.id})
	t.wantInvalidSecret(t.callTool(token, name, nil))
}

// The codes of errors of JSON-RPC.
const (
	parseError     = -32700
	invalidRequest = -32600
	methodNotFound = -32601
)

func mcpMalformed(t *T) {
	k := t.agentKey()
	call := message("tools/call", in{"name": api.ToolsFor(t.contract)[0].Name, "arguments": in{}})
	for _, revision := range []string{"2025-03-26", usualRevision, newestRevision} { // the first has batches
		batch := slices.Concat([]byte("["), call, []byte(","), call, []byte("]"))
		t.wantProtocolError(t.postMCP(k.secret, batch, "MCP-Protocol-Version", revision), http.StatusBadRequest, invalidRequest)
	}
	t.wantProtocolError(t.postMCP(k.secret, []byte(`{"jsonrpc":`)), http.StatusBadRequest, parseError)
	t.wantProtocolError(t.postMCP(k.secret, []byte(`{"jsonrpc":"2.0","id":{},"method":"ping"}`)), http.StatusBadRequest, invalidRequest)
	t.wantProtocolError(t.postMCP(k.secret, call, "Content-Type", "text/plain"), http.StatusUnsupportedMediaType, invalidRequest)
	large := slices.Concat([]byte(`{"jsonrpc":"2.0","id":1,"method":"`), []byte(strings.Repeat("x", maxBodyBytes)), []byte(`"}`))
	t.wantProtocolError(t.postMCP(k.secret, large), t.contract.Condition(api.InputSize).Status, invalidRequest)
	t.checkUsage(t.home.admin, k.id, map[string]int{})
	for _, method := range []string{"resources/list", "prompts/list", "logging/setLevel", "nothing"} {
		t.wantProtocolError(t.mcp(k.secret, method, nil), http.StatusOK, methodNotFound)
	}
	t.wantProtocolError(t.mcpNewest(k.secret, "subscriptions/listen", "", nil), http.StatusNotFound, methodNotFound)
	t.checkUsage(t.home.admin, k.id, map[string]int{api.CallMCP: 5})
}

func mcpOrigin(t *T) {
	k := t.agentKey()
	r := t.postMCP(k.secret, message("ping", nil), "Origin", "https://page.example")
	if r.Status == http.StatusForbidden { // the deployment lists origins, or is on this machine
		t.wantProtocolError(r, http.StatusForbidden, invalidRequest)
	} else {
		t.wantStatus(r, http.StatusOK)
	}
	if allowed := r.Header.Get("Access-Control-Allow-Origin"); allowed != "*" {
		t.Errorf("%s: Access-Control-Allow-Origin is %q, so a page cannot read the answer", r.asked, allowed)
	}
}

func mcpMethods(t *T) {
	k := t.agentKey()
	path := t.routes[api.CallMCP].Path
	_, streams := t.routes["streamMCP"]
	refused := []string{http.MethodDelete}
	if !streams {
		refused = append(refused, http.MethodGet)
	}
	for _, method := range refused {
		r := t.send(request{method: method, path: path, secret: k.secret})
		t.wantError(r, api.Method)
		allow := r.Header.Get("Allow")
		if !strings.Contains(allow, http.MethodPost) || strings.Contains(allow, http.MethodGet) != streams || strings.Contains(allow, http.MethodDelete) {
			t.Errorf("%s: Allow is %q", r.asked, allow)
		}
	}
	if !streams {
		return
	}
	r := t.send(request{method: http.MethodGet, path: path, secret: k.secret, headers: []string{"Accept", "text/event-stream"}})
	t.wantStatus(r, http.StatusOK)
	if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") || !strings.HasPrefix(string(r.Body), "retry: ") || !strings.HasSuffix(string(r.Body), "\n\n") {
		t.Errorf("%s: got %q %s, want an event stream that ends", r.asked, kind, r.brief())
	}
}

// mcpQuota uses up the budget of the scarcest plan.
func mcpQuota(t *T) {
	budget := t.mcpBudget(t.scarcest())
	if budget.Limit > maxRequests {
		t.NotApplicable("the scarcest plan has %d calls", budget.Limit)
	}
	t.inWindow(budget, minWindowLeft, func() {
		_, k := t.scarceKey("mcp", endpoint{scopes: t.serverScope()})
		name := t.simpleTool(k.secret)
		var admitted, refused atomic.Int64
		calls := (int(budget.Limit) + 2*clients) / clients
		t.each(clients, func(int) {
			for range calls {
				r := t.callTool(k.secret, name, nil)
				if r.Status == http.StatusOK && r.value("result", "isError") != true {
					admitted.Add(1)
					continue
				}
				refused.Add(1)
				t.mcpUsedUp(r, budget)
			}
		})
		t.WantAdmitted(budget.Limit, admitted.Load(), refused.Load(), int64(clients*calls))
		t.wantStatus(t.mcp(k.secret, "tools/list", nil), http.StatusOK) // lists cost nothing
	})
}

// mcpUsedUp checks the contract's answer to a call whose budget is used up.
func (t *T) mcpUsedUp(r Reply, budget contract.Budget) {
	wait, err := strconv.ParseInt(r.Header.Get("Retry-After"), 10, 64)
	if err != nil || wait < 1 || wait > budget.Window+1 {
		t.Errorf("%s: got %s with Retry-After %q", r.asked, r.brief(), r.Header.Get("Retry-After"))
	}
	if t.contract.MCP.UsedUp == contract.UsedUpResult {
		t.wantToolError(r, fmt.Sprintf("wait %d seconds", wait))
		return
	}
	t.wantProtocolError(r, t.contract.Condition(api.Quota).Status, r.number("error", "code"))
	if r.number("error", "code") >= 0 || r.number("error", "data", "retry_after_seconds") != float64(wait) {
		t.Errorf("%s: got %s, want an error that says to wait %d seconds", r.asked, r.brief(), wait)
	}
}

// counted returns the name under which the usage counts a request. A call of a tool has a name
// of its own.
func (fx *fixture) counted(route api.Route, r request) string {
	if route.Operation != api.CallMCP {
		return route.Operation
	}
	var sent struct {
		Method string
		Params struct{ Name string }
	}
	if json.Unmarshal(r.body, &sent) != nil || sent.Method != "tools/call" {
		return route.Operation
	}
	if tool, offered := api.FindTool(fx.contract, sent.Params.Name); offered {
		return tool.Counted()
	}
	return route.Operation
}
