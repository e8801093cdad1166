// Package mcp has the handlers of the server of the Model Context Protocol (MCP), through
// which AI agents call tools. The server is stateless: it speaks Streamable HTTP without
// sessions, and answers with JSON. The official SDK implements the protocol; no other
// function links it.
package mcp

import (
	"statgate/functions/mcp/tools"
	"statgate/shared/api"
)

// Deps is what the handlers need.
type Deps struct {
	Tools   tools.Deps
	Origins Origins
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler { return []api.Handler{call(d), stream(d)} }
