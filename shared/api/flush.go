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
// everywhere, in whole seconds UTC. Without a flusher no policy is cached, and it is now.
func EffectiveBy(ctx context.Context, f Flusher, now time.Time) *time.Time {
	if f != nil {
		now = f.Flush(ctx)
	}
	at := now.UTC().Truncate(time.Second)
	return &at
}
