package changes_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/feed/changes"
	"statgate/shared/feed/events"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
	"statgate/shared/table/tabletest"
)

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

// TestAReaderThatNeverStopsSeesEveryChangeInOrder lets writers with different clocks append
// across the ends of segments while readers poll.
func TestAReaderThatNeverStopsSeesEveryChangeInOrder(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		const writers, each, readers = 4, 60, 3
		w.set(begin.Add(6 * day))
		done, seen := make(chan struct{}), make([][]string, readers)
		var reading sync.WaitGroup
		for i := range readers {
			reading.Go(func() { seen[i] = w.reader("org_1").until(t, done) })
		}
		w.write(t, writers, each)
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

// write appends changes with several writers, whose clocks are hours apart, and moves the
// clock on.
func (w *world) write(t *testing.T, writers, each int) {
	t.Helper()
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			a := changes.NewAppender(w.table, func() time.Time { return w.clock().Add(-time.Duration(i) * time.Hour) })
			for n := range each {
				w.pass(4 * time.Hour / time.Duration(writers))
				if err := a.Append(t.Context(), w.change(i*each+n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
}

// until polls the feed to its end after done is closed, and returns all that it saw.
func (r *reader) until(t *testing.T, done <-chan struct{}) (seen []string) {
	for ending := false; ; {
		select {
		case <-done:
			ending = true
		default:
		}
		some, err := r.page(t.Context())
		if err != nil {
			t.Error(err)
			return seen
		}
		if seen = append(seen, some...); len(some) == 0 && ending {
			return seen
		}
	}
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

func TestAppendersAndReadersDoNotDependOnReplicasThatLag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.table = tabletest.Lagging{Table: w.table}
	w.set(begin.Add(7*day - 10*time.Minute))
	first, second := w.change(1), w.change(2)
	w.append(t, changes.NewAppender(w.table, w.clock), first, second)
	w.pass(20 * time.Minute) // the next appender has to seal a segment
	one, other := changes.NewAppender(w.table, w.clock), changes.NewAppender(w.table, w.clock)
	w.append(t, one, second)
	w.append(t, other, first)
	w.append(t, one, w.change(3))
	w.append(t, other, w.change(4)) // the position that it knows is taken
	wantIDs(t, "on a lagging table", w.reader("org_1").all(t), ids(1, 4))
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
