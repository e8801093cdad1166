package gate

import (
	"context"
	"crypto/rand"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/dynamolocal"
)

func TestAnAdmittedRequestIsOneWriteAndNoRead(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		store := &counting{Table: keys}
		w := newFixture(t, store)
		c := w.key(1000, hour)
		store.take()
		for range 10 {
			if _, err := admit(w.gate, c, listMatches); err != nil {
				t.Fatal(err)
			}
		}
		writes, reads := store.take()
		if writes != 10 || reads != 0 || w.facts.reads.Load() != 0 {
			t.Errorf("10 calls made %d writes and %d reads, want 10 and 0", writes, reads)
		}
		w.addsUp(c.Key, 10)
	})
}

// DynamoDB's own count of the units, on an item of the largest size.
func TestARequestOnAFullGateItemIsOneWriteUnit(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	client, err := connect.Client(ctx, dynamolocal.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	prefix := "units-" + strings.ToLower(rand.Text()[:12]) + "-"
	t.Cleanup(func() {
		if err := dynamo.DropTables(ctx, client, prefix, table.Keys); err != nil {
			t.Error(err)
		}
	})
	if err := dynamo.CreateTables(ctx, client, prefix, table.Keys); err != nil {
		t.Fatal(err)
	}
	var read, written float64
	w := newFixture(t, dynamo.New(client, prefix+table.Keys.Name, table.Keys,
		dynamo.WithUnits(func(_ string, r, w float64) { read += r; written += w })))
	c := w.key(plenty, hour)
	var codes []string
	for _, own := range deployed(t) {
		if len(own) > len(codes) && slices.Contains(own, listMatches.Code) {
			codes = own
		}
	}
	it := fullItem(codes)
	for _, name := range []string{"p", "h"} {
		full := it.Map(name)
		it[name] = map[string]any{"w": noon.Unix(), "o": full["o"]}
	}
	it["q"] = map[string]any{"w": noon.Unix(), "n": it.Map("q")["n"]}
	it["v"], it["pk"] = int64(1), Address(c.Key).Partition
	if _, err := w.keys.Write(ctx, table.Put(it)); err != nil {
		t.Fatal(err)
	}
	read, written = 0, 0
	for range 10 {
		if _, err := admit(w.gate, c, listMatches); err != nil {
			t.Fatal(err)
		}
	}
	if read != 0 || written != 10 {
		t.Errorf("10 calls took %v read and %v write units, want 0 and 10", read, written)
	}
}

func TestMeterReportsTheRemainingBudget(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(3, hour)
		w.clock.advance(10 * time.Minute)
		for used := int64(1); used <= 3; used++ {
			a, err := admit(w.gate, c, listMatches)
			if err != nil {
				t.Fatal(err)
			}
			want := api.Meter{Budget: "requests", Limit: 3, Used: used, ResetsAt: noon.Add(time.Hour), Window: hour}
			if a.Meter != want {
				t.Errorf("got %+v, want %+v", a.Meter, want)
			}
		}
		a, err := admit(w.gate, c, listMatches)
		want(t, err, api.Quota)
		if got := api.ErrorOf(err).RetryAfter; got != 50*time.Minute {
			t.Errorf("retry after %v, want 50m", got)
		}
		if a.Meter.Remaining() != 0 || a.Meter.Limit != 3 || a.Caller == nil {
			t.Errorf("the refusal's meter is %+v", a.Meter)
		}
		now := w.clock.Now()
		if got := w.state(c.Key).Meter(contract.Requests, c.Limits[contract.Requests], now); got != a.Meter {
			t.Errorf("the state's meter is %+v, want %+v", got, a.Meter)
		}
		w.clock.advance(50 * time.Minute)
		if a, err = admit(w.gate, c, listMatches); err != nil || a.Meter.Used != 1 {
			t.Errorf("in the next window: used %d, %v", a.Meter.Used, err)
		}
		w.addsUp(c.Key, 4)
	})
}

func TestARefusedRequestSpendsNothing(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(2, hour)
		for range 2 {
			if _, err := admit(w.gate, c, listMatches); err != nil {
				t.Fatal(err)
			}
		}
		for range 5 {
			_, err := admit(w.gate, c, listMatches)
			want(t, err, api.Quota)
			_, err = admit(w.gate, c, listTeams)
			want(t, err, api.Permission)
			w.clock.advance(2 * time.Second)
		}
		w.addsUp(c.Key, 2)
	})
}

