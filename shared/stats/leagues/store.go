package leagues

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"statgate/shared/table"
)

// Items of the stats table:
//
//	LEAGUES            <league>              the league; list index: LEAGUES#<country>
//	LEAGUE#<league>    SEASON#<season>       the season: version, and counts by day, matchday and team
//	ADJUSTMENTS        <league>#<season>#<n> one points adjustment
//
// A season's start, end and current matchday are not stored: they are read off
// its counts, which change in the same transaction as its matches. So they are
// exact, whoever writes at the same time.

// ErrNotFound is the answer for a league or a season that is not there.
var ErrNotFound = errors.New("leagues: not found")

// Adjustment is points given or, mostly, taken by the league's body.
type Adjustment struct {
	League string `json:"league"`
	Season string `json:"season"`
	TeamID string `json:"team"`
	Points int    `json:"points"` // negative where points are deducted
	Reason string `json:"reason"`
}

// Store reads and writes leagues and seasons. League ids are short and few (a
// country has a handful), so listing reads one partition.
type Store struct {
	Table table.Table
	Clock func() time.Time
}

// NewStore returns a store over the stats table.
func NewStore(tbl table.Table, clock func() time.Time) *Store {
	return &Store{Table: tbl, Clock: clock}
}

// List returns the leagues of a country, or all where country is "", by id.
func (s *Store) List(ctx context.Context, country string) ([]League, error) {
	q := table.Query{Partition: leaguesPK}
	if country != "" && !table.Storable(country, maxIDBytes) {
		return []League{}, nil
	}
	if country != "" {
		q = table.Query{Index: "list", Partition: table.Join(leaguesPK, strings.ToUpper(country))}
	}
	page, err := s.Table.Query(ctx, q)
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

// Get returns one league; ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (*League, error) {
	l, _, err := s.get(ctx, id, false)
	return l, err
}

func (s *Store) get(ctx context.Context, id string, consistent bool) (*League, table.Item, error) {
	if !table.Storable(id, maxIDBytes) {
		return nil, nil, ErrNotFound
	}
	it, err := s.Table.Get(ctx, leagueKey(id), consistent)
	if err != nil {
		return nil, nil, fmt.Errorf("leagues: reading %s: %w", id, err)
	}
	if it == nil {
		return nil, nil, ErrNotFound
	}
	l := League{Sport: Football}
	if err := table.Decode(it, &l); err != nil {
		return nil, nil, err
	}
	return &l, it, nil
}

