package changes_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/feed/changes"
	"statgate/shared/feed/events"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

// A Thursday. Segments begin on Thursdays, so the next one begins after a week.
var begin = time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// world is a table with a clock that a test sets.
type world struct {
	table table.Table
	now   atomic.Int64 // Unix milliseconds
}

func (w *world) clock() time.Time      { return time.UnixMilli(w.now.Load()).UTC() }
func (w *world) set(at time.Time)      { w.now.Store(at.UnixMilli()) }
func (w *world) pass(by time.Duration) { w.now.Add(by.Milliseconds()) }

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return worldOn(db.Table(table.Stats.Name))
}

func worldOn(tbl table.Table) *world {
	w := &world{table: tbl}
	w.set(begin.Add(12 * time.Hour))
	return w
}

// onBoth runs a test on both engines.
func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) { t.Parallel(); test(t, newWorld(t)) })
	t.Run("DynamoDB Local", func(t *testing.T) {
		t.Parallel()
		test(t, worldOn(dynamolocal.Tables(t, table.Stats)[table.Stats.Name]))
	})
}

// change returns a change at the world's time.
func (w *world) change(n int) changes.Change {
	return changes.Change{Event: fmt.Sprint("evt_", n), Type: events.MatchUpdated, ID: "m_1", Match: "m_1", Teams: []string{"a", "b"},
		Owner: matches.Public, ChangedAt: w.clock().Truncate(time.Second)}
}

func (w *world) append(t *testing.T, a *changes.Appender, some ...changes.Change) {
	t.Helper()
	if err := a.Append(t.Context(), some...); err != nil {
		t.Fatal(err)
	}
}

// reader polls a feed as a client does.
type reader struct {
	changes.Reader
	w      *world
	filter changes.Filter
	after  string
	limit  int
}

func (w *world) reader(org string) *reader {
	return &reader{Reader: changes.NewStore(w.table).For(&api.Caller{Org: org}, &contract.Contract{}), w: w, limit: 7}
}

// page returns the ids of the events on the next page.
func (r *reader) page(ctx context.Context) ([]string, error) {
	page, err := r.List(ctx, r.filter, r.after, r.limit, r.w.clock())
	if err != nil {
		return nil, err
	}
	if r.after = page.Next; page.Next == "" {
		return nil, errors.New("the page has no next position")
	}
	ids := make([]string, len(page.Changes))
	for i, c := range page.Changes {
		ids[i] = c.Event
	}
	return ids, nil
}

// all reads to the end of the feed.
func (r *reader) all(t *testing.T) []string {
	t.Helper()
	var all []string
	for {
		before := r.after
		ids, err := r.page(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, ids...); len(ids) == 0 && before != "" {
			return all
		}
	}
}

func ids(from, to int) []string {
	var all []string
	for n := from; n <= to; n++ {
		all = append(all, fmt.Sprint("evt_", n))
	}
	return all
}

func wantIDs(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %d changes, want %d:\n%v\n%v", what, len(got), len(want), got, want)
	}
}

func TestChangesAreListedInTheOrderOfAppendingAndNotOfTime(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		a, r := changes.NewAppender(w.table, w.clock), w.reader("org_1")
		w.append(t, a, w.change(1), w.change(2))
		wantIDs(t, "at first", r.all(t), ids(1, 2))
		late := w.change(3)
		late.ChangedAt = late.ChangedAt.Add(-5 * time.Hour)
		w.append(t, a, w.change(4), late)
		wantIDs(t, "after a late change", r.all(t), []string{"evt_4", "evt_3"})
	})
}

func TestAReaderWithoutChangesGetsThoseThatFollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.reader("org_1")
	wantIDs(t, "an empty feed", r.all(t), nil)
	w.append(t, changes.NewAppender(w.table, w.clock), w.change(1))
	wantIDs(t, "the first change", r.all(t), ids(1, 1))
}

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

