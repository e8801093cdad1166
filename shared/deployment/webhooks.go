package deployment

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"statgate/functions/deliver"
	"statgate/functions/fanout"
	"statgate/shared/api"
	"statgate/shared/matches"
	"statgate/shared/table"
	"statgate/shared/webhooks"
)

// queue is webhooks' deliveries in this process. What it forgets when the process
// ends is pending in the table still, and found there by the next one.
type queue struct {
	deliver func(ctx context.Context, d webhooks.Due) (time.Duration, error)
	log     *slog.Logger
	turns   chan struct{} // as many as attempts are made side by side

	mu      sync.Mutex
	ctx     context.Context // nil until it runs
	waiting []webhooks.Due  // until it runs
	busy    sync.WaitGroup
}

const (
	sideBySide = 16
	storePause = 5 * time.Second // after a store that failed
)

// Send implements [webhooks.Queue].
func (q *queue) Send(_ context.Context, due ...webhooks.Due) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ctx == nil {
		q.waiting = append(q.waiting, due...)
		return nil
	}
	for _, d := range due {
		q.busy.Go(func() { q.follow(q.ctx, d) })
	}
	return nil
}

// follow makes attempts of a delivery for as long as it wants them.
func (q *queue) follow(ctx context.Context, d webhooks.Due) {
	for {
		select {
		case q.turns <- struct{}{}:
		case <-ctx.Done():
			return
		}
		again, err := q.deliver(ctx, d)
		<-q.turns
		if err != nil {
			again = storePause
			if ctx.Err() == nil {
				q.log.Error("a delivery could not be attempted", "delivery", d.Delivery, "cause", err)
			}
		}
		if again == 0 {
			return
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return
		}
	}
}

// run works until ctx ends, and waits for the attempts that are under way.
func (q *queue) run(ctx context.Context, due []webhooks.Due) {
	q.mu.Lock()
	q.ctx = ctx
	due = append(due, q.waiting...)
	q.waiting = nil
	q.mu.Unlock()
	_ = q.Send(ctx, due...) // cannot fail
	<-ctx.Done()
	q.busy.Wait()
}

// workers makes what tells webhooks of changes.
func (d *Deployment) workers(o Options) error {
	d.queue = &queue{log: o.Log, turns: make(chan struct{}, sideBySide)}
	d.Webhooks = webhooks.New(webhooks.Options{Table: o.Keys, Contract: o.Contract, Rand: o.Rand, Peppers: o.Peppers,
		Queue: d.queue, Private: o.PrivateWebhooks})
	sender := deliver.New(deliver.Deps{Store: d.Webhooks, Title: o.Contract.Title, Private: o.PrivateWebhooks, Clock: o.Clock, Log: o.Log})
	fan, err := fanout.New(fanout.Deps{Contract: o.Contract, Webhooks: d.Webhooks, Queue: d.queue, Matches: matches.NewStore(o.Stats, o.Clock), Clock: o.Clock, Log: o.Log})
	if err != nil {
		return fmt.Errorf("deployment: %w", err)
	}
	within := o.Within
	if within == nil {
		within = func(ctx context.Context, _ string) context.Context { return ctx }
	}
	d.queue.deliver = func(ctx context.Context, due webhooks.Due) (time.Duration, error) {
		return sender.Deliver(within(ctx, "deliver"), due)
	}
	d.fanout = func(ctx context.Context, changes []table.Change) error {
		return fan.Read(within(ctx, "fanout"), changes)
	}
	if len(api.WorkersFor(o.Contract)) > 0 {
		d.follow = o.Follow
	}
	return nil
}

// Run does what a deployment does beside its calls, until ctx ends: it tells webhooks
// of changes of the data. Without workers or a stream to follow it returns at once.
func (d *Deployment) Run(ctx context.Context) error {
	if d.follow == nil {
		return nil
	}
	due, err := d.Webhooks.Unfinished(ctx)
	if err != nil {
		return fmt.Errorf("deployment: %w", err)
	}
	var group sync.WaitGroup
	defer group.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group.Go(func() { d.queue.run(ctx, due) })
	if err := d.follow(ctx, d.fanout); err != nil && ctx.Err() == nil {
		return fmt.Errorf("deployment: following the changes of the data: %w", err)
	}
	return nil
}
