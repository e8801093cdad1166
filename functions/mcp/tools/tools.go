// Package tools has the tools of the MCP server. A tool answers a question of a sports fan
// rather than a request for a resource, in at most 8 KB: a compact text for the model, and a
// JSON object with the same facts for programs.
//
// Tools read through readers that are bound to their caller, so a tool shows what the key
// could read over HTTP.
package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"time"

	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/contract"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/players"
	"statgate/shared/stats/reports"
	"statgate/shared/stats/standings"
	"statgate/shared/stats/teams"
	"statgate/shared/table"
)

// Deps is what the tools read.
type Deps struct {
	Contract  *contract.Contract
	Leagues   *leagues.Store
	Teams     *teams.Store
	Players   *players.Store
	Matches   *matches.Store
	Reports   *reports.Store
	Standings *standings.Store
}

// NewDeps returns stores over the stats table.
func NewDeps(c *contract.Contract, stats table.Table, clock func() time.Time) Deps {
	d := Deps{Contract: c, Leagues: leagues.NewStore(stats), Teams: teams.NewStore(stats), Players: players.NewStore(stats),
		Matches: matches.NewStore(stats, clock), Reports: reports.NewStore(stats, clock)}
	d.Standings = standings.NewStore(d.Leagues, d.Matches, standings.NewCache(256, clock))
	return d
}

// Call is one call of a tool.
type Call struct {
	Caller   *api.Caller // with the permissions that tools see
	Contract *contract.Contract
	Now      time.Time
	Meter    api.Meter
	Cursors  func(ctx context.Context) (api.Cursors, error)

	query string // the tool, the organisation and the inputs, to which cursors are bound
}

// Answer is the result of a tool.
type Answer struct {
	Text string // lines
	Data any    // a JSON object of the tool's output schema
}

// Tool is a tool as the server offers it.
type Tool struct {
	Name         string
	Title        string // a few words
	Description  string // what it is for, with one example
	InputSchema  json.RawMessage
	OutputSchema json.RawMessage

	binder *bind.Binder
	run    func(ctx context.Context, c *Call, in any) (*Answer, error)
}

// definition makes a tool under a contract.
type definition func(c *contract.Contract) (Tool, error)

// All returns the tools that the contract offers, in its order of tools. It panics if a tool
// is defined wrongly, which any test of the function shows.
func All(d Deps) []Tool {
	var all []Tool
	for _, row := range api.ToolsFor(d.Contract) {
		define, ok := definitions[row.Name]
		if !ok {
			continue // a test reports it
		}
		t, err := define(d)(d.Contract)
		if err != nil {
			panic(fmt.Sprintf("tools: %s: %v", row.Name, err))
		}
		t.Name = row.Name
		all = append(all, t)
	}
	return all
}

// definitions are the tools by their names in [api.Tools].
var definitions = merge(questions, resources)

// questions are tools that are named for tasks.
var questions = map[string]func(d Deps) definition{
	"find":         findTool,
	"matches":      matchesTool,
	"match":        matchTool,
	"standings":    standingsTool,
	"head_to_head": headToHeadTool,
	"team":         teamTool,
	"player":       playerTool,
	"usage":        usageTool,
}

func merge(sets ...map[string]func(d Deps) definition) map[string]func(d Deps) definition {
	all := map[string]func(d Deps) definition{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return all
}

// define returns a tool with the input In and the structured output Out. The input's fields
// have the tags of [api.Handle]. The function returns its answer or an *[api.Error].
func define[In, Out any](title, description string, run func(ctx context.Context, c *Call, in *In) (string, Out, error)) definition {
	return func(c *contract.Contract) (Tool, error) {
		t, err := blank[In](c, title, description)
		if err != nil {
			return t, err
		}
		if t.OutputSchema, err = outputSchema(reflect.TypeFor[Out]()); err != nil {
			return t, err
		}
		t.run = func(ctx context.Context, c *Call, in any) (*Answer, error) {
			typed, ok := in.(*In)
			if !ok {
				return nil, fmt.Errorf("tools: called with %T", in)
			}
			text, out, err := run(ctx, c, typed)
			if err != nil {
				return nil, err
			}
			clean(reflect.ValueOf(&out).Elem())
			return &Answer{Text: text, Data: out}, nil
		}
		return t, nil
	}
}

// blank returns a tool with the input In that does nothing yet.
func blank[In any](c *contract.Contract, title, description string) (Tool, error) {
	t := Tool{Title: title, Description: description}
	var err error
	// The name of the route is of no contract, so no field is renamed.
	if t.binder, err = bind.New(c, api.Route{Operation: "tool", Method: "POST"}, api.Handler{Input: reflect.TypeFor[In]()}); err != nil {
		return t, err
	}
	t.InputSchema, err = inputSchema(t.binder)
	return t, err
}

// Run calls the tool with its arguments as JSON. Its errors are *[api.Error]: the problems of
// the input name their fields.
func (t Tool) Run(ctx context.Context, c *Call, arguments json.RawMessage) (*Answer, error) {
	if len(arguments) == 0 || string(arguments) == "null" {
		arguments = json.RawMessage("{}")
	}
	bound, err := t.binder.Bind(bind.Request{Body: arguments})
	if err != nil {
		return nil, err
	}
	call := *c
	if call.query, err = queryOf(t.Name, c.Caller.Org, bound.Input); err != nil {
		return nil, err
	}
	return t.run(ctx, &call, bound.Input)
}