// TestAReaderThatNeverStopsSeesEveryChangeInOrder lets writers with different clocks append
// across the ends of segments while readers poll.
func TestAReaderThatNeverStopsSeesEveryChangeInOrder(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		const writers, each, readers = 4, 60, 3
		w.set(begin.Add(6 * day))
		var writing, reading sync.WaitGroup
		done := make(chan struct{})
		for i := range writers {
			writing.Go(func() {
				skew := time.Duration(i) * time.Hour // far more than clocks differ
				a := changes.NewAppender(w.table, func() time.Time { return w.clock().Add(-skew) })
				for n := range each {
					w.pass(4 * time.Hour / writers)
					if err := a.Append(t.Context(), w.change(i*each+n)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		seen := make([][]string, readers)
		for i := range readers {
			reading.Go(func() {
				r := w.reader("org_1")
				for ended := false; ; {
					some, err := r.page(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					if seen[i] = append(seen[i], some...); len(some) == 0 && ended {
						return
					}
					select {
					case <-done:
						ended = len(some) == 0
					default:
					}
				}
			})
		}
		writing.Wait()
		close(done)
		reading.Wait()
		for i := range readers {
			last := [writers]int{}
			for _, id := range seen[i] {
				var n int
				_, _ = fmt.Sscanf(id, "evt_%d", &n)
				if n%each != last[n/each] {
					t.Fatalf("reader %d: evt_%d does not follow the changes before it: %v", i, n, seen[i])
				}
				last[n/each]++
			}
			if len(seen[i]) != writers*each {
				t.Errorf("reader %d saw %d changes, want %d", i, len(seen[i]), writers*each)
			}
			wantIDs(t, fmt.Sprint("reader ", i), seen[i], seen[0])
		}
	})
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

func TestAnOrganisationSeesPublicChangesAndItsOwn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		a := changes.NewAppender(w.table, w.clock)
		owners := []string{matches.Public, "org_1", "org_2", "org_1#", "org_1"}
		for n, owner := range owners {
			c := w.change(n)
			c.Owner = owner
			w.append(t, a, c)
			w.pass(time.Second)
		}
		for org, want := range map[string][]string{"org_1": {"evt_0", "evt_1", "evt_4"}, "org_2": {"evt_0", "evt_2"}, "org_3": {"evt_0"}} {
			r := w.reader(org)
			r.limit = 1
			wantIDs(t, org, r.all(t), want)
		}
		hidden := w.reader("org_1")
		hidden.Reader = changes.NewStore(w.table).For(&api.Caller{Org: "org_1"}, &contract.Contract{HidePublic: true})
		wantIDs(t, "with hidden public data", hidden.all(t), []string{"evt_1", "evt_4"})
		both := w.reader("org_1")
		both.after = hidden.after
		if _, err := both.page(t.Context()); !errors.Is(err, changes.ErrPlace) {
			t.Errorf("a position of other feeds: got %v, want ErrPlace", err)
		}
	})
}

// expire deletes rows as DynamoDB does: some time after their end, in no order.
func (w *world) expire(t *testing.T, keep func(table.Item) bool) {
	t.Helper()
	for segment := begin.Add(-100*day).Unix() / int64(7*day/time.Second); segment <= w.clock().Unix()/int64(7*day/time.Second); segment++ {
		page, err := w.table.Query(t.Context(), table.Query{Partition: fmt.Sprint("CHANGES#public#", segment)})
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			if it.Int(table.TTLAttr) <= w.clock().Unix() && !keep(it) {
				if _, err := w.table.Write(t.Context(), table.Delete(it.Key())); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func TestChangesOfThirtyDaysAreKept(t *testing.T) {
	t.Parallel()
	for name, deleted := range map[string]func(table.Item) bool{
		"and older ones are deleted": func(table.Item) bool { return false }, "and older ones are not deleted yet": func(table.Item) bool { return true },
		"and some older ones are deleted": func(it table.Item) bool { return it.Str(table.SortAttr)[11]%2 == 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a := changes.NewAppender(w.table, w.clock)
			first := w.clock()
			for n := range 50 * 4 { // four changes a day
				w.append(t, a, w.change(n))
				w.pass(6 * time.Hour)
			}
			w.expire(t, deleted)
			got := w.reader("org_1").all(t)
			oldest := int(w.clock().Add(-changes.Retention).Sub(first) / (6 * time.Hour))
			wantIDs(t, "the changes of 30 days", got, ids(oldest, 199))
		})
	}
}

func TestAnOldPositionExpiresAndOneInUseDoesNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := changes.NewAppender(w.table, w.clock)
	w.append(t, a, w.change(1), w.change(2), w.change(3))
	inUse, left, behind := w.reader("org_1"), w.reader("org_1"), w.reader("org_1")
	wantIDs(t, "in use", inUse.all(t), ids(1, 3))
	wantIDs(t, "left", left.all(t), ids(1, 3))
	behind.limit = 1
	if got, err := behind.page(t.Context()); err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	for range 100 { // nothing happens for 100 days
		w.pass(day)
		w.expire(t, func(table.Item) bool { return false })
		if got := inUse.all(t); len(got) > 0 {
			t.Fatalf("got %v on a day without changes", got)
		}
		if w.clock().Sub(begin) > 20*day && w.clock().Sub(begin) < 30*day { // 20 days behind is not too late
			again := *behind
			wantIDs(t, "20 days behind", again.all(t), ids(2, 3))
		}
	}
	w.append(t, changes.NewAppender(w.table, w.clock), w.change(4))
	wantIDs(t, "in use, after 100 days", inUse.all(t), ids(4, 4))
	for name, r := range map[string]*reader{"left": left, "behind": behind} {
		if got, err := r.page(t.Context()); !errors.Is(err, changes.ErrExpired) {
			t.Errorf("%s: got %v, %v, want ErrExpired", name, got, err)
		}
	}
	wantIDs(t, "a new beginning", w.reader("org_1").all(t), ids(4, 4))
}

// TestAReaderPassesASealBeforeItsPosition deletes rows and seals their segment after that, so
// that the seal has a lower number than a reader's position.
func TestAReaderPassesASealBeforeItsPosition(t *testing.T) {
	t.Parallel()
	for name, kept := range map[string]string{"all rows are deleted": "none", "the last row is deleted before another": "000000000002"} {
		w := newWorld(t)
		w.append(t, changes.NewAppender(w.table, w.clock), w.change(1), w.change(2), w.change(3))
		r := w.reader("org_1")
		wantIDs(t, name, r.all(t), ids(1, 3))
		for range 32 {
			w.pass(day)
			wantIDs(t, name, r.all(t), nil)
		}
		w.expire(t, func(it table.Item) bool { return it.Str(table.SortAttr) == kept })
		w.append(t, changes.NewAppender(w.table, w.clock), w.change(4))
		wantIDs(t, name, r.all(t), ids(4, 4))
	}
}

func TestAPositionExpiresIfTheTableIsReplacedByAnOlderCopy(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]int{"nothing was appended since": 0, "less was appended since": 1, "more was appended since": 9} {
		w := newWorld(t)
		w.append(t, changes.NewAppender(w.table, w.clock), w.change(1), w.change(2), w.change(3), w.change(4))
		r := w.reader("org_1")
		wantIDs(t, name, r.all(t), ids(1, 4))
		partition := fmt.Sprint("CHANGES#public#", begin.Unix()/int64(7*day/time.Second))
		for _, number := range []string{"000000000003", "000000000004"} { // which the copy lacks
			if _, err := w.table.Write(t.Context(), table.Delete(table.Key{Partition: partition, Sort: number})); err != nil {
				t.Fatal(err)
			}
		}
		w.pass(time.Hour)
		restored := changes.NewAppender(w.table, w.clock)
		for n := range more {
			w.append(t, restored, w.change(10+n))
		}
		if got, err := r.page(t.Context()); !errors.Is(err, changes.ErrExpired) {
			t.Errorf("%s: got %v, %v, want ErrExpired", name, got, err)
		}
	}
}

func TestAPollWithoutChangesKeepsThePositionForTheHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(t, changes.NewAppender(w.table, w.clock), w.change(1))
	r := w.reader("org_1")
	r.all(t)
	before := r.after
	w.pass(59 * time.Minute)
	r.all(t)
	same := r.after
	w.pass(2 * time.Minute)
	r.all(t)
	if same != before || r.after == before {
		t.Errorf("got %q, after 59 minutes %q, after 61 %q", before, same, r.after)
	}
}

func TestFeedsAreMergedByTheTimeOfAppending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := changes.NewAppender(w.table, w.clock)
	var many []changes.Change
	for n := range 700 {
		many = append(many, w.change(n))
	}
	many[699].Type = events.MatchDeleted
	w.append(t, a, many...)
	w.pass(time.Minute)
	own := w.change(1000)
	own.Owner, own.Type = "org_1", events.MatchDeleted
	w.append(t, a, own)
	r := w.reader("org_1")
	r.filter = changes.Filter{Types: []string{events.MatchDeleted}}
	var got []string
	for range 3 {
		some, err := r.page(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, some...)
	}
	wantIDs(t, "the later change of another owner comes later", got, []string{"evt_699", "evt_1000"})
}

