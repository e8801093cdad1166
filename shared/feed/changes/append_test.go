package changes_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/feed/changes"
	"statgate/shared/feed/events"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/tabletest"
)

func TestConcurrentAppendersAppendEachChangeOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		const appenders, each = 6, 20
		var all []changes.Change
		for n := range appenders * each / 2 {
			all = append(all, w.change(n))
		}
		var group sync.WaitGroup
		for i := range appenders {
			group.Go(func() { // every change has two appenders
				a := changes.NewAppender(w.table, w.clock)
				some := all[i/2*each : i/2*each+each]
				for len(some) > 0 {
					n := 1 + rand.IntN(len(some))
					if err := a.Append(t.Context(), some[:n]...); err != nil {
						t.Error(err)
					}
					some = some[n:]
				}
			})
		}
		group.Wait()
		got := w.reader("org_1").all(t)
		next := map[int]int{}
		for _, id := range got {
			var n int
			_, _ = fmt.Sscanf(id, "evt_%d", &n)
			if n%each != next[n/each] {
				t.Errorf("evt_%d is out of order or repeated: %v", n, got)
			}
			next[n/each]++
		}
		if len(got) != len(all) {
			t.Errorf("got %d changes, want %d", len(got), len(all))
		}
	})
}

func TestARetryAfterHoursAppendsNothingTwice(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]time.Duration{"in one segment": 5 * time.Hour, "in the next segment": 22 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.set(begin.Add(7*day - 11*time.Hour))
			faulty := tabletest.NewFaulty(w.table)
			batch := make([]changes.Change, 20)
			for i := range batch {
				batch[i] = w.change(i + 1)
			}
			writes := 0
			faulty.Follow(func(c tabletest.Call) (tabletest.Fault, time.Duration) {
				if c.Method == "Write" && strings.HasPrefix(c.Keys[0].Partition, "CHANGES#") && c.Writes[0].Item["seal"] == nil {
					if writes++; writes == 11 {
						return tabletest.Lost, 0
					}
				}
				return tabletest.None, 0
			})
			if err := changes.NewAppender(faulty, w.clock).Append(t.Context(), batch...); err == nil {
				t.Fatal("got no error for a lost answer")
			}
			other := changes.NewAppender(w.table, w.clock)
			for n := range 300 { // others append meanwhile
				w.pass(wait / 300)
				w.append(t, other, w.change(100+n))
			}
			w.append(t, changes.NewAppender(w.table, w.clock), batch...)
			w.append(t, other, batch...)
			want := slices.Concat(ids(1, 11), ids(100, 399), ids(12, 20))
			wantIDs(t, "after the retry", w.reader("org_1").all(t), want)
		})
	}
}

func TestAnAppenderThatWasIdleReadsOnlyTheEndOfTheFeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	counted := tabletest.NewFaulty(w.table)
	idle, busy := changes.NewAppender(counted, w.clock), changes.NewAppender(w.table, w.clock)
	w.append(t, idle, w.change(1))
	for n := range 30 {
		var many []changes.Change
		for i := range 100 {
			many = append(many, w.change(100+100*n+i))
		}
		w.append(t, busy, many...)
		w.pass(10 * time.Minute)
	}
	before := len(counted.Calls())
	w.append(t, idle, w.change(2))
	rows := 0
	for _, c := range counted.Calls()[before:] {
		if rows += c.Query.Limit; c.Method == "Query" && (c.Query.Limit == 0 || c.Query.Limit > 1000) {
			t.Errorf("a query reads %d rows", c.Query.Limit)
		}
	}
	if rows > 1500 { // one page ahead, then the end
		t.Errorf("the queries read up to %d rows of 3,000", rows)
	}
	got := w.reader("org_1").all(t)
	if len(got) != 3002 || got[3001] != "evt_2" {
		t.Errorf("got %d changes, the last %s", len(got), got[len(got)-1])
	}
}

