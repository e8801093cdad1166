package reports

import (
	"context"
	"fmt"

	"statgate/shared/stats/matches"
	"statgate/shared/table"
)

// Reader returns the report of one match.
type Reader struct {
	store *Store
	match string
}

// Of returns a reader of a match's report. A caller who may see the match may see its
// report.
func (s *Store) Of(match matches.Visible) Reader { return Reader{s, match.ID()} }

// Events returns the events, possibly none, by minute, added time and id.
func (r Reader) Events(ctx context.Context) ([]Event, error) {
	low, high := table.Prefix(eventSort)
	page, err := r.store.table.Query(ctx, table.Query{Partition: key(r.match, "").Partition, Low: low, High: high})
	if err != nil {
		return nil, fmt.Errorf("reports: events of %s: %w", r.match, err)
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

// Lineups returns the lineups, with empty lists if none are known.
func (r Reader) Lineups(ctx context.Context) (*Lineups, error) {
	l := &Lineups{}
	if err := r.read(ctx, lineupsSort, l); err != nil {
		return nil, err
	}
	l.fill()
	return l, nil
}

// Stats returns the statistics, without sections if none are known.
func (r Reader) Stats(ctx context.Context) (*Stats, error) {
	stats := &Stats{}
	err := r.read(ctx, statsSort, stats)
	stats.fill()
	return stats, err
}

func (r Reader) read(ctx context.Context, sort string, into any) error {
	it, err := r.store.table.Get(ctx, key(r.match, sort), false)
	if err != nil {
		return fmt.Errorf("reports: %s of %s: %w", sort, r.match, err)
	}
	if it == nil {
		return nil
	}
	return table.Decode(it, into)
}
