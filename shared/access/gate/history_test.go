package gate

import (
	"context"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/table"
)

// isHistory reports whether a write keeps a closed hour.
func isHistory(w table.Write) bool { return strings.HasPrefix(w.Target().Partition, "USAGE#") }

// stored returns the items of a key's history, by sort key.
func (w *fixture) stored(key string) map[string]table.Item {
	w.t.Helper()
	page, err := w.keys.Query(context.Background(), table.Query{Partition: usagePartition(key), Consistent: true})
	if err != nil {
		w.t.Fatal(err)
	}
	items := map[string]table.Item{}
	for _, it := range page.Items {
		items[it.Str(table.SortAttr)] = it
	}
	return items
}

func (w *fixture) admit(c *api.Caller, r api.Route, n int) {
	w.t.Helper()
	for range n {
		if _, err := admit(w.gate, c, r); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestTheClosedHoursOfADayAreOneItem(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(0, 0)
		for range 40 { // from noon: 12 hours of a day, 24 of the next, 4 of the third
			w.admit(c, listMatches, 2)
			w.admit(c, getMatch, 1)
			w.clock.advance(time.Hour)
		}
		items := w.stored(c.Key)
		want := map[string]int{"H#2026-03-01": 12, "H#2026-03-02": 24, "H#2026-03-03": 2} // the newest two are in the gate
		if got := slices.Sorted(maps.Keys(items)); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
			t.Fatalf("got the items %v, want %v", got, slices.Sorted(maps.Keys(want)))
		}
		for sort, hours := range want {
			it := items[sort]
			closed, err := closedHours(it)
			if err != nil || len(closed) != hours {
				t.Errorf("%s has %d hours (%v), want %d: %v", sort, len(closed), err, hours, it)
			}
			at, _ := time.Parse(dayLayout, sort[len(historyPrefix):])
			if got, want := it.Int(table.TTLAttr), at.AddDate(0, 0, 1+historyDays).Unix(); got != want {
				t.Errorf("%s expires at %d, want %d", sort, got, want)
			}
		}
		if got, want := items["H#2026-03-01"].Map("12"), map[string]any{"ml": int64(2), "mg": int64(1), "n": int64(3)}; !reflect.DeepEqual(got, want) {
			t.Errorf("the first hour is %v, want %v", got, want)
		}
		w.addsUp(c.Key, 120)
	})
}

// TestHoursThatEarlierReleasesStoredStayInTheReport has items of single hours, as earlier
// releases stored them, before, within and beside days.
func TestHoursThatEarlierReleasesStoredStayInTheReport(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(0, 0)
		for range 4 {
			w.admit(c, listMatches, 3)
			w.clock.advance(time.Hour)
		}
		put := func(at time.Time, n int64) {
			t.Helper()
			_, err := keys.Write(context.Background(), table.Put(table.Item{
				table.PartitionAttr: "USAGE#" + c.Key, table.SortAttr: "H#" + at.Format("2006-01-02T15:04:05Z"),
				"w": at.Unix(), "o": map[string]any{"ml": n}, table.TTLAttr: at.Unix() + 400*86400}))
			if err != nil {
				t.Fatal(err)
			}
		}
		put(noon.Add(-30*time.Hour), 5) // the day before
		put(noon.Add(-time.Hour), 7)    // the same day, an hour that the item of the day lacks
		put(noon, 3)                    // an hour that both have: an instance of each release stored it
		var want []Hour
		for _, h := range []struct{ at, n int64 }{{-30, 5}, {-1, 7}, {0, 3}, {1, 3}, {2, 3}, {3, 3}} {
			want = append(want, Hour{noon.Add(time.Duration(h.at) * time.Hour), map[string]int64{"ml": h.n}})
		}
		got, err := w.gate.Usage(context.Background(), c.Key, noon.AddDate(0, 0, -90), noon.AddDate(0, 0, 1))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
		got, err = w.gate.Usage(context.Background(), c.Key, noon.Add(-time.Hour), noon.Add(time.Hour))
		if err != nil || !reflect.DeepEqual(got, want[1:3]) {
			t.Errorf("two hours: got %v, %v, want %v", got, err, want[1:3])
		}
	})
}

