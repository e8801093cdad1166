// Package keys is the function that makes, shows, changes and ends keys.
package keys

import (
	"context"
	"time"

	"statgate/shared/api"
	"statgate/shared/keys"
)

// Flusher empties the stage's authorizer cache, as well as may be, so that what
// was widened is not refused by a policy from before. It returns the moment at
// which the widening holds for certain.
type Flusher interface {
	Flush(ctx context.Context) (effectiveBy time.Time)
}

// Deps is what the handlers need.
type Deps struct {
	Keys    *keys.Store
	History keys.History
	Flusher Flusher // nil where nothing caches policies
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{list(d), create(d), getSelf(d), revokeSelf(d), get(d), update(d), rotate(d), revoke(d), usage(d)}
}

// widened flushes and says when the change holds everywhere.
func (d Deps) widened(ctx context.Context, now time.Time) *time.Time {
	at := now
	if d.Flusher != nil {
		at = d.Flusher.Flush(ctx)
	}
	at = at.UTC().Truncate(time.Second)
	return &at
}
