package reports

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"

	"statgate/shared/retry"
	"statgate/shared/table"
)

// Items of the stats table, in the match's own partition:
//
//	MATCH#<match>   EVENT#<event>   one event
//	MATCH#<match>   LINEUPS         both lineups
//	MATCH#<match>   STATS           the statistics
//	MATCH#<match>   REPORT          version, which every change of the others raises
//
// A caller who may see a match may see its report. Readers look up the match first, and
// read the report by the match's present id.

// Store writes reports. It returns them only through a [Reader], which is bound to a
// match that its user may see.
type Store struct {
	table table.Table
	clock func() time.Time
}

// NewStore returns a store over the stats table.
func NewStore(tbl table.Table, clock func() time.Time) *Store {
	return &Store{table: tbl, clock: clock}
}

const (
	eventSort   = "EVENT#"
	lineupsSort = "LINEUPS"
	statsSort   = "STATS"
	headSort    = "REPORT"

	// maxWrites is the largest number of writes in one transaction.
	maxWrites = 100
	// attempts bounds how often a report is planned again because of concurrent writes.
	attempts = 20
)

// backoff sets the pauses between attempts, so that one of two long reports that are
// written concurrently gets through. The random part only
// decides which caller waits; it never changes what is stored.
var backoff = retry.Backoff{First: 20 * time.Millisecond, Max: 20 * time.Millisecond, Random: rand.N[time.Duration]}

func key(match, sort string) table.Key {
	return table.Key{Partition: table.Join("MATCH", match), Sort: sort}
}

// fill replaces nil lists by empty ones.
func (l *Lineups) fill() {
	for _, side := range []*Lineup{&l.Home, &l.Away} {
		for _, list := range []*[]LineupPlayer{&side.Starters, &side.Substitutes} {
			if *list == nil {
				*list = []LineupPlayer{}
			}
		}
	}
}

func (s *Stats) fill() {
	if s.Data == nil {
		s.Data = []Section{}
	}
}

// FromItem returns the part of a report that an item of a match's partition stores: an
// *Event, *Lineups or *Stats, or nil for any other item.
func FromItem(it table.Item) (any, error) {
	switch sort := it.Str(table.SortAttr); {
	case strings.HasPrefix(sort, eventSort):
		e := &Event{}
		return e, table.Decode(it, e)
	case sort == lineupsSort:
		l := &Lineups{}
		err := table.Decode(it, l)
		l.fill()
		return l, err
	case sort == statsSort:
		s := &Stats{}
		err := table.Decode(it, s)
		s.fill()
		return s, err
	}
	return nil, nil
}

// Put stores a source's report of a stored match, and reports whether it changed
// anything. Storing the same report again changes nothing.
//
// Most reports fit in one transaction. A longer one takes several, each of which raises
// the version of the head item. Withdrawn events are deleted first, with the lineups and
// the corrections; then new events follow in the order of play, then the statistics. A
// reader in between, or after an interrupted import, sees the report up to some point of
// the match, and no event twice. Storing the same report again completes it.
func (s *Store) Put(ctx context.Context, match string, r Report) (changed bool, err error) {
	for n := range attempts {
		stored, err := s.stored(ctx, match)
		if err != nil {
			return changed, err
		}
		ws, err := plan(match, r, stored, s.now())
		if err != nil || len(ws) == 0 {
			return changed, err
		}
		wrote, err := s.write(ctx, match, stored[headSort].Int("version"), r.Expires, ws)
		changed = changed || wrote
		if err == nil || table.AsCanceled(err) == nil {
			if err != nil {
				err = fmt.Errorf("reports: writing the report of %s: %w", match, err)
			}
			return changed, err
		}
		_ = backoff.Pause(ctx, n+1) // once ctx has ended, the next read fails
	}
	return changed, fmt.Errorf("reports: too many concurrent writes to the report of %s: %w", match, table.ErrConflict)
}

func (s *Store) now() string { return s.clock().UTC().Format(time.RFC3339) }

func bySort(items []table.Item) map[string]table.Item {
	stored := make(map[string]table.Item, len(items))
	for _, it := range items {
		stored[it.Str(table.SortAttr)] = it
	}
	return stored
}

