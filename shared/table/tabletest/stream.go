package tabletest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/shared/table"
)

// StreamSchema is the table that [RunStreams] works on.
var StreamSchema = table.Schema{Name: "streamed", Indexes: []string{"list"}, Streams: true}

// receiveTimeout is how long a change may take to reach its reader. DynamoDB Local on a
// busy machine needs most of it.
const receiveTimeout = 2 * time.Minute

// Stream is the changes of a table for one reader, starting when it was opened.
type Stream interface {
	Follow(ctx context.Context, read table.Reader, log *slog.Logger) error
}

// Streamed is a table with a stream. Open opens the stream for a reader.
type Streamed struct {
	Table table.Table
	Open  func(reader string) (Stream, error)
}

// streamFixture is a fixture that can open the table's stream.
type streamFixture struct {
	*fixture
	open func(reader string) (Stream, error)
}

// RunStreams tests that the readers of a table's stream get its changes. open returns a
// table of [StreamSchema]. It is called once, because each guarantee has a reader and a
// partition of its own.
func RunStreams(t *testing.T, open func(t *testing.T) Streamed) {
	t.Helper()
	s := open(t)
	for _, g := range streams {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			g.test(&streamFixture{&fixture{t, s.Table, "P#" + g.name}, s.Open})
		})
	}
}

// testReader collects the changes of the guarantee's partition.
type testReader struct {
	*streamFixture
	failures int // number of batches to fail on before it accepts one

	mu       sync.Mutex
	failed   [][]table.Change
	accepted []table.Change
}

// follow opens a stream and follows it until the test ends. The reader fails on the given
// number of batches that have changes of the guarantee's partition, and then accepts all.
func (f *streamFixture) follow(failures int) *testReader {
	f.Helper()
	s, err := f.open(f.Name())
	if err != nil {
		f.Fatal(err)
	}
	return f.followOn(s, failures)
}

func (f *streamFixture) followOn(s Stream, failures int) *testReader {
	f.Helper()
	w := &testReader{streamFixture: f, failures: failures}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Follow(ctx, w.read, slog.New(slog.DiscardHandler)) }()
	f.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			f.Errorf("Follow: got %v at the end of the context, want no error", err)
		}
	})
	return w
}

func (r *testReader) read(_ context.Context, changes []table.Change) error {
	if len(changes) == 0 || len(changes) > 100 {
		r.Errorf("got a batch of %d, want 1 to 100", len(changes))
	}
	own := slices.DeleteFunc(slices.Clone(changes), func(c table.Change) bool { return c.Key().Partition != r.partition })
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(own) > 0 && len(r.failed) < r.failures {
		r.failed = append(r.failed, own)
		return errors.New("not now")
	}
	r.accepted = append(r.accepted, own...)
	return nil
}

// await returns the changes that the reader accepted as soon as there are at least n.
func (r *testReader) await(n int) []table.Change {
	r.Helper()
	for deadline := time.Now().Add(receiveTimeout); ; time.Sleep(5 * time.Millisecond) {
		r.mu.Lock()
		changes := slices.Clone(r.accepted)
		r.mu.Unlock()
		if len(changes) >= n {
			return changes
		}
		if time.Now().After(deadline) {
			r.Fatalf("got %d changes after %v, want %d: %v", len(changes), receiveTimeout, n, changes)
		}
	}
}

// wantChange compares one change.
func (f *streamFixture) wantChange(what string, got table.Change, old, now table.Item) {
	f.Helper()
	f.wantItem(what+": before", got.Old, old)
	f.wantItem(what+": after", got.New, now)
}

func ids(changes []table.Change) []string {
	var list []string
	for _, c := range changes {
		list = append(list, c.ID)
	}
	return list
}

// streamGuarantee is one tested statement of package table's documentation of changes.
type streamGuarantee struct {
	name string
	test func(f *streamFixture)
}

