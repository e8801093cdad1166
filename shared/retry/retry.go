// Package retry repeats calls that other callers or a busy store made fail, and
// pauses between the attempts. Each caller sets its own bounds.
package retry

import (
	"context"
	"fmt"
	"time"
)

// Backoff sets the pauses between the attempts of one call. First and Max must be
// positive.
type Backoff struct {
	First  time.Duration // bound of the first pause
	Max    time.Duration // bound of every pause
	Linear bool          // the bound grows by First each time; otherwise it doubles
	// Random draws from [0, bound), for example rand.N[time.Duration]: the pause is
	// Min plus what it returns ("full jitter"). If nil, the pause is its bound.
	Random func(bound time.Duration) time.Duration
	Min    time.Duration // shortest pause; only used with Random
	// Sleep waits for d, or returns the error of ctx; nil means [Sleep].
	Sleep func(ctx context.Context, d time.Duration) error
}

// Delay returns the pause after failed attempt n, counted from 1.
func (b *Backoff) Delay(n int) time.Duration {
	bound := min(b.First, b.Max)
	if b.Linear {
		bound = b.Max
		if time.Duration(n) <= b.Max/b.First {
			bound = time.Duration(n) * b.First
		}
	} else {
		for i := 1; i < n && bound < b.Max; i++ {
			bound = min(2*bound, b.Max)
		}
	}
	if b.Random == nil {
		return bound
	}
	return b.Min + b.Random(bound)
}

// Pause waits after failed attempt n, counted from 1. It returns the error of ctx
// if ctx ends first.
func (b *Backoff) Pause(ctx context.Context, n int) error {
	sleep := b.Sleep
	if sleep == nil {
		sleep = Sleep
	}
	return sleep(ctx, b.Delay(n))
}

// Do calls attempt until it succeeds, fails with an error for which again is false,
// or has failed attempts times. It returns the last error of attempt; if ctx ends
// during a pause, the error of ctx too.
func (b *Backoff) Do(ctx context.Context, attempts int, again func(error) bool, attempt func() error) error {
	for n := 1; ; n++ {
		err := attempt()
		if err == nil || n == attempts || !again(err) {
			return err
		}
		if ended := b.Pause(ctx, n); ended != nil {
			return fmt.Errorf("%w; not retried: %w", err, ended)
		}
	}
}

// Sleep waits for d, or returns the error of ctx if ctx ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
