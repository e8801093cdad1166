package tabletest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"statgate/shared/retry"
	"statgate/shared/table"
)

// Fault says how a call to a [Faulty] fails.
type Fault int

// The kinds of faults. Lost performs the call and then loses the answer. A caller cannot
// distinguish it from Unavailable.
const (
	None        Fault = iota
	Throttled         // table.ErrThrottled; the call is not performed
	Unavailable       // table.ErrUnavailable; the call is not performed
	Conflict          // table.ErrConflict; the call is not performed
	Lost              // table.ErrUnavailable; the call is performed
)

func (f Fault) err() error {
	switch f {
	case Throttled:
		return fmt.Errorf("faulty: %w", table.ErrThrottled)
	case Conflict:
		return fmt.Errorf("faulty: %w", table.ErrConflict)
	}
	return fmt.Errorf("faulty: %w", table.ErrUnavailable)
}

// Call is one call to a [Faulty].
type Call struct {
	Method string        // "Get", "BatchGet", "Query", "Write" or "Transact"
	Number int           // counted from 1 over all methods
	Keys   []table.Key   // keys that it reads or writes; empty for Query
	Writes []table.Write // writes of Write and Transact
	Query  table.Query
}

// Plan returns the fault of a call, and the delay of its answer. It may be called from
// several goroutines, but not concurrently.
type Plan func(Call) (Fault, time.Duration)

// Faulty is a table that fails on demand. Otherwise it passes calls to the table that it
// wraps.
type Faulty struct {
	inner table.Table
	mu    sync.Mutex
	plan  Plan
	calls []Call
}

var _ table.Table = (*Faulty)(nil)

// NewFaulty wraps a table. The result does not fail until a plan is set.
func NewFaulty(inner table.Table) *Faulty { return &Faulty{inner: inner} }

// Follow sets the plan for the next calls; nil lets all calls through.
func (f *Faulty) Follow(plan Plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = plan
}

// Always makes every call of the methods fail from now on. Without methods, it applies to
// all of them.
func (f *Faulty) Always(fault Fault, methods ...string) {
	f.Follow(func(c Call) (Fault, time.Duration) {
		if len(methods) > 0 && !slices.Contains(methods, c.Method) {
			return None, 0
		}
		return fault, 0
	})
}

// Next makes the next n calls of the methods fail. Without methods, it applies to all of
// them.
func (f *Faulty) Next(n int, fault Fault, methods ...string) {
	f.Follow(func(c Call) (Fault, time.Duration) {
		if n == 0 || len(methods) > 0 && !slices.Contains(methods, c.Method) {
			return None, 0
		}
		n--
		return fault, 0
	})
}

// Slow delays every call. If ctx ends during the delay, the call is not performed.
func (f *Faulty) Slow(delay time.Duration) {
	f.Follow(func(Call) (Fault, time.Duration) { return None, delay })
}

// Heal lets all calls through.
func (f *Faulty) Heal() { f.Follow(nil) }

// Calls returns the calls so far, including failed ones.
func (f *Faulty) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// begin records a call, waits for its delay and returns its fault. If it returns an error,
// the call must not be performed.
func (f *Faulty) begin(ctx context.Context, c Call) (Fault, error) {
	f.mu.Lock()
	c.Number = len(f.calls) + 1
	f.calls = append(f.calls, c)
	fault, delay := None, time.Duration(0)
	if f.plan != nil {
		fault, delay = f.plan(c)
	}
	f.mu.Unlock()
	if delay > 0 {
		if err := retry.Sleep(ctx, delay); err != nil {
			return fault, fmt.Errorf("faulty: %w: %w", table.ErrUnavailable, err)
		}
	}
	if fault == None || fault == Lost {
		return fault, nil
	}
	return fault, fault.err()
}

// answer returns the result of a call that was performed, as the caller sees it.
func answer[T any](fault Fault, v T, err error) (T, error) {
	if fault == Lost {
		var zero T
		return zero, Lost.err()
	}
	return v, err
}

// Get implements [table.Table].
func (f *Faulty) Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error) {
	fault, err := f.begin(ctx, Call{Method: "Get", Keys: []table.Key{key}})
	if err != nil {
		return nil, err
	}
	it, err := f.inner.Get(ctx, key, consistent)
	return answer(fault, it, err)
}

// BatchGet implements [table.Table].
func (f *Faulty) BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error) {
	fault, err := f.begin(ctx, Call{Method: "BatchGet", Keys: keys})
	if err != nil {
		return nil, err
	}
	items, err := f.inner.BatchGet(ctx, keys, consistent)
	return answer(fault, items, err)
}

// Query implements [table.Table].
func (f *Faulty) Query(ctx context.Context, q table.Query) (table.Page, error) {
	fault, err := f.begin(ctx, Call{Method: "Query", Query: q})
	if err != nil {
		return table.Page{}, err
	}
	page, err := f.inner.Query(ctx, q)
	return answer(fault, page, err)
}

// Write implements [table.Table].
func (f *Faulty) Write(ctx context.Context, w table.Write) (table.Item, error) {
	fault, err := f.begin(ctx, Call{Method: "Write", Keys: []table.Key{w.Target()}, Writes: []table.Write{w}})
	if err != nil {
		return nil, err
	}
	it, err := f.inner.Write(ctx, w)
	return answer(fault, it, err)
}

// Transact implements [table.Table].
func (f *Faulty) Transact(ctx context.Context, ws []table.Write) error {
	keys := make([]table.Key, len(ws))
	for i, w := range ws {
		keys[i] = w.Target()
	}
	fault, err := f.begin(ctx, Call{Method: "Transact", Keys: keys, Writes: ws})
	if err != nil {
		return err
	}
	_, err = answer(fault, struct{}{}, f.inner.Transact(ctx, ws))
	return err
}
