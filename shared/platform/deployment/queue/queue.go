// Package queue queues webhook deliveries in memory, for a deployment in one process.
// When the process ends, its deliveries are still pending in the table, and the next
// process reads them from there.
//
// The queue attempts up to 32 deliveries concurrently and serves the webhooks in turn.
// An organisation gets at most half of the slots and a webhook at most an eighth. So a
// slow receiver, or one with thousands of pending deliveries, delays others little. A
// waiting delivery is an entry in a list and not a goroutine.
package queue

import (
	"container/heap"
	"context"
	"log/slog"
	"sync"
	"time"

	"statgate/shared/feed/webhooks"
	"statgate/shared/retry"
)

const (
	slots        = 32 // concurrent attempts
	orgSlots     = slots / 2
	webhookSlots = slots / 8

	storePause = 5 * time.Second // before the next attempt after a store failed
)

// Deliver attempts a delivery if it is due. It returns how long to wait before calling
// it again; 0 means never.
type Deliver func(ctx context.Context, d webhooks.QueuedDelivery) (time.Duration, error)

// Queue is a [webhooks.Queue].
type Queue struct {
	clock func() time.Time
	log   *slog.Logger
	wake  chan struct{} // tells Run that the lists have changed

	mu    sync.Mutex
	later schedule
	ready map[string][]webhooks.QueuedDelivery // by webhook; without empty lists
	turns []string                             // the webhooks of ready, in the order of their turns
	busy  map[string]int                       // attempts under way, by organisation and by webhook
	taken int                                  // slots in use
}

// New returns a queue. It holds deliveries until Run is called. The clock decides when a
// waiting delivery is due.
func New(clock func() time.Time, log *slog.Logger) *Queue {
	return &Queue{clock: clock, log: log, wake: make(chan struct{}, 1), ready: map[string][]webhooks.QueuedDelivery{}, busy: map[string]int{}}
}

// Send implements [webhooks.Queue]. It never fails.
func (q *Queue) Send(_ context.Context, deliveries ...webhooks.QueuedDelivery) error {
	q.mu.Lock()
	for _, d := range deliveries {
		q.add(d)
	}
	q.mu.Unlock()
	q.signal()
	return nil
}

// Run attempts deliveries until ctx ends. Then it waits for the running attempts.
func (q *Queue) Run(ctx context.Context, deliver Deliver) {
	var group sync.WaitGroup
	defer group.Wait()
	for {
		started, next := q.start(q.clock())
		for _, d := range started {
			group.Go(func() { q.attempt(ctx, deliver, d) })
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-q.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// start assigns free slots to ready deliveries and returns these. It also returns how
// long Run may sleep before it calls start again.
func (q *Queue) start(now time.Time) (started []webhooks.QueuedDelivery, next time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.later) > 0 && !q.later[0].at.After(now) {
		q.add(heap.Pop(&q.later).(entry).due)
	}
	for i := 0; i < len(q.turns) && q.taken < slots; {
		d := q.ready[q.turns[i]][0]
		if q.busy[d.Org] >= orgSlots || q.busy[d.Webhook] >= webhookSlots {
			i++
			continue
		}
		q.take(i)
		started = append(started, d)
	}
	if len(q.later) == 0 {
		return started, time.Hour
	}
	return started, q.later[0].at.Sub(now)
}

// take removes the first delivery of the i-th webhook from the lists, and moves the
// webhook to the end of the turns.
func (q *Queue) take(i int) {
	id := q.turns[i]
	d, rest := q.ready[id][0], q.ready[id][1:]
	q.turns = append(q.turns[:i], q.turns[i+1:]...)
	if len(rest) > 0 {
		q.ready[id] = rest
		q.turns = append(q.turns, id)
	} else {
		delete(q.ready, id)
	}
	q.count(d, 1)
}

// count adds n to the running attempts of a delivery's organisation and webhook.
func (q *Queue) count(d webhooks.QueuedDelivery, n int) {
	q.taken += n
	for _, id := range []string{d.Org, d.Webhook} {
		if q.busy[id] += n; q.busy[id] == 0 {
			delete(q.busy, id)
		}
	}
}

func (q *Queue) add(d webhooks.QueuedDelivery) {
	if len(q.ready[d.Webhook]) == 0 {
		q.turns = append(q.turns, d.Webhook)
	}
	q.ready[d.Webhook] = append(q.ready[d.Webhook], d)
}

func (q *Queue) attempt(ctx context.Context, deliver Deliver, d webhooks.QueuedDelivery) {
	var again time.Duration
	err := retry.Recovered(func() (err error) {
		again, err = deliver(ctx, d)
		return err
	})
	if err != nil {
		again = storePause
		if ctx.Err() == nil {
			q.log.Error("attempting a delivery failed", "delivery", d.Delivery, "cause", err)
		}
	}
	q.mu.Lock()
	q.count(d, -1)
	if again > 0 {
		heap.Push(&q.later, entry{q.clock().Add(again), d})
	}
	q.mu.Unlock()
	q.signal()
}

// signal wakes Run.
func (q *Queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default: // a signal is already pending
	}
}

// entry is a delivery that waits for its next attempt.
type entry struct {
	at  time.Time
	due webhooks.QueuedDelivery
}

// schedule is a heap of entries, the next one first.
type schedule []entry

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].at.Before(s[j].at) }
func (s schedule) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *schedule) Push(x any)        { *s = append(*s, x.(entry)) }
func (s *schedule) Pop() any {
	last := len(*s) - 1
	e := (*s)[last]
	*s = (*s)[:last]
	return e
}
