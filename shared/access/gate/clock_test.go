package gate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
	"statgate/shared/table/storeclock"
)

// dated is a table whose answers state the store's time, as those of DynamoDB do.
type dated struct {
	table.Table
	store   func() time.Time
	observe func(time.Time)
}

func (d dated) Write(ctx context.Context, w table.Write) (table.Item, error) {
	it, err := d.Table.Write(ctx, w)
	d.observe(d.store().Truncate(time.Second))
	return it, err
}

func (d dated) Get(ctx context.Context, k table.Key, consistent bool) (table.Item, error) {
	it, err := d.Table.Get(ctx, k, consistent)
	d.observe(d.store().Truncate(time.Second))
	return it, err
}

// corrected is an instance whose machine's clock is off. The store's clock is the fixture's.
func (w *fixture) corrected(off func() time.Duration) *Gate {
	clock := storeclock.New(func() time.Time { return w.clock.Now().Add(off()) })
	g := w.instance(clock.Now)
	g.Keys, g.Confirmed = dated{w.keys, w.clock.Now, clock.Observe}, clock.Confirmed
	return g
}

func off(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

const year = 365 * 24 * time.Hour

func TestAClockAYearAheadClosesNoQuotaWindow(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		w.gate = w.corrected(off(0))
		for _, size := range []int64{60, hour, 24 * hour} {
			c := w.key(3, size)
			if _, err := admit(w.corrected(off(year)), c, listMatches); err != nil {
				t.Fatal(err)
			}
			for used := int64(2); used <= 3; used++ {
				a, err := admit(w.gate, c, listMatches)
				if err != nil || a.Meter.Used != used {
					t.Errorf("window of %d s, request %d: used %d, %v", size, used, a.Meter.Used, err)
				}
			}
			_, err := admit(w.gate, c, listMatches)
			want(t, err, api.Quota)
			if got := api.ErrorOf(err).RetryAfter; got > time.Duration(size)*time.Second {
				t.Errorf("window of %d s: retry after %s", size, got)
			}
			w.clock.advance(24 * time.Hour)
			if _, err := admit(w.gate, c, listMatches); err != nil {
				t.Errorf("in the next window: %v", err)
			}
			w.addsUp(c.Key, 4)
		}
	})
}

// A key may have been made by the instance whose clock is wrong.
func TestAKeyMadeUnderAWrongClockIsUsableImmediately(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		w.gate = New(keys, func() time.Time { return w.clock.Now().Add(year) })
		c := w.key(3, hour)
		w.gate = w.corrected(off(0))
		for used := int64(1); used <= 3; used++ {
			a, err := admit(w.gate, c, listMatches)
			if err != nil || a.Meter.Used != used {
				t.Errorf("request %d: used %d, %v", used, a.Meter.Used, err)
			}
		}
		_, err := admit(w.gate, c, listMatches)
		want(t, err, api.Quota)
		w.addsUp(c.Key, 3)
	})
}

// An earlier release adopted any window.
func TestAWindowFarAheadIsClosedForOneWindowAtMostAndNeverOverAdmits(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		for _, size := range []int64{60, hour, 24 * hour} {
			w := newFixture(t, keys)
			w.clock.advance(30 * time.Second)
			w.gate = w.corrected(off(0))
			c := w.key(5, size)
			admitted := int64(0)
			for range 3 {
				if _, err := admit(w.gate, c, listMatches); err == nil {
					admitted++
				}
			}
			wild := w.instance(func() time.Time { return w.clock.Now().Add(year) }) // the store does not confirm its clock
			for _, r := range []api.Route{listMatches, getSelf, listMatches} {
				if _, err := admit(wild, c, r); err != nil {
					t.Fatal(err)
				}
				admitted++
			}
			var all atomic.Int64
			crowd(8, func(int) {
				g := w.corrected(off(0))
				for range 4 {
					_, err := admit(g, c, listMatches)
					want(t, err, api.Quota)
					if wait := api.ErrorOf(err).RetryAfter; wait > time.Duration(size)*time.Second {
						t.Errorf("window of %d s: retry after %s", size, wait)
					}
					if _, err := admit(g, c, revokeSelf); err != nil {
						t.Errorf("a request that spends nothing: %v", err)
					}
					all.Add(1)
				}
			})
			w.addsUp(c.Key, admitted+all.Load())
			if hours, err := w.gate.Usage(context.Background(), c.Key, noon, noon.Add(time.Hour)); err != nil || len(hours) != 1 || sum(hours) != admitted+all.Load() {
				t.Errorf("the usage of the hour is %v (%v), want %d requests", hours, err, admitted+all.Load())
			}
			w.clock.advance(time.Duration(size) * time.Second)
			if a, err := admit(w.gate, c, listMatches); err != nil || a.Meter.Used != 1 {
				t.Errorf("in the next window: used %d, %v", a.Meter.Used, err)
			}
			w.addsUp(c.Key, admitted+all.Load()+1)
		}
	})
}

