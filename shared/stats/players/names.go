package players

import (
	"context"

	"statgate/shared/stats/names"
	"statgate/shared/table"
)

// kind finds players by their ids and names.
var kind = names.Kind[Player]{Index: "PLAYER", Partition: playersPK, Object: func(it table.Item) (names.Object[Player], error) {
	o := names.Object[Player]{Names: append([]string{it.Str("id"), it.Str("name")}, it.Texts("names")...)}
	return o, table.Decode(it, &o.Value)
}}

// Search returns the player with the id q, and players with a name in which words begin
// with q, regardless of case and accents: at most limit, and never more than 50. Exact
// names come first. It reads at most 200 index items and 51 players.
func (r Reader) Search(ctx context.Context, q string, limit int) ([]Player, error) {
	return r.finder().Search(ctx, q, limit)
}

// Named returns the players who have the name q, and those whom [Reader.Search] finds
// besides: of each at most limit.
func (r Reader) Named(ctx context.Context, q string, limit int) (exact, similar []Player, err error) {
	return r.finder().Named(ctx, q, limit)
}

// Nearest returns the players whose names are closest to a misspelt name, the closest
// first, at most limit. It reads at most 320 index items and 60 players ([names.Kind.Near]).
func (r Reader) Nearest(ctx context.Context, q string, limit int) ([]Player, error) {
	return r.finder().Nearest(ctx, q, limit)
}

func (r Reader) finder() names.Finder[Player] {
	return names.Finder[Player]{Kind: kind, Table: r.store.table, Public: r.public}
}
