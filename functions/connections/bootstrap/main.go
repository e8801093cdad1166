// Command bootstrap is the Lambda function that serves connections.
package main

import (
	"statgate/functions/connections"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, connections.Handlers(connections.Deps{Orgs: f.Orgs()}))
}
