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

// tellTimeout is how long a change may take to its reader; DynamoDB Local on a
// busy machine needs the most of it.
const tellTimeout = 30 * time.Second

// Stream is a table's changes for one reader, from when it was opened on.
type Stream interface {
	Follow(ctx context.Context, read table.Reader, log *slog.Logger) error
}

// Streamed is a table with a stream, and what opens that for a reader.
type Streamed struct {
	Table table.Table
	Open  func(reader string) (Stream, error)
}

// streamBench is a guarantee of streams under test.
type streamBench struct {
	*bench
	open func(reader string) (Stream, error)
}

// RunStreams tests that what is written to a table is told to its readers. open
// makes a table of [StreamSchema]; it is called once, as each guarantee has a
// reader and partitions of its own.
func RunStreams(t *testing.T, open func(t *testing.T) Streamed) {
	t.Helper()
	s := open(t)
	for _, g := range streams {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			g.test(&streamBench{&bench{t, s.Table, "P#" + g.name}, s.Open})
		})
	}
}

// told is what a reader was told of the guarantee's own partition.
type told struct {
	*streamBench
	refuse int // batches to fail on, before the first that is taken

	mu      sync.Mutex
	refused [][]table.Change
	taken   []table.Change
}

// follow opens a stream and follows it until the test ends. It fails on the first
// batches with changes of the guarantee's own.
func (b *streamBench) follow(refuse int) *told {
	b.Helper()
	s, err := b.open(b.Name())
	if err != nil {
		b.Fatal(err)
	}
	return b.followOn(s, refuse)
}

func (b *streamBench) followOn(s Stream, refuse int) *told {
	b.Helper()
	w := &told{streamBench: b, refuse: refuse}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Follow(ctx, w.read, slog.New(slog.DiscardHandler)) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Errorf("following until the end of the context: got %v, want no error", err)
		}
	})
	return w
}

func (w *told) read(_ context.Context, changes []table.Change) error {
	if len(changes) == 0 || len(changes) > 100 {
		w.Errorf("got a batch of %d, want 1 to 100", len(changes))
	}
	own := slices.DeleteFunc(slices.Clone(changes), func(c table.Change) bool { return c.Key().Partition != w.partition })
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(own) > 0 && len(w.refused) < w.refuse {
		w.refused = append(w.refused, own)
		return errors.New("not now")
	}
	w.taken = append(w.taken, own...)
	return nil
}

// await returns what the reader took as soon as it is n changes or more.
func (w *told) await(n int) []table.Change {
	w.Helper()
	for late := time.Now().Add(tellTimeout); ; time.Sleep(5 * time.Millisecond) {
		w.mu.Lock()
		changes := slices.Clone(w.taken)
		w.mu.Unlock()
		if len(changes) >= n {
			return changes
		}
		if time.Now().After(late) {
			w.Fatalf("got %d changes after %v, want %d: %v", len(changes), tellTimeout, n, changes)
		}
	}
}

// wantChange compares one change.
func (b *streamBench) wantChange(what string, got table.Change, old, now table.Item) {
	b.Helper()
	b.wantItem(what+": before", got.Old, old)
	b.wantItem(what+": after", got.New, now)
}

func ids(changes []table.Change) []string {
	var list []string
	for _, c := range changes {
		list = append(list, c.ID)
	}
	return list
}

// streamGuarantee is one sentence of what package table says of changes.
type streamGuarantee struct {
	name string
	test func(b *streamBench)
}

