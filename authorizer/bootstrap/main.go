// Command bootstrap is the Lambda authorizer: it authenticates a key and returns its policy.
package main

import (
	"statgate/authorizer"
	"statgate/shared/access/transport"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/secret"
)

func main() {
	f := boot.Load()
	secret.Peppers(f)
	f.WarmKeys()
	a := authorizer.New(f.Contract, transport.Behind(f.Contract, f.Edge), f.Store().Authenticate, f.Clock, f.Log)
	a.Metrics = f.Metrics
	f.Start(a.Handle)
}
