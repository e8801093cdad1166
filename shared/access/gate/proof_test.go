package gate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// crowd runs n clients concurrently and waits for them.
func crowd(n int, client func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { client(i) })
	}
	all.Wait()
}

func TestSixtyFourClientsOnALimitOfAThousandAdmitExactlyAThousand(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(1000, hour)
		instances := []*Gate{w.gate, w.instance(w.clock.Now), w.instance(w.clock.Now), w.instance(w.clock.Now)}
		var admitted, refused atomic.Int64
		crowd(64, func(i int) {
			for range 100 {
				_, err := admit(instances[i%len(instances)], c, listMatches)
				switch condition(t, err) {
				case "":
					admitted.Add(1)
				case api.Quota:
					refused.Add(1)
				default:
					t.Errorf("got %v", err)
				}
			}
		})
		if got, want := admitted.Load(), int64(1000); got != want {
			t.Errorf("admitted %d, want exactly %d", got, want)
		}
		if got, want := refused.Load(), int64(5400); got != want {
			t.Errorf("refused %d, want exactly %d", got, want)
		}
		w.addsUp(c.Key, 1000)
	})
}

// TestEachOfSeveralBudgetsAdmitsExactlyItsLimit has one key spend two budgets
// concurrently, from four instances whose clocks are seconds apart, in three consecutive
// minutes. The third budget is a level, which requests do not spend.
func TestEachOfSeveralBudgetsAdmitsExactlyItsLimit(t *testing.T) {
	const minute, clients, calls = 60, 48, 20
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		limits := map[string]contract.Budget{contract.Requests: {Limit: 300, Window: minute}, "mcp": {Limit: 120, Window: minute}, "sockets": {Limit: 5}}
		c := w.key(300, minute)
		c.Limits = limits
		w.facts.change(c.Secret, func(f *api.Caller) { f.Limits = limits })
		var instances []*Gate
		for i := range 4 {
			instances = append(instances, w.instance(func() time.Time { return w.clock.Now().Add(time.Duration(i) * time.Second) }))
		}
		var all int64
		for n := range 3 {
			var admitted, refused [2]atomic.Int64
			crowd(clients, func(i int) {
				for range calls {
					budget := []string{contract.Requests, "mcp"}[i%2]
					a, err := instances[i/2%len(instances)].Admit(context.Background(), c, listMatches, budget)
					switch condition(t, err) {
					case "":
						admitted[i%2].Add(1)
						if a.Meter.Limit != limits[budget].Limit || a.Meter.Budget != budget {
							t.Errorf("a request of %s: got meter %+v", budget, a.Meter)
						}
					case api.Quota:
						refused[i%2].Add(1)
						if wait := api.ErrorOf(err).RetryAfter; wait <= 0 || wait > minute*time.Second {
							t.Errorf("%s: got retry after %s, want at most a minute", budget, wait)
						}
					default:
						t.Errorf("got %v", err)
					}
				}
			})
			for i, budget := range []string{contract.Requests, "mcp"} {
				limit := limits[budget].Limit
				if got, no := admitted[i].Load(), refused[i].Load(); got != limit || no != clients*calls/2-limit {
					t.Errorf("minute %d, %s: %d admitted and %d refused, want exactly %d admitted", n, budget, got, no, limit)
				}
				all += admitted[i].Load()
			}
			w.clock.advance(minute * time.Second)
		}
		if _, err := w.gate.Admit(context.Background(), c, listMatches, "sockets"); condition(t, err) != api.Internal {
			t.Errorf("a budget without a window: got %v, want an internal error", err)
		}
		w.addsUp(c.Key, all)
	})
}

// windowTally counts admissions by the window that the gate put them in.
type windowTally struct {
	sync.Mutex
	by map[time.Time]int64
}

func (w *windowTally) add(at time.Time) { w.Lock(); w.by[at]++; w.Unlock() }

// filled checks the limit of each window, and that enough windows reached it.
func (w *windowTally) filled(t *testing.T, limit int64) {
	t.Helper()
	full := 0
	for at, n := range w.by {
		if n > limit {
			t.Errorf("window until %v admitted %d, limit %d", at, n, limit)
		}
		if n == limit {
			full++
		}
	}
	if len(w.by) < 10 || full < 5 {
		t.Errorf("%d windows, %d of them full: so this test proves nothing", len(w.by), full)
	}
}

func TestWindowsRollUnderSkewedClocksAndNeverPassTheLimit(t *testing.T) {
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
				crowd(threads, func(i int) {
					skew := window * time.Duration(i-threads/2) / (threads / 2) // a window behind … a window ahead
					g := w.instance(func() time.Time { return w.clock.Now().Add(skew) })
					for n := range calls {
						r := []api.Route{listMatches, getMatch, getSelf}[n%3]
						w.clock.advance(tick)
						a, err := admit(g, c, r)
						if got := condition(t, err); got != "" && got != api.Quota {
							t.Errorf("got %v", err)
						}
						if err != nil {
							continue
						}
						admitted.Add(1)
						if r.Cost > 0 {
							tally.add(a.Meter.ResetsAt)
						}
					}
				})
				tally.filled(t, limit)
				w.addsUp(c.Key, admitted.Load())
			})
		})
	}
}