func TestFiltersSelectWhileReadingAndPagesStayBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, league := changes.NewAppender(w.table, w.clock), "en.1"
	var all []changes.Change
	for n := range 1200 {
		c := w.change(n)
		if n == 1100 {
			c.League, c.Teams, c.Type = &league, []string{"x", "b"}, events.MatchDeleted
		}
		all = append(all, c)
	}
	w.append(t, a, all...)
	for name, f := range map[string]changes.Filter{
		"league": {League: league}, "team": {Team: "x"}, "type": {Types: []string{events.MatchCreated, events.MatchDeleted}},
		"all": {League: league, Team: "b", Types: []string{events.MatchDeleted}},
	} {
		r, pages, got := w.reader("org_1"), 0, []string(nil)
		counted := tabletest.NewFaulty(w.table)
		r.Reader = changes.NewStore(counted).For(&api.Caller{Org: "org_1"}, &contract.Contract{})
		for r.filter = f; len(got) == 0; pages++ {
			if pages == 10 {
				t.Fatalf("%s: not found", name)
			}
			some, err := r.page(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, some...)
		}
		for _, c := range counted.Calls() {
			if c.Query.Limit == 0 || c.Query.Limit > 501 {
				t.Errorf("%s: a query reads %d rows", name, c.Query.Limit)
			}
		}
		if got[0] != "evt_1100" || len(got) > 1 || pages != 3 {
			t.Errorf("%s: got %v after %d pages, want evt_1100 after 3", name, got, pages)
		}
	}
	none := w.reader("org_1")
	none.filter = changes.Filter{League: "en.1", Team: "a"}
	wantIDs(t, "another team", none.all(t), nil)
}

