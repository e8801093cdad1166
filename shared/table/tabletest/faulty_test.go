package tabletest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"statgate/shared/table"
	"statgate/shared/table/tabletest"
)

var (
	key   = table.Key{Partition: "p", Sort: "s"}
	count = table.Update(key, []table.Action{table.Increment("n", 1)})
)

func stored(t *testing.T, tb table.Table) int64 {
	t.Helper()
	it, err := tb.Get(t.Context(), key, true)
	if err != nil {
		t.Fatal(err)
	}
	return it.Int("n")
}

func TestFaultyTableWithoutAPlanPassesTheTableSuite(t *testing.T) {
	t.Parallel()
	tabletest.Run(t, func(t *testing.T) table.Table { return tabletest.NewFaulty(memory(t)) })
}

func TestNextCallsFailWithThePlannedFault(t *testing.T) {
	t.Parallel()
	for fault, want := range map[tabletest.Fault]struct {
		err       error
		performed int64
	}{
		tabletest.Throttled:   {table.ErrThrottled, 0},
		tabletest.Unavailable: {table.ErrUnavailable, 0},
		tabletest.Conflict:    {table.ErrConflict, 0},
		tabletest.Lost:        {table.ErrUnavailable, 2},
	} {
		inner := memory(t)
		f := tabletest.NewFaulty(inner)
		f.Next(2, fault, "Write", "Transact")
		if _, err := f.Get(t.Context(), key, true); err != nil {
			t.Errorf("fault %d: got %v, want a read to succeed", fault, err)
		}
		it, err := f.Write(t.Context(), count)
		if it != nil || !errors.Is(err, want.err) {
			t.Errorf("fault %d, write: got %v, %v, want %v", fault, it, err, want.err)
		}
		if err := f.Transact(t.Context(), []table.Write{count}); !errors.Is(err, want.err) {
			t.Errorf("fault %d, transaction: got %v, want %v", fault, err, want.err)
		}
		if got := stored(t, inner); got != want.performed {
			t.Errorf("fault %d: got %d writes performed, want %d", fault, got, want.performed)
		}
		if _, err := f.Write(t.Context(), count); err != nil {
			t.Errorf("fault %d: third write: got %v, want no error", fault, err)
		}
		if got, want := len(f.Calls()), 4; got != want {
			t.Errorf("fault %d: got %d calls, want %d", fault, got, want)
		}
	}
}

func TestAlwaysFailsEveryMethodUntilHealed(t *testing.T) {
	t.Parallel()
	f := tabletest.NewFaulty(memory(t))
	f.Always(tabletest.Unavailable)
	for range 3 {
		_, get := f.Get(t.Context(), key, true)
		_, batch := f.BatchGet(t.Context(), []table.Key{key}, true)
		_, query := f.Query(t.Context(), table.Query{Partition: "p"})
		_, write := f.Write(t.Context(), count)
		transact := f.Transact(t.Context(), []table.Write{count})
		for i, err := range []error{get, batch, query, write, transact} {
			if !errors.Is(err, table.ErrUnavailable) {
				t.Errorf("method %d: got %v, want ErrUnavailable", i, err)
			}
		}
	}
	f.Heal()
	if got, want := stored(t, f), int64(0); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

func TestSlowTableRespectsTheDeadline(t *testing.T) {
	t.Parallel()
	f := tabletest.NewFaulty(memory(t))
	f.Slow(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := f.Write(ctx, count)
	if !errors.Is(err, table.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want ErrUnavailable and context.DeadlineExceeded", err)
	}
	f.Heal()
	if got, want := stored(t, f), int64(0); got != want {
		t.Errorf("got %d writes performed, want %d", got, want)
	}
}
