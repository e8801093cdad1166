package api

import (
	"context"
	"time"
)

// Flusher empties the stage's authorizer cache, best effort, so that an old policy does
// not refuse widened permissions. It returns the time at which widened permissions are
// certain to be effective.
type Flusher interface {
	Flush(ctx context.Context) (effectiveBy time.Time)
}

// EffectiveBy flushes, and returns the time at which widened permissions are effective
// everywhere, in whole seconds UTC, rounded up. Without a flusher no policy is cached, and it
// is now.
func EffectiveBy(ctx context.Context, f Flusher, now time.Time) *time.Time {
	seconds := now.Unix()
	if f != nil {
		seconds = WholeSecond(f.Flush(ctx))
	}
	at := time.Unix(seconds, 0).UTC()
	return &at
}
