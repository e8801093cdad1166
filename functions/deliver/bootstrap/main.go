// Command bootstrap is the Lambda function that sends webhooks' deliveries.
package main

import (
	"crypto/rand"

	"statgate/functions/deliver"
	"statgate/shared/boot"
	"statgate/shared/boot/queue"
	"statgate/shared/boot/secret"
	"statgate/shared/webhooks"
)

func main() {
	f := boot.Load()
	secret.Peppers(f)
	f.WarmKeys()
	store := webhooks.New(webhooks.Options{Table: f.Keys(), Contract: f.Contract, Rand: rand.Reader, Peppers: f.Peppers()})
	f.Start(deliver.New(deliver.Deps{Store: store, Title: f.Contract.Title, Private: f.Getenv("WEBHOOK_PRIVATE") == "true",
		Clock: f.Clock, Log: f.Log, Metrics: f.Metrics}).Handle(queue.Open(f)))
}