// load makes requests with the caller that a cached policy would keep sending, on several
// instances, while change is made. It passes to admittedLate each request that began after the
// change was answered and was still admitted.
func load(w *fixture, c *api.Caller, r api.Route, change func(), admittedLate func(Admission)) (before int64) {
	var answered, stop atomic.Bool
	var admitted, after atomic.Int64
	instances := []*Gate{w.gate, w.instance(w.clock.Now), w.instance(w.clock.Now), w.instance(w.clock.Now)}
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			for !stop.Load() {
				began := answered.Load()
				a, err := admit(instances[i%len(instances)], c, r)
				switch {
				case err == nil && began:
					admittedLate(a)
				case err == nil:
					admitted.Add(1)
				case condition(w.t, err) == api.Unavailable:
					w.t.Errorf("got %v", err)
				}
				if began {
					after.Add(1)
				}
			}
		})
	}
	waitUntil(func() bool { return admitted.Load() > 100 })
	change()
	answered.Store(true)
	waitUntil(func() bool { return after.Load() > 200 })
	stop.Store(true)
	all.Wait()
	return admitted.Load()
}

func waitUntil(done func() bool) {
	for !done() {
		time.Sleep(time.Millisecond)
	}
}

func TestNoRequestAfterARevocationIsAdmitted(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		for range 3 {
			c := w.key(1_000_000, hour)
			before := load(w, c, listMatches, func() {
				w.facts.end(c.Secret, api.SecretRevoked)
				w.bump(c.Key)
			}, func(a Admission) { t.Errorf("admitted with version %d after the revocation", a.Caller.Version) })
			w.addsUp(c.Key, before)
		}
	})
}

func TestNoRequestUnderARemovedScopeIsAdmitted(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(1_000_000, hour)
		load(w, c, listMatches, func() {
			w.facts.change(c.Secret, func(f *api.Caller) { f.Permissions = []string{"keys:read"} })
			w.bump(c.Key)
		}, func(a Admission) { t.Errorf("admitted with %v after the scope was removed", a.Caller.Permissions) })
		if _, err := admit(w.gate, c, getSelf); err != nil {
			t.Errorf("a request that the key may still make: %v", err)
		}
	})
}

func TestNoOldSecretIsAdmittedAfterARotation(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(1_000_000, hour)
		renewed := *c
		renewed.Secret += "_renewed"
		before := load(w, c, listMatches, func() {
			w.facts.change(renewed.Secret, func(f *api.Caller) { *f = renewed })
			w.facts.end(c.Secret, api.SecretRevoked)
			w.bump(c.Key)
		}, func(Admission) { t.Error("the old secret was admitted after the rotation") })
		a, err := admit(w.gate, &renewed, listMatches)
		if err != nil {
			t.Fatalf("the new secret: %v", err)
		}
		if got, want := a.Meter.Used, before+1; got != want {
			t.Errorf("used %d after the rotation, want %d: a rotation never resets a quota", got, want)
		}
	})
}

func TestManyChangesUnderLoadLeaveTheKeyUsableAndCounted(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(1_000_000, hour)
		var admitted atomic.Int64
		crowd(8, func(i int) {
			g := w.instance(w.clock.Now)
			for range 40 {
				if i == 0 {
					w.bump(c.Key)
				}
				_, err := admit(g, c, listMatches)
				if err != nil {
					t.Errorf("got %v", err)
					continue
				}
				admitted.Add(1)
			}
		})
		w.addsUp(c.Key, admitted.Load())
	})
}

// fault is how a faulty store treats one write.
type fault struct {
	err            error
	applied        bool          // the write happens before the error
	delay          time.Duration // 0 answers immediately
	ignoresContext bool          // the delay does not end with the context
}

// faulty is a table whose writes fail as fault says, and whose reads fail if a plain write
// would.
type faulty struct {
	table.Table
	fault func(n int64, w table.Write) fault
	n     atomic.Int64
}

func (f *faulty) Write(ctx context.Context, w table.Write) (table.Item, error) {
	is := f.fault(f.n.Add(1), w)
	if is.delay > 0 {
		done := ctx.Done()
		if is.ignoresContext {
			done = nil
		}
		select {
		case <-time.After(is.delay):
		case <-done:
			return nil, fmt.Errorf("%w: %w", table.ErrUnavailable, ctx.Err())
		}
	}
	if is.err != nil && !is.applied {
		return nil, is.err
	}
	if is.ignoresContext {
		ctx = context.WithoutCancel(ctx)
	}
	it, err := f.Table.Write(ctx, w)
	if is.err != nil {
		return nil, errors.Join(is.err, err)
	}
	return it, err
}