// Seasons returns the seasons of a league, newest first.
func (s *Store) Seasons(ctx context.Context, league string) ([]Season, error) {
	if !table.Storable(league, maxIDBytes) {
		return []Season{}, nil
	}
	low, high := table.Prefix("SEASON#")
	page, err := s.Table.Query(ctx, table.Query{Partition: table.Join("LEAGUE", league), Low: low, High: high, Descending: true})
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
// and the position to go on from, "" at the end. It reads the seasons of as many
// leagues as the page needs.
func (s *Store) AllSeasons(ctx context.Context, after string, limit int) ([]LeagueSeason, string, error) {
	all, err := s.List(ctx, "")
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
		seasons, err := s.Seasons(ctx, l.ID)
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

// Season returns one season and its version, a number that rises with every
// change of the season's matches or adjustments; ErrNotFound.
func (s *Store) Season(ctx context.Context, league, season string) (*Season, int64, error) {
	it, err := s.seasonItem(ctx, league, season, false)
	if err != nil {
		return nil, 0, err
	}
	return seasonOf(it), it.Int("version"), nil
}

// LatestSeason returns the league's newest season; ErrNotFound.
func (s *Store) LatestSeason(ctx context.Context, league string) (*Season, int64, error) {
	if !table.Storable(league, maxIDBytes) {
		return nil, 0, ErrNotFound
	}
	low, high := table.Prefix("SEASON#")
	page, err := s.Table.Query(ctx, table.Query{Partition: table.Join("LEAGUE", league), Low: low, High: high, Descending: true, Limit: 1})
	if err != nil {
		return nil, 0, fmt.Errorf("leagues: latest season of %s: %w", league, err)
	}
	if len(page.Items) == 0 {
		return nil, 0, ErrNotFound
	}
	return seasonOf(page.Items[0]), page.Items[0].Int("version"), nil
}

// Teams returns the ids of the teams that have a match in the season, sorted.
func (s *Store) Teams(ctx context.Context, league, season string) ([]string, error) {
	it, err := s.seasonItem(ctx, league, season, false)
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

func (s *Store) seasonItem(ctx context.Context, league, season string, consistent bool) (table.Item, error) {
	if !table.Storable(league, maxIDBytes) || !table.Storable(season, maxIDBytes) {
		return nil, ErrNotFound
	}
	it, err := s.Table.Get(ctx, seasonKey(league, season), consistent)
	if err != nil {
		return nil, fmt.Errorf("leagues: reading season %s of %s: %w", season, league, err)
	}
	if it == nil {
		return nil, ErrNotFound
	}
	return it, nil
}

// seasonOf reads the bounds off the counts. A count may have gone back to zero.
func seasonOf(it table.Item) *Season {
	out := &Season{ID: it.Str("id")}
	for day, n := range it.Map("days") {
		if n, _ := n.(int64); n <= 0 {
			continue
		}
		if out.Start == nil || day < *out.Start {
			out.Start = &day
		}
		if out.End == nil || day > *out.End {
			out.End = &day
		}
	}
	for md, n := range it.Map("played") {
		number, err := strconv.Atoi(md)
		if n, _ := n.(int64); n <= 0 || err != nil {
			continue
		}
		if out.CurrentMatchday == nil || number > *out.CurrentMatchday {
			out.CurrentMatchday = &number
		}
	}
	return out
}

// Ensure makes the league and the season known, and keeps the name that the
// latest season gives. It writes only what changes and tells whether it did.
func (s *Store) Ensure(ctx context.Context, league, name, season string) (bool, error) {
	fresh := table.Item{
		table.PartitionAttr: table.Join("LEAGUE", league), table.SortAttr: table.Join("SEASON", season),
		"id": season, "version": int64(0),
		"days": map[string]any{}, "played": map[string]any{}, "teams": map[string]any{},
	}
	made := false
	if _, err := s.seasonItem(ctx, league, season, true); errors.Is(err, ErrNotFound) {
		_, err := s.Table.Write(ctx, table.Put(fresh, table.IsNew()))
		if err != nil && table.WasRefused(err) == nil {
			return false, fmt.Errorf("leagues: making season %s of %s: %w", season, league, err)
		}
		made = err == nil
	} else if err != nil {
		return false, err
	}
	for range 10 {
		changed, err := s.ensureLeague(ctx, league, name, season)
		if table.WasRefused(err) == nil {
			return made || changed, err
		}
	}
	return made, fmt.Errorf("leagues: %s keeps changing: %w", league, table.ErrConflict)
}

func (s *Store) ensureLeague(ctx context.Context, league, name, season string) (bool, error) {
	_, old, err := s.get(ctx, league, true)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	cond := table.IsNew()
	if old != nil {
		current := old.Str("current_season")
		if current > season || current == season && old.Str("name") == name {
			return false, nil
		}
		cond = table.Eq("current_season", current)
	}
	it := table.Item{
		table.PartitionAttr: leaguesPK, table.SortAttr: league,
		"id": league, "name": name, "country": nil, "current_season": season,
	}
	if c := Country(league); c != "" {
		it["country"], it["list_pk"], it["list_sk"] = c, table.Join(leaguesPK, c), league
	}
	if _, err := s.Table.Write(ctx, table.Put(it, cond)); err != nil {
		return false, fmt.Errorf("leagues: writing %s: %w", league, err)
	}
	return true, nil
}

// Counts are changes of a season's counts, by local day, by matchday (of matches
// that were played or are live) and by team id.
type Counts struct{ Days, Played, Teams map[string]int64 }

// NewCounts returns no change.
func NewCounts() Counts {
	return Counts{map[string]int64{}, map[string]int64{}, map[string]int64{}}
}

// Count returns the write that goes with a change of the season's matches, in
// the same transaction: the season must be there ([Store.Ensure]), and its
// version rises.
func Count(league, season string, c Counts) table.Write {
	actions := []table.Action{table.Increment("version", 1)}
	for _, m := range []struct {
		name string
		by   map[string]int64
	}{{"days", c.Days}, {"played", c.Played}, {"teams", c.Teams}} {
		for _, k := range sortedKeys(m.by) {
			if m.by[k] != 0 {
				actions = append(actions, table.Increment(m.name+"."+k, m.by[k]))
			}
		}
	}
	return table.Update(seasonKey(league, season), actions, table.IsThere())
}

// Adjustments returns the points adjustments of a season, in the order of their source.
func (s *Store) Adjustments(ctx context.Context, league, season string) ([]Adjustment, error) {
	items, err := s.adjustmentItems(ctx, table.Join(league, season)+"#", false)
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

func (s *Store) adjustmentItems(ctx context.Context, prefix string, consistent bool) ([]table.Item, error) {
	low, high := table.Prefix(prefix)
	page, err := s.Table.Query(ctx, table.Query{Partition: adjustmentsPK, Low: low, High: high, Consistent: consistent})
	if err != nil {
		return nil, fmt.Errorf("leagues: adjustments of %s: %w", prefix, err)
	}
	return page.Items, nil
}

// PutAdjustments replaces the adjustments of one season, in one transaction, and
// raises its version. The same set again writes nothing; it tells whether it wrote.
// A season has at most 90 (a bound of the transaction).
func (s *Store) PutAdjustments(ctx context.Context, league, season string, set []Adjustment) (bool, error) {
	if len(set) > 90 {
		return false, fmt.Errorf("leagues: %d adjustments of %s %s are more than 90: %w", len(set), league, season, table.ErrBadWrite)
	}
	old, err := s.adjustmentItems(ctx, table.Join(league, season)+"#", true)
	if err != nil {
		return false, err
	}
	var ws []table.Write
	for i, a := range set {
		a.League, a.Season = league, season
		it, err := table.Encode(a)
		if err != nil {
			return false, err
		}
		it[table.PartitionAttr] = adjustmentsPK
		it[table.SortAttr] = fmt.Sprintf("%s#%s#%02d", league, season, i)
		if i >= len(old) || !sameItem(old[i], it) {
			ws = append(ws, table.Put(it))
		}
	}
	for _, it := range old[min(len(old), len(set)):] {
		ws = append(ws, table.Delete(it.Key()))
	}
	if len(ws) == 0 {
		return false, nil
	}
	if _, err := s.seasonItem(ctx, league, season, true); err == nil {
		ws = append(ws, Count(league, season, Counts{}))
	} else if !errors.Is(err, ErrNotFound) {
		return false, err
	}
	if err := s.Table.Transact(ctx, ws); err != nil {
		return false, fmt.Errorf("leagues: writing adjustments of %s %s: %w", league, season, err)
	}
	return true, nil
}

// RenameTeam points the adjustments of a team at the id that it goes by now, and
// raises the versions of their seasons.
func (s *Store) RenameTeam(ctx context.Context, from, to string) error {
	items, err := s.adjustmentItems(ctx, "", true)
	if err != nil {
		return err
	}
	for _, it := range items {
		if it.Str("team") != from {
			continue
		}
		ws := []table.Write{table.Update(it.Key(), []table.Action{table.Set("team", to)}, table.Eq("team", from))}
		league, season := it.Str("league"), it.Str("season")
		if _, err := s.seasonItem(ctx, league, season, true); err == nil {
			ws = append(ws, Count(league, season, Counts{}))
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
		if err := s.Table.Transact(ctx, ws); err != nil && table.WasCanceled(err) == nil {
			return fmt.Errorf("leagues: renaming %s in an adjustment: %w", from, err)
		}
	}
	return nil
}

const (
	leaguesPK     = "LEAGUES"
	adjustmentsPK = "ADJUSTMENTS"
)

// maxIDBytes bounds the identifiers that a store looks for.
const maxIDBytes = 200

func leagueKey(id string) table.Key { return table.Key{Partition: leaguesPK, Sort: id} }

func seasonKey(league, season string) table.Key {
	return table.Key{Partition: table.Join("LEAGUE", league), Sort: table.Join("SEASON", season)}
}

func sameItem(a, b table.Item) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || v != w {
			return false
		}
	}
	return true
}

func sortedKeys(m map[string]int64) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
