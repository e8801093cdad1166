// Command bootstrap is the Lambda function that serves the Model Context Protocol.
package main

import (
	"fmt"

	"statgate/functions/mcp"
	"statgate/functions/mcp/tools"
	"statgate/shared/api"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
)

func main() {
	f := boot.Load()
	origins, err := api.ParseOrigins(f.Getenv("MCP_ORIGINS"))
	if err != nil {
		f.Fatal(fmt.Errorf("MCP_ORIGINS: %w", err))
	}
	deps := tools.NewDeps(f.Contract, f.Stats(), f.Clock)
	deps.Cards = f.Read("tools.json")
	endpoint.Start(f, mcp.Handlers(mcp.Deps{Tools: deps, Origins: mcp.Origins{Listed: origins}}))
}
