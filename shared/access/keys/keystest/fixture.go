// Package keystest provides a deployment for tests: real stores, a real gate and real
// secrets on a table of the test's choice, with a clock that the test moves.
package keystest

import (
	"context"
	"crypto/rand"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/audit"
	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

// Fixture is a deployment.
type Fixture struct {
	Table    table.Table
	Contract *contract.Contract
	Gate     *gate.Gate
	Keys     *keys.Store
	Orgs     *orgs.Store
	Trail    *audit.Store
	Peppers  *Peppers

	now      atomic.Int64
	requests atomic.Int64
}

// Peppers is a secret store whose document a test can change.
type Peppers struct {
	*apikey.PepperSource
	raw atomic.Pointer[[]byte]
}

// Rotate adds a pepper version, which becomes the current one.
func (p *Peppers) Rotate(t testing.TB) {
	t.Helper()
	raw, err := apikey.AddVersion(*p.raw.Load(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.raw.Store(&raw)
}

// Retire retires a version.
func (p *Peppers) Retire(t testing.TB, version string) {
	t.Helper()
	raw, err := apikey.RetireVersion(*p.raw.Load(), version)
	if err != nil {
		t.Fatal(err)
	}
	p.raw.Store(&raw)
}

// Set replaces the document by one with another root and no added versions.
func (p *Peppers) Set(t testing.TB) {
	t.Helper()
	raw, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.raw.Store(&raw)
}

// Memory returns an embedded keys table that is closed when the test ends.
func Memory(t testing.TB) table.Table {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db.Table("keys")
}

// New returns an empty deployment of a contract, in its first environment.
func New(t testing.TB, keysTable table.Table, contractName string) *Fixture {
	t.Helper()
	c, err := preset.Load(contractName)
	if err != nil {
		t.Fatal(err)
	}
	w := &Fixture{Table: keysTable, Contract: c, Peppers: &Peppers{}}
	w.now.Store(time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC).UnixNano())
	w.Peppers.Set(t)
	w.Peppers.PepperSource = apikey.NewPepperSource(func(context.Context) ([]byte, error) { return *w.Peppers.raw.Load(), nil }, w.Now)
	w.Gate = gate.New(keysTable, w.Now)
	w.Gate.Scopes = c.Scopes
	w.Keys = keys.New(keys.Options{Table: keysTable, Gates: w.Gate, Peppers: w.Peppers, Contract: c,
		Environment: c.Environments[0], Now: w.Now, Rand: rand.Reader})
	w.Gate.Resolver = w.Keys
	w.Orgs = orgs.New(orgs.Options{Table: keysTable, Gates: w.Gate, Holdings: w.Keys, Contract: c, Rand: rand.Reader})
	w.Trail = audit.New(keysTable)
	return w
}

// Now returns the deployment's time.
func (w *Fixture) Now() time.Time { return time.Unix(0, w.now.Load()).UTC() }

// Pass advances the clock.
func (w *Fixture) Pass(d time.Duration) { w.now.Add(int64(d)) }

// Bootstrap bootstraps the deployment and returns the operator's key.
func (w *Fixture) Bootstrap(t testing.TB) keys.Minted {
	t.Helper()
	_, _, m, err := w.Keys.Bootstrap(t.Context(), w.Now(), "Statgate", "root@example.com")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// By returns a request of the holder of a secret.
func (w *Fixture) By(t testing.TB, secret string) *api.Request {
	t.Helper()
	c, err := w.Keys.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return w.Request(c)
}

// Request returns a request of a caller, a millisecond after the previous one, so that ids
// sort in the order of requests.
func (w *Fixture) Request(c *api.Caller) *api.Request {
	w.Pass(time.Millisecond)
	return &api.Request{ID: "req-" + time.Unix(w.requests.Add(1), 0).UTC().Format("150405"), Caller: c, Now: w.Now()}
}

// Org makes an organisation and returns it, its owner, and a key of that owner with every
// management scope.
func (w *Fixture) Org(t testing.TB, operator, name, plan string) (orgs.Org, orgs.Member, keys.Minted) {
	t.Helper()
	o, owner, err := w.Orgs.Create(t.Context(), w.By(t, operator), orgs.Spec{Name: name, Plan: plan, Owner: "owner@" + name + ".example"})
	if err != nil {
		t.Fatal(err)
	}
	return o, owner, w.Key(t, operator, keys.Spec{Name: "admin", Scopes: w.Management(), Org: &o.ID})
}

// Management returns the management scopes.
func (w *Fixture) Management() []string {
	var names []string
	for _, s := range w.Contract.Scopes.Management {
		names = append(names, s.Name)
	}
	return names
}

// Key makes a key.
func (w *Fixture) Key(t testing.TB, by string, spec keys.Spec) keys.Minted {
	t.Helper()
	m, err := w.Keys.Create(t.Context(), w.By(t, by), spec)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Entries returns an organisation's audit trail, newest first.
func (w *Fixture) Entries(t testing.TB, org string) []audit.Entry {
	t.Helper()
	entries, _, err := w.Trail.For(&api.Caller{Org: org}).List(t.Context(), audit.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// Condition returns the condition of an error, "" for none.
func Condition(err error) string {
	if err == nil {
		return ""
	}
	return api.ErrorOf(err).Condition
}
