// Package queue is webhooks' deliveries in one process, in memory. What it forgets
// when the process ends is pending in the table still, and found there by the next.
//
// Attempts are made side by side, and take turns: a webhook's by webhook, and of the
// places for all an organisation has half at most. So one that is slow, or has
// thousands pending, costs others little. A delivery that waits is an entry of a
// list, no goroutine.
package queue

import (
	"container/heap"
	"context"
	"log/slog"
	"sync"
	"time"

	"statgate/shared/feed/webhooks"
)

const (
	places    = 32 // for attempts that are made side by side
	ofAnOrg   = places / 2
	ofWebhook = places / 8

	storePause = 5 * time.Second // after a store that failed
)

// Deliver makes an attempt of a delivery where one is due, and returns after what
// time it wants another, 0 for never.
type Deliver func(ctx context.Context, d webhooks.Due) (time.Duration, error)

// Queue is a [webhooks.Queue].
type Queue struct {
	log  *slog.Logger
	wake chan struct{} // that there is something to do

	mu    sync.Mutex
	later schedule
	ready map[string][]webhooks.Due // by webhook; none is empty
	turns []string                  // the webhooks of ready, the one whose turn it is first
	busy  map[string]int            // attempts under way, by organisation and by webhook
	taken int                       // places
}

// New returns a queue that holds what it is sent until it runs.
func New(log *slog.Logger) *Queue {
	return &Queue{log: log, wake: make(chan struct{}, 1), ready: map[string][]webhooks.Due{}, busy: map[string]int{}}
}

// Send implements [webhooks.Queue]; it cannot fail.
func (q *Queue) Send(_ context.Context, due ...webhooks.Due) error {
	q.mu.Lock()
	for _, d := range due {
		q.add(d)
	}
	q.mu.Unlock()
	q.look()
	return nil
}

// Run has deliveries attempted until ctx ends, and waits for the attempts that are
// under way.
func (q *Queue) Run(ctx context.Context, deliver Deliver) {
	var group sync.WaitGroup
	defer group.Wait()
	for {
		begun, next := q.begin(time.Now())
		for _, d := range begun {
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

// begin gives places to deliveries that are ready, as long as there are any, and
// tells after what time to look again.
func (q *Queue) begin(now time.Time) (begun []webhooks.Due, next time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.later) > 0 && !q.later[0].at.After(now) {
		q.add(heap.Pop(&q.later).(entry).due)
	}
	for i := 0; i < len(q.turns) && q.taken < places; {
		d := q.ready[q.turns[i]][0]
		if q.busy[d.Org] >= ofAnOrg || q.busy[d.Webhook] >= ofWebhook {
			i++
			continue
		}
		q.take(i)
		begun = append(begun, d)
	}
	if len(q.later) == 0 {
		return begun, time.Hour
	}
	return begun, q.later[0].at.Sub(now)
}

// take takes the first delivery of the i-th webhook, and puts it behind the others.
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

func (q *Queue) count(d webhooks.Due, n int) {
	q.taken += n
	for _, who := range []string{d.Org, d.Webhook} {
		if q.busy[who] += n; q.busy[who] == 0 {
			delete(q.busy, who)
		}
	}
}

func (q *Queue) add(d webhooks.Due) {
	if len(q.ready[d.Webhook]) == 0 {
		q.turns = append(q.turns, d.Webhook)
	}
	q.ready[d.Webhook] = append(q.ready[d.Webhook], d)
}

func (q *Queue) attempt(ctx context.Context, deliver Deliver, d webhooks.Due) {
	again, err := deliver(ctx, d)
	if err != nil {
		again = storePause
		if ctx.Err() == nil {
			q.log.Error("a delivery could not be attempted", "delivery", d.Delivery, "cause", err)
		}
	}
	q.mu.Lock()
	q.count(d, -1)
	if again > 0 {
		heap.Push(&q.later, entry{time.Now().Add(again), d})
	}
	q.mu.Unlock()
	q.look()
}

// look has Run look again.
func (q *Queue) look() {
	select {
	case q.wake <- struct{}{}:
	default: // it will
	}
}

// entry is a delivery that waits for its next attempt.
type entry struct {
	at  time.Time
	due webhooks.Due
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
