package preset

import (
	"slices"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// mcp checks the settings of the MCP server.
func (c *compiler) mcp(src source) contract.MCP {
	call, deployed := src.Operations[api.CallMCP]
	if stream, ok := src.Operations["streamMCP"]; ok && (!deployed || stream.Path != call.Path) {
		c.fail([]string{"operations", "streamMCP"}, "requires callMCP at the same path")
	}
	switch {
	case src.MCP == nil && deployed:
		c.fail([]string{"operations", api.CallMCP}, "requires mcp, which names the tools")
		return contract.MCP{}
	case src.MCP == nil:
		return contract.MCP{}
	case !deployed:
		c.fail([]string{"mcp"}, "requires the operation callMCP")
	}
	got := contract.MCP{Tools: src.MCP.Tools, Offers: src.MCP.Offers, UsedUp: src.MCP.UsedUp}
	if got.Tools == "" {
		got.Tools = contract.ToolsScoped
	}
	if got.UsedUp == "" {
		got.UsedUp = contract.UsedUpResult
	}
	c.oneOf([]string{"mcp", "tools"}, got.Tools, contract.ToolsScoped, contract.ToolsAlone)
	c.oneOf([]string{"mcp", "used_up"}, got.UsedUp, contract.UsedUpResult, contract.UsedUpError)
	for i, name := range got.Offers {
		known := slices.ContainsFunc(api.Tools, func(t api.Tool) bool { return t.Name == name })
		if !known || slices.Contains(got.Offers[:i], name) {
			c.fail([]string{"mcp", "offers"}, "must be different tools of the server, got %q", name)
		}
	}
	return got
}