func sum(hours []Hour) (all int64) {
	for _, h := range hours {
		for _, n := range h.Operations {
			all += n
		}
	}
	return all
}

// The wrong clock rolled the hour twice, so the current hour is in history.
func TestUsageMovedBackToAClosedHourIsCountedOnce(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		w.gate = w.corrected(off(0))
		c := w.key(1000, hour)
		made := int64(0)
		call := func(g *Gate) {
			t.Helper()
			if _, err := admit(g, c, getMatch); err != nil && condition(t, err) != api.Quota {
				t.Fatal(err)
			} else if err == nil {
				made++
			}
			w.addsUp(c.Key, made)
		}
		ahead := year
		wild := w.instance(func() time.Time { return w.clock.Now().Add(ahead) })
		for range 2 {
			call(w.gate)
			for range 3 {
				call(wild)
				ahead += 3 * time.Hour
			}
		}
		for range 5 {
			call(w.gate)
			w.clock.advance(time.Hour)
		}
		if made < 10 {
			t.Errorf("%d requests were admitted: so this test proves little", made)
		}
	})
}

// within checks the limit of each window, and that it ended between two times.
func (w *windowTally) within(t *testing.T, limit int64, from, to time.Time) {
	t.Helper()
	for at, n := range w.by {
		if n > limit {
			t.Errorf("window until %v admitted %d, limit %d", at, n, limit)
		}
		if at.Before(from) || at.After(to) {
			t.Errorf("a window until %v was opened; want between %v and %v", at, from, to)
		}
	}
}

func TestInstancesWithWildClocksNeverPassTheLimitAndOpenNoFurtherWindows(t *testing.T) {
	const threads, calls, limit, windows = 24, 40, 20, 12
	for _, size := range []int64{60, hour, 24 * hour} {
		t.Run(fmt.Sprintf("%ds", size), func(t *testing.T) {
			engines(t, func(t *testing.T, keys table.Table) {
				w := newFixture(t, keys)
				c := w.key(limit, size)
				window := time.Duration(size) * time.Second
				tick := windows * window / (threads * calls)
				tally := &windowTally{by: map[time.Time]int64{}}
				var admitted atomic.Int64
				began := w.clock.Now()
				crowd(threads, func(i int) {
					random := rand.New(rand.NewPCG(uint64(i), uint64(size)))
					var skew atomic.Int64
					g := w.corrected(func() time.Duration { return time.Duration(skew.Load()) })
					for n := range calls {
						if n%8 == 0 && i%2 == 0 { // the machine's clock jumps
							skew.Store(int64(year) - random.Int64N(2*int64(year)))
						}
						r := []api.Route{listMatches, getMatch, revokeSelf}[n%3]
						w.clock.advance(tick)
						a, err := admit(g, c, r)
						if got := condition(t, err); got != "" && got != api.Quota {
							t.Errorf("got %v", err)
						}
						if err != nil {
							if wait := api.ErrorOf(err).RetryAfter; wait > window {
								t.Errorf("retry after %s", wait)
							}
							continue
						}
						admitted.Add(1)
						if r.Cost > 0 {
							tally.add(a.Meter.ResetsAt)
						}
					}
				})
				tally.within(t, limit, began, w.clock.Now().Add(window+storeclock.Tolerance))
				if len(tally.by) < windows/2 {
					t.Errorf("%d windows: so this test proves nothing", len(tally.by))
				}
				w.addsUp(c.Key, admitted.Load())
			})
		})
	}
}

func TestAWrongClockNeitherExpiresNorRevivesAKey(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		for name, skew := range map[string]time.Duration{"ahead": year, "behind": -year} {
			c := w.key(100, hour)
			c.NotAfter = w.clock.Now().Add(30 * time.Minute)
			w.facts.change(c.Secret, func(f *api.Caller) { f.NotAfter = c.NotAfter })
			g := w.corrected(off(skew))
			w.facts.gate = g // so that the facts are read from the table that states its time
			if _, err := admit(g, c, listMatches); err != nil {
				t.Errorf("%s: a valid key: %v", name, err)
			}
			w.clock.advance(time.Hour)
			_, err := admit(g, c, listMatches)
			want(t, err, api.SecretExpired)
		}
	})
}

func TestRetryAfterNeverExceedsTheWindow(t *testing.T) {
	t.Parallel()
	w := newFixture(t, embedded(t))
	c := w.key(1, hour)
	c.Limits[contract.Requests] = contract.Budget{Limit: 1, Window: hour}
	ahead := w.instance(func() time.Time { return w.clock.Now().Add(year) })
	if _, err := admit(ahead, c, listMatches); err != nil {
		t.Fatal(err)
	}
	for range 2 { // by the item, then from memory
		_, err := admit(w.gate, c, listMatches) // no store confirms the clock, so the window is adopted
		want(t, err, api.Quota)
		if got := api.ErrorOf(err).RetryAfter; got != time.Hour {
			t.Errorf("retry after %s, want 1h", got)
		}
	}
}
