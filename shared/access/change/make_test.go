package change_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

// counter is a store of one number, which each call raises by one through the frame.
type counter struct {
	table  *tabletest.Faulty
	store  change.Store
	bumped int
}

var (
	counterKey = table.Key{Partition: "COUNTER", Sort: "COUNTER"}
	request    = &api.Request{ID: "r", Now: by.At, Route: api.Route{Operation: "raise"}, Caller: &api.Caller{Key: "key_1", Org: "org_1", User: "usr_1"}}
)

func newCounter(t *testing.T, besideData bool) *counter {
	t.Helper()
	schema := table.Keys
	if besideData {
		schema = table.Stats
	}
	db, err := local.OpenMemory(schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c := &counter{table: tabletest.NewFaulty(db.Table(schema.Name))}
	c.store = change.Store{Table: c.table, Gates: c, IDs: ids.New(rand.Reader), BesideData: besideData}
	return c
}

func (c *counter) Bump(context.Context, ...string) error { c.bumped++; return nil }

// read returns the number's item.
func (c *counter) read(ctx context.Context, _ int) (table.Item, error) {
	it, err := c.table.Get(ctx, counterKey, true)
	if err != nil {
		return nil, api.UnavailableError("reading the counter", err)
	}
	return it, nil
}

// raised is the decision: a number that is one higher, signed by the call.
func raised(call string) func(it table.Item) (int64, change.Plan, error) {
	return func(it table.Item) (int64, change.Plan, error) {
		if it.Str("by") == call {
			return 0, change.Plan{Bump: []string{"key_1"}, Made: true}, nil
		}
		n, unchanged := it.Int("n")+1, table.IsNew()
		if it != nil {
			unchanged = table.Eq("n", n-1)
		}
		return n, change.Plan{
			Bump:    []string{"key_1"},
			Writes:  []table.Write{table.Put(table.Item{table.PartitionAttr: counterKey.Partition, table.SortAttr: counterKey.Sort, "n": n, "by": call}, unchanged)},
			Entries: []audit.Change{{Org: "org_1", Action: "counter.raise", Target: "counter", After: map[string]int64{"n": n}}},
		}, nil
	}
}

// raise raises the number; byEntry finds lost answers by the audit entry alone.
func (c *counter) raise(ctx context.Context, call string, byEntry bool) (int64, error) {
	what := change.Call{By: audit.Caller(request), Org: "org_1"}
	decide := raised(call)
	if byEntry {
		what.Entries = c.table
		decide = func(it table.Item) (int64, change.Plan, error) {
			delete(it, "by")
			return raised(call)(it)
		}
	}
	return change.Make(ctx, c.store, what, c.read, decide)
}

// state returns the number and how many audit entries the organisation's trail has.
func (c *counter) state(t *testing.T) (n int64, entries int) {
	t.Helper()
	c.table.Heal()
	it, err := c.table.Get(t.Context(), counterKey, true)
	if err != nil {
		t.Fatal(err)
	}
	page, err := c.table.Query(t.Context(), table.Query{Partition: "AUDIT#org_1", Consistent: true})
	if err != nil {
		t.Fatal(err)
	}
	return it.Int("n"), len(page.Items)
}

func condition(err error) string {
	if err == nil {
		return ""
	}
	return api.ErrorOf(err).Condition
}

// inBothTrails runs a test for stores of the keys table, which find lost answers by
// their facts, and of a table of data, which find them by the audit entry.
func inBothTrails(t *testing.T, test func(t *testing.T, besideData bool)) {
	for _, beside := range []bool{false, true} {
		t.Run(fmt.Sprintf("beside data %v", beside), func(t *testing.T) {
			t.Parallel()
			test(t, beside)
		})
	}
}

func TestAChangeIsMadeAndRecordedOnceDespiteFaults(t *testing.T) {
	t.Parallel()
	inBothTrails(t, func(t *testing.T, beside bool) {
		for _, f := range []struct {
			fault tabletest.Fault
			times int
			want  string // condition
			n     int64  // afterwards
			calls string
		}{
			{tabletest.None, 0, "", 1, "Get Transact"},
			{tabletest.Throttled, 2, "", 1, "Get Transact Get Transact Get Transact"},
			{tabletest.Unavailable, 2, "", 1, "Get Transact Get Transact Get Transact"},
			{tabletest.Conflict, 9, "", 1, strings.TrimSpace(strings.Repeat("Get Transact ", 10))},
			{tabletest.Lost, 1, "", 1, "Get Transact Get"},
			{tabletest.Throttled, 3, api.Unavailable, 0, "Get Transact Get Transact Get Transact"},
			{tabletest.Unavailable, 3, api.Unavailable, 0, "Get Transact Get Transact Get Transact"},
			{tabletest.Conflict, 10, api.Unavailable, 0, strings.TrimSpace(strings.Repeat("Get Transact ", 10))},
		} {
			c := newCounter(t, beside)
			c.table.Next(f.times, f.fault, "Transact")
			got, err := c.raise(t.Context(), "a", beside)
			calls := c.methods()
			n, entries := c.state(t)
			name := fmt.Sprintf("fault %d, %d times", f.fault, f.times)
			if condition(err) != f.want || err == nil && got != 1 || n != f.n || entries != int(f.n) || c.bumped != 1 {
				t.Errorf("%s: got %d, %v, then number %d with %d entries and %d bumps", name, got, err, n, entries, c.bumped)
			}
			want := f.calls
			if beside { // each further attempt looks for the entry behind its facts
				want = strings.ReplaceAll(want, " Get", " Get BatchGet")
			}
			if calls != want {
				t.Errorf("%s: got calls %s, want %s", name, calls, want)
			}
		}
	})
}

func (c *counter) methods() string {
	var names []string
	for _, call := range c.table.Calls() {
		names = append(names, call.Method)
	}
	return strings.Join(names, " ")
}

// TestALostAnswerIsFoundAfterOtherChanges has another call change the facts between a
// write, whose answer is lost, and the next attempt. Only the entry then shows the write.
func TestALostAnswerIsFoundAfterOtherChanges(t *testing.T) {
	t.Parallel()
	c := newCounter(t, true)
	call := change.Call{By: audit.Caller(request), Org: "org_1", Entries: c.table}
	c.table.Next(1, tabletest.Lost, "Transact")
	got, err := change.Make(t.Context(), c.store, call,
		func(ctx context.Context, attempt int) (table.Item, error) {
			if attempt == 2 {
				if _, err := c.raise(ctx, "other", true); err != nil {
					t.Error(err)
				}
			}
			return c.read(ctx, attempt)
		}, raised("mine"))
	n, entries := c.state(t)
	if err != nil || got != 1 || n != 2 || entries != 2 {
		t.Errorf("got %d, %v, then number %d with %d entries, want 1, then 2 with 2", got, err, n, entries)
	}
}

func TestConcurrentChangesAreAllMade(t *testing.T) {
	t.Parallel()
	inBothTrails(t, func(t *testing.T, beside bool) {
		c := newCounter(t, beside)
		const calls = 8
		results := make(chan int64, calls)
		for i := range calls {
			go func() {
				n, err := c.raise(t.Context(), fmt.Sprint(i), beside)
				if err != nil {
					t.Error(err)
				}
				results <- n
			}()
		}
		var got []int64
		for range calls {
			got = append(got, <-results)
		}
		slices.Sort(got)
		n, entries := c.state(t)
		if want := []int64{1, 2, 3, 4, 5, 6, 7, 8}; !slices.Equal(got, want) || n != calls || entries != calls {
			t.Errorf("got %v, then number %d with %d entries", got, n, entries)
		}
	})
}

func TestFactsAreReadAgainAndFailuresToReadThemEndAChange(t *testing.T) {
	t.Parallel()
	inBothTrails(t, func(t *testing.T, beside bool) {
		for _, method := range []string{"Get", "BatchGet"} {
			c := newCounter(t, beside)
			c.table.Follow(func(call tabletest.Call) (tabletest.Fault, time.Duration) {
				switch {
				case call.Method == "Transact":
					return tabletest.Throttled, 0
				case call.Method == method && call.Number > 2:
					return tabletest.Unavailable, 0
				}
				return tabletest.None, 0
			})
			_, err := c.raise(t.Context(), "a", beside)
			if n, entries := c.state(t); condition(err) != api.Unavailable || n != 0 || entries != 0 {
				t.Errorf("%s: got %v, number %d, %d entries", method, err, n, entries)
			}
		}
	})
}

func TestFactsAreNeverWrittenWithoutTheirEntry(t *testing.T) {
	t.Parallel()
	inBothTrails(t, func(t *testing.T, beside bool) {
		for _, entries := range []int{0, 2} {
			if entries == 2 && !beside {
				continue // the keys table takes several
			}
			c := newCounter(t, beside)
			_, err := change.Make(t.Context(), c.store, change.Call{By: by, Org: "org_1"}, c.read, func(it table.Item) (int64, change.Plan, error) {
				n, plan, err := raised("a")(it)
				plan.Entries = slices.Repeat(plan.Entries, entries)
				return n, plan, err
			})
			if n, _ := c.state(t); condition(err) != api.Internal || n != 0 {
				t.Errorf("%d entries: got %v, number %d", entries, err, n)
			}
		}
	})
}

func TestTheEntryBesideDataIsInTheTrailOfTheCallersOrganisation(t *testing.T) {
	t.Parallel()
	c := newCounter(t, true)
	_, err := change.Make(t.Context(), c.store, change.Asked(request), c.read, func(it table.Item) (int64, change.Plan, error) {
		n, plan, err := raised("a")(it)
		plan.Entries[0].Org = "org_2"
		return n, plan, err
	})
	if _, entries := c.state(t); err != nil || entries != 1 {
		t.Errorf("got %v and %d entries in the caller's trail", err, entries)
	}
}

func TestAFailedRecheckWritesNothing(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"recheck", "before"} {
		c := newCounter(t, false)
		no := api.Fail(api.SecretRevoked, "revoked")
		call := change.Call{By: by}
		if step == "recheck" {
			call.Recheck = func(context.Context) error { return no }
		}
		_, err := change.Make(t.Context(), c.store, call, c.read, func(it table.Item) (int64, change.Plan, error) {
			n, plan, err := raised("a")(it)
			if step == "before" {
				plan = plan.And(change.Plan{Before: func(context.Context) error { return no }})
			}
			return n, plan, err
		})
		if calls, n := c.methods(), c.number(t); !errors.Is(err, no) || n != 0 || calls != "Get" {
			t.Errorf("%s: got %v by %s, number %d", step, err, calls, n)
		}
	}
}

func (c *counter) number(t *testing.T) int64 { n, _ := c.state(t); return n }

func TestARepeatedIdempotencyKeyIsAnsweredWithoutReadingFacts(t *testing.T) {
	t.Parallel()
	c := newCounter(t, true)
	r := *request
	r.IdempotencyKey = "once"
	raise := func() (int64, error) {
		call := change.Asked(&r)
		var err error
		if call.Token, err = (idempotency.Store{Table: c.table}).Of(&r, "raise"); err != nil {
			t.Fatal(err)
		}
		call.Entries = c.table
		return change.Make(t.Context(), c.store, call, c.read, raised("a"))
	}
	c.table.Next(1, tabletest.Lost, "Transact")
	for _, want := range []string{"Get Get Transact Get", "Get"} { // the second attempt ends at the stored answer, too
		before := len(c.methods())
		n, err := raise()
		if got := strings.TrimSpace(c.methods()[before:]); n != 1 || err != nil || got != want {
			t.Errorf("got %d, %v by %s, want 1 by %s", n, err, got, want)
		}
	}
	if n, entries := c.state(t); n != 1 || entries != 1 {
		t.Errorf("number %d, %d entries", n, entries)
	}
}
