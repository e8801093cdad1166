package main

import (
	"context"
	"flag"
	"fmt"
	"testing"

	"statgate/shared/table"
)

// pair is a piece of work, the store calls that it makes, as they were recorded,
// and the work without them.
type pair struct {
	store, whole, own func(context.Context) error
	calls             int
}

// prepare records what the work calls, and what it is answered.
func prepare(ctx context.Context, keys table.Table, on func(table.Table) func(context.Context) error) (pair, error) {
	t := &tape{}
	if err := on(taped{keys, table.Keys.Name, t})(ctx); err != nil {
		return pair{}, err
	}
	calls, _ := t.recorded()
	known := &canned{Table: keys}
	own := on(known)
	if err := own(ctx); err != nil {
		return pair{}, err
	}
	return pair{calls: len(calls), whole: on(keys), own: own, store: func(ctx context.Context) error {
		for _, c := range calls {
			if err := c.again(ctx, keys); err != nil {
				return err
			}
		}
		return nil
	}}, nil
}

// canned answers the first call of a kind from a table and later ones at once, so
// that what is left is the caller's own work. One goroutine at a time.
type canned struct {
	table.Table
	got   map[table.Key]table.Item
	batch []table.Item
	wrote table.Item
}

func (c *canned) Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error) {
	if it, ok := c.got[key]; ok {
		return it, nil
	}
	it, err := c.Table.Get(ctx, key, consistent)
	if c.got == nil {
		c.got = map[table.Key]table.Item{}
	}
	c.got[key] = it
	return it, err
}

func (c *canned) BatchGet(ctx context.Context, keys []table.Key, consistent bool) (items []table.Item, err error) {
	if c.batch == nil {
		c.batch, err = c.Table.BatchGet(ctx, keys, consistent)
	}
	return c.batch, err
}

func (c *canned) Write(ctx context.Context, w table.Write) (it table.Item, err error) {
	if c.wrote == nil {
		c.wrote, err = c.Table.Write(ctx, w)
	}
	return c.wrote, err
}

// comparison is the outcome: nanoseconds and allocations a call.
type comparison struct {
	store, whole, own, ratio   sample
	storeAllocs, allocs, bytes int64
}

// compare measures the three in turns: what disturbs the machine for a while
// disturbs all of them, and the ratio is of two that ran side by side.
func compare(ctx context.Context, s sizes, p pair) (comparison, error) {
	testing.Init()
	if err := flag.Set("test.benchtime", s.benchTime.String()); err != nil {
		return comparison{}, fmt.Errorf("setting the time of a benchmark: %w", err)
	}
	var m comparison
	for range s.repetitions {
		store, err := measure(ctx, p.store)
		if err != nil {
			return m, err
		}
		whole, err := measure(ctx, p.whole)
		if err != nil {
			return m, err
		}
		own, err := measure(ctx, p.own)
		if err != nil {
			return m, err
		}
		m.store.add(perCall(store))
		m.whole.add(perCall(whole))
		m.own.add(perCall(own))
		m.ratio.add(perCall(whole)/perCall(store) - 1)
		m.storeAllocs, m.allocs, m.bytes = store.AllocsPerOp(), whole.AllocsPerOp(), whole.AllocedBytesPerOp()
	}
	return m, nil
}

func perCall(r testing.BenchmarkResult) float64 { return float64(r.T.Nanoseconds()) / float64(r.N) }

func measure(ctx context.Context, f func(context.Context) error) (testing.BenchmarkResult, error) {
	var failed error
	r := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if failed = f(ctx); failed != nil {
				b.FailNow()
			}
		}
	})
	return r, failed
}

// added is the caller's own work as a part of the store calls that it makes. On
// a store that takes milliseconds the difference of two measurements is noise, so
// it is the work without the store that is divided by the calls without the work.
func (m comparison) added() float64 { return m.own.median() / m.store.median() }

func (m comparison) figures(name string, calls int) []figure {
	what := "its store call"
	if calls > 1 {
		what = fmt.Sprintf("its %d store calls", calls)
	}
	return []figure{
		{name: name + ": " + what, value: duration(m.store.median()), detail: m.store.spread(duration) + fmt.Sprintf("; %d allocations", m.storeAllocs)},
		{name: name + ": the whole call", value: duration(m.whole.median()), detail: m.whole.spread(duration) + fmt.Sprintf("; %d allocations, %d bytes", m.allocs, m.bytes)},
		{name: name + ": without the store", value: duration(m.own.median()), detail: m.own.spread(duration)},
		{name: name + ": added to the store", value: percent(m.added()),
			detail: fmt.Sprintf("whole less store: %s (%s)", percent(m.ratio.median()), m.ratio.spread(percent)),
			target: met(fmt.Sprintf("≤ %.0f %%", 100*mayAdd), m.added() <= mayAdd)},
	}
}
