package flush

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"statgate/shared/api"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// flusher returns a flusher whose clock the test moves, its number of flushes and its log.
func flusher(fails error) (f *Flusher, now *time.Time, calls *int, log *bytes.Buffer) {
	now, calls, log = new(time.Time), new(int), new(bytes.Buffer)
	*now = start
	return &Flusher{
		flush: func(context.Context) error { *calls++; return fails },
		ttl:   300 * time.Second, clock: func() time.Time { return *now }, log: slog.New(slog.NewTextHandler(log, nil)),
	}, now, calls, log
}

func TestFlushReturnsTheTimeWhenCachedPoliciesHaveExpired(t *testing.T) {
	for _, fails := range []error{nil, errors.New("too many requests")} {
		f, _, _, log := flusher(fails)
		if got, want := f.Flush(t.Context()), start.Add(300*time.Second); !got.Equal(want) {
			t.Errorf("flush that fails with %v: got %v, want %v", fails, got, want)
		}
		if logged := strings.Contains(log.String(), "flushing the authorizer cache failed"); logged != (fails != nil) {
			t.Errorf("flush that fails with %v: logged %q", fails, log)
		}
	}
}

// Answers have whole seconds. A time that was rounded down would be too early.
func TestTimeInWholeSecondsIsNotBeforeCachedPoliciesHaveExpired(t *testing.T) {
	f, now, _, _ := flusher(nil)
	*now = start.Add(time.Millisecond)
	by := api.EffectiveBy(t.Context(), f, *now)
	if want := start.Add(301 * time.Second); !by.Equal(want) {
		t.Errorf("got %v, want %v", by, want)
	}
	f.ttl = 0 // nothing is cached
	if by := api.EffectiveBy(t.Context(), f, *now); !by.Equal(start) {
		t.Errorf("without a cache: got %v, want %v", by, start)
	}
}

func TestFlushRunsAtMostOnceInFiveSeconds(t *testing.T) {
	f, now, calls, _ := flusher(nil)
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {4999 * time.Millisecond, 1}, {5 * time.Second, 2}, {9 * time.Second, 2}, {10 * time.Second, 3}} {
		*now = start.Add(step.after)
		f.Flush(t.Context())
		if *calls != step.want {
			t.Errorf("after %v: got %d flushes, want %d", step.after, *calls, step.want)
		}
	}
}
