package players

import (
	"context"
	"fmt"

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
	if !r.public {
		return []Player{}, nil
	}
	found, err := kind.Find(ctx, r.store.table, q)
	if err != nil {
		return nil, fmt.Errorf("players: searching: %w", err)
	}
	return names.Matching(q, found, limit), nil
}

// Named returns the players who have the name q, and those whom [Reader.Search] finds
// besides: of each at most limit.
func (r Reader) Named(ctx context.Context, q string, limit int) (exact, similar []Player, err error) {
	if !r.public {
		return nil, nil, nil
	}
	found, err := kind.Find(ctx, r.store.table, q)
	if err != nil {
		return nil, nil, fmt.Errorf("players: searching: %w", err)
	}
	exact, similar = names.Named(q, found, limit)
	return exact, similar, nil
}

// Nearest returns the players whose names are closest to a misspelt name, the closest
// first, at most limit. It reads at most 320 index items and 60 players ([names.Kind.Near]).
func (r Reader) Nearest(ctx context.Context, q string, limit int) ([]Player, error) {
	if !r.public {
		return []Player{}, nil
	}
	near, err := kind.Near(ctx, r.store.table, q)
	if err != nil {
		return nil, fmt.Errorf("players: looking for a name: %w", err)
	}
	return names.Closest(q, near, limit), nil
}
