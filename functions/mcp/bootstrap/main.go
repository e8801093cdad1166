// Command bootstrap is the Lambda function that serves the Model Context Protocol.
package main

import (
	"statgate/functions/mcp"
	"statgate/functions/mcp/tools"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
)

func main() {
	f := boot.Load()
	origins, err := mcp.ParseOrigins(f.Getenv("MCP_ORIGINS"))
	if err != nil {
		f.Fatal(err)
	}
	endpoint.Start(f, mcp.Handlers(mcp.Deps{
		Tools:   tools.NewDeps(f.Contract, f.Stats(), f.Clock),
		Origins: mcp.Origins{Listed: origins},
	}))
}
