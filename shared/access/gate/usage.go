package gate

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/retry"
	"statgate/shared/table"
)

const (
	historyDays = 400 // how long an hour of usage is kept
	hourLayout  = "2006-01-02T15:04:05Z"
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
		s := State{Version: it.Int("v"), Total: it.Int("total"), quota: part(it, planPart)}
		if seen := it.Int("seen"); seen != 0 {
			s.Seen = time.Unix(seen, 0).UTC()
		}
		states[names[it.Str(table.PartitionAttr)]] = s
	}
	return states, nil
}

// Hour is the requests made in one hour.
type Hour struct {
	Start      time.Time        // UTC
	Operations map[string]int64 // operation code → requests
}

// Usage returns the hours that overlap [from, to), in order, without empty ones.
// Over all time it adds up to the key's total exactly.
func (g *Gate) Usage(ctx context.Context, key string, from, to time.Time) ([]Hour, error) {
	// Read the gate before history: an hour that leaves the gate between the reads is
	// then found in history. An hour that is in both is complete in history.
	it, err := g.Keys.Get(ctx, Address(key), true)
	if err != nil {
		return nil, api.UnavailableError("reading usage", err)
	}
	low, high := start(from.Unix(), hour), to.Unix()
	hours := map[int64]counted{}
	for _, name := range []string{"p", "h"} {
		if c := part(it, name); c.window >= low && c.window < high {
			hours[c.window] = c
		}
	}
	page, err := g.Keys.Query(ctx, table.Query{Partition: usagePartition(key), Consistent: true,
		Low: usageSort(low), High: usageSort(high)})
	if err != nil {
		return nil, api.UnavailableError("reading usage", err)
	}
	for _, it := range page.Items {
		if w := it.Int("w"); w < high {
			closed := counted{w, it.Map("o")}
			if closed.sum() >= hours[w].sum() { // else a repair has moved more requests to the hour
				hours[w] = closed
			}
		}
	}
	return inOrder(hours), nil
}

func (c counted) sum() (all int64) {
	for name := range c.counts {
		all += c.count(name)
	}
	return all
}

func inOrder(hours map[int64]counted) []Hour {
	out := make([]Hour, 0, len(hours))
	for w, c := range hours {
		h := Hour{Start: time.Unix(w, 0).UTC(), Operations: make(map[string]int64, len(c.counts))}
		for code := range c.counts {
			h.Operations[code] = c.count(code)
		}
		if len(h.Operations) > 0 {
			out = append(out, h)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Start.Before(out[j].Start) })
	return out
}

// keepHistory writes the closed hour that a roll is about to drop.
func (g *Gate) keepHistory(ctx context.Context, it table.Item, next step) error {
	closed := part(it, "p")
	if !next.rollHour || len(closed.counts) == 0 {
		return nil
	}
	if _, err := g.Keys.Write(ctx, table.Put(history(it, closed))); err != nil {
		return api.UnavailableError("keeping the closed hour", err)
	}
	return nil
}

// history returns the item of a closed hour. Every instance returns the same item.
func history(gate table.Item, closed counted) table.Item {
	key := gate.Str(table.PartitionAttr)[len("GATE#"):]
	return table.Item{
		table.PartitionAttr: usagePartition(key), table.SortAttr: usageSort(closed.window),
		"w": closed.window, "o": closed.counts,
		table.TTLAttr: closed.window + hour + historyDays*24*hour,
	}
}

func usagePartition(key string) string { return "USAGE#" + key }

func usageSort(window int64) string {
	return "H#" + time.Unix(window, 0).UTC().Format(hourLayout)
}