// Writes returns the writes that store a report in one transaction, its head included; none
// if the report is stored already. A report that needs more than most writes is
// [table.ErrBadWrite].
func (s *Store) Writes(ctx context.Context, match string, r Report, most int) ([]table.Write, error) {
	stored, err := s.stored(ctx, match)
	if err != nil {
		return nil, err
	}
	ws, err := plan(match, r, stored, s.now())
	if err != nil || len(ws) == 0 {
		return nil, err
	}
	if len(ws) >= most {
		return nil, fmt.Errorf("reports: %d changes of the report of %s: %w", len(ws), match, table.ErrBadWrite)
	}
	return append([]table.Write{s.head(match, stored[headSort].Int("version"), r.Expires)}, ws...), nil
}

// Deletion returns the writes that delete a report.
func (s *Store) Deletion(ctx context.Context, match string) ([]table.Write, error) {
	stored, err := s.stored(ctx, match)
	var ws []table.Write
	for _, sort := range slices.Sorted(maps.Keys(stored)) {
		ws = append(ws, table.Delete(key(match, sort)))
	}
	return ws, err
}

// head returns the write of the next version of the head item.
func (s *Store) head(match string, version, expires int64) table.Write {
	it := table.Item{table.PartitionAttr: key(match, headSort).Partition, table.SortAttr: headSort, "version": version + 1, "updated_at": s.now()}
	if expires > 0 {
		it[table.TTLAttr] = expires
	}
	if version > 0 {
		return table.Put(it, table.Eq("version", version))
	}
	return table.Put(it, table.IsNew())
}

// write applies the changes in order, in one or more transactions. Each transaction
// begins with the head item, on the condition that its version is unchanged.
func (s *Store) write(ctx context.Context, match string, version, expires int64, ws []table.Write) (wrote bool, err error) {
	for part := range slices.Chunk(ws, maxWrites-1) {
		if err := s.table.Transact(ctx, append([]table.Write{s.head(match, version, expires)}, part...)); err != nil {
			return wrote, err
		}
		wrote = true
		version++
	}
	return wrote, nil
}

// plan compares a report with the stored items of its match, by sort key, and returns the
// writes in the order in which readers may see them.
func plan(match string, r Report, stored map[string]table.Item, now string) ([]table.Write, error) {
	removed, corrected, added, err := planEvents(match, r, stored, now)
	if err != nil {
		return nil, err
	}
	differs := func(sort string, part any) ([]table.Write, error) {
		if reflect.ValueOf(part).IsNil() {
			return nil, nil
		}
		it, err := itemOf(match, sort, part, r.Expires)
		if err != nil || reflect.DeepEqual(it, stored[sort]) {
			return nil, err
		}
		return []table.Write{table.Put(it)}, nil
	}
	lineups, err := differs(lineupsSort, r.Lineups)
	if err != nil {
		return nil, err
	}
	stats, err := differs(statsSort, r.Stats)
	return slices.Concat(removed, lineups, corrected, added, stats), err
}

// planEvents deletes events that the report no longer has, among the types that it
// covers, and writes corrected and new events in the order of play.
func planEvents(match string, r Report, stored map[string]table.Item, now string) (removed, corrected, added []table.Write, err error) {
	reported := map[string]bool{}
	for _, e := range identify(match, r.Events) {
		sort := eventSort + e.ID
		reported[sort] = true
		before := stored[sort]
		e.Version, e.UpdatedAt = 1, now
		if before != nil {
			var old Event
			if err := table.Decode(before, &old); err != nil {
				return nil, nil, nil, err
			}
			e.Version, e.UpdatedAt = old.Version, old.UpdatedAt
			if reflect.DeepEqual(old, e) {
				continue
			}
			e.Version, e.UpdatedAt = old.Version+1, now
		}
		it, err := itemOf(match, sort, e, r.Expires)
		switch {
		case err != nil:
			return nil, nil, nil, err
		case before != nil:
			corrected = append(corrected, table.Put(it))
		default:
			added = append(added, table.Put(it))
		}
	}
	for _, sort := range slices.Sorted(maps.Keys(stored)) {
		if strings.HasPrefix(sort, eventSort) && !reported[sort] && slices.Contains(r.Types, EventType(stored[sort].Str("type"))) {
			removed = append(removed, table.Delete(key(match, sort)))
		}
	}
	return removed, corrected, added, nil
}

func itemOf(match, sort string, v any, expires int64) (table.Item, error) {
	it, err := table.Encode(v)
	if err != nil {
		return nil, err
	}
	at := key(match, sort)
	it[table.PartitionAttr], it[table.SortAttr] = at.Partition, at.Sort
	if expires > 0 {
		it[table.TTLAttr] = expires
	}
	return it, nil
}
