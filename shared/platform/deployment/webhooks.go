package deployment

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"statgate/functions/deliver"
	"statgate/functions/fanout"
	"statgate/shared/api"
	"statgate/shared/feed/changes"
	"statgate/shared/feed/filters"
	"statgate/shared/feed/webhooks"
	"statgate/shared/platform/deployment/queue"
	"statgate/shared/stats/contests"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/teams"
	"statgate/shared/table"
)

// workers creates the webhook store, and the workers that append to the change feed and that
// create and send deliveries.
func (d *Deployment) workers(o Options) error {
	d.queue = queue.New(o.Clock, o.Log)
	d.Webhooks = webhooks.New(webhooks.Options{Table: o.Keys, Contract: o.Contract, Rand: o.Rand, Peppers: o.Peppers,
		Filters: filters.New(o.Contract, leagues.NewStore(o.Stats), teams.NewStore(o.Stats)), Queue: d.queue, Private: o.PrivateWebhooks})
	sender := deliver.New(deliver.Deps{Store: d.Webhooks, Title: o.Contract.Title, Headers: o.Contract.Webhooks.Headers, Private: o.PrivateWebhooks, Clock: o.Clock, Log: o.Log})
	parts := fanout.Deps{Contract: o.Contract, Matches: matches.NewStore(o.Stats, o.Clock), Clock: o.Clock, Log: o.Log}
	if api.Serves(o.Contract, api.Webhooks) {
		parts.Webhooks, parts.Queue, parts.Contests = d.Webhooks, d.queue, contests.Audience{Table: o.Stats}
	}
	if api.Serves(o.Contract, api.Changes) {
		parts.Changes = changes.NewAppender(o.Stats, o.Clock)
	}
	fan, err := fanout.New(parts)
	if err != nil {
		return fmt.Errorf("deployment: creating fanout: %w", err)
	}
	within := o.Within
	if within == nil {
		within = func(ctx context.Context, _ string) context.Context { return ctx }
	}
	d.deliver = func(ctx context.Context, due webhooks.QueuedDelivery) (time.Duration, error) {
		return sender.Deliver(within(ctx, "deliver"), due)
	}
	d.fanout = func(ctx context.Context, changes []table.Change) error {
		return fan.Read(within(ctx, "fanout"), changes)
	}
	if parts.Webhooks != nil || parts.Changes != nil {
		d.follow = o.Follow
	}
	return nil
}

// Run runs the background work of a deployment until ctx ends: it plays replays, and sends
// changes of the data to webhooks. Without workers it returns immediately.
func (d *Deployment) Run(ctx context.Context) error {
	group, within := errgroup.WithContext(ctx)
	group.Go(func() error { return d.runReplays(within) })
	group.Go(func() error { return d.runWebhooks(within) })
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// runWebhooks sends changes of the data to webhooks until ctx ends. Without workers or a stream
// to follow it returns immediately.
func (d *Deployment) runWebhooks(ctx context.Context) error {
	if d.follow == nil {
		return nil
	}
	pending, err := d.Webhooks.Unfinished(ctx)
	if err != nil {
		return fmt.Errorf("deployment: reading the pending deliveries: %w", err)
	}
	var group sync.WaitGroup
	defer group.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_ = d.queue.Send(ctx, pending...) // never fails
	group.Go(func() { d.queue.Run(ctx, d.deliver) })
	if err := d.follow(ctx, d.fanout); err != nil && ctx.Err() == nil {
		return fmt.Errorf("deployment: following the changes of the data: %w", err)
	}
	return nil
}
