package reports

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"statgate/shared/table"
)

// Items of the stats table, in the match's own partition:
//
//	MATCH#<match>   EVENT#<event>   one event
//	MATCH#<match>   LINEUPS         both lineups
//	MATCH#<match>   STATS           the statistics
//	MATCH#<match>   REPORT          version, which every change of the others raises
//
// Who may see a match may see its report: it is read after the match, by the id
// that the match has now.

// Store reads and writes reports.
type Store struct {
	Table table.Table
	Clock func() time.Time
}

// NewStore returns a store over the stats table.
func NewStore(tbl table.Table, clock func() time.Time) *Store {
	return &Store{Table: tbl, Clock: clock}
}

const (
	eventSort   = "EVENT#"
	lineupsSort = "LINEUPS"
	statsSort   = "STATS"
	headSort    = "REPORT"

	// maxWrites is what one transaction takes.
	maxWrites = 100
	// attempts bounds how often a report is planned anew because others write it.
	attempts = 20
)

func key(match, sort string) table.Key {
	return table.Key{Partition: table.Join("MATCH", match), Sort: sort}
}

// Events returns a match's events by minute, added time and id; none is no error.
func (s *Store) Events(ctx context.Context, match string) ([]Event, error) {
	low, high := table.Prefix(eventSort)
	page, err := s.Table.Query(ctx, table.Query{Partition: key(match, "").Partition, Low: low, High: high})
	if err != nil {
		return nil, fmt.Errorf("reports: events of %s: %w", match, err)
	}
	events := make([]Event, len(page.Items))
	for i, it := range page.Items {
		if err := table.Decode(it, &events[i]); err != nil {
			return nil, err
		}
	}
	order(events)
	return events, nil
}

// Lineups returns a match's lineups, empty ones where none are known.
func (s *Store) Lineups(ctx context.Context, match string) (*Lineups, error) {
	l := &Lineups{}
	if err := s.read(ctx, match, lineupsSort, l); err != nil {
		return nil, err
	}
	l.fill()
	return l, nil
}

// fill makes lists of what was not told.
func (l *Lineups) fill() {
	for _, side := range []*Lineup{&l.Home, &l.Away} {
		for _, list := range []*[]LineupPlayer{&side.Starters, &side.Substitutes} {
			if *list == nil {
				*list = []LineupPlayer{}
			}
		}
	}
}

// Stats returns a match's statistics, without a section where none are known.
func (s *Store) Stats(ctx context.Context, match string) (*Stats, error) {
	stats := &Stats{}
	err := s.read(ctx, match, statsSort, stats)
	stats.fill()
	return stats, err
}

func (s *Stats) fill() {
	if s.Data == nil {
		s.Data = []Section{}
	}
}

// FromItem reads what an item beside a match tells: an *Event, *Lineups or *Stats,
// nil where it is none of these.
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

func (s *Store) read(ctx context.Context, match, sort string, into any) error {
	it, err := s.Table.Get(ctx, key(match, sort), false)
	if err != nil {
		return fmt.Errorf("reports: %s of %s: %w", sort, match, err)
	}
	if it == nil {
		return nil
	}
	return table.Decode(it, into)
}

// Put stores what a source tells of a match that is stored, in one transaction,
// and tells whether that changed anything. The same report again changes nothing.
func (s *Store) Put(ctx context.Context, match string, r Report) (bool, error) {
	for range attempts {
		page, err := s.Table.Query(ctx, table.Query{Partition: key(match, "").Partition, Consistent: true})
		if err != nil {
			return false, fmt.Errorf("reports: reading that of %s: %w", match, err)
		}
		ws, err := s.plan(match, r, page.Items)
		if err != nil || len(ws) == 0 {
			return false, err
		}
		if len(ws) > maxWrites {
			return false, fmt.Errorf("reports: that of %s has %d changes; at most %d are written at once", match, len(ws), maxWrites)
		}
		err = s.Table.Transact(ctx, ws)
		if err == nil || table.WasCanceled(err) == nil {
			if err != nil {
				err = fmt.Errorf("reports: writing that of %s: %w", match, err)
			}
			return err == nil, err
		}
	}
	return false, fmt.Errorf("reports: others keep writing that of %s: %w", match, table.ErrConflict)
}

// plan compares a report with the items of its match. What is to be written begins
// with the head, on the condition that nobody else has written meanwhile.
func (s *Store) plan(match string, r Report, items []table.Item) ([]table.Write, error) {
	stored := map[string]table.Item{}
	for _, it := range items {
		stored[it.Str(table.SortAttr)] = it
	}
	now := s.Clock().UTC().Format(time.RFC3339)
	ws, err := planEvents(match, r, stored, now)
	if err != nil {
		return nil, err
	}
	for sort, told := range map[string]any{lineupsSort: r.Lineups, statsSort: r.Stats} {
		if reflect.ValueOf(told).IsNil() {
			continue
		}
		it, err := itemOf(match, sort, told)
		if err != nil {
			return nil, err
		}
		if !reflect.DeepEqual(it, stored[sort]) {
			ws = append(ws, table.Put(it))
		}
	}
	if len(ws) == 0 {
		return nil, nil
	}
	cond := table.IsNew()
	head := table.Item{table.PartitionAttr: key(match, headSort).Partition, table.SortAttr: headSort, "version": int64(1), "updated_at": now}
	if before := stored[headSort]; before != nil {
		cond, head["version"] = table.Eq("version", before.Int("version")), before.Int("version")+1
	}
	return append([]table.Write{table.Put(head, cond)}, ws...), nil
}

// planEvents writes what is new or other than it was, and removes what is told no
// more, of the types that the report knows.
func planEvents(match string, r Report, stored map[string]table.Item, now string) ([]table.Write, error) {
	var ws []table.Write
	kept := map[string]bool{}
	for _, e := range identify(match, r.Events) {
		sort := eventSort + e.ID
		kept[sort] = true
		e.Version, e.UpdatedAt = 1, now
		if before := stored[sort]; before != nil {
			var was Event
			if err := table.Decode(before, &was); err != nil {
				return nil, err
			}
			e.Version, e.UpdatedAt = was.Version, was.UpdatedAt
			if reflect.DeepEqual(was, e) {
				continue
			}
			e.Version, e.UpdatedAt = was.Version+1, now
		}
		it, err := itemOf(match, sort, e)
		if err != nil {
			return nil, err
		}
		ws = append(ws, table.Put(it))
	}
	for sort, it := range stored {
		if len(sort) > len(eventSort) && sort[:len(eventSort)] == eventSort && !kept[sort] && slices.Contains(r.Types, EventType(it.Str("type"))) {
			ws = append(ws, table.Delete(key(match, sort)))
		}
	}
	return ws, nil
}

func itemOf(match, sort string, v any) (table.Item, error) {
	it, err := table.Encode(v)
	if err != nil {
		return nil, err
	}
	at := key(match, sort)
	it[table.PartitionAttr], it[table.SortAttr] = at.Partition, at.Sort
	return it, nil
}