// TestALateWriteNeverReplacesAnHourThatHasGrown repeats the write of an hour after a repair has
// moved more requests to it.
func TestALateWriteNeverReplacesAnHourThatHasGrown(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(0, 0)
		first := counted{noon.Unix(), map[string]any{"ml": int64(4), "mg": int64(1)}}
		grown := counted{noon.Unix(), map[string]any{"ml": int64(4), "mg": int64(9)}}
		beside := counted{noon.Unix() + hour, map[string]any{"ml": int64(2)}}
		for _, closed := range []counted{first, first, grown, beside, grown, first} {
			if _, err := keys.Write(context.Background(), keep(c.Key, closed)); err != nil && table.AsConditionFailed(err) == nil {
				t.Fatal(err)
			}
		}
		if got, want := w.used(c.Key), map[string]int64{"ml": 6, "mg": 9}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// meanwhile is a table on which something else happens once, between a write of history and
// the write that follows it.
type meanwhile struct {
	table.Table
	kept   bool
	happen func()
}

func (m *meanwhile) Write(ctx context.Context, w table.Write) (table.Item, error) {
	if m.kept && m.happen != nil {
		happen := m.happen
		m.happen = nil
		happen()
	}
	m.kept = isHistory(w)
	return m.Table.Write(ctx, w)
}

// TestARollDropsNoHourThatAnotherInstanceHasPutInItsPlace stops an instance between the write
// of history and the roll, while a wild clock closes two hours and a repair brings the open hour
// back. The roll then finds the hour that it read, but another one before it.
func TestARollDropsNoHourThatAnotherInstanceHasPutInItsPlace(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		w.gate = w.corrected(off(0))
		c := w.key(0, 0)
		w.admit(c, listMatches, 1)
		w.clock.advance(time.Hour)
		w.admit(c, listMatches, 2)
		wild := w.instance(func() time.Time { return w.clock.Now().Add(year) })
		slow := w.instance(func() time.Time { return w.clock.Now().Add(time.Hour) })
		slow.Keys = &meanwhile{Table: keys, happen: func() {
			for range 2 {
				if _, err := admit(wild, c, listMatches); err != nil {
					t.Error(err)
				}
				w.clock.advance(10 * time.Second)
				wild = w.instance(func() time.Time { return w.clock.Now().Add(year + 5*time.Hour) })
			}
			w.admit(c, listMatches, 1)
		}}
		if _, err := admit(slow, c, listMatches); err != nil {
			t.Fatal(err)
		}
		w.addsUp(c.Key, 7)
		w.clock.advance(2 * time.Hour)
		w.admit(c, listMatches, 3)
		w.addsUp(c.Key, 10)
	})
}

// TestARepairOpensNoHourBeforeOneThatIsCounted has an instance whose clock is an hour ahead of
// the one that repairs the key: its hour is in p or already in history.
func TestARepairOpensNoHourBeforeOneThatIsCounted(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		for wilds := range 3 {
			w := newFixture(t, keys)
			w.gate = w.corrected(off(0))
			c := w.key(0, 0)
			w.admit(c, listMatches, 2)
			ahead := w.instance(func() time.Time { return w.clock.Now().Add(time.Hour) })
			made := int64(2)
			call := func(g *Gate, n int) {
				t.Helper()
				for range n {
					if _, err := admit(g, c, getMatch); err != nil {
						t.Fatal(err)
					}
				}
				made += int64(n)
				w.addsUp(c.Key, made)
			}
			call(ahead, 3)
			for n := range wilds {
				call(w.instance(func() time.Time { return w.clock.Now().Add(year + time.Duration(n)*5*time.Hour) }), 1)
			}
			call(w.gate, 1)
			call(ahead, 2)
			w.clock.advance(3 * time.Hour)
			call(w.gate, 1)
			w.clock.advance(time.Hour)
			call(w.gate, 1)
		}
	})
}

// late is a table that makes some writes of history again, and some that were answered with
// an error, at a later time.
type late struct {
	table.Table
	mu      sync.Mutex
	random  *rand.Rand
	pending []table.Write
}