func TestAnUnavailableTableIsAnErrorOfTheReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	faulty := tabletest.NewFaulty(w.table)
	faulty.Always(tabletest.Unavailable)
	r := changes.NewStore(faulty).For(&api.Caller{Org: "org_1"}, &contract.Contract{})
	if _, err := r.List(t.Context(), changes.Filter{}, "", 1, w.clock()); !errors.Is(err, table.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
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

// matchItem is the item of a match.
func matchItem(t *testing.T) table.Item {
	t.Helper()
	it, err := table.Encode(matches.Match{ID: "m_1", League: "en.1", Season: "2025-26", Date: "2026-05-01", Status: matches.Live, Version: 6,
		Home: matches.Side{ID: "a", Name: "A"}, Away: matches.Side{ID: "b", Name: "B"}, Owner: matches.Public, UpdatedAt: "2026-05-01T14:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	it[table.PartitionAttr], it[table.SortAttr] = "MATCH#m_1", "MATCH"
	return it
}

func TestADeletionLeavesATombstoneThatNamesTheReplacement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	it := matchItem(t)
	alias := table.Item{table.PartitionAttr: "MATCH#m_1", table.SortAttr: "MATCH", "alias_of": "m_2", "version": int64(7)}
	at := time.Date(2026, 5, 1, 15, 0, 0, 0, time.UTC)
	a, r := changes.NewAppender(w.table, w.clock), w.reader("org_1")
	goal := &events.Event{ID: "evt_goal", Type: events.EventDeleted, At: at, Match: "m_1",
		Data: events.EventNews{Event: reports.Event{ID: "e_1", Version: 3}}}
	goal.AddMatch(matches.FromItem(it))
	w.append(t, a, changes.Of(goal))
	for _, is := range []table.Item{nil, alias} {
		e, ok, err := events.Of(table.Change{ID: fmt.Sprint(is == nil), Time: at, Old: it, New: is})
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		w.append(t, a, changes.Of(&e))
	}
	page, err := r.List(t.Context(), changes.Filter{}, "", 10, w.clock())
	if err != nil || len(page.Changes) != 3 {
		t.Fatal(page, err)
	}
	for i, want := range []string{"match.event.deleted e_1 m_1 3 2026-05-01T15:00:00Z ", "match.deleted m_1 m_1 6 2026-05-01T15:00:00Z ", "match.deleted m_1 m_1 6 2026-05-01T15:00:00Z m_2"} {
		c := page.Changes[i]
		replaced := ""
		if c.ReplacedBy != nil {
			replaced = *c.ReplacedBy
		}
		if c.Version == nil || c.DeletedAt == nil || c.League == nil {
			t.Fatalf("got %+v", c)
		}
		got := fmt.Sprintf("%s %s %s %d %s %s", c.Type, c.ID, c.Match, *c.Version, c.DeletedAt.Format(time.RFC3339), replaced)
		if got != want || *c.League != "en.1" || !slices.Equal(c.Teams, []string{"a", "b"}) || c.Owner != matches.Public {
			t.Errorf("got %q of %+v, want %q", got, c, want)
		}
	}
}
