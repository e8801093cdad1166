// Command bootstrap is the Lambda function that serves applications of developers.
package main

import (
	"crypto/rand"

	"statgate/functions/applications"
	applicationstore "statgate/shared/access/applications"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	"statgate/shared/platform/boot/flush"
)

func main() {
	f := boot.Load()
	store := applicationstore.New(applicationstore.Options{Table: f.Keys(), Gates: f.Gate(), Holdings: f.Store(), Contract: f.Contract, Rand: rand.Reader})
	endpoint.Start(f, applications.Handlers(applications.Deps{Applications: store, Flusher: flush.New(f)}))
}
