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

// Fault is how a call to a [Faulty] fails.
type Fault int

// The kinds of faults. Lost does what was asked and then loses the answer, which
// a caller cannot tell from Unavailable.
const (
	None        Fault = iota
	Throttled         // table.ErrThrottled, nothing done
	Unavailable       // table.ErrUnavailable, nothing done
	Conflict          // table.ErrConflict, nothing done
	Lost              // table.ErrUnavailable, done
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
	Number int           // from 1, over all methods
	Keys   []table.Key   // what it reads or writes; none for a query
	Writes []table.Write // of Write and Transact
	Query  table.Query
}

// Plan decides the fault of a call, and how long the table takes to answer. It
// may be called from several goroutines, one at a time.
type Plan func(Call) (Fault, time.Duration)

// Faulty is a table that fails on demand, and otherwise does what the table
// within does.
type Faulty struct {
	inner table.Table
	mu    sync.Mutex
	plan  Plan
	calls []Call
}

var _ table.Table = (*Faulty)(nil)

// NewFaulty returns a table that does not fail yet.
func NewFaulty(inner table.Table) *Faulty { return &Faulty{inner: inner} }

// Follow has plan decide from now on; nil heals the table.
func (f *Faulty) Follow(plan Plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = plan
}

// Always fails every call of the methods from now on; no methods are all.
func (f *Faulty) Always(fault Fault, methods ...string) {
	f.Follow(func(c Call) (Fault, time.Duration) {
		if len(methods) > 0 && !slices.Contains(methods, c.Method) {
			return None, 0
		}
		return fault, 0
	})
}

// Next fails the next n calls of the methods, and then none; no methods are all.
func (f *Faulty) Next(n int, fault Fault, methods ...string) {
	f.Follow(func(c Call) (Fault, time.Duration) {
		if n == 0 || len(methods) > 0 && !slices.Contains(methods, c.Method) {
			return None, 0
		}
		n--
		return fault, 0
	})
}

// Slow delays every answer; one that ctx does not wait for is not done.
func (f *Faulty) Slow(delay time.Duration) {
	f.Follow(func(Call) (Fault, time.Duration) { return None, delay })
}

// Heal lets all calls through.
func (f *Faulty) Heal() { f.Follow(nil) }

// Calls returns the calls so far, failed ones too.
func (f *Faulty) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// meet records a call, waits as planned and returns its fault; an error where
// the call is not to be done.
func (f *Faulty) meet(ctx context.Context, c Call) (Fault, error) {
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

// answer is what the caller sees of a call that was done.
func answer[T any](fault Fault, v T, err error) (T, error) {
	if fault == Lost {
		var none T
		return none, Lost.err()
	}
	return v, err
}

// Get implements [table.Table].
func (f *Faulty) Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error) {
	fault, err := f.meet(ctx, Call{Method: "Get", Keys: []table.Key{key}})
	if err != nil {
		return nil, err
	}
	it, err := f.inner.Get(ctx, key, consistent)
	return answer(fault, it, err)
}

// BatchGet implements [table.Table].
func (f *Faulty) BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error) {
	fault, err := f.meet(ctx, Call{Method: "BatchGet", Keys: keys})
	if err != nil {
		return nil, err
	}
	items, err := f.inner.BatchGet(ctx, keys, consistent)
	return answer(fault, items, err)
}

// Query implements [table.Table].
func (f *Faulty) Query(ctx context.Context, q table.Query) (table.Page, error) {
	fault, err := f.meet(ctx, Call{Method: "Query", Query: q})
	if err != nil {
		return table.Page{}, err
	}
	page, err := f.inner.Query(ctx, q)
	return answer(fault, page, err)
}

// Write implements [table.Table].
func (f *Faulty) Write(ctx context.Context, w table.Write) (table.Item, error) {
	fault, err := f.meet(ctx, Call{Method: "Write", Keys: []table.Key{w.Target()}, Writes: []table.Write{w}})
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
	fault, err := f.meet(ctx, Call{Method: "Transact", Keys: keys, Writes: ws})
	if err != nil {
		return err
	}
	_, err = answer(fault, struct{}{}, f.inner.Transact(ctx, ws))
	return err
}
