// Command bootstrap is the Lambda function that serves developers' applications.
package main

import (
	"crypto/rand"

	"statgate/functions/applications"
	applicationstore "statgate/shared/applications"
	"statgate/shared/boot"
	"statgate/shared/boot/endpoint"
	"statgate/shared/boot/flush"
)

func main() {
	f := boot.Load()
	store := applicationstore.New(applicationstore.Options{Table: f.Keys(), Gates: f.Gate(), Holdings: f.Store(), Contract: f.Contract, Rand: rand.Reader})
	endpoint.Start(f, applications.Handlers(applications.Deps{Applications: store, Flusher: flush.New(f)}))
}