func TestAChangeBeyondTheSearchIsListedAgainUnderItsEventID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, a := w.change(1), changes.NewAppender(w.table, w.clock)
	w.append(t, a, old)
	for n := range 1500 {
		w.append(t, a, w.change(100+n))
	}
	near := changes.NewAppender(w.table, w.clock)
	near.SearchOnly(1000)
	w.append(t, near, old)
	far := changes.NewAppender(w.table, w.clock)
	w.append(t, far, old)
	times := 0
	for _, id := range w.reader("org_1").all(t) {
		if id == old.Event {
			times++
		}
	}
	if times != 2 {
		t.Errorf("the change is listed %d times, want twice: a search of 1,000 rows misses it, and one of more does not", times)
	}
}

func TestFaultsLoseNoChangeAndRepeatNone(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]tabletest.Fault{"lost": tabletest.Lost, "throttled": tabletest.Throttled, "unavailable": tabletest.Unavailable} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			faulty := tabletest.NewFaulty(w.table)
			failing := false
			faulty.Follow(func(tabletest.Call) (tabletest.Fault, time.Duration) {
				if failing = rand.IntN(3) == 0; failing {
					return fault, 0
				}
				return tabletest.None, 0
			})
			a := changes.NewAppender(faulty, w.clock)
			for n := 1; n <= 60; n += 3 {
				if n == 31 {
					w.pass(8 * day)
				}
				batch := []changes.Change{w.change(n), w.change(n + 1), w.change(n + 2)}
				for a.Append(t.Context(), batch...) != nil {
					if rand.IntN(2) == 0 {
						a = changes.NewAppender(faulty, w.clock) // another instance
					}
				}
			}
			wantIDs(t, "the feed", w.reader("org_1").all(t), ids(1, 60))
		})
	}
}

func TestAnAppenderWithALateClockCannotAppendBehindAReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(begin.Add(7*day - time.Minute))
	late, early := changes.NewAppender(w.table, func() time.Time { return w.clock().Add(-2 * time.Minute) }), changes.NewAppender(w.table, w.clock)
	r := w.reader("org_1")
	w.append(t, late, w.change(1))
	w.pass(2 * time.Minute) // the next segment has begun, but not for the late clock
	w.append(t, early, w.change(2))
	wantIDs(t, "both segments", r.all(t), ids(1, 2))
	w.append(t, late, w.change(3))
	wantIDs(t, "after the late change", r.all(t), ids(3, 3))
}

// longest is an id of the greatest length that stores accept.
var longest = strings.Repeat("x", 200)

func TestAChangeCostsOneWriteUnit(t *testing.T) {
	t.Parallel()
	_, client, name := dynamolocal.Streamed(t, table.Schema{Name: table.Stats.Name, Indexes: table.Stats.Indexes})
	var written, calls atomic.Int64
	w := worldOn(dynamo.New(client, name, table.Stats, dynamo.WithUnits(func(_ string, _, write float64) {
		if write > 0 {
			written.Add(int64(write * 10))
			calls.Add(1)
		}
	})))
	a := changes.NewAppender(w.table, w.clock)
	w.append(t, a, w.change(0)) // also seals the segments before
	written.Store(0)
	calls.Store(0)
	version := int64(1) << 60
	event := "evt_" + strings.Repeat("x", 26)
	for n := range 10 {
		c := changes.Change{Event: event + fmt.Sprint(n), Type: events.EventDeleted, ID: longest, Match: "m_" + strings.Repeat("x", 30), League: &longest,
			Teams: []string{longest, longest}, Owner: matches.Public, Version: &version, ChangedAt: w.clock(), DeletedAt: &begin}
		w.append(t, a, c)
	}
	if got, want := written.Load(), int64(100); got != want || calls.Load() != 10 {
		t.Errorf("ten changes with the longest ids took %d tenths of a write unit in %d writes, want %d in 10", got, calls.Load(), want)
	}
}

func TestRowsEndByTTLAfterTheyCanNoLongerBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(t, changes.NewAppender(w.table, w.clock), w.change(1))
	page, err := w.table.Query(t.Context(), table.Query{Partition: fmt.Sprint("CHANGES#public#", begin.Unix()/int64(7*day/time.Second))})
	if err != nil || len(page.Items) != 1 {
		t.Fatal(page, err)
	}
	if got, want := time.Unix(page.Items[0].Int(table.TTLAttr), 0).Sub(w.clock()), changes.Retention+day; got != want {
		t.Errorf("got a life of %v, want %v", got, want)
	}
}
