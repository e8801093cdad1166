// Package fanout is the function that reads the stats table's stream. It appends the events
// of changes to the change feed, and stores a delivery for every subscribed webhook.
//
// It may receive a change twice and stop anywhere. The ids of events and deliveries derive
// from the change, so each event is appended once, each delivery is stored once, and a pending
// one is queued again.
package fanout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"statgate/shared/api/view"
	"statgate/shared/contract"
	"statgate/shared/feed/events"
	"statgate/shared/feed/webhooks"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
)

const (
	// listLife is how long the list of webhooks is cached. A new webhook receives events
	// from then on.
	listLife = 2 * time.Second
	// maxConcurrentWrites is how many deliveries are stored concurrently.
	maxConcurrentWrites = 16
)

// Matches reads matches of all owners by id.
type Matches interface {
	RecordsOfAllOwners(ctx context.Context, ids []string, consistent bool) (map[string]*matches.Record, error)
}

// Deps are the function's dependencies.
type Deps struct {
	Contract *contract.Contract
	Webhooks *webhooks.Store // nil in a deployment without webhooks
	Queue    webhooks.Queue
	Changes  Feed // nil in a deployment without the change feed
	Matches  Matches
	Contests Contests
	Clock    func() time.Time
	Log      *slog.Logger
}

// Fanout makes deliveries of changes.
type Fanout struct {
	Deps
	views *view.Set

	mu     sync.Mutex
	listed []webhooks.Webhook
	at     time.Time
}

// New returns the function. It fails if a view of the contract does not fit the events.
func New(d Deps) (*Fanout, error) {
	var shown []reflect.Type
	for _, kind := range events.For(d.Contract) {
		shown = append(shown, kind.Data)
	}
	views, err := view.New(d.Contract, shown...)
	if err != nil {
		return nil, fmt.Errorf("fanout: %w", err)
	}
	return &Fanout{Deps: d, views: views}, nil
}

// Read implements [table.Reader].
func (f *Fanout) Read(ctx context.Context, changes []table.Change) error {
	all, err := f.subscribed(ctx)
	if len(all) == 0 && f.Changes == nil {
		return err
	}
	happened, failed := f.events(ctx, changes)
	if failed != nil {
		return errors.Join(err, failed)
	}
	// The parts do not wait for each other: a failure of one must not hold up the others.
	return errors.Join(err, f.deliver(ctx, slices.Concat(happened, f.contestEvents(changes)), all), f.append(ctx, happened))
}

// deliver stores and queues the deliveries of events, under the contract's names.
func (f *Fanout) deliver(ctx context.Context, happened []events.Event, all []webhooks.Webhook) error {
	events := f.named(happened)
	if len(events) == 0 || len(all) == 0 {
		return nil
	}
	queued, err := f.place(ctx, events, all)
	if err != nil || len(queued) == 0 {
		return err
	}
	if err := f.Queue.Send(ctx, queued...); err != nil {
		return fmt.Errorf("fanout: %w", err)
	}
	f.Log.Info("fanned out", "events", len(events), "deliveries", len(queued))
	return nil
}

// events returns the events of changes, each with its match.
func (f *Fanout) events(ctx context.Context, changes []table.Change) ([]events.Event, error) {
	var all []events.Event
	var ids []string
	for _, c := range changes {
		e, ok, err := events.Of(c)
		if err != nil {
			f.dropChange(c, err)
			continue
		}
		if !ok || f.Changes == nil && f.Contract.Webhooks.Name(e.Type) == "" {
			continue
		}
		all = append(all, e)
		if e.Of == nil {
			ids = append(ids, e.Match)
		}
	}
	if len(ids) == 0 {
		return all, nil
	}
	found, err := f.Matches.RecordsOfAllOwners(ctx, ids, true) // a miss drops the event
	if err != nil {
		return nil, fmt.Errorf("fanout: reading the matches of changed reports: %w", err)
	}
	complete := all[:0]
	for _, e := range all {
		if e.Of == nil {
			var of *matches.Match
			if r := found[e.Match]; r != nil {
				of = &r.Match
			} else {
				f.Log.Info("dropping an event whose match was deleted since", "event", e.ID, "type", e.Type, "match", e.Match)
			}
			if !e.AddMatch(of) {
				continue
			}
		}
		complete = append(complete, e)
	}
	return complete, nil
}

