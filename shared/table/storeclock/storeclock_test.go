package storeclock_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"statgate/shared/table/storeclock"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestAClockWithinTheToleranceIsNotCorrected(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{0, time.Second, -time.Second, 4 * time.Second, -4 * time.Second} {
		machine := noon.Add(off)
		c := storeclock.New(func() time.Time { return machine })
		c.Observe(noon)
		if got := c.Now(); !got.Equal(machine) {
			t.Errorf("off by %s: got %s, want the machine's time", off, got)
		}
	}
}

func TestAClockBeforeTheFirstAnswerIsTheMachines(t *testing.T) {
	t.Parallel()
	c := storeclock.New(func() time.Time { return noon })
	if got := c.Now(); !got.Equal(noon) || c.Confirmed() {
		t.Errorf("got %s, confirmed %v, want %s, not confirmed", got, c.Confirmed(), noon)
	}
	if c.Observe(noon); !c.Confirmed() {
		t.Error("an answer does not confirm the clock")
	}
}

// The machine's clock jumps by up to years between the answers, which arrive up to a second
// late.
func TestAfterEachAnswerTheClockIsCloseToTheStores(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var off time.Duration
		store := noon
		c := storeclock.New(func() time.Time { return store.Add(off) })
		for range rapid.IntRange(1, 12).Draw(t, "answers") {
			off = time.Duration(rapid.OneOf(rapid.Int64Range(-10, 10), rapid.Int64Range(-1e8, 1e8)).Draw(t, "seconds off")) * time.Second
			store = store.Add(time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "nanoseconds later")))
			stated := store.Truncate(time.Second)
			store = store.Add(time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "nanoseconds of transfer")))
			c.Observe(stated)
			if apart := c.Now().Sub(store); apart.Abs() > storeclock.Tolerance+2*time.Second {
				t.Fatalf("the clock is %s from the store's", apart)
			}
		}
	})
}

func TestACorrectionEndsWhenTheMachinesClockIsRightAgain(t *testing.T) {
	t.Parallel()
	machine := noon.AddDate(1, 0, 0)
	c := storeclock.New(func() time.Time { return machine })
	c.Observe(noon)
	if got := c.Now().Sub(noon); got.Abs() > time.Second {
		t.Errorf("a year ahead: the clock is %s from the store's", got)
	}
	machine = noon.Add(time.Minute)
	c.Observe(machine)
	if got := c.Now(); !got.Equal(machine) {
		t.Errorf("right again: got %s, want %s", got, machine)
	}
}
