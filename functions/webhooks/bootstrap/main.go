// Command bootstrap is the Lambda function that serves webhooks.
package main

import (
	"crypto/rand"

	"statgate/functions/webhooks"
	"statgate/shared/feed/filters"
	store "statgate/shared/feed/webhooks"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	"statgate/shared/platform/boot/queue"
	"statgate/shared/platform/boot/secret"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/teams"
)

func main() {
	f := boot.Load()
	secret.Peppers(f)
	endpoint.Start(f, webhooks.Handlers(webhooks.Deps{Webhooks: store.New(store.Options{
		Table: f.Keys(), Contract: f.Contract, Rand: rand.Reader, Peppers: f.Peppers(), Queue: queue.Open[store.QueuedDelivery](f, queue.Webhooks), Private: f.Getenv("WEBHOOK_PRIVATE") == "true",
		Filters: filters.New(f.Contract, leagues.NewStore(f.Stats()), teams.NewStore(f.Stats())),
	})}))
}
