package gate

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// managing limits key management on every instance of the fixture that is given.
func managing(limit int64, gates ...*Gate) {
	for _, g := range gates {
		g.Management = contract.Budget{Limit: limit, Window: 60}
	}
}

func TestConcurrentManagementRequestsAdmitExactlyTheirBudget(t *testing.T) {
	const limit, clients, calls = 100, 48, 20
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(1000, hour)
		instances := []*Gate{w.gate, w.instance(w.clock.Now), w.instance(w.clock.Now), w.instance(w.clock.Now)}
		managing(limit, instances...)
		var all, spent int64
		for minute := range 3 {
			var admitted, refused, data, urgent atomic.Int64
			crowd(clients, func(i int) {
				g := instances[i%len(instances)]
				for n := range calls {
					a, err := admit(g, c, getSelf)
					switch condition(t, err) {
					case "":
						admitted.Add(1)
					case api.QuotaManagement:
						refused.Add(1)
						if a.Management.Remaining() != 0 || a.Meter.Limit != 1000 || api.ErrorOf(err).RetryAfter > time.Minute {
							t.Errorf("refused with meters %+v and %+v, %+v", a.Meter, a.Management, err)
						}
					default:
						t.Errorf("got %v", err)
					}
					if n%5 == 0 { // the other requests of the key
						if _, err := admit(g, c, listMatches); err != nil {
							t.Errorf("a data request: %v", err)
						}
						data.Add(1)
						if _, err := admit(g, c, revokeSelf); err != nil {
							t.Errorf("an urgent request: %v", err)
						}
						urgent.Add(1)
					}
				}
			})
			if got, no := admitted.Load(), refused.Load(); got != limit || no != clients*calls-limit {
				t.Errorf("minute %d: %d admitted and %d refused, want exactly %d admitted", minute, got, no, limit)
			}
			spent += data.Load()
			all += admitted.Load() + data.Load() + urgent.Load()
			if got := w.state(c.Key).Meter(contract.Requests, c.Limits[contract.Requests], w.clock.Now()).Used; got != spent {
				t.Errorf("minute %d: %d of the plan are used, want %d: key management costs nothing of it", minute, got, spent)
			}
			w.clock.advance(time.Minute)
		}
		w.addsUp(c.Key, all)
	})
}

func TestManagementWindowsRollUnderSkewedClocksAndNeverPassTheLimit(t *testing.T) {
	const threads, calls, limit, windows = 24, 40, 20, 12
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(1000, hour)
		tick := windows * time.Minute / (threads * calls)
		tally := &windowTally{by: map[time.Time]int64{}}
		var admitted atomic.Int64
		crowd(threads, func(i int) {
			skew := time.Minute * time.Duration(i-threads/2) / (threads / 2) // a window behind … a window ahead
			g := w.instance(func() time.Time { return w.clock.Now().Add(skew) })
			managing(limit, g)
			for range calls {
				w.clock.advance(tick)
				a, err := admit(g, c, getSelf)
				if err != nil {
					want(t, err, api.QuotaManagement)
					continue
				}
				admitted.Add(1)
				tally.add(a.Management.ResetsAt)
			}
		})
		tally.filled(t, limit)
		w.addsUp(c.Key, admitted.Load())
	})
}

func TestAManagementRequestIsOneWriteInASteadyStreamAndAfterAPause(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		store := &counting{Table: keys}
		w := newFixture(t, store)
		managing(50, w.gate)
		c := w.key(1000, hour)
		store.take()
		for range 4 { // minutes
			for range 5 {
				if _, err := admit(w.gate, c, getSelf); err != nil {
					t.Fatal(err)
				}
			}
			if writes, reads := store.take(); writes != 5 || reads != 0 {
				t.Errorf("5 requests made %d writes and %d reads, want 5 and 0", writes, reads)
			}
			w.clock.advance(7 * time.Minute)
		}
		// An instance that has not seen the window pays one refused write.
		other := w.instance(w.clock.Now)
		managing(50, other)
		for range 2 {
			if _, err := admit(w.gate, c, getSelf); err != nil {
				t.Fatal(err)
			}
		}
		store.take()
		for range 5 {
			if _, err := admit(other, c, getSelf); err != nil {
				t.Fatal(err)
			}
		}
		if writes, reads := store.take(); writes != 6 || reads != 0 {
			t.Errorf("5 requests on another instance made %d writes and %d reads, want 6 and 0", writes, reads)
		}
	})
}

