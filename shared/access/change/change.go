// Package change carries out every change of key management in the one order
// that keeps cached policies honest:
//
//  1. a transaction on facts and audit entry,
//  2. a bump of the gate of each key concerned,
//  3. the answer.
//
// Facts come before the bump, and readers read the gate's version before the
// facts, so whoever sees the new version sees the new facts. A gate item is never
// part of the transaction: a request's plain write on it would fail with a
// conflict. Where the bump fails the call answers 503, and repeating it must bump
// again, which is why a [Plan] may bump without writing.
package change

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"statgate/shared/api"
	"statgate/shared/retry"
	"statgate/shared/table"
)

const (
	racesAtMost  = 60 // attempts lost to other changes of the same organisation
	heldAtMost   = 10 // attempts that met other transactions for as long as the table waits
	faultsAtMost = 3  // attempts without an answer of the store
	bumpTimeout  = 5 * time.Second
	// patience leaves time for the answer within API Gateway's 29 seconds.
	patience = 20 * time.Second
)

// backoff sets the pauses between attempts. Their randomness decides which caller
// waits, never the answer.
var backoff = retry.Backoff{First: 4 * time.Millisecond, Max: 150 * time.Millisecond, Linear: true,
	Random: rand.N[time.Duration], Min: time.Millisecond}

// Table is what a change needs of the table.
type Table interface {
	Transact(ctx context.Context, ws []table.Write) error
}

// Gates makes cached callers of keys stale.
type Gates interface {
	Bump(ctx context.Context, keys ...string) error
}

// Plan is what a change comes to. Without writes the facts are already as asked.
type Plan struct {
	Writes []table.Write
	Bump   []string // keys whose callers must be read again
	// Refuse is answered after the bump: a repeat that is refused, but whose
	// first call may have died before its bump.
	Refuse error
}

// Apply decides and writes until nobody else's change comes between. decide reads
// the facts (consistently) and is called again after every lost race and every
// write without an answer, so it must recognise its own work. Its errors end the
// change; those of the store must be *[api.Error] already.
func Apply(ctx context.Context, t Table, gates Gates, decide func(ctx context.Context) (Plan, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	races, held, faults := 0, 0, 0
	for {
		plan, err := decide(ctx)
		if err != nil {
			return err
		}
		if len(plan.Writes) > 0 {
			err = t.Transact(ctx, plan.Writes)
		}
		switch {
		case err == nil:
			if err := bump(ctx, gates, plan.Bump); err != nil {
				return err
			}
			return plan.Refuse
		case table.WasCanceled(err) != nil:
			races++
		case errors.Is(err, table.ErrConflict):
			held++
		case errors.Is(err, table.ErrBadWrite):
			return err
		default:
			faults++
		}
		if races >= racesAtMost || held >= heldAtMost || faults >= faultsAtMost || ctx.Err() != nil {
			// The write may have been applied and its answer lost. One bump too
			// many costs a read; one too few admits calls that should end.
			_ = bump(ctx, gates, plan.Bump)
			return api.Down("changing facts", err)
		}
		_ = backoff.Pause(ctx, races+held+faults) // once ctx has ended, the next attempt fails
	}
}

// bump outlives the caller's own patience: facts have changed already.
func bump(ctx context.Context, gates Gates, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bumpTimeout)
	defer cancel()
	if err := gates.Bump(ctx, keys...); err != nil {
		return api.Down("making cached callers stale", err)
	}
	return nil
}
