package main

import (
	"context"
	"flag"
	"fmt"
	"testing"

	"statgate/shared/table"
)

// workload is an operation in three forms: its recorded store calls alone (store), the
// whole operation (whole), and the operation without its store calls (own).
type workload struct {
	store, whole, own func(context.Context) error
	calls             int
}

// newWorkload records the store calls of an operation and their answers.
func newWorkload(ctx context.Context, keys table.Table, on func(table.Table) func(context.Context) error) (workload, error) {
	t := &tape{}
	if err := on(taped{keys, table.Keys.Name, t})(ctx); err != nil {
		return workload{}, err
	}
	calls, _ := t.recorded()
	answering := &answeringTable{Table: keys}
	own := on(answering)
	if err := own(ctx); err != nil {
		return workload{}, err
	}
	return workload{calls: len(calls), whole: on(keys), own: own, store: func(ctx context.Context) error {
		for _, c := range calls {
			if err := c.repeat(ctx, keys); err != nil {
				return err
			}
		}
		return nil
	}}, nil
}

// answeringTable passes the first call of a kind to a table and repeats its answer for
// later ones. That leaves the caller's own work. It is not safe for concurrent use.
type answeringTable struct {
	table.Table
	got   map[table.Key]table.Item
	batch []table.Item
	wrote table.Item
}

func (c *answeringTable) Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error) {
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

func (c *answeringTable) BatchGet(ctx context.Context, keys []table.Key, consistent bool) (items []table.Item, err error) {
	if c.batch == nil {
		c.batch, err = c.Table.BatchGet(ctx, keys, consistent)
	}
	return c.batch, err
}

func (c *answeringTable) Write(ctx context.Context, w table.Write) (it table.Item, err error) {
	if c.wrote == nil {
		c.wrote, err = c.Table.Write(ctx, w)
	}
	return c.wrote, err
}

// comparison is the result: nanoseconds and allocations per call.
type comparison struct {
	store, whole, own, ratio   sample
	storeAllocs, allocs, bytes int64
}

// compare measures the three forms in turns. Other load on the machine then affects all
// of them, and each ratio is between two measurements of the same time.
func compare(ctx context.Context, s sizes, p workload) (comparison, error) {
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

// added returns the caller's own work as a fraction of its store calls. It divides the
// time without the store by the time of the calls alone, because the difference of two
// measurements is noise where a store takes milliseconds.
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
			target: verdict(fmt.Sprintf("≤ %.0f %%", 100*maxOverhead), m.added() <= maxOverhead)},
	}
}
