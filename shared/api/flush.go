package api

import (
	"context"
	"time"
)

// Flusher empties the stage's authorizer cache, as well as may be, so that what
// was widened is not refused by a policy from before. It returns the moment at
// which the widening holds for certain.
type Flusher interface {
	Flush(ctx context.Context) (effectiveBy time.Time)
}

// EffectiveBy flushes, and returns when what was widened holds everywhere, in
// whole seconds UTC; without a flusher nothing caches policies, and it is now.
func EffectiveBy(ctx context.Context, f Flusher, now time.Time) *time.Time {
	if f != nil {
		now = f.Flush(ctx)
	}
	at := now.UTC().Truncate(time.Second)
	return &at
}
