// Command bootstrap is the Lambda function that turns changes of the data into webhook deliveries.
package main

import (
	"crypto/rand"

	"statgate/functions/fanout"
	"statgate/shared/feed/webhooks"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/queue"
	"statgate/shared/platform/boot/stream"
	"statgate/shared/stats/contests"
	"statgate/shared/stats/matches"
)

func main() {
	f := boot.Load()
	hooks := webhooks.New(webhooks.Options{Table: f.Keys(), Contract: f.Contract, Rand: rand.Reader})
	fan, err := fanout.New(fanout.Deps{Contract: f.Contract, Webhooks: hooks, Queue: queue.Open(f), Clock: f.Clock, Log: f.Log,
		Matches: matches.NewStore(f.Stats(), f.Clock), Contests: contests.Audience{Table: f.Stats()}})
	if err != nil {
		f.Fatal(err)
	}
	stream.Start(f, fan.Read)
}
