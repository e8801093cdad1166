package teams

import (
	"context"
	"fmt"

	"statgate/shared/stats/names"
	"statgate/shared/table"
)

// index finds public teams by their names.
const index = names.Index("TEAM")

var kind = names.Kind[Team]{Index: index, Partition: teamsPK, Object: func(it table.Item) (names.Object[Team], error) {
	return object(*teamOf(it)), nil
}}

// object returns a team with the names by which it is found.
func object(t Team) names.Object[Team] {
	return names.Object[Team]{Value: t, Names: append([]string{t.ID}, t.Names...)}
}

// Search returns the teams with the id q or with a spelling in which words begin with q,
// regardless of case and accents: public ones and the organisation's own, at most limit. It
// never returns more than 50 public ones. Exact names come first. It reads at most 200
// index items, 51 public teams and 1,000 own teams; only [Reader.List] finds more own teams.
func (r Reader) Search(ctx context.Context, q string, limit int) ([]Team, error) {
	all, err := r.candidates(ctx, q, kind.Find)
	if err != nil {
		return nil, fmt.Errorf("teams: searching: %w", err)
	}
	return names.Matching(q, all, limit), nil
}

// Named returns the teams that have the name q, and those that [Reader.Search] finds
// besides: of each at most limit.
func (r Reader) Named(ctx context.Context, q string, limit int) (exact, similar []Team, err error) {
	all, err := r.candidates(ctx, q, kind.Find)
	if err != nil {
		return nil, nil, fmt.Errorf("teams: searching: %w", err)
	}
	exact, similar = names.Named(q, all, limit)
	return exact, similar, nil
}

// Nearest returns the teams whose names are closest to a misspelt name, the closest first:
// public ones and the organisation's own, at most limit. It reads at most 320 index items
// and 60 public teams ([names.Kind.Near]), and 1,000 own teams.
func (r Reader) Nearest(ctx context.Context, q string, limit int) ([]Team, error) {
	all, err := r.candidates(ctx, q, kind.Near)
	if err != nil {
		return nil, fmt.Errorf("teams: looking for a name: %w", err)
	}
	return names.Closest(q, all, limit), nil
}

// candidates returns the organisation's own teams, then the public ones that find returns.
func (r Reader) candidates(ctx context.Context, q string, find func(context.Context, table.Table, string) ([]names.Object[Team], error)) ([]names.Object[Team], error) {
	var all []names.Object[Team]
	if r.org != "" {
		own, err := r.store.listOwn(ctx, r.org, "", "", maxSearched)
		if err != nil {
			return nil, err
		}
		for _, t := range own.Teams {
			all = append(all, object(t))
		}
	}
	if !r.public {
		return all, nil
	}
	public, err := find(ctx, r.store.table, q)
	return append(all, public...), err
}
