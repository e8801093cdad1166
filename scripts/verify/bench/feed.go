package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
	m := &feedFixture{stats: e.stats, clock: clock}
	for range appenders {
		m.appenders = append(m.appenders, changes.NewAppender(e.stats, clock))
	}
	if err := m.round(ctx); err != nil { // each appender finds the end of the feed
		return figure{}, err
	}
	if e.tape != nil {
		e.tape.rewind()
	}
	var each sample
	for range s.rounds {
		start := time.Now()
		if err := m.round(ctx); err != nil {
			return figure{}, err
		}
		each.add(float64(time.Since(start)) / float64(appenders*changeCount))
	}
	if err := m.check(ctx); err != nil {
		return figure{}, err
	}
	f := figure{name: fmt.Sprintf("%d appender%s of %d changes, %s", appenders, plural(appenders), changeCount, on.name),
		value: duration(each.median()) + " a change", detail: fmt.Sprintf("%s; %d rounds", each.spread(duration), s.rounds)}
	if e.tape != nil {
		_, by := e.tape.recorded()
		u, n := by[table.Stats.Name], float64(appenders*changeCount*s.rounds)
		f.detail = fmt.Sprintf("%s a change, lost attempts aside; %s", measured.Units{Read: u.Read / n, Write: u.Write / n}, f.detail)
	}
	return f, nil
}

// feedFixture appends to one feed with several appenders.
type feedFixture struct {
	stats     table.Table
	clock     func() time.Time
	appenders []*changes.Appender
	rounds    int
}

// round appends a batch with each appender, concurrently.
func (m *feedFixture) round(ctx context.Context) error {
	m.rounds++
	errs := make([]error, len(m.appenders))
	var group sync.WaitGroup
	for i, a := range m.appenders {
		group.Go(func() {
			errs[i] = a.Append(ctx, simulatedChanges(simulation.New(1, m.clock()), m.clock(), changeCount, fmt.Sprintf("%d-%d-", m.rounds, i))...)
		})
	}
	group.Wait()
	return errors.Join(errs...)
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
