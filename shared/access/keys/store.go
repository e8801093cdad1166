package keys

import (
	"context"
	"errors"
	"io"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"statgate/shared/access/apikey"
	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/gate"
	"statgate/shared/access/idempotency"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/ids"
	"statgate/shared/retry"
	"statgate/shared/table"
)

// Table is the part of the keys table that the store uses.
type Table interface {
	Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error)
	BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error)
	Query(ctx context.Context, q table.Query) (table.Page, error)
	Write(ctx context.Context, w table.Write) (table.Item, error)
	Transact(ctx context.Context, ws []table.Write) error
}

// Gates store the versions and counters of keys (package gate).
type Gates interface {
	change.Gates
	Create(ctx context.Context, key string) error
	Version(ctx context.Context, key string) (int64, error)
	States(ctx context.Context, keys []string) (map[string]gate.State, error)
}

// Peppers are the keys of the MACs of secrets (apikey.PepperSource).
type Peppers interface {
	Current(ctx context.Context) (apikey.Pepper, error)
	Get(ctx context.Context, version string) (apikey.Pepper, error)
	TagKey(ctx context.Context) (apikey.Sensitive, error)
}

// Options configure a store.
type Options struct {
	Table       Table
	Gates       Gates
	Peppers     Peppers // unused where secrets are neither made nor checked
	Contract    *contract.Contract
	Environment string
	Now         func() time.Time // for checking secrets; changes use the time of their request
	Rand        io.Reader        // for secrets and ids: crypto/rand.Reader
}

// Store stores keys and secrets.
type Store struct {
	table           Table
	gates           Gates
	peppers         Peppers
	rules           rules
	now             func() time.Time
	rand            io.Reader
	changes         change.Store
	repeats         idempotency.Store
	permissionCache *lru.Cache[string, []string]
	unstored        unstored
}

// cachedPermissions bounds the cache of permissions by role and scopes; few keys differ in
// them.
const cachedPermissions = 256

// New returns a store.
func New(o Options) *Store {
	remembered, err := lru.New[string, []string](cachedPermissions)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &Store{permissionCache: remembered, unstored: newUnstored(), table: o.Table, gates: o.Gates, peppers: o.Peppers, now: o.Now, rand: o.Rand,
		rules: rules{o.Contract, o.Environment}, repeats: idempotency.Store{Table: o.Table}, changes: change.Store{Table: o.Table, Gates: o.Gates, IDs: ids.New(o.Rand)}}
}

// facts are a key, its organisation and its owner, read together.
type facts struct {
	key   record
	org   orgs.Org
	owner orgs.Member
	owned bool     // the owner is still a member
	gates []string // see gatesOf
}

func (f facts) role() string {
	if !f.owned {
		return ""
	}
	return f.owner.Effective(f.org)
}

// read reads the facts about a key consistently; false if there is no such key.
func (s *Store) read(ctx context.Context, org, key, owner string) (facts, bool, error) {
	items, err := s.table.BatchGet(ctx, []table.Key{address(org, key), orgs.Key(org), orgs.MemberKey(org, owner)}, true)
	if err != nil {
		return facts{}, false, api.UnavailableError("reading a key", err)
	}
	var f facts
	found := false
	for _, it := range items {
		if k, ok, err := recordFrom(it); err != nil {
			return facts{}, false, err
		} else if ok {
			f.key, found = k, true
		} else if o, ok := orgs.FromItem(it); ok {
			f.org = o
		} else if m, ok := orgs.MemberFromItem(it); ok {
			f.owner, f.owned = m, true
		}
	}
	f.gates, err = gatesOf(key, f.owner)
	return f, found, err
}

// gatesOf returns the gates that a change of a key makes stale: its own, and those of the
// sessions that its owner began with it.
func gatesOf(key string, owner orgs.Member) ([]string, error) {
	places, err := owner.Places()
	gates := []string{key}
	for _, p := range places {
		if p.Key == key {
			gates = append(gates, p.ID)
		}
	}
	return gates, err
}

// unknown is the answer for a key that does not exist and for a key of another
// organisation: any other answer would prove that it exists.
func unknown() *api.Error { return api.Fail(api.NotFound, "no such key") }

// find returns the facts about a key that the caller may manage: any key for operators, the
// organisation's for owners and admins, their own for members.
func (s *Store) find(ctx context.Context, c *api.Caller, id string) (facts, error) {
	org := c.Org
	if !ids.Valid(id) {
		return facts{}, unknown()
	}
	if c.Operator() {
		pointer, err := s.table.Get(ctx, pointerAddress(id), true)
		if err != nil {
			return facts{}, api.UnavailableError("finding a key", err)
		}
		if org = pointer.Str("org"); org == "" {
			return facts{}, unknown()
		}
	}
	it, err := s.table.Get(ctx, address(org, id), true)
	if err != nil {
		return facts{}, api.UnavailableError("reading a key", err)
	}
	k, ok, err := recordFrom(it)
	if err != nil {
		return facts{}, err
	}
	if !ok || (c.Role == api.RoleMember && k.Owner != c.User) {
		return facts{}, unknown()
	}
	f, ok, err := s.read(ctx, org, id, k.Owner)
	if err == nil && !ok {
		err = unknown()
	}
	return f, err
}

