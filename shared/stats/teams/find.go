package teams

import (
	"context"

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
	return r.finder().Search(ctx, q, limit)
}

// Named returns the teams that have the name q, and those that [Reader.Search] finds
// besides: of each at most limit.
func (r Reader) Named(ctx context.Context, q string, limit int) (exact, similar []Team, err error) {
	return r.finder().Named(ctx, q, limit)
}

// Nearest returns the teams whose names are closest to a misspelt name, the closest first:
// public ones and the organisation's own, at most limit. It reads at most 320 index items
// and 60 public teams ([names.Kind.Near]), and 1,000 own teams.
func (r Reader) Nearest(ctx context.Context, q string, limit int) ([]Team, error) {
	return r.finder().Nearest(ctx, q, limit)
}

func (r Reader) finder() names.Finder[Team] {
	f := names.Finder[Team]{Kind: kind, Table: r.store.table, Public: r.public}
	if r.org != "" {
		f.Own = r.own
	}
	return f
}

// own returns the organisation's own teams with the names by which they are found.
func (r Reader) own(ctx context.Context) ([]names.Object[Team], error) {
	own, err := r.store.listOwn(ctx, r.org, "", "", maxSearched)
	if err != nil {
		return nil, err
	}
	all := make([]names.Object[Team], len(own.Teams))
	for i, t := range own.Teams {
		all[i] = object(t)
	}
	return all, nil
}