var streams = []streamGuarantee{
	{"ChangeHasTheItemBeforeAndAfterAndAnIDAndATimeOfItsOwn", func(b *streamBench) {
		w := b.follow(0)
		start := time.Now()
		first, second := b.put(b.full()), b.put(b.item("s", "a", "x"))
		third := b.write(update(b.key("s"), table.Set("a", "y"), table.Set("n", int64(1))))
		b.write(table.Delete(b.key("s")))
		got := w.await(4)
		b.wantChange("created", got[0], nil, first)
		b.wantChange("replaced", got[1], first, second)
		b.wantChange("updated", got[2], second, third)
		b.wantChange("deleted", got[3], third, nil)
		for i, c := range got {
			if c.ID == "" || slices.Contains(ids(got[:i]), c.ID) {
				b.Errorf("change %d: got id %q, want one of its own", i, c.ID)
			}
			// DynamoDB tells whole seconds, DynamoDB Local whole minutes.
			if c.Time.Before(start.Add(-time.Second).Truncate(time.Minute)) || c.Time.After(time.Now().Add(2*time.Second)) || c.Time.Location() != time.UTC {
				b.Errorf("change %d: got time %v, want about %v in UTC", i, c.Time, start)
			}
			if got, want := c.Key(), b.key("s"); got != want {
				b.Errorf("change %d: got key %v, want %v", i, got, want)
			}
		}
	}},
	{"TransactionTellsEachItemThatItChanged", func(b *streamBench) {
		deleted, updated := b.put(b.item("delete", "a", "x")), b.put(b.item("update", "n", int64(1)))
		b.put(b.item("check"))
		equal := b.put(b.item("equal", "a", "x"))
		w := b.follow(0)
		created := b.item("put", "a", "x")
		err := b.transact(table.Delete(b.key("delete")), table.Check(b.key("check"), table.IsThere()), table.Put(created),
			update(b.key("update"), table.Increment("n", 1)), table.Put(equal), table.Delete(b.key("none")))
		if err != nil {
			b.Fatal(err)
		}
		for _, sort := range []string{"check", "equal", "none"} {
			b.put(b.item(sort, "last", true))
		}
		got := map[string]table.Change{}
		for _, c := range w.await(6) {
			if sort := c.Key().Sort; got[sort].ID != "" {
				b.Errorf("%s: got two changes, want one", sort)
			} else {
				got[sort] = c
			}
		}
		b.wantChange("delete", got["delete"], deleted, nil)
		b.wantChange("put", got["put"], nil, created)
		b.wantChange("update", got["update"], updated, b.item("update", "n", int64(2)))
		b.wantChange("check", got["check"], b.item("check"), b.item("check", "last", true))
		b.wantChange("equal", got["equal"], equal, b.item("equal", "last", true))
		b.wantChange("none", got["none"], nil, b.item("none", "last", true))
	}},
	{"ChangesOfAnItemComeInTheOrderOfItsWritesAndParallelWritersLoseNone", func(b *streamBench) {
		const writers, each = 8, 30
		w := b.follow(0)
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				for range each {
					for _, sort := range []string{fmt.Sprint(i), "shared"} {
						if _, err := b.Write(b.Context(), update(b.key(sort), table.Increment("n", 1))); err != nil {
							b.Errorf("writing %s: %v", sort, err)
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
				b.Errorf("%s: got a change from %d to %d after one to %d", sort, c.Old.Int("n"), got, last[sort])
			}
			last[sort] = c.New.Int("n")
		}
		if got, want := last["shared"], int64(writers*each); got != want {
			b.Errorf("got %d changes of the item that all write, want %d", got, want)
		}
	}},
	{"RefusedWritesTellNothing", func(b *streamBench) {
		w := b.follow(0)
		it := b.put(b.item("s", "a", "x"))
		no := table.Eq("a", "other")
		b.wantRefused("put", table.Put(b.item("s"), no), it)
		b.wantRefused("update", table.Update(b.key("s"), []table.Action{table.Set("a", "y")}, no), it)
		b.wantRefused("delete", table.Delete(b.key("s"), no), it)
		b.wantBad("bad", update(b.key("s"), table.Set("q.n", "x")))
		err := b.transact(update(b.key("s"), table.Set("a", "y")), table.Check(b.key("none"), table.IsThere()))
		if table.WasCanceled(err) == nil {
			b.Errorf("transaction: got %v, want a cancellation", err)
		}
		last := b.put(b.item("s", "a", "last"))
		got := w.await(2)
		b.wantChange("first", got[0], nil, it)
		b.wantChange("last", got[1], it, last)
	}},
	{"WritesThatLeaveTheItemEqualTellNothing", func(b *streamBench) {
		w := b.follow(0)
		it := b.put(b.full())
		b.put(b.full())
		b.write(update(b.key("s"), table.Set("m.b.c", "deep"), table.Increment("n", 0)))
		b.write(update(b.key("s"), table.Remove("none"), table.Default("text", "other")))
		b.write(table.Delete(b.key("none")))
		last := b.write(update(b.key("s"), table.Set("m.b.c", "deeper")))
		none := b.put(b.item("none"))
		got := w.await(3)
		slices.SortStableFunc(got, func(a, b table.Change) int { return -strings.Compare(a.Key().Sort, b.Key().Sort) })
		b.wantChange("first", got[0], nil, it)
		b.wantChange("last", got[1], it, last)
		b.wantChange("item that was not there", got[2], nil, none)
	}},
	{"BatchThatAReaderFailsOnComesAgainWithTheSameIDsAndThenWhatFollows", func(b *streamBench) {
		w := b.follow(2)
		for i := range 20 {
			b.put(b.item("s", "n", int64(i)))
		}
		got := w.await(20)
		first, again, all := ids(w.refused[0]), ids(w.refused[1]), ids(got)
		if len(again) < len(first) || !slices.Equal(again[:len(first)], first) || !slices.Equal(all[:len(again)], again) {
			b.Errorf("got %v, then %v, then %v, want each to begin with what was refused", first, again, all)
		}
		for i, c := range got {
			if got, want := c.New.Int("n"), int64(i); got != want {
				b.Errorf("change %d: got %d, want %d", i, got, want)
			}
		}
	}},
	{"ReaderIsToldWhatIsWrittenAfterItsStreamWasOpenedAndNothingElse", func(b *streamBench) {
		before := b.put(b.item("s", "n", int64(1)))
		s, err := b.open(b.Name())
		if err != nil {
			b.Fatal(err)
		}
		second := b.put(b.item("s", "n", int64(2)))
		w := b.followOn(s, 0)
		w.await(1)
		third := b.put(b.item("s", "n", int64(3)))
		got := w.await(2)
		b.wantChange("before it follows", got[0], before, second)
		b.wantChange("while it follows", got[1], second, third)
	}},
	{"ReadersAreToldTheSame", func(b *streamBench) {
		var all []*told
		for i := range 2 {
			s, err := b.open(fmt.Sprintf("%s %d", b.Name(), i))
			if err != nil {
				b.Fatal(err)
			}
			all = append(all, b.followOn(s, 0))
		}
		for i := range 5 {
			b.put(b.item("s", "n", int64(i)))
		}
		one, two := ids(all[0].await(5)), ids(all[1].await(5))
		if !slices.Equal(one, two) {
			b.Errorf("got %v and %v, want the same", one, two)
		}
	}},
}
