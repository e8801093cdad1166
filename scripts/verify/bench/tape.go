package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"statgate/scripts/internal/measured"
	"statgate/shared/table"
)

// call is one recorded call of a store.
type call struct {
	table   string // schema's name
	method  string
	at      string // the partition, "" where there are several
	writes  bool
	handler bool // made after the operation's handler began
	refused bool
	read    float64 // units, where the engine reports them and calls do not overlap
	write   float64
	repeat  func(ctx context.Context, t table.Table) error // makes the same call
}

func (c call) String() string {
	return fmt.Sprintf("%s %s %s (%g read, %g written)", c.table, c.method, c.at, c.read, c.write)
}

// tape records the calls of a deployment's stores, and the units that they consume.
type tape struct {
	mu      sync.Mutex
	calls   []call
	handler bool
	units   map[string]measured.Units // by table
}

// rewind deletes the recording.
func (t *tape) rewind() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls, t.handler, t.units = nil, false, map[string]measured.Units{}
}

// handlerBegan marks the following calls as made by the handler.
func (t *tape) handlerBegan() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.handler = true
}

func (t *tape) begin(c call) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.handler = t.handler
	t.calls = append(t.calls, c)
	return len(t.calls) - 1
}

func (t *tape) end(i int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i < len(t.calls) {
		t.calls[i].refused = table.AsConditionFailed(err) != nil || table.AsCanceled(err) != nil
	}
}

// consumed records the units of a call. The engine calls it before the store call
// returns. It attributes the units to the last call, so only the sum is right where
// calls overlap.
func (t *tape) consumed(name string, read, write float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.calls); n > 0 {
		t.calls[n-1].read += read
		t.calls[n-1].write += write
	}
	if t.units == nil {
		t.units = map[string]measured.Units{}
	}
	t.units[name] = t.units[name].Plus(measured.Units{Read: read, Write: write})
}

// recorded returns the calls since the last rewind, and the units by table.
func (t *tape) recorded() ([]call, map[string]measured.Units) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.calls), maps.Clone(t.units)
}

// taped is a table whose calls are recorded.
type taped struct {
	table.Table
	name string
	tape *tape
}

func (t taped) record(c call) func(error) {
	c.table = t.name
	i := t.tape.begin(c)
	return func(err error) { t.tape.end(i, err) }
}

func (t taped) Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error) {
	end := t.record(call{method: "Get", at: key.Partition, repeat: func(ctx context.Context, to table.Table) error {
		_, err := to.Get(ctx, key, consistent)
		return err
	}})
	it, err := t.Table.Get(ctx, key, consistent)
	end(err)
	return it, err
}

func (t taped) BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error) {
	end := t.record(call{method: "BatchGet", repeat: func(ctx context.Context, to table.Table) error {
		_, err := to.BatchGet(ctx, keys, consistent)
		return err
	}})
	items, err := t.Table.BatchGet(ctx, keys, consistent)
	end(err)
	return items, err
}

func (t taped) Query(ctx context.Context, q table.Query) (table.Page, error) {
	end := t.record(call{method: "Query", at: q.Partition, repeat: func(ctx context.Context, to table.Table) error {
		_, err := to.Query(ctx, q)
		return err
	}})
	page, err := t.Table.Query(ctx, q)
	end(err)
	return page, err
}

func (t taped) Write(ctx context.Context, w table.Write) (table.Item, error) {
	end := t.record(call{method: "Write", at: w.Target().Partition, writes: true, repeat: func(ctx context.Context, to table.Table) error {
		_, err := to.Write(ctx, w)
		return err
	}})
	it, err := t.Table.Write(ctx, w)
	end(err)
	return it, err
}

func (t taped) Transact(ctx context.Context, ws []table.Write) error {
	end := t.record(call{method: "Transact", writes: true, repeat: func(ctx context.Context, to table.Table) error {
		return to.Transact(ctx, ws)
	}})
	err := t.Table.Transact(ctx, ws)
	end(err)
	return err
}