// holdings are an organisation, its members and its keys: all keys that its keys_version
// counts, and perhaps newer ones.
type holdings struct {
	orgs.View
	keys []record // oldest first
}

func (s *Store) holdings(ctx context.Context, org string) (holdings, bool, error) {
	for n := range maxTornReads {
		h, found, err := s.queryHoldings(ctx, org)
		if err != nil || !found || h.complete() {
			return h, found, err
		}
		if err := tornBackoff.Pause(ctx, n+1); err != nil {
			return h, false, api.UnavailableError("reading an organisation's keys", err)
		}
	}
	return holdings{}, false, api.UnavailableError("reading an organisation's keys", errors.New("its latest key does not appear"))
}

// maxTornReads bounds the repetitions of a query that read a transaction half committed.
const maxTornReads = 8

// tornBackoff pauses a second in all.
var tornBackoff = retry.Backoff{First: 4 * time.Millisecond, Max: 512 * time.Millisecond}

// complete reports whether the key that the organisation's item names is among the keys that
// were read with it. The transaction that stored its name had read all keys before it.
func (h holdings) complete() bool {
	k, found := h.find(h.Org.KeysLast)
	return h.Org.KeysLast == "" || found && k.Rev >= h.Org.KeysLastRev
}

func (s *Store) queryHoldings(ctx context.Context, org string) (holdings, bool, error) {
	page, err := s.table.Query(ctx, table.Query{Partition: orgs.Partition(org), Low: keyPrefix, High: orgs.Key(org).Sort, Consistent: true})
	if err != nil {
		return holdings{}, false, api.UnavailableError("reading an organisation's keys", err)
	}
	view, found := orgs.ViewOf(page.Items)
	h := holdings{View: view}
	for _, it := range page.Items {
		k, ok, err := recordFrom(it)
		if err != nil {
			return h, false, err
		}
		if ok {
			h.keys = append(h.keys, k)
		}
	}
	return h, found, nil
}

func (h holdings) find(id string) (record, bool) {
	for _, k := range h.keys {
		if k.ID == id {
			return k, true
		}
	}
	return record{}, false
}

// saved is the plan that replaces a key's item, if it is still as it was read, and
// records the change.
func saved(action string, before, after record, was, is settings) (change.Plan, error) {
	after.Rev = before.Rev + 1
	it, err := after.item()
	return change.Plan{Writes: []table.Write{table.Put(it, table.Eq("rev", before.Rev))},
		Entries: []audit.Change{{Org: after.Org, Action: action, Target: after.ID, Before: was, After: is}}}, err
}

// shown returns a key as clients see it, with its usage.
func (s *Store) shown(k record, o orgs.Org, state gate.State, now time.Time) (Key, error) {
	v, err := k.view(o.Plan, now)
	if err != nil {
		return v, err
	}
	if !state.Seen.IsZero() {
		seen := state.Seen
		v.LastUsedAt = &seen
	}
	v.Usage = s.usage(o, state, now)
	return v, nil
}

func (s *Store) usage(o orgs.Org, state gate.State, now time.Time) Usage {
	return usageOf(s.rules.limits(o), state, now)
}

func usageOf(limits map[string]contract.Budget, state gate.State, now time.Time) Usage {
	u := Usage{Total: state.Total}
	b, metered := limits[contract.Requests]
	if !metered || b.Window <= 0 {
		return u
	}
	m := state.Meter(contract.Requests, b, now)
	left, resets := m.Remaining(), m.ResetsAt
	u.Window = Window{Limit: &m.Limit, Used: m.Used, Remaining: &left, ResetsAt: &resets}
	return u
}

// keyView reads the gate of one key and returns the key as clients see it.
func (s *Store) keyView(ctx context.Context, f facts, now time.Time) (Key, error) {
	states, err := s.gates.States(ctx, []string{f.key.ID})
	if err != nil {
		return Key{}, api.UnavailableError("reading a key's usage", err)
	}
	v, err := s.shown(f.key, f.org, states[f.key.ID], now)
	if err != nil {
		return Key{}, err
	}
	shown := []Key{v}
	err = s.markUnseen(ctx, []record{f.key}, shown, now)
	return shown[0], err
}
