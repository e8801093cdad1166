package main

import (
	"crypto/rand"

	"statgate/functions/fanout"
	"statgate/shared/api"
	"statgate/shared/feed/changes"
	"statgate/shared/feed/webhooks"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/queue"
	"statgate/shared/stats/contests"
	"statgate/shared/stats/matches"
)

// parts returns the dependencies of what the contract deploys. The others have no grants and
// no variables.
func parts(f *boot.Function) fanout.Deps {
	d := fanout.Deps{Contract: f.Contract, Matches: matches.NewStore(f.Stats(), f.Clock), Clock: f.Clock, Log: f.Log}
	if api.Serves(f.Contract, api.Webhooks) {
		d.Webhooks = webhooks.New(webhooks.Options{Table: f.Keys(), Contract: f.Contract, Rand: rand.Reader})
		d.Queue, d.Contests = queue.Open[webhooks.QueuedDelivery](f, queue.Webhooks), contests.Audience{Table: f.Stats()}
	}
	if api.Serves(f.Contract, api.Changes) {
		d.Changes = changes.NewAppender(f.Stats(), f.Clock)
	}
	return d
}
