package players

import (
	"context"
	"errors"
	"fmt"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// Items of the stats table:
//
//	PLAYERS                         <id>                               the player, with the names of its source
//	PLAYERSOURCE#<source>           <key>                              id: the player whom a source has under a key
//	PLAYERQ#…, PLAYERR#…            <text>#<id>                        the name index ([names.Index])
//	PLAYERSTATS                     <league>#<season>#<player>#<team>  statistics of a player in a season; list index: PLAYERSTATS#<player>
//	APPEARANCES#<source>#<match>    MATCH                              what a source states about the players of one match
//	COUNT#public                    PLAYERS, PLAYERSTATS               n: how many there are
//
// Statistics are the sums of appearances, and change in the same transaction as these.
// Each list is one partition, so that a page starts at its cursor.

const (
	playersPK = "PLAYERS"
	statsPK   = "PLAYERSTATS"
)

// ErrNotFound is the error for a player who does not exist.
var ErrNotFound = errors.New("players: not found")

// Store writes players and their appearances in matches, and returns players through a
// [Reader].
type Store struct{ table table.Table }

// NewStore returns a store over the stats table.
func NewStore(tbl table.Table) *Store { return &Store{table: tbl} }

// Reader returns players and their statistics. All of them are public: a reader that
// does not see public data returns nothing, and does not read the table.
type Reader struct {
	store  *Store
	public bool
}

// For returns a reader of what a caller may see under a contract: everything, unless
// the contract hides public data.
func (s *Store) For(_ *api.Caller, c *contract.Contract) Reader { return Reader{s, !c.HidePublic} }

// emptyPage returns the page of a reader that does not see public data.
func emptyPage[T any]() *Page[T] {
	none := int64(0)
	return &Page[T]{Total: &none}
}

// Page is a page of a list. Next is "" on the last page. Total is exact, or nil if no
// counter exists for the filter.
type Page[T any] struct {
	Items []T
	Next  string // opaque
	Total *int64
}

// Filter selects statistics: all, those of a league, or those of one season of a league.
type Filter struct{ League, Season string }

// Get returns one player. It fails with ErrNotFound.
func (r Reader) Get(ctx context.Context, id string) (*Player, error) {
	if !r.public || !table.Storable(id, maxIDBytes) {
		return nil, ErrNotFound
	}
	it, err := table.GetConfirmed(ctx, r.store.table, playerKey(id), false)
	if err != nil {
		return nil, fmt.Errorf("players: reading %s: %w", id, err)
	}
	if it == nil {
		return nil, ErrNotFound
	}
	var p Player
	return &p, table.Decode(it, &p)
}

// List returns a page of all players, by id.
func (r Reader) List(ctx context.Context, after string, limit int) (*Page[Player], error) {
	if !r.public {
		return emptyPage[Player](), nil
	}
	page, err := list[Player](ctx, r.store.table, table.Query{Partition: playersPK, After: after, Limit: limit})
	if err != nil {
		return nil, err
	}
	page.Total, err = r.total(ctx, playersPK)
	return page, err
}

// Stats returns a page of statistics, by league, season and player.
func (r Reader) Stats(ctx context.Context, f Filter, after string, limit int) (*Page[Stats], error) {
	if !r.public {
		return emptyPage[Stats](), nil
	}
	q := table.Query{Partition: statsPK, After: after, Limit: limit}
	switch {
	case f.League == "":
	case !table.Storable(f.League, maxIDBytes) || len(f.Season) > 0 && !table.Storable(f.Season, maxIDBytes):
		return &Page[Stats]{}, nil
	case f.Season == "":
		q.Low, q.High = table.Prefix(table.Join(f.League, ""))
	default:
		q.Low, q.High = table.Prefix(table.Join(f.League, f.Season, ""))
	}
	page, err := list[Stats](ctx, r.store.table, q)
	if err != nil || f.League != "" {
		return page, err
	}
	page.Total, err = r.total(ctx, statsPK)
	return page, err
}

// maxStatsOf bounds the statistics of one player.
const maxStatsOf = 200

// StatsOf returns the statistics of one player, by league, season and team: at most 200.
func (r Reader) StatsOf(ctx context.Context, player string) ([]Stats, error) {
	if !r.public || !table.Storable(player, maxIDBytes) {
		return []Stats{}, nil
	}
	page, err := list[Stats](ctx, r.store.table, table.Query{Index: "list", Partition: table.Join(statsPK, player), Limit: maxStatsOf})
	if err != nil {
		return nil, err
	}
	return page.Items, nil
}

func list[T any](ctx context.Context, t table.Table, q table.Query) (*Page[T], error) {
	got, err := t.Query(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("players: listing %s: %w", q.Partition, err)
	}
	page := &Page[T]{Items: make([]T, len(got.Items))}
	for i, it := range got.Items {
		if err := table.Decode(it, &page.Items[i]); err != nil {
			return nil, err
		}
	}
	if got.More && len(got.Items) > 0 {
		page.Next = got.Items[len(got.Items)-1].Str(table.SortAttr)
	}
	return page, nil
}

func (r Reader) total(ctx context.Context, what string) (*int64, error) {
	it, err := r.store.table.Get(ctx, countKey(what), false)
	if err != nil {
		return nil, fmt.Errorf("players: counting %s: %w", what, err)
	}
	n := it.Int("n")
	return &n, nil
}

// maxIDBytes bounds the identifiers that a store looks for.
const maxIDBytes = 200
