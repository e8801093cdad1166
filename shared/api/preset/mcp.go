package preset

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// mcp checks the settings of the MCP server.
func (c *compiler) mcp(src source, scopes contract.Scopes) contract.MCP {
	_, deployed := src.Operations[api.CallMCP]
	c.mcpOperations(src)
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
	c.mcpScopes(got, scopes)
	return got
}

// mcpOperations checks what the protocol decides: the methods, the names of a message's members,
// and that messages and the event stream have one path.
func (c *compiler) mcpOperations(src source) {
	for name, method := range map[string]string{api.CallMCP: http.MethodPost, "streamMCP": http.MethodGet} {
		o, deployed := src.Operations[name]
		if deployed && cmp.Or(o.Method, method) != method {
			c.fail([]string{"operations", name, "method"}, "must be %s, as in the protocol, got %q", method, o.Method)
		}
		if len(o.Names) > 0 {
			c.fail([]string{"operations", name, "names"}, "is not allowed: the protocol names the inputs")
		}
	}
	call, deployed := src.Operations[api.CallMCP]
	stream, streams := src.Operations["streamMCP"]
	row, _ := api.Find(api.CallMCP)
	if streams && (!deployed || cmp.Or(stream.Path, row.Path) != cmp.Or(call.Path, row.Path)) {
		c.fail([]string{"operations", "streamMCP"}, "requires callMCP at the same path")
	}
}

// mcpScopes checks that some key can reach the server and each tool. Without scopes, the roles
// of the keys' owners decide.
func (c *compiler) mcpScopes(got contract.MCP, scopes contract.Scopes) {
	if scopes.Style == "role" {
		return
	}
	granted, err := scopes.Permissions(scopes.Names())
	if err != nil {
		return // scopes are reported elsewhere
	}
	if server, _ := api.Find(api.CallMCP); !server.Allowed(granted) {
		c.fail([]string{"operations", api.CallMCP}, "no scope grants %s", strings.Join(server.Permissions, " or "))
	}
	for _, t := range api.Tools {
		row := api.Route{Permissions: t.Permissions}
		if got.Tools == contract.ToolsScoped && slices.Contains(got.Offers, t.Name) && !row.Allowed(granted) {
			c.fail([]string{"mcp", "offers"}, "no scope grants %s, which the tool %s needs", strings.Join(t.Permissions, " or "), t.Name)
		}
	}
}
