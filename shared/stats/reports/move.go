package reports

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"statgate/shared/table"
)

// Adopt copies the report of another match that turns out to be the same match. It copies
// each of goals, cards, substitutions, lineups and statistics only if the match has none
// of its own. Events get the ids that the match's own sources would give them. The other
// match keeps its report, so that an interrupted import loses nothing: call Drop once the
// other id is an alias. Adopting again changes nothing.
func (s *Store) Adopt(ctx context.Context, match, other string) error {
	theirs, err := s.stored(ctx, other)
	if err != nil || len(theirs) == 0 {
		return err
	}
	own, err := s.stored(ctx, match)
	if err != nil {
		return err
	}
	var r Report
	for _, types := range [][]EventType{Goals, Cards, Substitutions} {
		if len(eventsOf(own, types)) > 0 {
			continue
		}
		for _, it := range eventsOf(theirs, types) {
			var e Event
			if err := table.Decode(it, &e); err != nil {
				return fmt.Errorf("reports: reading the report of %s: %w", other, err)
			}
			r.Events = append(r.Events, e)
		}
	}
	if it := theirs[lineupsSort]; it != nil && own[lineupsSort] == nil {
		r.Lineups = &Lineups{}
		if err := table.Decode(it, r.Lineups); err != nil {
			return fmt.Errorf("reports: reading the report of %s: %w", other, err)
		}
	}
	if it := theirs[statsSort]; it != nil && own[statsSort] == nil {
		r.Stats = &Stats{}
		if err := table.Decode(it, r.Stats); err != nil {
			return fmt.Errorf("reports: reading the report of %s: %w", other, err)
		}
	}
	_, err = s.Put(ctx, match, r)
	return err
}

// Drop deletes the report of a match whose id has become an alias.
func (s *Store) Drop(ctx context.Context, match string) error {
	ws, err := s.Deletion(ctx, match)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(ws, maxWrites) {
		if err := s.table.Transact(ctx, part); err != nil {
			return fmt.Errorf("reports: deleting the report of %s: %w", match, err)
		}
	}
	return nil
}

// stored returns the items of a report by sort key, without the match itself.
func (s *Store) stored(ctx context.Context, match string) (map[string]table.Item, error) {
	page, err := s.table.Query(ctx, table.Query{Partition: key(match, "").Partition, Consistent: true})
	if err != nil {
		return nil, fmt.Errorf("reports: reading the report of %s: %w", match, err)
	}
	stored := bySort(page.Items)
	maps.DeleteFunc(stored, func(sort string, _ table.Item) bool {
		return sort != lineupsSort && sort != statsSort && sort != headSort && !strings.HasPrefix(sort, eventSort)
	})
	return stored, nil
}

// eventsOf returns the stored events of some types.
func eventsOf(stored map[string]table.Item, types []EventType) []table.Item {
	var found []table.Item
	for _, sort := range slices.Sorted(maps.Keys(stored)) {
		if strings.HasPrefix(sort, eventSort) && slices.Contains(types, EventType(stored[sort].Str("type"))) {
			found = append(found, stored[sort])
		}
	}
	return found
}
