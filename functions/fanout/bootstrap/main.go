// Command bootstrap is the Lambda function that tells webhooks of changes of the data.
package main

import (
	"crypto/rand"

	"statgate/functions/fanout"
	"statgate/shared/boot"
	"statgate/shared/boot/queue"
	"statgate/shared/boot/stream"
	"statgate/shared/matches"
	"statgate/shared/webhooks"
)

func main() {
	f := boot.Load()
	fan, err := fanout.New(fanout.Deps{
		Contract: f.Contract, Webhooks: webhooks.New(webhooks.Options{Table: f.Keys(), Contract: f.Contract, Rand: rand.Reader}),
		Queue: queue.Open(f), Matches: matches.NewStore(f.Stats(), f.Clock), Clock: f.Clock, Log: f.Log,
	})
	if err != nil {
		f.Fatal(err)
	}
	stream.Start(f, fan.Read)
}