func TestExhaustedKeyCanStillManageItself(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(1, hour)
		if _, err := admit(w.gate, c, listMatches); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			a, err := admit(w.gate, c, getSelf)
			if err != nil || a.Meter.Used != 1 || a.Meter.Limit != 1 {
				t.Errorf("used %d of %d, %v; want 1 of 1", a.Meter.Used, a.Meter.Limit, err)
			}
		}
		if got, want := w.used(c.Key), map[string]int64{"ml": 1, "ks": 3}; !reflect.DeepEqual(got, want) {
			t.Errorf("usage %v, want %v", got, want)
		}
		// A request with cost 0 rolls the hour but leaves the quota window to the next one
		// that spends.
		w.clock.advance(time.Hour)
		a, err := admit(w.gate, c, getSelf)
		if err != nil || a.Meter.Used != 0 {
			t.Errorf("in the next window: used %d, %v", a.Meter.Used, err)
		}
		if a, err = admit(w.gate, c, listMatches); err != nil || a.Meter.Used != 1 {
			t.Errorf("in the next window: used %d, %v", a.Meter.Used, err)
		}
		w.addsUp(c.Key, 6)
	})
}

func TestUnmeteredCallerHasNoLimit(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(0, 0)
		for range 30 {
			a, err := admit(w.gate, c, listMatches)
			if err != nil || !a.Meter.Unlimited {
				t.Fatalf("meter %+v, %v", a.Meter, err)
			}
			w.clock.advance(20 * time.Minute)
		}
		w.addsUp(c.Key, 30)
	})
}

func TestSeveralBudgetsAreSpentIndependently(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(2, 60)
		c.Limits["mcp"] = contract.Budget{Limit: 1, Window: 60}
		c.Limits["sockets"] = contract.Budget{Limit: 5}
		ctx := context.Background()
		for _, s := range []struct{ budget, want string }{
			{"mcp", ""}, {"mcp", api.Quota}, {contract.Requests, ""}, {contract.Requests, ""}, {contract.Requests, api.Quota},
			{"sockets", api.Internal},
		} {
			_, err := w.gate.Admit(ctx, c, listMatches, s.budget)
			want(t, err, s.want)
		}
		w.clock.advance(time.Minute)
		_, err := w.gate.Admit(ctx, c, listMatches, "mcp")
		want(t, err, "")
	})
}

func TestTwoWindowSizesInOnePlanAreRefused(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(2, hour)
		c.Limits["mcp"] = contract.Budget{Limit: 1, Window: 60}
		_, err := admit(w.gate, c, listMatches)
		want(t, err, api.Internal)
		w.addsUp(c.Key, 0)
	})
}

func TestTheFirstReasonInOrderRefusesARequest(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		worst := *w.key(1, hour)
		if _, err := admit(w.gate, &worst, listMatches); err != nil {
			t.Fatal(err)
		}
		worst.NotAfter, worst.Standing, worst.Permissions = noon, api.StandingSuspended, nil
		store := &counting{Table: keys}
		w.gate.Keys = store
		for _, s := range []struct {
			want string
			fix  func()
		}{
			{api.SecretExpired, func() { worst.NotAfter = noon.Add(time.Second) }},
			{api.Suspended, func() { worst.Standing = api.StandingActive }},
			{api.Permission, func() { worst.Permissions = []string{"*:read"} }},
			{api.Quota, func() { w.clock.advance(time.Second) }},
			{api.SecretExpired, func() {}},
		} {
			w.facts.change(worst.Secret, func(c *api.Caller) { *c = worst })
			w.gate.memory = newMemory()
			given := worst
			_, err := admit(w.gate, &given, listMatches)
			want(t, err, s.want)
			if writes, _ := store.take(); writes > 0 && s.want != api.Quota {
				t.Errorf("%s cost %d writes", s.want, writes)
			}
			s.fix()
		}
	})
}

func TestUnknownStandingIsRefused(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		for standing, condition := range map[string]string{"": api.Suspended, "muted": "standing.muted"} {
			c := w.key(10, hour)
			c.Standing = standing
			w.facts.change(c.Secret, func(f *api.Caller) { f.Standing = standing })
			_, err := admit(w.gate, c, listMatches)
			want(t, err, condition)
		}
		_, err := w.gate.Admit(context.Background(), nil, listMatches, contract.Requests)
		want(t, err, api.SecretMissing)
	})
}

func TestAPlanThatAllowsNoRequestsAdmitsNone(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(1, hour)
		c.Limits[contract.Requests] = contract.Budget{Limit: 0, Window: hour}
		w.facts.change(c.Secret, func(f *api.Caller) { f.Limits = c.Limits })
		_, err := admit(w.gate, c, listMatches)
		want(t, err, api.Quota)
		_, err = admit(w.gate, c, getSelf)
		want(t, err, "")
	})
}

