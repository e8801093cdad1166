package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/functions/mcp"
	"statgate/functions/mcp/tools"
	"statgate/shared/access/gate"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/platform/serve"
	"statgate/shared/platform/settings"
	"statgate/shared/sources/importer"
	"statgate/shared/sources/simulation"
	"statgate/shared/table"
)

// The targets of the MCP server.
const (
	maxSetup    = 4 * time.Millisecond
	maxOwnWork  = time.Millisecond
	maxMCPStart = 1.3 // times the cold start of matches
)

// mcpCalls are calls of a tool that reads and of one that does not.
func mcpCalls(league string) map[string]string {
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s}}`
	return map[string]string{
		"usage":     fmt.Sprintf(call, "usage", "{}"),
		"standings": fmt.Sprintf(call, "standings", `{"league":"`+league+`"}`),
	}
}

// mcpServer measures the set-up of the MCP server, and what a call of a tool takes apart from
// its store calls.
func mcpServer(ctx context.Context, s sizes) ([]figure, error) {
	e, err := memory()
	if err != nil {
		return nil, err
	}
	defer e.close()
	w, err := newFixture(ctx, e, stoppedClock())
	if err != nil {
		return nil, err
	}
	sim := simulation.New(1, w.clock())
	if _, err := importer.Put(ctx, e.stats, w.clock, importer.Simulated(sim)); err != nil {
		return nil, fmt.Errorf("storing the simulated league: %w", err)
	}
	first, err := w.setup(s)
	if err != nil {
		return nil, err
	}
	all := []figure{first}
	bodies := mcpCalls(sim.League.ID)
	for _, name := range []string{"usage", "standings"} {
		f, err := w.ownWork(ctx, s, name, bodies[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// setup measures the making of the handlers as a function makes them, from what the build
// computed: tools and the SDK's server.
func (w *fixture) setup(s sizes) (figure, error) {
	cards, err := tools.Cards(w.contract)
	if err != nil {
		return figure{}, err
	}
	var took sample
	for range s.repetitions {
		start := time.Now()
		deps := tools.NewDeps(w.contract, w.stats, w.clock)
		deps.Cards = cards
		mcp.Handlers(mcp.Deps{Tools: deps})
		took.add(float64(time.Since(start)))
	}
	return figure{name: "set-up of the server and its tools", value: duration(took.median()), detail: took.spread(duration),
		target: verdict("≤ "+duration(float64(maxSetup)), took.median() <= float64(maxSetup))}, nil
}

// ownWork measures a call of a tool in a warm function whose stores answer immediately. It
// includes the gate and the adapter.
func (w *fixture) ownWork(ctx context.Context, s sizes, name, body string) (figure, error) {
	stats := &answeringQueries{answeringTable: answeringTable{Table: w.stats}, pages: map[string]table.Page{}}
	keys := &answeringTable{Table: w.keys}
	g := gate.New(keys, w.clock)
	g.Resolver, g.Scopes = w.Keys, w.contract.Scopes
	function, err := serve.New(serve.Options{Contract: w.contract, Handlers: mcp.Handlers(mcp.Deps{Tools: tools.NewDeps(w.contract, stats, w.clock)}),
		Gate: g, CursorKey: settings.CursorKey(w.keys, rand.Reader), Clock: w.clock, Log: w.log})
	if err != nil {
		return figure{}, err
	}
	event, err := w.toolEvent(ctx, body)
	if err != nil {
		return figure{}, err
	}
	call := func(ctx context.Context) error {
		res, err := function.Handle(ctx, event)
		if err == nil && (res.StatusCode != http.StatusOK || !strings.Contains(res.Body, `"structuredContent"`)) {
			err = fmt.Errorf("the tool answers %d %.200s", res.StatusCode, res.Body)
		}
		return err
	}
	if err := call(ctx); err != nil { // also stores what the stores answer
		return figure{}, err
	}
	var took sample
	var allocations int64
	for range s.repetitions {
		r, err := measure(ctx, call)
		if err != nil {
			return figure{}, err
		}
		took.add(perCall(r))
		allocations = r.AllocsPerOp()
	}
	return figure{name: "call of the tool " + name + ": without the store", value: duration(took.median()),
		detail: fmt.Sprintf("%s; %d allocations", took.spread(duration), allocations),
		target: verdict("≤ "+duration(float64(maxOwnWork)), took.median() <= float64(maxOwnWork))}, nil
}

// toolEvent returns the event of a message from a new key without a quota.
func (w *fixture) toolEvent(ctx context.Context, body string) (events.APIGatewayProxyRequest, error) {
	secret, err := w.key(ctx, append([]string{"mcp:invoke"}, readScopes...)...)
	if err != nil {
		return events.APIGatewayProxyRequest{}, err
	}
	caller, err := w.Keys.Authenticate(ctx, secret)
	if err != nil {
		return events.APIGatewayProxyRequest{}, err
	}
	limits := map[string]contract.Budget{}
	for name, b := range caller.Limits {
		b.Limit = 1 << 40 // a benchmark makes more requests than any plan allows
		limits[name] = b
	}
	caller.Limits = limits
	raw, err := json.Marshal(caller.Context()) // as API Gateway passes it
	if err != nil {
		return events.APIGatewayProxyRequest{}, fmt.Errorf("encoding the caller: %w", err)
	}
	var authorizer map[string]any
	if err := json.Unmarshal(raw, &authorizer); err != nil {
		return events.APIGatewayProxyRequest{}, fmt.Errorf("decoding the caller: %w", err)
	}
	path := ""
	for _, r := range api.For(w.contract) {
		if r.Operation == api.CallMCP {
			path = r.Path
		}
	}
	headers := map[string]string{"Authorization": "Bearer " + secret, "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"MCP-Protocol-Version": "2025-06-18", "Host": "abcdef1234.execute-api.eu-west-1.amazonaws.com", "User-Agent": "bench"}
	many := map[string][]string{}
	for name, value := range headers {
		many[name] = []string{value}
	}
	return events.APIGatewayProxyRequest{HTTPMethod: http.MethodPost, Resource: path, Path: path, Body: body, Headers: headers, MultiValueHeaders: many,
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "8b5b7a3e-5f2b-4c55-9e0a-1d2c3b4a5f60", Authorizer: authorizer}}, nil
}

// answeringQueries is an answeringTable that also repeats the answers of queries.
type answeringQueries struct {
	answeringTable
	pages map[string]table.Page
}

func (c *answeringQueries) Query(ctx context.Context, q table.Query) (page table.Page, err error) {
	at := fmt.Sprintf("%+v", q)
	page, known := c.pages[at]
	if !known {
		page, err = c.Table.Query(ctx, q)
		c.pages[at] = page
	}
	return page, err
}