func (f *faulty) Get(ctx context.Context, k table.Key, consistent bool) (table.Item, error) {
	if is := f.fault(f.n.Add(1), table.Write{}); is.err != nil {
		return nil, is.err
	}
	return f.Table.Get(ctx, k, consistent)
}

func TestAStoreThatDoesNotAnswerNeverAdmits(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		for name, f := range map[string]fault{
			"throttled":                   {err: table.ErrThrottled},
			"unavailable":                 {err: table.ErrUnavailable},
			"conflict":                    {err: table.ErrConflict},
			"bad write":                   {err: table.ErrBadWrite},
			"unknown":                     {err: errors.New("reset by peer")},
			"applied, answer lost":        {err: table.ErrUnavailable, applied: true},
			"too slow":                    {delay: time.Hour},
			"too slow and ignoresContext": {delay: time.Second, ignoresContext: true},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newFixture(t, keys)
				c := w.key(10, hour)
				g := New(&faulty{Table: keys, fault: func(int64, table.Write) fault { return f }}, w.clock.Now)
				g.Resolver = w.facts
				began := time.Now()
				_, err := admit(g, c, listMatches)
				want(t, err, api.Unavailable)
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("took %v, want about %v at most", took, patience)
				}
				if got := api.ErrorOf(err).RetryAfter; got != time.Second {
					t.Errorf("retry after %v, want 1s", got)
				}
			})
		}
	})
}

func TestLostAnswersCountTwiceAtMostAndNeverOverAdmit(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		const limit, clients, calls = 200, 16, 30
		c := w.key(limit, hour)
		store := &faulty{Table: keys, fault: func(n int64, wr table.Write) fault {
			switch {
			case n%7 == 0:
				return fault{err: table.ErrUnavailable, applied: true}
			case n%11 == 0:
				return fault{err: table.ErrThrottled}
			}
			return fault{}
		}}
		var admitted atomic.Int64
		crowd(clients, func(int) {
			g := w.instance(w.clock.Now)
			g.Keys = store
			for range calls {
				_, err := admit(g, c, listMatches)
				if err == nil {
					admitted.Add(1)
				}
			}
		})
		total := w.state(c.Key).Total
		if got := admitted.Load(); got > limit || got == 0 || total < got || total > limit {
			t.Errorf("admitted %d, counted %d, limit %d", got, total, limit)
		}
		w.addsUp(c.Key, total)
	})
}

func TestBumpRetriesFaultsAndReportsFailure(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		ctx := context.Background()
		var names []string
		for range 20 {
			names = append(names, w.key(10, hour).Key)
		}
		var mu sync.Mutex
		tries := map[table.Key]int{}
		w.gate.Keys = &faulty{Table: keys, fault: func(_ int64, wr table.Write) fault {
			mu.Lock()
			defer mu.Unlock()
			n := tries[wr.Target()] // of this gate, so that each bump meets every fault and then succeeds
			tries[wr.Target()]++
			return []fault{{err: table.ErrThrottled}, {err: table.ErrUnavailable, applied: true}, {err: table.ErrConflict}, {}}[min(n, 3)]
		}}
		if err := w.gate.Bump(ctx, names...); err != nil {
			t.Fatal(err)
		}
		w.gate.Keys = keys
		for _, name := range names {
			if v := w.state(name).Version; v < 2 {
				t.Errorf("%s has version %d, want 2 at least", name, v)
			}
		}
		w.gate.Keys = &faulty{Table: keys, fault: func(_ int64, wr table.Write) (f fault) {
			if wr.Target() == Address(names[3]) {
				f.err = table.ErrThrottled
			}
			return f
		}}
		want(t, w.gate.Bump(ctx, names...), api.Unavailable)
	})
}

func TestAnySequenceOfRequestsAndTimesStaysWithinTheLimit(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		random := rand.New(rand.NewPCG(1, 2))
		for range 8 {
			w := newFixture(t, keys)
			limit, size := 1+random.Int64N(4), []int64{60, hour, 24 * hour}[random.IntN(3)]
			c := w.key(limit, size)
			a, b := &clock{}, &clock{}
			gates := []*Gate{w.instance(a.Now), w.instance(b.Now)}
			windows := map[time.Time]int64{}
			var admitted int64
			for range 60 {
				at := noon.Add(time.Duration(random.Int64N(3*size)) * time.Second)
				[]*clock{a, b}[random.IntN(2)].nanos.Store(at.UnixNano())
				r := []api.Route{listMatches, getSelf}[random.IntN(2)]
				i := random.IntN(2)
				if gates[i].Clock().Before(noon) {
					continue
				}
				got, err := gates[i].Admit(context.Background(), c, r, contract.Requests)
				if err != nil {
					want(t, err, api.Quota)
					continue
				}
				admitted++
				if r.Cost > 0 {
					windows[got.Meter.ResetsAt]++
				}
			}
			for at, n := range windows {
				if n > limit {
					t.Errorf("window until %v admitted %d, limit %d", at, n, limit)
				}
			}
			w.addsUp(c.Key, admitted)
		}
	})
}
