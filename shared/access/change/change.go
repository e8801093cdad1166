// Package change carries out every change of a store: the facts, the audit entry
// and what follows from them, in one order.
//
// [Make] is the frame that all stores use. For each attempt it
//
//  1. answers or refuses a repeated Idempotency-Key,
//  2. reads the facts,
//  3. looks whether an earlier attempt, whose answer was lost, made the change,
//  4. lets the store's pure function decide from the facts,
//  5. claims the Idempotency-Key in the keys table, if it writes another table,
//  6. writes facts, audit entries and the item of the Idempotency-Key in one conditional
//     transaction,
//  7. bumps the gate of each key concerned, and then returns.
//
// A refused condition, a conflict, a throttle or a missing answer starts another
// attempt, up to fixed bounds and for at most 20 seconds. After that the error is
// [api.Unavailable].
//
// This order keeps cached policies correct. Facts come before the bump, and readers
// read the gate's version before the facts, so a reader of the new version also sees
// the new facts. A gate item is never part of the transaction: a request's plain write
// on it would fail with a conflict. If the bump fails the call answers 503, and
// repeating it must bump again, so a [Plan] may bump without writing.
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
	maxRaces     = 60 // attempts lost to other changes of the same organisation
	maxConflicts = 10 // attempts that met other transactions for as long as the table waits
	maxFaults    = 3  // attempts without an answer of the store
	bumpTimeout  = 5 * time.Second
	// patience leaves time for the answer within API Gateway's 29 seconds.
	patience = 20 * time.Second
)

// backoff sets the pauses between attempts. Their randomness decides which caller
// waits, never the answer.
var backoff = retry.Backoff{First: 4 * time.Millisecond, Max: 150 * time.Millisecond, Linear: true,
	Random: rand.N[time.Duration], Min: time.Millisecond}

// Table is the part of a table that a change writes to.
type Table interface {
	Transact(ctx context.Context, ws []table.Write) error
}

// Gates makes cached callers of keys stale.
type Gates interface {
	Bump(ctx context.Context, keys ...string) error
}

// apply decides and writes until no other change interferes. decide reads the facts
// (consistently) and runs again after each refused condition and each write without
// an answer, so it must recognise its own work. An error of decide ends the change;
// errors of the store must be *[api.Error] already. If an earlier attempt had no answer, its
// keys are bumped before an error is returned, because its facts may have been written.
func apply(ctx context.Context, t Table, gates Gates, decide func(ctx context.Context) (Plan, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	races, conflicts, faults := 0, 0, 0
	var unanswered []string // keys whose facts an attempt without an answer may have changed
	for {
		plan, err := decide(ctx)
		if err != nil {
			if failed := bump(ctx, gates, unanswered); failed != nil {
				return failed
			}
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
		case table.AsCanceled(err) != nil:
			races++
		case errors.Is(err, table.ErrConflict):
			conflicts++
		case errors.Is(err, table.ErrBadWrite):
			return errors.Join(err, bump(ctx, gates, unanswered))
		default:
			faults++
			unanswered = plan.Bump
		}
		if races >= maxRaces || conflicts >= maxConflicts || faults >= maxFaults || ctx.Err() != nil {
			// The write may have been applied and its answer lost. One bump too
			// many costs a read; one too few admits calls that should end.
			_ = bump(ctx, gates, plan.Bump)
			return api.UnavailableError("changing facts", err)
		}
		_ = backoff.Pause(ctx, races+conflicts+faults) // once ctx has ended, the next attempt fails
	}
}

// bump ignores the cancellation of ctx, because the facts have changed already.
func bump(ctx context.Context, gates Gates, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bumpTimeout)
	defer cancel()
	if err := gates.Bump(ctx, keys...); err != nil {
		return api.UnavailableError("making cached callers stale", err)
	}
	return nil
}
