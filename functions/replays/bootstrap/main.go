// Command bootstrap is the Lambda function that manages replays.
package main

import (
	"crypto/rand"

	"statgate/functions/replays"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	"statgate/shared/platform/boot/queue"
	"statgate/shared/stats/matches"
	store "statgate/shared/stats/replays"
	"statgate/shared/stats/reports"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, replays.Handlers(replays.Deps{Replays: store.New(store.Options{
		Table: f.Stats(), Claims: f.Keys(), Contract: f.Contract, Rand: rand.Reader, Clock: f.Clock, Queue: queue.Open[store.Step](f, queue.Replays),
		Matches: matches.NewStore(f.Stats(), f.Clock), Reports: reports.NewStore(f.Stats(), f.Clock),
	})}))
}