func TestRevokedKeyIsRefusedOnTheNextRequest(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(100, hour)
		if _, err := admit(w.gate, c, listMatches); err != nil {
			t.Fatal(err)
		}
		w.facts.end(c.Secret, api.SecretRevoked)
		w.bump(c.Key)
		for range 5 {
			_, err := admit(w.gate, c, listMatches)
			want(t, err, api.SecretRevoked)
			w.clock.advance(time.Minute)
		}
		if got, want := w.facts.reads.Load(), int64(1); got != want {
			t.Errorf("%d reads for 5 calls of a revoked key, want %d: it is final", got, want)
		}
		w.addsUp(c.Key, 1)
	})
}

func TestChangedKeyIsReadOnceAndRemembered(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		store := &counting{Table: keys}
		w := newFixture(t, store)
		c := w.key(100, hour)
		w.facts.change(c.Secret, func(f *api.Caller) { f.Plan = "TEAM" })
		w.bump(c.Key)
		store.take()
		a, err := admit(w.gate, c, listMatches)
		if err != nil || a.Caller.Plan != "TEAM" || a.Caller.Version != 2 {
			t.Fatalf("caller %+v, %v", a.Caller, err)
		}
		if writes, reads := store.take(); writes != 2 || reads != 1 {
			t.Errorf("the first call made %d writes and %d reads, want 2 and 1", writes, reads)
		}
		for range 5 { // the cached policy still sends version 1
			if _, err := admit(w.gate, c, listMatches); err != nil {
				t.Fatal(err)
			}
		}
		if writes, reads := store.take(); writes != 5 || reads != 0 {
			t.Errorf("5 later calls made %d writes and %d reads, want 5 and 0", writes, reads)
		}
	})
}

func TestARemovedScopeIsRefusedAndARestoredOneAdmittedImmediately(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(100, hour)
		w.facts.change(c.Secret, func(f *api.Caller) { f.Permissions = []string{"keys:read"} })
		w.bump(c.Key)
		_, err := admit(w.gate, c, listMatches)
		want(t, err, api.Permission)
		before := w.facts.reads.Load()
		current, err := w.facts.Resolve(context.Background(), c.Secret)
		if err != nil {
			t.Fatal(err)
		}
		before++
		for range 50 {
			for _, given := range []*api.Caller{c, current} {
				_, err = admit(w.gate, given, listMatches)
				want(t, err, api.Permission)
			}
		}
		if got := w.facts.reads.Load() - before; got != 0 {
			t.Errorf("100 refusals within a second made %d reads, want 0", got)
		}
		w.facts.change(c.Secret, func(f *api.Caller) { f.Permissions = []string{"matches:read"} })
		w.bump(c.Key)
		w.clock.advance(time.Second)
		a, err := admit(w.gate, c, listMatches)
		if err != nil || a.Caller.Version != 3 {
			t.Errorf("restored: %+v, %v", a.Caller, err)
		}
	})
}

// refusesFromMemory checks that an exhausted key is refused from memory for a second, and
// by a write after it.
func refusesFromMemory(t *testing.T, w *fixture, store *counting, c *api.Caller) {
	t.Helper()
	store.take()
	for range 20 {
		_, err := admit(w.gate, c, listMatches)
		want(t, err, api.Quota)
	}
	if writes, _ := store.take(); writes != 0 {
		t.Errorf("20 refusals within a second made %d writes, want 0", writes)
	}
	w.clock.advance(time.Second)
	_, err := admit(w.gate, c, listMatches)
	want(t, err, api.Quota)
	if writes, _ := store.take(); writes != 1 {
		t.Errorf("a refusal after a second made %d writes, want 1", writes)
	}
}

func TestARaisedLimitTakesEffectImmediatelyDespiteCachedRefusals(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		store := &counting{Table: keys}
		w := newFixture(t, store)
		c := w.key(1, hour)
		if _, err := admit(w.gate, c, listMatches); err != nil {
			t.Fatal(err)
		}
		_, err := admit(w.gate, c, listMatches)
		want(t, err, api.Quota)
		refusesFromMemory(t, w, store, c)
		w.facts.change(c.Secret, func(f *api.Caller) {
			f.Limits = map[string]contract.Budget{contract.Requests: {Limit: 3, Window: hour}}
		})
		other := w.instance(w.clock.Now)
		if err := other.Bump(context.Background(), c.Key); err != nil {
			t.Fatal(err)
		}
		// A caller with the new version is admitted within the second.
		fresh, err := w.facts.Resolve(context.Background(), c.Secret)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := admit(w.gate, fresh, listMatches); err != nil {
			t.Errorf("with the new version: %v", err)
		}
		// So is one with the old version, once the second is over.
		w.clock.advance(time.Second)
		if _, err := admit(w.gate, c, listMatches); err != nil {
			t.Errorf("with the old version: %v", err)
		}
		a, err := admit(w.gate, c, listMatches)
		want(t, err, api.Quota)
		if a.Meter.Limit != 3 {
			t.Errorf("limit %d, want 3", a.Meter.Limit)
		}
	})
}

