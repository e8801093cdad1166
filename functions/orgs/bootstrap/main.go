// Command bootstrap is the Lambda function that serves organisations and their members.
package main

import (
	"statgate/functions/orgs"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	"statgate/shared/platform/boot/flush"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, orgs.Handlers(orgs.Deps{Orgs: f.Orgs(), Flusher: flush.New(f)}))
}
