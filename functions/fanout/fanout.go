// Package fanout is the function that reads the stats table's stream and puts a
// delivery down for every webhook that wants to be told.
//
// It may be told of a change twice, and dies anywhere: events and deliveries have ids
// that are made of the change's, so what was put down is put down once, and what is
// still pending is queued again.
package fanout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
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
	// listLife is how long the list of webhooks is believed: a new one is told of what
	// happens from then on.
	listLife = 2 * time.Second
	// atOnce is how many deliveries are put down side by side.
	atOnce = 16
)

// Matches reads matches by id, whoever owns them.
type Matches interface {
	RecordsOfAllOwners(ctx context.Context, ids []string, consistent bool) (map[string]*matches.Record, error)
}

// Deps is what the function needs.
type Deps struct {
	Contract *contract.Contract
	Webhooks *webhooks.Store
	Queue    webhooks.Queue
	Matches  Matches
	Clock    func() time.Time
	Log      *slog.Logger
}

// Fanout tells webhooks of changes.
type Fanout struct {
	Deps
	views *view.Set

	mu     sync.Mutex
	listed []webhooks.Webhook
	at     time.Time
}

// New prepares the function. A view of the contract that does not fit is an error.
func New(d Deps) (*Fanout, error) {
	var shown []reflect.Type
	for _, kind := range events.Kinds {
		shown = append(shown, kind.Data)
	}
	views, err := view.New(d.Contract, shown...)
	if err != nil {
		return nil, fmt.Errorf("fanout: %w", err)
	}
	return &Fanout{Deps: d, views: views}, nil
}

// Read is a [table.Reader].
func (f *Fanout) Read(ctx context.Context, changes []table.Change) error {
	all, err := f.subscribed(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	events, err := f.events(ctx, changes)
	if err != nil || len(events) == 0 {
		return err
	}
	due, err := f.place(ctx, events, all)
	if err != nil || len(due) == 0 {
		return err
	}
	if err := f.Queue.Send(ctx, due...); err != nil {
		return fmt.Errorf("fanout: %w", err)
	}
	f.Log.Info("fanned out", "changes", len(changes), "events", len(events), "deliveries", len(due))
	return nil
}

// events are what the changes tell, each with its match.
func (f *Fanout) events(ctx context.Context, changes []table.Change) ([]events.Event, error) {
	var all []events.Event
	var ids []string
	for _, c := range changes {
		e, ok, err := events.Of(c)
		if err != nil {
			// It would be refused for ever, and hold up what comes after it.
			f.Log.Error("a change that cannot be read is told to nobody", "change", c.ID, "cause", err)
			continue
		}
		if !ok {
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
	found, err := f.Matches.RecordsOfAllOwners(ctx, ids, false)
	if err != nil {
		return nil, fmt.Errorf("fanout: reading the matches of what changed: %w", err)
	}
	told := all[:0]
	for _, e := range all {
		if e.Of == nil {
			var of *matches.Match
			if r := found[e.Match]; r != nil {
				of = &r.Match
			}
			if !e.About(of) {
				continue
			}
		}
		told = append(told, e)
	}
	return told, nil
}

// subscribed lists the webhooks, from memory for a moment.
func (f *Fanout) subscribed(ctx context.Context) ([]webhooks.Webhook, error) {
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

// place puts down each event for each webhook that wants it, and returns what is to
// be sent.
func (f *Fanout) place(ctx context.Context, events []events.Event, all []webhooks.Webhook) ([]webhooks.Due, error) {
	var mu sync.Mutex
	var due []webhooks.Due
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range events {
		e := &events[i]
		wanting := f.wanting(e, all)
		if len(wanting) == 0 {
			continue
		}
		body, err := f.body(e)
		if err != nil {
			f.nobody(e, err)
			continue
		}
		for _, w := range wanting {
			group.Go(func() error {
				d, pending, err := f.Webhooks.Place(ctx, w, e, body)
				if errors.Is(err, table.ErrBadWrite) {
					f.nobody(e, err) // over 400 KB, which no item may have
					return nil
				}
				if pending {
					mu.Lock()
					due = append(due, d)
					mu.Unlock()
				}
				return err
			})
		}
	}
	err := group.Wait()
	return due, err
}

// nobody goes on without an event that would be refused for ever, and hold up what
// comes after it.
func (f *Fanout) nobody(e *events.Event, cause error) {
	f.Log.Error("an event that cannot be put down is told to nobody", "event", e.ID, "type", e.Type, "match", e.Match, "cause", cause)
}

// wanting are the webhooks that are to be told of an event.
func (f *Fanout) wanting(e *events.Event, all []webhooks.Webhook) []*webhooks.Webhook {
	var some []*webhooks.Webhook
	for i := range all {
		if w := &all[i]; w.Sees(e.Of.Owner, f.Contract.HidePublic) && w.Wants(e) {
			some = append(some, w)
		}
	}
	return some
}

func (f *Fanout) body(e *events.Event) ([]byte, error) {
	data, err := f.views.Marshal(e.Data)
	if err != nil {
		return nil, fmt.Errorf("fanout: writing %s: %w", e.Type, err)
	}
	return webhooks.Body(e.Type, e.At, data)
}
