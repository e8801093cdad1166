// Command bootstrap is the Lambda function that sends webhook deliveries.
package main

import (
	"crypto/rand"

	"statgate/functions/deliver"
	"statgate/shared/feed/webhooks"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/queue"
	"statgate/shared/platform/boot/secret"
)

func main() {
	f := boot.Load()
	secret.Peppers(f)
	f.WarmKeys()
	store := webhooks.New(webhooks.Options{Table: f.Keys(), Contract: f.Contract, Rand: rand.Reader, Peppers: f.Peppers()})
	f.Start(deliver.New(deliver.Deps{Store: store, Title: f.Contract.Title, Headers: f.Contract.Webhooks.Headers, Private: f.Getenv("WEBHOOK_PRIVATE") == "true",
		Clock: f.Clock, Log: f.Log, Metrics: f.Metrics}).Handle(queue.Open[webhooks.QueuedDelivery](f, queue.Webhooks)))
}
