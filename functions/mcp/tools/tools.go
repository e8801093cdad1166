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
	"sync"
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
	Cards     []byte // what [Cards] returned at build; empty computes them
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

// Card is what the list of tools says about a tool.
type Card struct {
	Name         string          `json:"name"`
	Title        string          `json:"title"`       // a few words
	Description  string          `json:"description"` // what it is for, with one example
	InputSchema  json.RawMessage `json:"inputSchema"`
	OutputSchema json.RawMessage `json:"outputSchema"`
}

// Tool is a tool as the server offers it.
type Tool struct {
	Card
	binder func() (*bind.Binder, error) // made at the first call
	runner func() (runner, error)
}

type runner func(ctx context.Context, c *Call, in any) (*Answer, error)

// definition is a tool without a contract.
type definition struct {
	title, description string
	input              reflect.Type
	output             func(c *contract.Contract) (json.RawMessage, error) // the schema
	runner             func(c *contract.Contract) (runner, error)
}

// All returns the tools that the contract offers, in the order of [api.Tools]. Their cards are
// those of the dependencies, or are computed. It panics if a tool is defined wrongly, which
// any test of the function shows.
func All(d Deps) []Tool {
	packaged := map[string]Card{}
	if len(d.Cards) > 0 {
		var cards []Card
		if err := json.Unmarshal(d.Cards, &cards); err != nil {
			panic(fmt.Sprintf("tools: decoding the cards: %v", err))
		}
		for _, c := range cards {
			packaged[c.Name] = c
		}
	}
	var all []Tool
	for _, row := range api.ToolsFor(d.Contract) {
		define, ok := definitions[row.Name]
		if !ok {
			continue // a test reports it
		}
		t, known := define(d).tool(d.Contract), false
		if t.Card, known = packaged[row.Name]; !known {
			var err error
			if t.Card, err = define(d).card(d.Contract, row.Name); err != nil {
				panic(fmt.Sprintf("tools: %s: %v", row.Name, err))
			}
		}
		all = append(all, t)
	}
	return all
}

// Cards returns the cards of the contract's tools as JSON. They are computed at build,
// because that takes longer than the rest of the function's start.
func Cards(c *contract.Contract) ([]byte, error) {
	cards := []Card{}
	for _, t := range All(Deps{Contract: c}) {
		cards = append(cards, t.Card)
	}
	raw, err := json.Marshal(cards)
	if err != nil {
		return nil, fmt.Errorf("tools: encoding the cards: %w", err)
	}
	return raw, nil
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
	return definition{
		title: title, description: description, input: reflect.TypeFor[In](),
		output: func(*contract.Contract) (json.RawMessage, error) { return outputSchema(reflect.TypeFor[Out]()) },
		runner: func(*contract.Contract) (runner, error) {
			return func(ctx context.Context, c *Call, in any) (*Answer, error) {
				typed, ok := in.(*In)
				if !ok {
					return nil, fmt.Errorf("tools: called with %T", in)
				}
				text, out, err := run(ctx, c, typed)
				if err != nil {
					return nil, err
				}
				return &Answer{Text: text, Data: withTexts(out, plain)}, nil
			}, nil
		},
	}
}

// tool returns the tool under a contract, without its card.
func (def definition) tool(c *contract.Contract) Tool {
	return Tool{
		binder: sync.OnceValues(func() (*bind.Binder, error) { return def.binder(c) }),
		runner: sync.OnceValues(func() (runner, error) { return def.runner(c) }),
	}
}

func (def definition) binder(c *contract.Contract) (*bind.Binder, error) {
	// The name of the route is of no contract, so no field is renamed.
	return bind.New(c, api.Route{Operation: "tool", Method: "POST"}, api.Handler{Input: def.input})
}

// card computes the card of the tool under a contract.
func (def definition) card(c *contract.Contract, name string) (Card, error) {
	card := Card{Name: name, Title: def.title, Description: def.description}
	binder, err := def.binder(c)
	if err != nil {
		return card, err
	}
	if card.InputSchema, err = inputSchema(binder); err != nil {
		return card, err
	}
	card.OutputSchema, err = def.output(c)
	return card, err
}

// Run calls the tool with its arguments as JSON. Its errors are *[api.Error]: the problems of
// the input name their fields.
func (t Tool) Run(ctx context.Context, c *Call, arguments json.RawMessage) (*Answer, error) {
	if len(arguments) == 0 || string(arguments) == "null" {
		arguments = json.RawMessage("{}")
	}
	binder, err := t.binder()
	if err != nil {
		return nil, err
	}
	run, err := t.runner()
	if err != nil {
		return nil, err
	}
	bound, err := binder.Bind(bind.Request{Body: arguments})
	if err != nil {
		return nil, err
	}
	call := *c
	if call.query, err = queryOf(t.Name, c.Caller.Org, bound.Input); err != nil {
		return nil, err
	}
	return run(ctx, &call, bound.Input)
}
