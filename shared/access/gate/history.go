package gate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"statgate/shared/api"
	"statgate/shared/table"
)

const (
	day         = 24 * hour // seconds
	historyDays = 400       // how long a day of usage is kept
	dayLayout   = "2006-01-02"
	hourLayout  = "2006-01-02T15:04:05Z"
	sumName     = "n" // of an hour's sum in a day's item; codes have two letters
)

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
	return g.history(ctx, key, stateOf(it), from, to)
}

// Used is the state of a key and its usage in a period.
type Used struct {
	State
	Hours []Hour // as Usage returns them
}

// maxConcurrentReads bounds how many keys' histories Usages reads at a time.
const maxConcurrentReads = 16

// Usages reads the state and the usage of many keys, as [Gate.States] and [Gate.Usage] do: the
// gates in batches, and then each key's history by one query.
func (g *Gate) Usages(ctx context.Context, keys []string, from, to time.Time) (map[string]Used, error) {
	states, err := g.States(ctx, keys)
	if err != nil {
		return nil, err
	}
	read := make([]Used, len(keys))
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(maxConcurrentReads)
	for i, key := range keys {
		all.Go(func() (err error) {
			read[i].State = states[key]
			read[i].Hours, err = g.history(ctx, key, states[key], from, to)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	used := make(map[string]Used, len(keys))
	for i, key := range keys {
		used[key] = read[i]
	}
	return used, nil
}

// history adds the hours that history has to those of the key's gate.
func (g *Gate) history(ctx context.Context, key string, s State, from, to time.Time) ([]Hour, error) {
	hours := span{start(from.Unix(), hour), to.Unix(), map[int64]counted{}}
	for _, c := range s.hours {
		hours.add(c)
	}
	page, err := g.Keys.Query(ctx, table.Query{Partition: usagePartition(key), Consistent: true,
		Low: daySort(hours.low), High: hourSort(hours.high)})
	if err != nil {
		return nil, api.UnavailableError("reading usage", err)
	}
	if err := hours.addAll(page.Items); err != nil {
		return nil, fmt.Errorf("gate: reading the usage of key %s: %w", key, err)
	}
	return hours.inOrder(), nil
}

// span collects the hours in [low, high), in seconds.
type span struct {
	low, high int64
	by        map[int64]counted
}

// add adds an hour. An hour that is there twice is the same twice, or a repair has moved more
// requests to one of the two.
func (s span) add(c counted) {
	if c.window < s.low || c.window >= s.high {
		return
	}
	if c.sum() >= s.by[c.window].sum() {
		s.by[c.window] = c
	}
}

// addAll adds the hours in items of history.
func (s span) addAll(items []table.Item) error {
	for _, it := range items {
		closed, err := closedHours(it)
		if err != nil {
			return err
		}
		for _, c := range closed {
			s.add(c)
		}
	}
	return nil
}

func (s span) inOrder() []Hour {
	out := make([]Hour, 0, len(s.by))
	for _, w := range slices.Sorted(maps.Keys(s.by)) {
		c := s.by[w]
		h := Hour{Start: time.Unix(w, 0).UTC(), Operations: make(map[string]int64, len(c.counts))}
		for code := range c.counts {
			h.Operations[code] = c.count(code)
		}
		if len(h.Operations) > 0 {
			out = append(out, h)
		}
	}
	return out
}

func (c counted) sum() (all int64) {
	for name := range c.counts {
		all += c.count(name)
	}
	return all
}

// keepHistory writes the closed hour that a roll is about to drop.
func (g *Gate) keepHistory(ctx context.Context, it table.Item, next step) error {
	closed := part(it, "p")
	if !next.rollHour || len(closed.counts) == 0 {
		return nil
	}
	key := it.Str(table.PartitionAttr)[len("GATE#"):]
	if _, err := g.Keys.Write(ctx, keep(key, closed)); err != nil && table.AsConditionFailed(err) == nil {
		return api.UnavailableError("keeping the closed hour", err)
	}
	return nil
}

// keep returns the write that puts a closed hour into the item of its day. Every instance sets
// the same value, so it does not matter how often it is written, or when. A write that comes
// late does not replace an hour to which a repair has moved more requests.
func keep(key string, closed counted) table.Write {
	name, sum := hourName(closed.window), closed.sum()
	counts := make(map[string]any, len(closed.counts)+1)
	maps.Copy(counts, closed.counts)
	counts[sumName] = sum
	ends := start(closed.window, day) + day + historyDays*day
	return table.Update(dayAddress(key, closed.window),
		[]table.Action{table.Set(name, counts), table.Set(table.TTLAttr, ends)},
		table.Or(table.Missing(name), table.Lt(name+"."+sumName, sum)))
}

// closedHours returns the hours in an item of history: a day, or one hour as earlier releases
// stored it.
func closedHours(it table.Item) ([]counted, error) {
	if o := it.Map("o"); o != nil {
		return []counted{{it.Int("w"), o}}, nil
	}
	at, err := time.Parse(dayLayout, it.Str(table.SortAttr)[len(historyPrefix):])
	if err != nil {
		return nil, err
	}
	var hours []counted
	for w := at.Unix(); w < at.Unix()+day; w += hour {
		if kept := it.Map(hourName(w)); kept != nil {
			counts := maps.Clone(kept)
			delete(counts, sumName)
			hours = append(hours, counted{w, counts})
		}
	}
	return hours, nil
}

// lastClosed returns the last hour of [from, to] that history has; zero if it has none.
func (g *Gate) lastClosed(ctx context.Context, key string, from, to int64) (counted, error) {
	at := []table.Key{dayAddress(key, from)}
	if last := dayAddress(key, to); last != at[0] {
		at = append(at, last)
	}
	for w := from; w <= to; w += hour {
		at = append(at, table.Key{Partition: usagePartition(key), Sort: hourSort(w)})
	}
	items, err := g.Keys.BatchGet(ctx, at, true)
	if err != nil {
		return counted{}, api.UnavailableError("reading closed hours", err)
	}
	hours := span{from, to + 1, map[int64]counted{}}
	if err := hours.addAll(items); err != nil {
		return counted{}, fmt.Errorf("gate: reading closed hours of key %s: %w", key, err)
	}
	last := counted{}
	for w, c := range hours.by {
		if w > last.window {
			last = c
		}
	}
	return last, nil
}

func usagePartition(key string) string { return "USAGE#" + key }

const historyPrefix = "H#"

func dayAddress(key string, window int64) table.Key {
	return table.Key{Partition: usagePartition(key), Sort: daySort(window)}
}

// daySort is the sort key of the day that contains a window. It is directly before those of the
// day's hours, which earlier releases stored as items, so that one query reads both.
func daySort(window int64) string {
	return historyPrefix + time.Unix(window, 0).UTC().Format(dayLayout)
}

func hourSort(window int64) string {
	return historyPrefix + time.Unix(window, 0).UTC().Format(hourLayout)
}

// hourName is the attribute of an hour in the item of its day, "00" to "23".
func hourName(window int64) string { return time.Unix(window, 0).UTC().Format("15") }