func TestTheManagementRefusalNamesItsBudgetAndLeavesThePlansMeter(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		store := &counting{Table: keys}
		w := newFixture(t, store)
		managing(2, w.gate)
		c := w.key(10, hour)
		w.clock.advance(20 * time.Second)
		if _, err := admit(w.gate, c, listMatches); err != nil {
			t.Fatal(err)
		}
		minute := noon.Add(time.Minute)
		for used := int64(1); used <= 2; used++ {
			a, err := admit(w.gate, c, getSelf)
			wantMeter := api.Meter{Budget: "management", Limit: 2, Used: used, ResetsAt: minute, Window: 60}
			if err != nil || a.Management != wantMeter || a.Meter.Used != 1 || a.Meter.Budget != contract.Requests {
				t.Errorf("got %+v, %v, want %+v", a, err, wantMeter)
			}
		}
		for from := range 3 { // by the item, then from memory
			a, err := admit(w.gate, c, getSelf)
			want(t, err, api.QuotaManagement)
			if e := api.ErrorOf(err); e.RetryAfter != 40*time.Second || !strings.Contains(e.Message, "key management of 2 requests per 60 seconds") || !strings.Contains(e.Message, "2026-03-01T12:01:00Z") {
				t.Errorf("refusal %d: %q, retry after %s", from, e.Message, e.RetryAfter)
			}
			if a.Management.Remaining() != 0 || a.Meter.Used != 1 || a.Meter.Limit != 10 {
				t.Errorf("refusal %d: meters %+v and %+v", from, a.Meter, a.Management)
			}
		}
		if a, err := admit(w.gate, c, listMatches); err != nil || a.Management != (api.Meter{}) || a.Meter.Used != 2 {
			t.Errorf("a data request: %+v, %v", a, err)
		}
		if a, err := admit(w.gate, c, revokeSelf); err != nil || a.Management.Remaining() != 0 {
			t.Errorf("an urgent request: %+v, %v", a, err)
		}
		w.addsUp(c.Key, 5)
	})
}

func TestEveryRouteWithCostZeroSpendsTheManagementBudgetUnlessItIsUrgent(t *testing.T) {
	t.Parallel()
	w := newFixture(t, embedded(t))
	managing(1, w.gate)
	urgent := map[string]bool{"revokeKey": true, "rotateKey": true, "revokeSelf": true, "endSession": true, "endSessions": true}
	for _, r := range api.Routes {
		if r.Open {
			continue
		}
		c := w.key(100, hour)
		c.Permissions = r.Permissions
		refused := ""
		for range 5 {
			if _, err := admit(w.gate, c, r); err != nil {
				refused = condition(t, err)
			}
		}
		wanted := ""
		if r.Cost == 0 && !urgent[r.Operation] {
			wanted = api.QuotaManagement
		}
		if refused != wanted {
			t.Errorf("%s: got %q after its budget, want %q", r.Operation, refused, wanted)
		}
	}
}

func TestAnUnmeteredCallerHasNoManagementBudget(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		managing(1, w.gate)
		c := w.key(0, 0)
		for range 5 {
			if a, err := admit(w.gate, c, getSelf); err != nil || a.Management != (api.Meter{}) || !a.Meter.Unlimited {
				t.Errorf("got %+v, %v", a, err)
			}
		}
		w.addsUp(c.Key, 5)
	})
}

func TestAWrongClockClosesKeyManagementForAMinuteAtMost(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		w.gate = w.corrected(off(0))
		wild := w.instance(func() time.Time { return w.clock.Now().Add(year) })
		managing(5, w.gate, wild)
		c := w.key(100, hour)
		if _, err := admit(wild, c, getSelf); err != nil {
			t.Fatal(err)
		}
		_, err := admit(w.gate, c, getSelf)
		want(t, err, api.QuotaManagement)
		if wait := api.ErrorOf(err).RetryAfter; wait > time.Minute {
			t.Errorf("retry after %s", wait)
		}
		w.clock.advance(time.Minute)
		if a, err := admit(w.gate, c, getSelf); err != nil || a.Management.Used != 1 {
			t.Errorf("in the next window: %+v, %v", a.Management, err)
		}
		w.addsUp(c.Key, 2)
	})
}

// Keys of earlier releases have no such part.
func TestAnItemWithoutAManagementWindowGetsOneInTheFirstRequest(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(100, hour)
		if _, err := admit(w.gate, c, getSelf); err != nil {
			t.Fatal(err)
		}
		it, err := keys.Get(context.Background(), Address(c.Key), true)
		if err != nil || it["m"] != nil {
			t.Fatalf("without a budget the item has %v (%v)", it["m"], err)
		}
		managing(2, w.gate)
		for _, named := range []string{"", "", api.QuotaManagement} {
			_, err := admit(w.gate, c, getSelf)
			want(t, err, named)
		}
	})
}
