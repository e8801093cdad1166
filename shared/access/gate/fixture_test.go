package gate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
)

// engines runs a test on every engine of the keys table.
func engines(t *testing.T, proof func(t *testing.T, keys table.Table)) {
	t.Helper()
	t.Parallel()
	t.Run("local", func(t *testing.T) {
		t.Parallel()
		proof(t, embedded(t))
	})
	t.Run("dynamodb", func(t *testing.T) {
		t.Parallel()
		proof(t, dynamolocal.Tables(t, table.Keys)[table.Keys.Name])
	})
}

func embedded(t testing.TB) table.Table {
	t.Helper()
	db, err := local.OpenMemory(table.Keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db.Table(table.Keys.Name)
}

// noon is the start of an hour, and of a day's second half.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct{ nanos atomic.Int64 }

func clockAt(at time.Time) *clock {
	c := &clock{}
	c.nanos.Store(at.UnixNano())
	return c
}

func (c *clock) Now() time.Time { return time.Unix(0, c.nanos.Load()).UTC() }

func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

// facts is a store of keys. Like the real one, it is read after the gate's version.
type facts struct {
	gate  *Gate // to read versions with
	mu    sync.Mutex
	by    map[string]api.Caller // by secret
	ended map[string]*api.Error
	reads atomic.Int64
	err   error
}

func newFacts(g *Gate) *facts {
	return &facts{gate: g, by: map[string]api.Caller{}, ended: map[string]*api.Error{}}
}

func (f *facts) Resolve(ctx context.Context, secret string) (*api.Caller, error) {
	f.reads.Add(1)
	f.mu.Lock()
	key, err := f.by[secret].Key, f.err
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	version, err := f.gate.Version(ctx, key)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if e := f.ended[secret]; e != nil {
		return nil, e
	}
	c, ok := f.by[secret]
	if !ok {
		return nil, api.Fail(api.SecretUnknown, "no such key")
	}
	c.Version = version
	return &c, nil
}

// change edits the facts of a secret: the first half of a change.
func (f *facts) change(secret string, edit func(*api.Caller)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.by[secret]
	edit(&c)
	f.by[secret] = c
}

func (f *facts) end(secret, condition string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended[secret] = api.Fail(condition, "this key has ended")
}

// fixture is a keys table, a clock, and a store of facts.
type fixture struct {
	t     testing.TB
	keys  table.Table
	clock *clock
	facts *facts
	gate  *Gate
}

func newFixture(t testing.TB, keys table.Table) *fixture {
	w := &fixture{t: t, keys: keys, clock: clockAt(noon)}
	w.facts = newFacts(New(keys, w.clock.Now))
	w.gate = w.instance(w.clock.Now)
	return w
}

// instance is another warm function: the same table, its own cache and clock.
func (w *fixture) instance(now func() time.Time) *Gate {
	g := New(w.keys, now)
	g.Resolver = w.facts
	g.Patience = time.Minute // these tests check decisions, so a slow machine must not fail them
	return g
}

var serial atomic.Int64

// key makes a key with a gate and returns the caller that the authorizer would have found.
func (w *fixture) key(limit, window int64) *api.Caller {
	w.t.Helper()
	n := serial.Add(1)
	c := api.Caller{
		Key: fmt.Sprintf("key_%d", n), Secret: fmt.Sprintf("secret_%d", n), Org: "org_1", User: "usr_1",
		Role: api.RoleMember, Standing: api.StandingActive, Plan: "PRO", Version: 1,
		Permissions: []string{"matches:read", "keys:read"}, Limits: map[string]contract.Budget{},
	}
	if limit > 0 {
		c.Limits[contract.Requests] = contract.Budget{Limit: limit, Window: window}
	}
	w.facts.change(c.Secret, func(f *api.Caller) { *f = c })
	if err := w.gate.Create(context.Background(), c.Key); err != nil {
		w.t.Fatal(err)
	}
	return &c
}

func (w *fixture) bump(key string) {
	w.t.Helper()
	if err := w.gate.Bump(context.Background(), key); err != nil {
		w.t.Fatal(err)
	}
}

func (w *fixture) state(key string) State {
	w.t.Helper()
	states, err := w.gate.States(context.Background(), []string{key})
	if err != nil {
		w.t.Fatal(err)
	}
	return states[key]
}

// used returns the requests by operation over all time.
func (w *fixture) used(key string) map[string]int64 {
	w.t.Helper()
	hours, err := w.gate.Usage(context.Background(), key, time.Unix(0, 0), noon.Add(10*365*24*time.Hour))
	if err != nil {
		w.t.Fatal(err)
	}
	sum := map[string]int64{}
	for _, h := range hours {
		for code, n := range h.Operations {
			sum[code] += n
		}
	}
	return sum
}

// addsUp compares usage with the total and with the number admitted.
func (w *fixture) addsUp(key string, admitted int64) {
	w.t.Helper()
	var sum int64
	for _, n := range w.used(key) {
		sum += n
	}
	if total := w.state(key).Total; sum != total || total != admitted {
		w.t.Errorf("usage adds up to %d, total is %d, want %d", sum, total, admitted)
	}
}

func route(operation string) api.Route {
	r, ok := api.Find(operation)
	if !ok {
		panic("no route " + operation)
	}
	return r
}

var (
	listMatches = route("listMatches") // costs 1
	getMatch    = route("getMatch")    // costs 1
	listTeams   = route("listTeams")   // a permission that test keys lack
	getSelf     = route("getSelf")     // costs 0
	revokeSelf  = route("revokeSelf")  // costs 0 and is urgent
)

func admit(g *Gate, c *api.Caller, r api.Route) (Admission, error) {
	return g.Admit(context.Background(), c, r, contract.Requests)
}

// condition returns the condition of an error, "" for none.
func condition(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *api.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *api.Error", err)
	}
	return e.Condition
}

func want(t testing.TB, err error, named string) {
	t.Helper()
	if got := condition(t, err); got != named {
		t.Errorf("got %q (%v), want %q", got, err, named)
	}
}

// counting counts the calls that reach the store.
type counting struct {
	table.Table
	writes, reads atomic.Int64
}

func (c *counting) Write(ctx context.Context, w table.Write) (table.Item, error) {
	c.writes.Add(1)
	return c.Table.Write(ctx, w)
}

func (c *counting) Get(ctx context.Context, k table.Key, consistent bool) (table.Item, error) {
	c.reads.Add(1)
	return c.Table.Get(ctx, k, consistent)
}

func (c *counting) take() (writes, reads int64) { return c.writes.Swap(0), c.reads.Swap(0) }
