// Command bootstrap is the Lambda function that lists the audit trail.
package main

import (
	"statgate/functions/audit"
	trail "statgate/shared/access/audit"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, audit.Handlers(audit.Deps{Trail: trail.New(f.Keys(), f.Stats()), Orgs: f.Orgs()}))
}