// named returns the events that the contract's webhooks receive, under its names.
func (f *Fanout) named(happened []events.Event) []events.Event {
	var named []events.Event
	for _, e := range happened {
		if e.Type = f.Contract.Webhooks.Name(e.Type); e.Type != "" {
			named = append(named, e)
		}
	}
	return named
}

// subscribed returns the enabled webhooks, cached for listLife.
func (f *Fanout) subscribed(ctx context.Context) ([]webhooks.Webhook, error) {
	if f.Webhooks == nil {
		return nil, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.Clock()
	if !f.at.IsZero() && now.Sub(f.at) < listLife {
		return f.listed, nil
	}
	listed, err := f.Webhooks.Subscribed(ctx)
	if err != nil {
		return nil, err
	}
	f.listed, f.at = listed, now
	return listed, nil
}

// place stores each event for each subscribed webhook and returns the deliveries to queue.
func (f *Fanout) place(ctx context.Context, events []events.Event, all []webhooks.Webhook) ([]webhooks.QueuedDelivery, error) {
	var mu sync.Mutex
	var queued []webhooks.QueuedDelivery
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrentWrites)
	audience := f.newAudience()
	for i := range events {
		e := &events[i]
		subscribers, err := f.subscribers(ctx, e, all, audience)
		if err != nil {
			return nil, errors.Join(err, group.Wait())
		}
		if len(subscribers) == 0 {
			continue
		}
		body, err := f.body(e)
		if err != nil {
			f.drop(e, err)
			continue
		}
		for _, s := range subscribers {
			group.Go(func() error {
				d, pending, err := f.Webhooks.Place(ctx, s.webhook, e, s.basis, body)
				if errors.Is(err, table.ErrBadWrite) {
					f.drop(e, err) // over 400 KB, the limit of an item
					return nil
				}
				if pending {
					mu.Lock()
					queued = append(queued, d)
					mu.Unlock()
				}
				return err
			})
		}
	}
	err := group.Wait()
	return queued, err
}

// drop logs an event that cannot be stored: it would fail on every retry and block the
// events after it.
func (f *Fanout) drop(e *events.Event, cause error) {
	f.Log.Error("dropping an event that cannot be stored", "event", e.ID, "type", e.Type, "match", e.Match, "cause", cause)
}

// dropChange logs a change that cannot be read, like [Fanout.drop].
func (f *Fanout) dropChange(c table.Change, cause error) {
	f.Log.Error("dropping an unreadable change", "change", c.ID, "cause", cause)
}

// subscriber is a webhook that receives an event.
type subscriber struct {
	webhook *webhooks.Webhook
	basis   webhooks.Basis // of an event of a contest
}

// subscribers returns the webhooks that receive an event.
func (f *Fanout) subscribers(ctx context.Context, e *events.Event, all []webhooks.Webhook, a *audience) ([]subscriber, error) {
	var some []subscriber
	for i := range all {
		w := &all[i]
		if !w.Subscribes(e) {
			continue
		}
		if e.Contest == nil {
			if w.Sees(e.Of.Owner, f.Contract.HidePublic) {
				some = append(some, subscriber{webhook: w})
			}
			continue
		}
		basis, ok, err := a.basis(ctx, w, e.Contest)
		if err != nil {
			return nil, err
		}
		if ok {
			some = append(some, subscriber{w, basis})
		}
	}
	return some, nil
}

func (f *Fanout) body(e *events.Event) ([]byte, error) {
	data, err := f.views.Marshal(e.Data)
	if err != nil {
		return nil, fmt.Errorf("fanout: writing %s: %w", e.Type, err)
	}
	return f.Webhooks.Body(e.ID, e.Type, e.At, data), nil
}
