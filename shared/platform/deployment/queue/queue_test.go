package queue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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
	due := make([]webhooks.QueuedDelivery, n)
	for i := range due {
		due[i] = webhooks.QueuedDelivery{Org: org, Webhook: webhook, Delivery: fmt.Sprint("dlv_", i)}
	}
	if err := q.Send(t.Context(), due...); err != nil {
		t.Fatal(err)
	}
}

func TestHangingReceiversLeaveSlotsToOtherOrganisations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(time.Now, slog.New(slog.DiscardHandler))
		var mu sync.Mutex
		hanging := map[string]int{} // by webhook
		taken := 0
		run(t, q, func(ctx context.Context, d webhooks.QueuedDelivery) (time.Duration, error) {
			mu.Lock()
			if d.Org != "bad" {
				taken++
				mu.Unlock()
				return 0, nil
			}
			hanging[d.Webhook]++
			mu.Unlock()
			<-ctx.Done()
			return 0, ctx.Err()
		})
		for i := range 20 {
			send(t, q, "bad", fmt.Sprint("hangs ", i), 50)
		}
		send(t, q, "good", "whk_1", 100)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if taken != 100 {
			t.Errorf("got %d deliveries of the other organisation, want 100", taken)
		}
		all := 0
		for webhook, n := range hanging {
			if all += n; n > 4 {
				t.Errorf("%s has %d slots, want at most 4", webhook, n)
			}
		}
		if all != 16 {
			t.Errorf("the organisation has %d slots, want half of 32", all)
		}
	})
}

func TestWebhooksTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(time.Now, slog.New(slog.DiscardHandler))
		send(t, q, "org", "many", 1000)
		send(t, q, "org", "one", 1)
		var before atomic.Int64
		done := make(chan struct{})
		run(t, q, func(_ context.Context, d webhooks.QueuedDelivery) (time.Duration, error) {
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
	})
}

func TestDeliveryIsAttemptedUntilItIsFinished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(time.Now, slog.New(slog.DiscardHandler))
		start := time.Now()
		var attempts []time.Duration
		run(t, q, func(context.Context, webhooks.QueuedDelivery) (time.Duration, error) {
			attempts = append(attempts, time.Since(start))
			return []time.Duration{time.Minute, time.Second, time.Hour, 0}[len(attempts)-1], nil
		})
		send(t, q, "org", "whk_1", 1)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		want := []time.Duration{0, time.Minute, 61 * time.Second, time.Hour + 61*time.Second}
		if !slices.Equal(attempts, want) {
			t.Errorf("got attempts after %v, want %v", attempts, want)
		}
	})
}

func TestDeliveryIsDueByTheQueuesClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64 // of the machine's time
		q := queue.New(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }, slog.New(slog.DiscardHandler))
		attempts := map[string]int{}
		var mu sync.Mutex
		run(t, q, func(_ context.Context, d webhooks.QueuedDelivery) (time.Duration, error) {
			mu.Lock()
			defer mu.Unlock()
			if attempts[d.Webhook]++; attempts[d.Webhook] == 1 {
				return time.Hour, nil
			}
			return 0, nil
		})
		send(t, q, "org", "whk_1", 1)
		synctest.Wait()
		ahead.Store(int64(time.Hour))
		send(t, q, "org", "whk_2", 1) // wakes the queue
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if got, want := attempts["whk_1"], 2; got != want {
			t.Errorf("got %d attempts after the clock moved by an hour, want %d", got, want)
		}
	})
}

func TestDeliveryIsRetriedAfterTheStoreFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		q := queue.New(time.Now, slog.New(slog.NewJSONHandler(&log, nil)))
		start := time.Now()
		var attempts []time.Duration
		run(t, q, func(context.Context, webhooks.QueuedDelivery) (time.Duration, error) {
			if attempts = append(attempts, time.Since(start)); len(attempts) == 1 {
				return 0, errors.New("the store is down")
			}
			return 0, nil
		})
		send(t, q, "org", "whk_1", 1)
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := []time.Duration{0, 5 * time.Second}; !slices.Equal(attempts, want) {
			t.Errorf("got attempts after %v, want %v", attempts, want)
		}
		if got := log.String(); !strings.Contains(got, `"delivery":"dlv_0"`) || !strings.Contains(got, "the store is down") {
			t.Errorf("logged %s", got)
		}
	})
}

func TestPanicOfAnAttemptFreesItsSlotAndIsRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		q := queue.New(time.Now, slog.New(slog.NewJSONHandler(&log, nil)))
		var attempts atomic.Int64
		run(t, q, func(context.Context, webhooks.QueuedDelivery) (time.Duration, error) {
			if attempts.Add(1) <= 40 { // more than there are slots
				panic("no such receiver")
			}
			return 0, nil
		})
		send(t, q, "org", "whk_1", 40)
		time.Sleep(time.Hour)
		synctest.Wait()
		if got, want := attempts.Load(), int64(80); got != want {
			t.Errorf("got %d attempts, want %d", got, want)
		}
		if got := strings.Count(log.String(), "panic: no such receiver"); got != 40 {
			t.Errorf("logged %d panics, want 40", got)
		}
	})
}

func TestTwentyThousandWaitingDeliveriesNeedNoGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(time.Now, slog.New(slog.DiscardHandler))
		var failed atomic.Int64
		run(t, q, func(context.Context, webhooks.QueuedDelivery) (time.Duration, error) {
			failed.Add(1)
			return time.Hour, nil
		})
		send(t, q, "org", "whk_1", 20_000)
		synctest.Wait()
		if got, want := failed.Load(), int64(20_000); got != want {
			t.Errorf("got %d attempts, want %d", got, want)
		}
		if got := strings.Count(stacks(), "queue.(*Queue).attempt("); got != 0 {
			t.Errorf("%d goroutines are in an attempt, want none", got)
		}
	})
}

// stacks returns the stack of every goroutine. The tests that run in parallel wait until
// the others have ended, so that these are the goroutines of one test.
func stacks() string {
	buf := make([]byte, 64<<20)
	return string(buf[:runtime.Stack(buf, true)])
}
