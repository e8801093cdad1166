package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"statgate/scripts/internal/measured"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/feed/changes"
	"statgate/shared/sources/simulation"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
)

// maxAppenders is how many appenders the feed is measured with: as many as a new table on
// demand has partitions, each of which has a reader of its part of the stream.
const maxAppenders = 4

// changeFeed measures appending to the change feed, by one appender and by several.
func changeFeed(ctx context.Context, s sizes) ([]figure, error) {
	return withDynamo(ctx, func() *tape { return &tape{} }, func(on opener) ([]figure, error) {
		var all []figure
		for _, appenders := range []int{1, maxAppenders} {
			f, err := appendsOn(ctx, on, appenders, s)
			if err != nil {
				return nil, fmt.Errorf("%d appenders: %w", appenders, err)
			}
			all = append(all, f)
		}
		return all, nil
	})
}

// appendsOn measures rounds of a batch for each appender, at the same time. The feed must have
// each change once.
func appendsOn(ctx context.Context, on opener, appenders int, s sizes) (figure, error) {
	e, err := on.open()
	if err != nil {
		return figure{}, err
	}
	defer e.close()
	now := time.Now()
	clock := func() time.Time { return now }
	m := &feedFixture{stats: e.stats, sim: simulation.New(1, now), clock: clock}
	for range appenders {
		m.appenders = append(m.appenders, changes.NewAppender(m, clock))
	}
	if _, err := m.round(ctx); err != nil { // each appender finds the end of the feed
		return figure{}, err
	}
	m.lost.Store(0)
	if e.tape != nil {
		e.tape.rewind()
	}
	var each sample
	for range s.rounds {
		took, err := m.round(ctx)
		if err != nil {
			return figure{}, err
		}
		each.add(float64(took) / float64(appenders*changeCount))
	}
	n := float64(appenders * changeCount * s.rounds)
	f := figure{name: fmt.Sprintf("%d appender%s of %d changes, %s", appenders, plural(appenders), changeCount, on.name),
		value:  duration(each.median()) + " a change",
		detail: fmt.Sprintf("%s; %d rounds; %.2f lost attempts a change", each.spread(duration), s.rounds, float64(m.lost.Load())/n)}
	if e.tape != nil {
		_, by := e.tape.recorded()
		u := by[table.Stats.Name]
		f.detail = fmt.Sprintf("%s a change; %s", measured.Units{Read: u.Read / n, Write: u.Write / n}, f.detail)
	}
	return f, m.check(ctx)
}

// feedFixture appends to one feed with several appenders. It is their table, and counts the
// attempts that lose a position to another appender.
type feedFixture struct {
	stats     table.Table
	sim       simulation.League
	clock     func() time.Time
	appenders []*changes.Appender
	rounds    int
	lost      atomic.Int64
}

// Query implements [changes.Table].
func (m *feedFixture) Query(ctx context.Context, q table.Query) (table.Page, error) {
	return m.stats.Query(ctx, q)
}

// Write implements [changes.Table].
func (m *feedFixture) Write(ctx context.Context, w table.Write) (table.Item, error) {
	it, err := m.stats.Write(ctx, w)
	if table.AsConditionFailed(err) != nil {
		m.lost.Add(1)
	}
	return it, err
}

// round appends a batch with each appender, concurrently, and returns how long that takes.
func (m *feedFixture) round(ctx context.Context) (time.Duration, error) {
	m.rounds++
	batches, errs := make([][]changes.Change, len(m.appenders)), make([]error, len(m.appenders))
	for i := range batches {
		batches[i] = simulatedChanges(m.sim, m.clock(), changeCount, fmt.Sprintf("%d-%d-", m.rounds, i))
	}
	start := time.Now()
	var group sync.WaitGroup
	for i, a := range m.appenders {
		group.Go(func() { errs[i] = a.Append(ctx, batches[i]...) })
	}
	group.Wait()
	return time.Since(start), errors.Join(errs...)
}

// check reads the feed and fails if a change is missing or repeated.
func (m *feedFixture) check(ctx context.Context) error {
	reader, seen, after := changes.NewStore(m.stats).For(&api.Caller{Org: "org_1"}, &contract.Contract{}), map[string]bool{}, ""
	for {
		page, err := reader.List(ctx, changes.Filter{}, after, changeCount, m.clock())
		if err != nil {
			return err
		}
		for _, c := range page.Changes {
			if seen[c.Event] || c.Owner != matches.Public {
				return fmt.Errorf("the feed has %s twice, or of another owner", c.Event)
			}
			seen[c.Event] = true
		}
		if after = page.Next; len(page.Changes) == 0 {
			break
		}
	}
	if want := m.rounds * len(m.appenders) * changeCount; len(seen) != want {
		return fmt.Errorf("the feed has %d changes, want %d", len(seen), want)
	}
	return nil
}
