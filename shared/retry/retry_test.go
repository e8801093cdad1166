package retry_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"statgate/shared/retry"
)

const ms = time.Millisecond

func delays(b retry.Backoff, n int) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = b.Delay(i + 1)
	}
	return all
}

func TestPausesGrowUpToTheMaximum(t *testing.T) {
	t.Parallel()
	longest := func(bound time.Duration) time.Duration { return bound - 1 }
	for name, c := range map[string]struct {
		backoff retry.Backoff
		want    []time.Duration
	}{
		"doubling":         {retry.Backoff{First: 10 * ms, Max: 70 * ms}, []time.Duration{10 * ms, 20 * ms, 40 * ms, 70 * ms, 70 * ms}},
		"linear":           {retry.Backoff{First: 4 * ms, Max: 15 * ms, Linear: true}, []time.Duration{4 * ms, 8 * ms, 12 * ms, 15 * ms, 15 * ms}},
		"constant":         {retry.Backoff{First: 4 * ms, Max: 4 * ms}, []time.Duration{4 * ms, 4 * ms, 4 * ms}},
		"with full jitter": {retry.Backoff{First: 4 * ms, Max: 8 * ms, Min: ms, Random: longest}, []time.Duration{5*ms - 1, 9*ms - 1, 9*ms - 1}},
	} {
		if got := delays(c.backoff, len(c.want)); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	for _, linear := range []bool{false, true} {
		b := retry.Backoff{First: time.Second, Max: time.Hour, Linear: linear}
		if got, want := b.Delay(1<<62), time.Hour; got != want {
			t.Errorf("linear %v: got %v after 2^62 attempts, want %v", linear, got, want)
		}
	}
}

func TestDoRetriesUntilSuccessAPermanentErrorOrTooManyAttempts(t *testing.T) {
	t.Parallel()
	busy, broken := errors.New("busy"), errors.New("broken")
	for name, c := range map[string]struct {
		fails  []error
		want   error
		slept  []time.Duration
		called int
	}{
		"first succeeds":    {[]error{nil}, nil, nil, 1},
		"third succeeds":    {[]error{busy, busy, nil}, nil, []time.Duration{ms, 2 * ms}, 3},
		"permanent error":   {[]error{busy, broken}, broken, []time.Duration{ms}, 2},
		"too many attempts": {[]error{busy, busy, busy, busy, busy}, busy, []time.Duration{ms, 2 * ms, 4 * ms}, 4},
	} {
		var slept []time.Duration
		called := 0
		b := retry.Backoff{First: ms, Max: time.Second, Sleep: func(_ context.Context, d time.Duration) error {
			slept = append(slept, d)
			return nil
		}}
		err := b.Do(t.Context(), 4, func(err error) bool { return errors.Is(err, busy) }, func() error {
			called++
			return c.fails[called-1]
		})
		if err != c.want || called != c.called || !slices.Equal(slept, c.slept) {
			t.Errorf("%s: got %v after %d calls and pauses of %v, want %v after %d and %v", name, err, called, slept, c.want, c.called, c.slept)
		}
	}
}

func TestPauseEndsWithTheContextAndDoReturnsBothErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := errors.New("busy")
		ctx, cancel := context.WithTimeout(t.Context(), 1500*ms)
		defer cancel()
		start := time.Now()
		b := retry.Backoff{First: time.Second, Max: time.Second}
		err := b.Do(ctx, 9, func(error) bool { return true }, func() error { return busy })
		if got, want := time.Since(start), 1500*ms; !errors.Is(err, busy) || !errors.Is(err, context.DeadlineExceeded) || got != want {
			t.Errorf("got %v after %v, want both errors after %v", err, got, want)
		}
	})
}
