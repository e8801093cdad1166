// Command bootstrap is the Lambda function that plays replays.
package main

import (
	"statgate/functions/play"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/queue"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/replays"
	"statgate/shared/stats/reports"
)

func main() {
	f := boot.Load()
	store := replays.New(replays.Options{Table: f.Stats(), Contract: f.Contract, Clock: f.Clock,
		Matches: matches.NewStore(f.Stats(), f.Clock), Reports: reports.NewStore(f.Stats(), f.Clock)})
	f.Start(play.New(play.Deps{Replays: store, Queue: queue.Open[replays.Step](f, queue.Replays), Clock: f.Clock, Log: f.Log}).Handle)
}