func TestCachedRefusalsNeverOutliveTheWindow(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(1, 60)
		w.clock.advance(59*time.Second + 900*time.Millisecond)
		if _, err := admit(w.gate, c, listMatches); err != nil {
			t.Fatal(err)
		}
		_, err := admit(w.gate, c, listMatches)
		want(t, err, api.Quota)
		if got := api.ErrorOf(err).RetryAfter; got != time.Second {
			t.Errorf("retry after %v, want the next whole second", got)
		}
		w.clock.advance(100 * time.Millisecond)
		if _, err := admit(w.gate, c, listMatches); err != nil {
			t.Errorf("in the next window: %v", err)
		}
	})
}

func TestAWarmInstancePrefersTheAuthorizersNewerFactsIfTheBumpFailed(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(10, hour)
		w.bump(c.Key)
		if _, err := admit(w.gate, c, listMatches); err != nil { // the instance has read the facts of version 2
			t.Fatal(err)
		}
		w.facts.change(c.Secret, func(f *api.Caller) { f.Standing = api.StandingSuspended })
		w.clock.advance(5 * time.Minute) // the cached policy has expired
		found, err := w.facts.Resolve(context.Background(), c.Secret)
		if err != nil || found.Version != 2 {
			t.Fatalf("got %v, %v", found, err)
		}
		_, err = admit(w.gate, found, listMatches)
		want(t, err, api.Suspended)
	})
}

func TestAMissingGateIsMadeOnlyIfTheFactsConfirmTheKey(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		ctx := context.Background()
		known := w.key(10, hour)
		known.Key += "_without_gate"
		w.facts.change(known.Secret, func(f *api.Caller) { *f = *known })
		a, err := admit(w.gate, known, listMatches)
		if err != nil || a.Caller.Version < 1e12 {
			t.Errorf("version %v, %v: want one above all that were counted", a.Caller, err)
		}
		gone := *known
		gone.Key, gone.Secret = "key_gone", "secret_gone"
		w.facts.change(gone.Secret, func(f *api.Caller) { *f = gone })
		w.facts.end(gone.Secret, api.SecretRevoked)
		_, err = admit(w.gate, &gone, listMatches)
		want(t, err, api.SecretRevoked)
		if v, err := w.gate.Version(ctx, gone.Key); v != 0 || err != nil {
			t.Errorf("a gate of version %d was made for a revoked key (%v)", v, err)
		}
	})
}

func TestCreateIsIdempotentAndBumpRaisesEveryVersion(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		ctx := context.Background()
		names := []string{"key_a", "key_b", "key_c"}
		for range 2 {
			for _, k := range names[:2] {
				if err := w.gate.Create(ctx, k); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.gate.Bump(ctx, names...); err != nil {
				t.Fatal(err)
			}
		}
		for i, least := range []int64{3, 3, 1e12} {
			if v, err := w.gate.Version(ctx, names[i]); err != nil || v < least || i < 2 && v != least {
				t.Errorf("%s has version %d, want %d (%v)", names[i], v, least, err)
			}
		}
		if err := w.gate.Bump(ctx); err != nil {
			t.Errorf("no key at all: %v", err)
		}
		states, err := w.gate.States(ctx, append(names, "key_none"))
		if err != nil || len(states) != 3 || !states["key_a"].Seen.IsZero() || states["key_b"].Version != 3 {
			t.Errorf("states %v, %v", states, err)
		}
	})
}

func TestStillCurrentFailsOnceTheKeyHasChanged(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(10, hour)
		a, err := admit(w.gate, c, listMatches)
		if err != nil {
			t.Fatal(err)
		}
		want(t, w.gate.StillCurrent(context.Background(), a), "")
		w.bump(c.Key)
		want(t, w.gate.StillCurrent(context.Background(), a), api.SecretRevoked)
		w.gate.Keys = &faulty{Table: keys, fault: func(int64, table.Write) fault { return fault{err: table.ErrUnavailable} }}
		want(t, w.gate.StillCurrent(context.Background(), a), api.Unavailable)
	})
}

