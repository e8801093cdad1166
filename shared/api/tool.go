package api

import (
	"slices"

	"statgate/shared/contract"
)

// Tool is a tool of the MCP server. A call of a tool is a request of the operation
// callMCP, which the gate admits and counts under the tool's own row.
type Tool struct {
	Name        string
	Code        string   // two letters that never change, and that no route has
	Permissions []string // any one is enough; empty for any caller of the server
}

// Tools is the table of tools. A contract names those that it has.
var Tools = []Tool{
	{Name: "find", Code: "xf", Permissions: []string{"leagues:read", "teams:read", "players:read"}},
	{Name: "matches", Code: "xm", Permissions: []string{"matches:read"}},
	{Name: "match", Code: "xo", Permissions: []string{"matches:read"}},
	{Name: "standings", Code: "xs", Permissions: []string{"standings:read", "standings:current"}},
	{Name: "head_to_head", Code: "xh", Permissions: []string{"matches:read"}},
	{Name: "team", Code: "xt", Permissions: []string{"teams:read"}},
	{Name: "player", Code: "xp", Permissions: []string{"players:read"}},
	{Name: "usage", Code: "xu"},

	{Name: "list_leagues", Code: "yl", Permissions: []string{"leagues:read"}},
	{Name: "get_matches", Code: "ym", Permissions: []string{"matches:read"}},
	{Name: "get_match", Code: "yo", Permissions: []string{"matches:read"}},
	{Name: "get_match_events", Code: "ye", Permissions: []string{"matches:read"}},
	{Name: "get_match_stats", Code: "yt", Permissions: []string{"matches:read"}},
	{Name: "get_match_lineups", Code: "yn", Permissions: []string{"matches:read"}},
	{Name: "get_standings", Code: "ys", Permissions: []string{"standings:read", "standings:current"}},
	{Name: "get_head_to_head", Code: "yh", Permissions: []string{"matches:read"}},
}

// CallMCP is the operation to which all requests of the MCP server go.
const CallMCP = "callMCP"

// ToolsFor returns the tools of the contract, in the order of the table.
func ToolsFor(c *contract.Contract) []Tool {
	return slices.DeleteFunc(slices.Clone(Tools), func(t Tool) bool { return !slices.Contains(c.MCP.Offers, t.Name) })
}

// FindTool returns a tool of the contract.
func FindTool(c *contract.Contract, name string) (Tool, bool) {
	for _, t := range Tools {
		if t.Name == name && slices.Contains(c.MCP.Offers, name) {
			return t, true
		}
	}
	return Tool{}, false
}

// Counted returns the name under which usage counts calls of the tool.
func (t Tool) Counted() string { return CallMCP + "." + t.Name }

// Row returns the row under which the gate admits a call of the tool: it costs one
// request, and requires the permissions of the server and those of the tool, unless the
// contract lets tools stand alone.
func (t Tool) Row(server Route, c *contract.Contract) Route {
	row := server
	row.Operation, row.Code, row.Cost = "tool "+t.Name, t.Code, 1
	if c.MCP.Tools != contract.ToolsAlone {
		row.Server, row.Permissions = server.Permissions, t.Permissions
	}
	return row
}

// Visible reports whether a caller with these permission patterns may call the tool, if it
// may call the server.
func (t Tool) Visible(patterns []string, c *contract.Contract) bool {
	return c.MCP.Tools == contract.ToolsAlone || Route{Permissions: t.Permissions}.Allowed(patterns)
}

// FreeRow returns the row of the server's methods that call no tool. They cost nothing.
func FreeRow(server Route) Route {
	server.Cost = 0
	return server
}
