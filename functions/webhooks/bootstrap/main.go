// Command bootstrap is the Lambda function that serves webhooks.
package main

import (
	"crypto/rand"

	"statgate/functions/webhooks"
	"statgate/shared/boot"
	"statgate/shared/boot/endpoint"
	"statgate/shared/boot/queue"
	"statgate/shared/boot/secret"
	store "statgate/shared/webhooks"
)

func main() {
	f := boot.Load()
	secret.Peppers(f)
	endpoint.Start(f, webhooks.Handlers(webhooks.Deps{Webhooks: store.New(store.Options{
		Table: f.Keys(), Contract: f.Contract, Rand: rand.Reader, Peppers: f.Peppers(), Queue: queue.Open(f), Private: f.Getenv("WEBHOOK_PRIVATE") == "true",
	})}))
}
