package gate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/retry"
	"statgate/shared/table"
)

// Bounds on retrying a bump, which must succeed before a change is answered.
const (
	bumpAttempts       = 7
	maxConcurrentBumps = 8 // gates at a time
)

// bumpBackoff pauses 630 ms in all.
var bumpBackoff = retry.Backoff{First: 10 * time.Millisecond, Max: 320 * time.Millisecond}

// Create makes the gate of a new key, at version 1. A gate that is there stays.
func (g *Gate) Create(ctx context.Context, key string) error { return g.create(ctx, key, 1) }

func (g *Gate) create(ctx context.Context, key string, version int64) error {
	_, err := g.Keys.Write(ctx, table.Put(fresh(key, version, g.Clock().Unix()), table.IsNew()))
	if err != nil && table.AsConditionFailed(err) == nil {
		return api.UnavailableError("making the gate of key "+key, err)
	}
	return nil
}

// lateVersion is the version of a gate that is made after its key: the time in
// milliseconds, which is above any version counted up from 1, so that older facts never
// match it.
func (g *Gate) lateVersion() int64 { return g.Clock().UnixMilli() }

// Bump raises the version of each key, so that facts read before are refused. It is called
// after the facts were written and before the change is answered. If it fails (503), the
// change must be repeated, which bumps again. A missing gate is made.
func (g *Gate) Bump(ctx context.Context, keys ...string) error {
	errs := make([]error, len(keys))
	var all sync.WaitGroup
	slots := make(chan struct{}, maxConcurrentBumps)
	for i, key := range keys {
		slots <- struct{}{}
		all.Go(func() {
			errs[i] = g.bump(ctx, key)
			g.memory.forget(key)
			<-slots
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return api.UnavailableError("raising the key's version", err)
	}
	return nil
}

func (g *Gate) bump(ctx context.Context, key string) error {
	raise := table.Update(Address(key), []table.Action{table.Increment("v", 1)}, table.IsThere())
	create := table.Put(fresh(key, g.lateVersion(), g.Clock().Unix()), table.IsNew())
	again := func(err error) bool { return !errors.Is(err, table.ErrBadWrite) }
	err := bumpBackoff.Do(ctx, bumpAttempts, again, func() (err error) {
		for _, w := range []table.Write{raise, create} {
			if _, err = g.Keys.Write(ctx, w); table.AsConditionFailed(err) == nil {
				break
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("gate of key %s: %w", key, err)
	}
	return nil
}

// Version reads the key's version consistently; 0 if there is no gate.
func (g *Gate) Version(ctx context.Context, key string) (int64, error) {
	it, err := g.Keys.Get(ctx, Address(key), true)
	if err != nil {
		return 0, fmt.Errorf("gate: reading the version of key %s: %w", key, err)
	}
	return it.Int("v"), nil
}

// State is the usage in a gate. The zero State is that of a key without requests.
type State struct {
	Version int64
	Total   int64     // requests ever
	Seen    time.Time // time of the last request, zero before the first
	quota   counted
	hours   []counted // p and h, without empty ones
}

// Meter returns the state of a budget at a time.
func (s State) Meter(budget string, b contract.Budget, now time.Time) api.Meter {
	if b.Window <= 0 {
		return api.Meter{Budget: budget, Unlimited: true}
	}
	return meter(s.quota, budget, b, windowAt(now.Unix(), b.Window))
}

// States reads the gates of many keys consistently. Keys without a gate are left out.
func (g *Gate) States(ctx context.Context, keys []string) (map[string]State, error) {
	at := make([]table.Key, len(keys))
	names := make(map[string]string, len(keys))
	for i, key := range keys {
		at[i] = Address(key)
		names[at[i].Partition] = key
	}
	items, err := g.Keys.BatchGet(ctx, at, true)
	if err != nil {
		return nil, api.UnavailableError("reading the gates of keys", err)
	}
	states := make(map[string]State, len(items))
	for _, it := range items {
		states[names[it.Str(table.PartitionAttr)]] = stateOf(it)
	}
	return states, nil
}

func stateOf(gate table.Item) State {
	s := State{Version: gate.Int("v"), Total: gate.Int("total"), quota: part(gate, planPart)}
	for _, name := range []string{"p", "h"} {
		if c := part(gate, name); len(c.counts) > 0 {
			s.hours = append(s.hours, c)
		}
	}
	if seen := gate.Int("seen"); seen != 0 {
		s.Seen = time.Unix(seen, 0).UTC()
	}
	return s
}