func (l *late) Write(ctx context.Context, w table.Write) (table.Item, error) {
	l.mu.Lock()
	n := l.random.IntN(12)
	var again []table.Write
	if isHistory(w) {
		if n < 4 {
			l.pending = append(l.pending, w)
		}
	} else if len(l.pending) > 3 {
		l.random.Shuffle(len(l.pending), func(i, j int) { l.pending[i], l.pending[j] = l.pending[j], l.pending[i] })
		again, l.pending = l.pending[:2], slices.Clone(l.pending[2:])
	}
	l.mu.Unlock()
	for _, one := range again {
		if _, err := l.Table.Write(ctx, one); err != nil && table.AsConditionFailed(err) == nil {
			return nil, err
		}
	}
	if isHistory(w) && n < 2 {
		return nil, table.ErrUnavailable // it arrives later
	}
	it, err := l.Table.Write(ctx, w)
	if isHistory(w) && n == 2 {
		return nil, table.ErrUnavailable // the answer was lost
	}
	return it, err
}

// sums returns the requests of a key by day, read a day at a time and from the hours of one
// report, and in all.
func (w *fixture) sums(key string, from, to time.Time) (byDay, byHour map[time.Time]int64, all int64) {
	w.t.Helper()
	byDay, byHour = map[time.Time]int64{}, map[time.Time]int64{}
	read := func(from, to time.Time) (n int64) {
		hours, err := w.gate.Usage(context.Background(), key, from, to)
		if err != nil {
			w.t.Fatal(err)
		}
		return sum(hours)
	}
	hours, err := w.gate.Usage(context.Background(), key, from, to)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range hours {
		at := h.Start.Truncate(24 * time.Hour)
		byHour[at] += sum([]Hour{h})
		byDay[at] = read(at, at.Add(24*time.Hour))
	}
	return byDay, byHour, sum(hours)
}

// pace advances the clock of concurrent calls. In production a call takes 800 ms at most, in
// which no clock moves by hours. Here it may take long, as others change the same item. So the
// clock waits for the call that began first.
type pace struct {
	clock *clock
	ended *sync.Cond
	began map[int]time.Time // of the calls that were not answered yet, by thread
}

func newPace(c *clock) *pace {
	return &pace{clock: c, ended: sync.NewCond(&sync.Mutex{}), began: map[int]time.Time{}}
}

// mostBehind is how far the clock may be ahead of the beginning of a call.
const mostBehind = 30 * time.Minute

// begin advances the clock and begins a call of a thread.
func (p *pace) begin(thread int, step time.Duration) {
	p.ended.L.Lock()
	defer p.ended.L.Unlock()
	for p.behind() > mostBehind {
		p.ended.Wait()
	}
	p.clock.advance(step)
	p.began[thread] = p.clock.Now()
}

// behind returns how far the clock is ahead of the beginning of the first call.
func (p *pace) behind() (most time.Duration) {
	for _, began := range p.began {
		most = max(most, p.clock.Now().Sub(began))
	}
	return most
}

func (p *pace) end(thread int) {
	p.ended.L.Lock()
	defer p.ended.L.Unlock()
	delete(p.began, thread)
	p.ended.Broadcast()
}

