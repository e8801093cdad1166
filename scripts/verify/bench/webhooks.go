package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"statgate/functions/deliver"
	"statgate/functions/fanout"
	"statgate/scripts/internal/measured"
	"statgate/shared/access/apikey"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/feed/events"
	"statgate/shared/feed/webhooks"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
)

// changeCount is the number of changes in a batch: a full one, as Lambda makes them
// while it catches up with a stream.
const changeCount = 100

// deliveries measures the two steps of a delivery: storing it, and attempting it.
func deliveries(ctx context.Context, s sizes) ([]figure, error) {
	return withDynamo(ctx, func() *tape { return &tape{} }, func(on opener) ([]figure, error) {
		var all []figure
		for _, hooks := range []int{1, s.hooks} {
			figures, err := deliveriesOn(ctx, on, hooks, s)
			if err != nil {
				return nil, fmt.Errorf("%d webhooks: %w", hooks, err)
			}
			all = append(all, figures...)
		}
		return all, nil
	})
}

// deliveriesOn measures the fan-out to a number of webhooks. With a single webhook it
// also measures the attempts, because then there are few enough to make one by one.
func deliveriesOn(ctx context.Context, on opener, hooks int, s sizes) ([]figure, error) {
	e, err := on.open()
	if err != nil {
		return nil, err
	}
	defer e.close()
	m, err := newDeliveryFixture(ctx, e, hooks)
	if err != nil {
		return nil, err
	}
	defer m.stop()
	rounds := s.rounds
	if e.tape != nil {
		rounds = 1 // all consume the same units, and 10,000 deliveries take DynamoDB Local about ten seconds
	}
	fan, err := m.fanOut(ctx, rounds)
	if err != nil {
		return nil, err
	}
	fan.name = fmt.Sprintf("fan-out of %d changes to %d webhook%s, %s", changeCount, hooks, plural(hooks), on.name)
	if hooks > 1 {
		return []figure{fan}, nil
	}
	attempt, err := m.attempts(ctx)
	attempt.name = "an attempt, " + on.name
	return []figure{fan, attempt}, err
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// deliveryFixture delivers changes of the simulated league's matches to webhooks. It
// uses a deployment's functions, and is the receiver of the requests.
type deliveryFixture struct {
	*engine
	store   *webhooks.Store
	fan     *fanout.Fanout
	sender  *deliver.Sender
	changes []table.Change // of a round
	stop    func()
	round   int

	mu       sync.Mutex
	queued   []webhooks.QueuedDelivery // by the last round
	received int                       // requests
}

// Send implements [webhooks.Queue].
func (m *deliveryFixture) Send(_ context.Context, due ...webhooks.QueuedDelivery) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queued = append(m.queued, due...)
	return nil
}

// ServeHTTP is the receiver.
func (m *deliveryFixture) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.received++
	w.WriteHeader(http.StatusNoContent)
}

// fanOutOn returns a store of webhooks and a fan-out on the engine's tables, as the
// contract statgate has them. The fan-out sends its messages to the queue.
func fanOutOn(e *engine, q webhooks.Queue, clock func() time.Time) (*contract.Contract, *webhooks.Store, *fanout.Fanout, error) {
	c, err := preset.Load("statgate")
	if err != nil {
		return nil, nil, nil, err
	}
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	store := webhooks.New(webhooks.Options{Table: e.keys, Contract: c, Rand: rand.Reader, Queue: q, Private: true,
		Peppers: apikey.FixedPeppers(root, clock)})
	fan, err := fanout.New(fanout.Deps{Contract: c, Webhooks: store, Queue: q, Matches: matches.NewStore(e.stats, clock), Clock: clock,
		Log: slog.New(slog.DiscardHandler)})
	return c, store, fan, err
}

func newDeliveryFixture(ctx context.Context, e *engine, hooks int) (*deliveryFixture, error) {
	m, clock := &deliveryFixture{engine: e}, stoppedClock()
	c, store, fan, err := fanOutOn(e, m, clock)
	if err != nil {
		return nil, err
	}
	m.store, m.fan = store, fan
	m.sender = deliver.New(deliver.Deps{Store: m.store, Title: c.Title, Private: true, Clock: clock, Log: slog.New(slog.DiscardHandler)})
	if err := m.collectChanges(ctx, clock()); err != nil {
		return nil, err
	}
	receiver, stop, err := listen(m)
	if err != nil {
		return nil, err
	}
	m.stop = stop
	if err := m.subscribe(ctx, clock(), receiver, hooks); err != nil {
		stop()
		return nil, err
	}
	return m, nil
}