var streams = []streamGuarantee{
	{"ChangeHasTheItemBeforeAndAfterAUniqueIDAndATime", func(f *streamFixture) {
		w := f.follow(0)
		start := time.Now()
		first, second := f.put(f.full()), f.put(f.item("s", "a", "x"))
		third := f.write(update(f.key("s"), table.Set("a", "y"), table.Set("n", int64(1))))
		f.write(table.Delete(f.key("s")))
		got := w.await(4)
		f.wantChange("created", got[0], nil, first)
		f.wantChange("replaced", got[1], first, second)
		f.wantChange("updated", got[2], second, third)
		f.wantChange("deleted", got[3], third, nil)
		for i, c := range got {
			if c.ID == "" || slices.Contains(ids(got[:i]), c.ID) {
				f.Errorf("change %d: got id %q, want a unique one", i, c.ID)
			}
			// DynamoDB reports whole seconds, DynamoDB Local whole minutes.
			if c.Time.Before(start.Add(-time.Second).Truncate(time.Minute)) || c.Time.After(time.Now().Add(2*time.Second)) || c.Time.Location() != time.UTC {
				f.Errorf("change %d: got time %v, want about %v in UTC", i, c.Time, start)
			}
			if got, want := c.Key(), f.key("s"); got != want {
				f.Errorf("change %d: got key %v, want %v", i, got, want)
			}
		}
	}},
	{"TransactionRecordsOneChangePerChangedItem", func(f *streamFixture) {
		deleted, updated := f.put(f.item("delete", "a", "x")), f.put(f.item("update", "n", int64(1)))
		f.put(f.item("check"))
		equal := f.put(f.item("equal", "a", "x"))
		w := f.follow(0)
		created := f.item("put", "a", "x")
		err := f.transact(table.Delete(f.key("delete")), table.Check(f.key("check"), table.IsThere()), table.Put(created),
			update(f.key("update"), table.Increment("n", 1)), table.Put(equal), table.Delete(f.key("none")))
		if err != nil {
			f.Fatal(err)
		}
		for _, sort := range []string{"check", "equal", "none"} {
			f.put(f.item(sort, "last", true))
		}
		got := map[string]table.Change{}
		for _, c := range w.await(6) {
			if sort := c.Key().Sort; got[sort].ID != "" {
				f.Errorf("%s: got two changes, want one", sort)
			} else {
				got[sort] = c
			}
		}
		f.wantChange("delete", got["delete"], deleted, nil)
		f.wantChange("put", got["put"], nil, created)
		f.wantChange("update", got["update"], updated, f.item("update", "n", int64(2)))
		f.wantChange("check", got["check"], f.item("check"), f.item("check", "last", true))
		f.wantChange("equal", got["equal"], equal, f.item("equal", "last", true))
		f.wantChange("none", got["none"], nil, f.item("none", "last", true))
	}},
	{"ChangesOfAnItemArriveInTheOrderOfItsWritesAndConcurrentWritersLoseNone", func(f *streamFixture) {
		const writers, each = 8, 30
		w := f.follow(0)
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				for range each {
					for _, sort := range []string{fmt.Sprint(i), "shared"} {
						if _, err := f.Write(f.Context(), update(f.key(sort), table.Increment("n", 1))); err != nil {
							f.Errorf("writing %s: %v", sort, err)
						}
					}
				}
			})
		}
		wg.Wait()
		last := map[string]int64{}
		for _, c := range w.await(2 * writers * each) {
			sort := c.Key().Sort
			if got, want := c.New.Int("n"), last[sort]+1; got != want || c.Old.Int("n") != last[sort] {
				f.Errorf("%s: got a change from %d to %d, want one from %d", sort, c.Old.Int("n"), got, last[sort])
			}
			last[sort] = c.New.Int("n")
		}
		if got, want := last["shared"], int64(writers*each); got != want {
			f.Errorf("got %d changes of the shared item, want %d", got, want)
		}
	}},
	{"FailedWritesRecordNoChange", func(f *streamFixture) {
		w := f.follow(0)
		it := f.put(f.item("s", "a", "x"))
		failing := table.Eq("a", "other")
		f.wantConditionFailed("put", table.Put(f.item("s"), failing), it)
		f.wantConditionFailed("update", table.Update(f.key("s"), []table.Action{table.Set("a", "y")}, failing), it)
		f.wantConditionFailed("delete", table.Delete(f.key("s"), failing), it)
		f.wantBad("bad", update(f.key("s"), table.Set("q.n", "x")))
		err := f.transact(update(f.key("s"), table.Set("a", "y")), table.Check(f.key("none"), table.IsThere()))
		if table.AsCanceled(err) == nil {
			f.Errorf("transaction: got %v, want a cancellation", err)
		}
		last := f.put(f.item("s", "a", "last"))
		got := w.await(2)
		f.wantChange("first", got[0], nil, it)
		f.wantChange("last", got[1], it, last)
	}},
	{"WritesThatLeaveTheItemEqualRecordNoChange", func(f *streamFixture) {
		w := f.follow(0)
		it := f.put(f.full())
		f.put(f.full())
		f.write(update(f.key("s"), table.Set("m.b.c", "deep"), table.Increment("n", 0)))
		f.write(update(f.key("s"), table.Remove("none"), table.Default("text", "other")))
		f.write(table.Delete(f.key("none")))
		last := f.write(update(f.key("s"), table.Set("m.b.c", "deeper")))
		none := f.put(f.item("none"))
		got := w.await(3)
		slices.SortStableFunc(got, func(x, y table.Change) int { return -strings.Compare(x.Key().Sort, y.Key().Sort) })
		f.wantChange("first", got[0], nil, it)
		f.wantChange("last", got[1], it, last)
		f.wantChange("item that did not exist", got[2], nil, none)
	}},
	{"FailedBatchIsReadAgainWithTheSameIDsBeforeNewerChanges", func(f *streamFixture) {
		w := f.follow(2)
		for i := range 20 {
			f.put(f.item("s", "n", int64(i)))
		}
		got := w.await(20)
		first, again, all := ids(w.failed[0]), ids(w.failed[1]), ids(got)
		if len(again) < len(first) || !slices.Equal(again[:len(first)], first) || !slices.Equal(all[:len(again)], again) {
			f.Errorf("got %v, then %v, then %v, want each to begin with the failed batch", first, again, all)
		}
		for i, c := range got {
			if got, want := c.New.Int("n"), int64(i); got != want {
				f.Errorf("change %d: got %d, want %d", i, got, want)
			}
		}
	}},
	{"ReaderGetsOnlyChangesMadeAfterItsStreamWasOpened", func(f *streamFixture) {
		before := f.put(f.item("s", "n", int64(1)))
		s, err := f.open(f.Name())
		if err != nil {
			f.Fatal(err)
		}
		second := f.put(f.item("s", "n", int64(2)))
		w := f.followOn(s, 0)
		w.await(1)
		third := f.put(f.item("s", "n", int64(3)))
		got := w.await(2)
		f.wantChange("before Follow", got[0], before, second)
		f.wantChange("during Follow", got[1], second, third)
	}},
	{"AllReadersGetTheSameChanges", func(f *streamFixture) {
		var all []*testReader
		for i := range 2 {
			s, err := f.open(fmt.Sprintf("%s %d", f.Name(), i))
			if err != nil {
				f.Fatal(err)
			}
			all = append(all, f.followOn(s, 0))
		}
		for i := range 5 {
			f.put(f.item("s", "n", int64(i)))
		}
		one, two := ids(all[0].await(5)), ids(all[1].await(5))
		if !slices.Equal(one, two) {
			f.Errorf("got %v and %v, want the same", one, two)
		}
	}},
}
