package queue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/feed/webhooks"
	"statgate/shared/platform/deployment/queue"
)

// run runs a queue until the test ends.
func run(t *testing.T, q *queue.Queue, deliver queue.Deliver) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); q.Run(ctx, deliver) }()
	t.Cleanup(func() { stop(); <-ended })
}

func send(t *testing.T, q *queue.Queue, org, webhook string, n int) {
	t.Helper()
	due := make([]webhooks.Due, n)
	for i := range due {
		due[i] = webhooks.Due{Org: org, Webhook: webhook, Delivery: fmt.Sprint("dlv_", i)}
	}
	if err := q.Send(t.Context(), due...); err != nil {
		t.Fatal(err)
	}
}

// waitFor waits until reached returns true.
func waitFor(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("timed out waiting for %s", what)
		}
	}
}

func TestHangingReceiversLeaveSlotsToOtherOrganisations(t *testing.T) {
	t.Parallel()
	q := queue.New(slog.New(slog.DiscardHandler))
	var mu sync.Mutex
	hanging := map[string]int{} // by webhook
	var taken atomic.Int64
	run(t, q, func(ctx context.Context, d webhooks.Due) (time.Duration, error) {
		if d.Org == "bad" {
			mu.Lock()
			hanging[d.Webhook]++
			mu.Unlock()
			<-ctx.Done()
			return 0, ctx.Err()
		}
		taken.Add(1)
		return 0, nil
	})
	for i := range 20 {
		send(t, q, "bad", fmt.Sprint("hangs ", i), 50)
	}
	send(t, q, "good", "whk_1", 100)
	waitFor(t, "the deliveries of the other organisation", func() bool { return taken.Load() == 100 })
	mu.Lock()
	defer mu.Unlock()
	all := 0
	for webhook, n := range hanging {
		if all += n; n > 4 {
			t.Errorf("%s has %d slots, want at most 4", webhook, n)
		}
	}
	if all != 16 {
		t.Errorf("the organisation has %d slots, want half of 32", all)
	}
}

func TestWebhooksTakeTurns(t *testing.T) {
	t.Parallel()
	q := queue.New(slog.New(slog.DiscardHandler))
	send(t, q, "org", "many", 1000)
	send(t, q, "org", "one", 1)
	var before atomic.Int64
	done := make(chan struct{})
	run(t, q, func(_ context.Context, d webhooks.Due) (time.Duration, error) {
		if d.Webhook == "one" {
			close(done)
			return 0, nil
		}
		select {
		case <-done:
		default:
			before.Add(1)
		}
		time.Sleep(5 * time.Millisecond) // instant attempts would show the scheduler's order instead
		return 0, nil
	})
	<-done
	if got := before.Load(); got > 50 {
		t.Errorf("got %d deliveries of the other webhook before the only one of this, want a few", got)
	}
}

func TestDeliveryIsAttemptedUntilItIsFinished(t *testing.T) {
	t.Parallel()
	q := queue.New(slog.New(slog.DiscardHandler))
	var times atomic.Int64
	run(t, q, func(context.Context, webhooks.Due) (time.Duration, error) {
		if times.Add(1) < 4 {
			return time.Millisecond, nil
		}
		return 0, nil
	})
	send(t, q, "org", "whk_1", 1)
	waitFor(t, "the fourth attempt", func() bool { return times.Load() == 4 })
	time.Sleep(20 * time.Millisecond)
	if got := times.Load(); got != 4 {
		t.Errorf("got %d attempts, want 4", got)
	}
}

func TestDeliveryIsRetriedAfterTheStoreFailed(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	q := queue.New(slog.New(slog.NewJSONHandler(&log, nil)))
	var times atomic.Int64
	run(t, q, func(context.Context, webhooks.Due) (time.Duration, error) {
		if times.Add(1) == 1 {
			return 0, errors.New("the store is down")
		}
		return 0, nil
	})
	send(t, q, "org", "whk_1", 1)
	waitFor(t, "the second attempt", func() bool { return times.Load() == 2 })
	if got := log.String(); !strings.Contains(got, `"delivery":"dlv_0"`) || !strings.Contains(got, "the store is down") {
		t.Errorf("logged %s", got)
	}
}

func TestTwentyThousandWaitingDeliveriesNeedNoGoroutines(t *testing.T) {
	q := queue.New(slog.New(slog.DiscardHandler))
	before := runtime.NumGoroutine()
	var failed atomic.Int64
	run(t, q, func(context.Context, webhooks.Due) (time.Duration, error) {
		failed.Add(1)
		return time.Hour, nil
	})
	send(t, q, "org", "whk_1", 20_000)
	waitFor(t, "the last delivery", func() bool { return failed.Load() == 20_000 })
	if got := runtime.NumGoroutine() - before; got > 40 {
		t.Errorf("%d goroutines run, want no more than slots", got)
	}
}