// collectChanges takes the changes of a round from an import. Each makes an event.
func (m *deliveryFixture) collectChanges(ctx context.Context, now time.Time) error {
	im, err := importSimulated(ctx, now)
	if err != nil {
		return err
	}
	defer im.close()
	for _, c := range im.changes {
		e, ok, err := events.Of(c)
		if err != nil {
			return err
		}
		if ok && e.Type == events.MatchCreated && len(m.changes) < changeCount {
			m.changes = append(m.changes, c)
		}
	}
	if len(m.changes) < changeCount {
		return fmt.Errorf("an import makes events of %d matches, want %d", len(m.changes), changeCount)
	}
	return nil
}

// subscribe creates n webhooks that receive all events, for as many organisations as
// that needs.
func (m *deliveryFixture) subscribe(ctx context.Context, now time.Time, url string, n int) error {
	for i := range n {
		_, err := m.store.Create(ctx, &api.Request{ID: fmt.Sprint("bench-", i), Now: now, Caller: &api.Caller{
			Key: "key_bench", Org: fmt.Sprint("org_", i/webhooks.MaxPerOrg), Permissions: []string{"*:*"},
		}}, webhooks.Spec{URL: url})
		if err != nil {
			return fmt.Errorf("creating a webhook: %w", err)
		}
	}
	return nil
}

// fanOutChanges makes the fan-out read the changes, under new ids.
func (m *deliveryFixture) fanOutChanges(ctx context.Context) error {
	m.round++
	m.queued = nil
	batch := make([]table.Change, len(m.changes))
	for i, c := range m.changes {
		c.ID = fmt.Sprintf("%d-%s", m.round, c.ID)
		batch[i] = c
	}
	return m.fan.Read(ctx, batch)
}

// fanOut measures rounds of the fan-out. It returns the time per delivery or, with a
// tape, the units per delivery, including the read of the webhooks.
func (m *deliveryFixture) fanOut(ctx context.Context, rounds int) (figure, error) {
	if m.tape != nil {
		m.tape.rewind()
	}
	var each sample
	for range rounds {
		start := time.Now()
		if err := m.fanOutChanges(ctx); err != nil {
			return figure{}, err
		}
		each.add(float64(time.Since(start)) / float64(len(m.queued)))
	}
	n := float64(len(m.queued))
	if m.tape != nil {
		_, by := m.tape.recorded()
		u := by[table.Keys.Name]
		return figure{value: measured.Units{Read: u.Read / n, Write: u.Write / n}.String() + " a delivery", detail: fmt.Sprintf("keys %s for %s deliveries", u, thousands(n))}, nil
	}
	return figure{value: duration(each.median()) + " a delivery", detail: fmt.Sprintf("%s; %d × %s deliveries", each.spread(duration), rounds, thousands(n))}, nil
}

// attempts makes an attempt for each delivery of the last round, one after the other.
// It measures from the store's first call to its last, with the request in between.
func (m *deliveryFixture) attempts(ctx context.Context) (figure, error) {
	if m.tape != nil {
		m.tape.rewind()
	}
	var took sample
	for _, d := range m.queued {
		start := time.Now()
		again, err := m.sender.Deliver(ctx, d)
		if err != nil {
			return figure{}, err
		}
		if again != 0 {
			return figure{}, errors.New("the receiver on loopback did not accept a delivery")
		}
		took.add(float64(time.Since(start)))
	}
	f := figure{value: duration(took.median()), detail: fmt.Sprintf("%s; %d attempts, receiver on loopback", took.spread(duration), len(took))}
	if m.tape != nil {
		_, by := m.tape.recorded()
		u, n := by[table.Keys.Name], float64(len(took))
		f.detail = fmt.Sprintf("%s in all; %s", measured.Units{Read: u.Read / n, Write: u.Write / n}, f.detail)
	}
	return f, nil
}
