package leagues

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// Reader returns leagues and seasons. All of them are public: a reader that does not
// see public data returns nothing, and does not read the table.
type Reader struct {
	store  *Store
	public bool
}

// For returns a reader of what a caller may see under a contract: everything, unless
// the contract hides public data.
func (s *Store) For(_ *api.Caller, c *contract.Contract) Reader { return Reader{s, !c.HidePublic} }

// Public returns a reader that sees everything. It is for imports; requests of
// customers use [Store.For].
func (s *Store) Public() Reader { return Reader{s, true} }

// List returns the leagues of a country, or all if country is "", by id.
func (r Reader) List(ctx context.Context, country string) ([]League, error) {
	if !r.public {
		return []League{}, nil
	}
	q := table.Query{Partition: leaguesPK}
	if country != "" && !table.Storable(country, maxIDBytes) {
		return []League{}, nil
	}
	if country != "" {
		q = table.Query{Index: "list", Partition: table.Join(leaguesPK, strings.ToUpper(country))}
	}
	page, err := r.store.table.Query(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("leagues: listing: %w", err)
	}
	out := make([]League, 0, len(page.Items))
	for _, it := range page.Items {
		l := League{Sport: Football}
		if err := table.Decode(it, &l); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// Get returns one league. It fails with ErrNotFound.
func (r Reader) Get(ctx context.Context, id string) (*League, error) {
	if !r.public {
		return nil, ErrNotFound
	}
	l, _, err := r.store.get(ctx, id, false)
	return l, err
}

// Seasons returns the seasons of a league, newest first.
func (r Reader) Seasons(ctx context.Context, league string) ([]Season, error) {
	if !r.public {
		return []Season{}, nil
	}
	if !table.Storable(league, maxIDBytes) {
		return []Season{}, nil
	}
	low, high := table.Prefix("SEASON#")
	page, err := r.store.table.Query(ctx, table.Query{Partition: table.Join("LEAGUE", league), Low: low, High: high, Descending: true})
	if err != nil {
		return nil, fmt.Errorf("leagues: seasons of %s: %w", league, err)
	}
	out := make([]Season, 0, len(page.Items))
	for _, it := range page.Items {
		out = append(out, *seasonOf(it))
	}
	return out, nil
}

// AllSeasons returns a page of the seasons of all leagues, by league, newest first,
// and the cursor of the next page, "" on the last one. It reads only the leagues that the
// page needs.
func (r Reader) AllSeasons(ctx context.Context, after string, limit int) ([]LeagueSeason, string, error) {
	all, err := r.List(ctx, "")
	if err != nil {
		return nil, "", err
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	from, last, _ := strings.Cut(after, "#")
	page := []LeagueSeason{}
	for _, l := range all {
		if l.ID < from {
			continue
		}
		seasons, err := r.Seasons(ctx, l.ID)
		if err != nil {
			return nil, "", err
		}
		for _, one := range seasons {
			if l.ID == from && one.ID >= last {
				continue
			}
			if len(page) == limit {
				end := page[limit-1]
				return page, table.Join(end.League, end.ID), nil
			}
			page = append(page, LeagueSeason{l.ID, one})
		}
	}
	return page, "", nil
}

// Season returns one season and its version, which rises with every change of the
// season's matches or adjustments. It fails with ErrNotFound.
func (r Reader) Season(ctx context.Context, league, season string) (*Season, int64, error) {
	it, err := r.season(ctx, league, season)
	if err != nil {
		return nil, 0, err
	}
	return seasonOf(it), it.Int("version"), nil
}

// LatestSeason returns the league's newest season and its version. It fails with
// ErrNotFound.
func (r Reader) LatestSeason(ctx context.Context, league string) (*Season, int64, error) {
	if !r.public || !table.Storable(league, maxIDBytes) {
		return nil, 0, ErrNotFound
	}
	low, high := table.Prefix("SEASON#")
	page, err := r.store.table.Query(ctx, table.Query{Partition: table.Join("LEAGUE", league), Low: low, High: high, Descending: true, Limit: 1})
	if err != nil {
		return nil, 0, fmt.Errorf("leagues: latest season of %s: %w", league, err)
	}
	if len(page.Items) == 0 {
		return nil, 0, ErrNotFound
	}
	return seasonOf(page.Items[0]), page.Items[0].Int("version"), nil
}

// Teams returns the ids of the teams that have a match in the season, sorted.
func (r Reader) Teams(ctx context.Context, league, season string) ([]string, error) {
	it, err := r.season(ctx, league, season)
	if err != nil {
		return nil, err
	}
	var ids []string
	for id, n := range it.Map("teams") {
		if n, _ := n.(int64); n > 0 {
			ids = append(ids, id)
		}
	}
	sort.Strings(ids)
	return ids, nil
}

// Adjustments returns the points adjustments of a season, in the order of their source.
func (r Reader) Adjustments(ctx context.Context, league, season string) ([]Adjustment, error) {
	if !r.public {
		return []Adjustment{}, nil
	}
	items, err := r.store.adjustmentItems(ctx, table.Join(league, season)+"#", false)
	if err != nil {
		return nil, err
	}
	out := make([]Adjustment, 0, len(items))
	for _, it := range items {
		var a Adjustment
		if err := table.Decode(it, &a); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

func (r Reader) season(ctx context.Context, league, season string) (table.Item, error) {
	if !r.public {
		return nil, ErrNotFound
	}
	return r.store.seasonItem(ctx, league, season, false)
}