// interleaved makes requests of a key from many instances at the same time and returns the number
// of those that were admitted. The clocks of some instances are up to an hour off, or one is wild: a
// year ahead, so that the others repair what it opens.
func (w *fixture) interleaved(c *api.Caller, seed uint64, wild bool) int64 {
	const threads, calls = 12, 60
	step := map[bool]time.Duration{true: 2 * time.Minute, false: 6 * time.Minute}[wild] // clocks that are read at the same time are close
	pace := newPace(w.clock)
	var admitted atomic.Int64
	crowd(threads, func(i int) {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		var skew atomic.Int64
		g := w.corrected(func() time.Duration { return time.Duration(skew.Load()) })
		switch { // the store confirms no clock of these
		case i == 0 && wild:
			skew.Store(int64(year))
			g = w.instance(func() time.Time { return w.clock.Now().Add(time.Duration(skew.Load())) })
		case i%3 == 0 && !wild:
			off := time.Duration(random.Int64N(int64(2*time.Hour))) - time.Hour
			g = w.instance(func() time.Time { return w.clock.Now().Add(off) })
		}
		for n := range calls {
			switch {
			case i == 0 && wild:
				skew.Add(int64(3 * time.Hour)) // no hour is opened twice
			case i%3 == 1 && n%10 == 0:
				skew.Store(int64(year) - random.Int64N(2*int64(year))) // until the first answer
			}
			pace.begin(i, time.Duration(random.Int64N(int64(step))))
			r := []api.Route{listMatches, getMatch, getSelf, revokeSelf}[random.IntN(4)]
			_, err := admit(g, c, r)
			pace.end(i)
			if err == nil {
				admitted.Add(1)
			} else {
				want(w.t, err, api.Unavailable)
			}
		}
	})
	return admitted.Load()
}

// paused is a table that calls a function before some of its writes, by their number.
type paused struct {
	table.Table
	writes int
	before map[int]func()
}

func (p *paused) Write(ctx context.Context, w table.Write) (table.Item, error) {
	p.writes++
	if do := p.before[p.writes]; do != nil {
		do()
	}
	return p.Table.Write(ctx, w)
}

// Two instances read the same hour that is too far ahead, one before and one after the beginning
// of an hour. The repair of the first arrives, and then that of the second, before the first one's
// own request is counted.
func TestTwoRepairsAtTheBeginningOfAnHourLoseNoCount(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(0, 0)
		request := func(g *Gate) error {
			_, err := admit(g, c, getMatch)
			return err
		}
		for range 5 {
			if err := request(w.gate); err != nil {
				t.Fatal(err)
			}
		}
		if err := request(w.instance(func() time.Time { return w.clock.Now().Add(year) })); err != nil {
			t.Fatal(err)
		}
		read, repair, repaired, count := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
		// The writes of a request are a refused one, the repair, and the request again.
		w.keys = &paused{Table: keys, before: map[int]func(){2: func() { close(read); <-repair }, 3: func() { close(repaired); <-count }}}
		first, ended := w.corrected(off(0)), make(chan error, 1)
		go func() { ended <- request(first) }()
		<-read
		now := w.clock.Now()
		w.clock.advance(now.Truncate(time.Hour).Add(time.Hour).Sub(now))
		w.keys = &paused{Table: keys, before: map[int]func(){2: func() { close(repair); <-repaired }}}
		if err := request(w.corrected(off(0))); err != nil {
			t.Fatal(err)
		}
		close(count)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		w.addsUp(c.Key, 8)
	})
}

// TestDaysAreTheSumsOfTheirHoursUnderAnyInterleaving runs over a table that loses answers of the
// writes of history and applies such writes late and again. Days, hours and the total must agree
// at the end.
func TestDaysAreTheSumsOfTheirHoursUnderAnyInterleaving(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		for seed := range uint64(6) {
			w := newFixture(t, keys)
			shaky := &late{Table: keys, random: rand.New(rand.NewPCG(seed, 7))}
			w.keys = shaky
			c := w.key(0, 0)
			began := w.clock.Now()
			admitted := w.interleaved(c, seed, seed%2 == 1)
			for _, one := range shaky.pending {
				if _, err := keys.Write(context.Background(), one); err != nil && table.AsConditionFailed(err) == nil {
					t.Fatal(err)
				}
			}
			w.addsUp(c.Key, admitted)
			byDay, byHour, all := w.sums(c.Key, began.AddDate(0, 0, -2), w.clock.Now().AddDate(2, 0, 0))
			if !maps.Equal(byDay, byHour) || all != admitted {
				t.Errorf("seed %d: by day %v, by hour %v, %d in all, want %d", seed, byDay, byHour, all, admitted)
			}
			if len(byDay) < 2 || len(w.stored(c.Key)) < 2 {
				t.Errorf("seed %d: %d days: so this test proves little", seed, len(byDay))
			}
		}
	})
}
