package idempotency_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
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

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type order struct {
	Thing string `json:"thing"`
	Count *int   `json:"count,omitempty"`
}

type made struct {
	ID    string  `json:"id"`
	Share float64 `json:"share"`
}

func open(t *testing.T) *tabletest.Faulty {
	t.Helper()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return tabletest.NewFaulty(db.Table(table.Stats.Name))
}

func call(token, operation, org, user string, now time.Time) *api.Request {
	return &api.Request{ID: "r", Route: api.Route{Operation: operation}, Now: now, IdempotencyKey: token,
		Caller: &api.Caller{Key: "key_1", Org: org, User: user}}
}

// do does the work once: it makes an item of the id and stores the answer.
func do(ctx context.Context, t table.Table, r *api.Request, in order, id string) (made, error) {
	token, err := idempotency.Of(t, r, in)
	if err != nil {
		return made{}, err
	}
	call := change.Asked(r)
	call.Token = token
	return change.Make(ctx, change.Store{Table: t, IDs: ids.New(rand.Reader), BesideData: true}, call,
		func(context.Context, int) (string, error) { return id, nil },
		func(id string) (made, change.Plan, error) {
			return made{ID: id, Share: 0.5}, change.Plan{
				Writes:  []table.Write{table.Put(table.Item{table.PartitionAttr: "MADE", table.SortAttr: id}, table.IsNew())},
				Entries: []audit.Change{{Action: "thing.create", Target: id}},
			}, nil
		})
}

func count(t *testing.T, tbl table.Table) int {
	t.Helper()
	page, err := tbl.Query(t.Context(), table.Query{Partition: "MADE", Consistent: true})
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Items)
}

func condition(err error) string {
	if err == nil {
		return ""
	}
	return api.ErrorOf(err).Condition
}

func TestRepeatGetsTheFirstAnswerAndMakesNothing(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	two := 2
	first, err := do(t.Context(), tbl, call("once", "make", "org_1", "usr_1", noon), order{"cup", &two}, "a")
	if err != nil {
		t.Fatal(err)
	}
	same := 2
	for _, at := range []time.Time{noon, noon.Add(idempotency.Life - time.Second)} {
		again, err := do(t.Context(), tbl, call("once", "make", "org_1", "usr_1", at), order{"cup", &same}, "b")
		if err != nil || again != first {
			t.Errorf("at %s: got %+v (%v), want %+v", at, again, err, first)
		}
	}
	if got := count(t, tbl); got != 1 {
		t.Errorf("got %d things, want 1", got)
	}
}

func TestTokenOfAnotherRequestIsRefused(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	if _, err := do(t.Context(), tbl, call("once", "make", "org_1", "usr_1", noon), order{Thing: "cup"}, "a"); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]struct {
		operation string
		in        order
	}{"another input": {"make", order{Thing: "jug"}}, "another operation": {"break", order{Thing: "cup"}}} {
		if _, err := do(t.Context(), tbl, call("once", r.operation, "org_1", "usr_1", noon), r.in, "b"); condition(err) != api.ConflictRepeat {
			t.Errorf("%s: got %v, want %s", name, err, api.ConflictRepeat)
		}
	}
	if got := count(t, tbl); got != 1 {
		t.Errorf("got %d things, want 1", got)
	}
}

func TestTokenBelongsToItsUserAndEndsAfterADay(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	for i, r := range []*api.Request{
		call("once", "make", "org_1", "usr_1", noon), call("once", "make", "org_1", "usr_2", noon),
		call("once", "make", "org_2", "usr_1", noon), call("once", "make", "org_1", "usr_1", noon.Add(idempotency.Life)),
		call("", "make", "org_1", "usr_1", noon), call("", "make", "org_1", "usr_1", noon),
	} {
		id := string(rune('a' + i))
		got, err := do(t.Context(), tbl, r, order{Thing: id}, id)
		if err != nil || got.ID != id {
			t.Errorf("call %d: got %+v (%v), want a new %s", i, got, err, id)
		}
	}
}

func TestConcurrentRequestsWithOneTokenMakeOneThing(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	answers := make([]made, 32)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			var err error
			if answers[i], err = do(t.Context(), tbl, call("once", "make", "org_1", "usr_1", noon), order{Thing: "cup"}, string(rune('A'+i))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, a := range answers {
		if a != answers[0] {
			t.Errorf("call %d: got %+v, another got %+v", i, a, answers[0])
		}
	}
	if got := count(t, tbl); got != 1 {
		t.Errorf("got %d things, want 1", got)
	}
}

func TestLostAnswerIsFoundAgain(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	var lost atomic.Bool
	tbl.Follow(func(c tabletest.Call) (tabletest.Fault, time.Duration) {
		if c.Method == "Transact" && lost.CompareAndSwap(false, true) {
			return tabletest.Lost, 0
		}
		return tabletest.None, 0
	})
	got, err := do(t.Context(), tbl, call("once", "make", "org_1", "usr_1", noon), order{Thing: "cup"}, "a")
	if err != nil || got.ID != "a" || count(t, tbl) != 1 {
		t.Errorf("got %+v (%v) and %d things, want a and 1", got, err, count(t, tbl))
	}
}

func TestStoreThatDoesNotAnswerIsUnavailable(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	tbl.Always(tabletest.Unavailable, "Get")
	if _, err := do(t.Context(), tbl, call("once", "make", "org_1", "usr_1", noon), order{Thing: "cup"}, "a"); condition(err) != api.Unavailable {
		t.Errorf("got %v, want %s", err, api.Unavailable)
	}
	if got := count(t, tbl); got != 0 {
		t.Errorf("got %d things, want none", got)
	}
}

func TestTokenIsVisibleASCII(t *testing.T) {
	t.Parallel()
	for text, fine := range map[string]bool{
		"": true, "5b0c7c1e-3f0a-4a55-9a52-0d3a7f0c1f11": true, "~!#": true, strings.Repeat("a", 255): true,
		"a b": false, "é": false, "a\n": false, "\x7f": false, strings.Repeat("a", 256): false,
	} {
		_, err := idempotency.Place(call(text, "make", "org_1", "usr_1", noon))
		var e *api.Error
		if (err == nil) != fine || err != nil && (!errors.As(err, &e) || e.Condition != api.InputParameter) {
			t.Errorf("%q: got %v, want accepted: %v", text, err, fine)
		}
	}
}