func TestUsageIsByHourAndOperation(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(100, hour)
		made := []map[string]int64{{"ml": 1}, {"ml": 2, "mg": 1}, {"mg": 3}, nil, {"ml": 4}, {"ks": 1}}
		var all []Hour
		for i, operations := range made {
			for code, n := range operations {
				r := map[string]api.Route{"ml": listMatches, "mg": getMatch, "ks": getSelf}[code]
				for range n {
					if _, err := admit(w.gate, c, r); err != nil {
						t.Fatal(err)
					}
				}
			}
			if operations != nil {
				all = append(all, Hour{Start: noon.Add(time.Duration(i) * time.Hour), Operations: operations})
			}
			w.clock.advance(time.Hour)
		}
		w.addsUp(c.Key, 12)
		at := func(d time.Duration) time.Time { return noon.Add(d) }
		for name, q := range map[string]struct {
			from, to time.Time
			want     []Hour
		}{
			"all":                {at(0), at(6 * time.Hour), all},
			"first":              {at(0), at(time.Hour), all[:1]},
			"history only":       {at(time.Hour), at(3 * time.Hour), all[1:3]},
			"last":               {at(5 * time.Hour), at(6 * time.Hour), all[4:]},
			"inside an hour":     {at(70 * time.Minute), at(80 * time.Minute), all[1:2]},
			"an hour of nothing": {at(3 * time.Hour), at(4 * time.Hour), []Hour{}},
			"nothing":            {at(time.Hour), at(time.Hour), []Hour{}},
			"before":             {at(-9 * time.Hour), at(0), []Hour{}},
		} {
			got, err := w.gate.Usage(context.Background(), c.Key, q.from, q.to)
			if err != nil || !reflect.DeepEqual(got, q.want) {
				t.Errorf("%s:\n got %v, %v\nwant %v", name, got, err, q.want)
			}
		}
	})
}

func TestACrashBetweenHistoryAndRollLosesNoUsage(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(100, hour)
		for i := range int64(6) {
			// The process stops after each write of history, before the roll that follows
			// it.
			put := false
			w.gate.Keys = &faulty{Table: keys, fault: func(_ int64, wr table.Write) (f fault) {
				if put {
					f.err = table.ErrUnavailable
				}
				put = put || isHistory(wr)
				return f
			}}
			_, err := admit(w.gate, c, listMatches)
			w.gate.Keys = keys
			if put {
				want(t, err, api.Unavailable)
				w.addsUp(c.Key, i)
				_, err = admit(w.gate, c, listMatches)
			}
			if err != nil || put != (i >= 2) {
				t.Fatalf("hour %d: history was put: %v, %v", i, put, err)
			}
			w.addsUp(c.Key, i+1)
			w.clock.advance(time.Hour)
		}
	})
}

func TestPlanChangeOfTheWindowsSizeNeverLosesTheCount(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		w.clock.advance(34*time.Minute + 5*time.Second)
		c := w.key(3, 60)
		plan := func(limit, window int64) {
			w.facts.change(c.Secret, func(f *api.Caller) {
				f.Limits = map[string]contract.Budget{contract.Requests: {Limit: limit, Window: window}}
			})
			w.bump(c.Key)
		}
		calls := func(n int64, used int64) {
			t.Helper()
			for range n {
				if _, err := admit(w.gate, c, listMatches); err != nil {
					t.Fatal(err)
				}
			}
			a, err := admit(w.gate, c, listMatches)
			want(t, err, api.Quota)
			if a.Meter.Used != used {
				t.Errorf("used %d, want %d", a.Meter.Used, used)
			}
		}
		calls(3, 3)
		plan(5, hour) // what was spent in this minute counts in the hour
		calls(2, 5)
		plan(2, 60) // and the hour's counts in this minute
		calls(0, 5)
		w.clock.advance(time.Minute)
		calls(2, 2)
	})
}

func TestAFailingResolverNeverAdmits(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(100, hour)
		w.bump(c.Key)
		w.facts.err = errors.New("no answer")
		_, err := admit(w.gate, c, listMatches)
		want(t, err, api.Unavailable)
		w.facts.err = nil
		w.facts.change(c.Secret, func(f *api.Caller) { f.Key = "key_other" })
		_, err = admit(w.gate, c, listMatches)
		want(t, err, api.Internal)
		w.gate.Resolver = nil
		_, err = admit(w.gate, c, listMatches)
		want(t, err, api.Unavailable)
		w.addsUp(c.Key, 0)
	})
}
