// Command bootstrap is the Lambda function that serves connections.
package main

import (
	"statgate/functions/connections"
	"statgate/shared/boot"
	"statgate/shared/boot/endpoint"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, connections.Handlers(connections.Deps{Orgs: f.Orgs()}))
}
