package leagues

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strconv"

	"statgate/shared/table"
)

// Items of the stats table:
//
//	LEAGUES            <league>              the league; list index: LEAGUES#<country>
//	LEAGUEQ#…, LEAGUER#… <text>#<league>     the name index ([names.Index])
//	LEAGUE#<league>    SEASON#<season>       the season: version, and counts by day, matchday and team
//	ADJUSTMENTS        <league>#<season>#<n> one points adjustment
//
// A season's start, end and current matchday are not stored. They are derived from its
// counts, which change in the same transaction as its matches, so they are exact under
// concurrent writes.

// ErrNotFound is the error for a league or a season that does not exist.
var ErrNotFound = errors.New("leagues: not found")

// Adjustment is a number of points that the league's body gives or, mostly, deducts.
type Adjustment struct {
	League string `json:"league"`
	Season string `json:"season"`
	TeamID string `json:"team"`
	Points int    `json:"points"` // negative if points are deducted
	Reason string `json:"reason"`
}

// Store writes leagues and seasons, and returns them through a [Reader]. League ids are
// short and few (a country has a handful), so listing reads one partition.
type Store struct{ table table.Table }

// NewStore returns a store over the stats table.
func NewStore(tbl table.Table) *Store { return &Store{table: tbl} }

func (s *Store) get(ctx context.Context, id string, consistent bool) (*League, table.Item, error) {
	if !table.Storable(id, maxIDBytes) {
		return nil, nil, ErrNotFound
	}
	it, err := table.GetConfirmed(ctx, s.table, leagueKey(id), consistent)
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

func (s *Store) seasonItem(ctx context.Context, league, season string, consistent bool) (table.Item, error) {
	if !table.Storable(league, maxIDBytes) || !table.Storable(season, maxIDBytes) {
		return nil, ErrNotFound
	}
	it, err := table.GetConfirmed(ctx, s.table, seasonKey(league, season), consistent)
	if err != nil {
		return nil, fmt.Errorf("leagues: reading season %s of %s: %w", season, league, err)
	}
	if it == nil {
		return nil, ErrNotFound
	}
	return it, nil
}

// seasonOf derives the bounds of a season from its counts. A count may have returned to
// zero.
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

// Ensure creates the league and the season if they are missing, and sets the league's
// name to that of its latest season. It writes only changes, and reports whether it did.
func (s *Store) Ensure(ctx context.Context, league, name, season string) (bool, error) {
	fresh := table.Item{
		table.PartitionAttr: table.Join("LEAGUE", league), table.SortAttr: table.Join("SEASON", season),
		"id": season, "version": int64(0),
		"days": map[string]any{}, "played": map[string]any{}, "teams": map[string]any{},
	}
	created := false
	if _, err := s.seasonItem(ctx, league, season, true); errors.Is(err, ErrNotFound) {
		_, err := s.table.Write(ctx, table.Put(fresh, table.IsNew()))
		if err != nil && table.AsConditionFailed(err) == nil {
			return false, fmt.Errorf("leagues: creating season %s of %s: %w", season, league, err)
		}
		created = err == nil
	} else if err != nil {
		return false, err
	}
	for range 10 {
		changed, err := s.ensureLeague(ctx, league, name, season)
		if table.AsCanceled(err) == nil {
			return created || changed, err
		}
	}
	return created, fmt.Errorf("leagues: too many concurrent changes of %s: %w", league, table.ErrConflict)
}

// ensureLeague writes a league and its name index in one transaction. A league that an
// earlier release stored without an index gets one.
func (s *Store) ensureLeague(ctx context.Context, league, name, season string) (bool, error) {
	_, old, err := s.get(ctx, league, true)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	conds, indexed := []table.Cond{table.IsNew()}, []table.Key{}
	if old != nil {
		current, known := old.Str("current_season"), old.Str("name")
		if current > season {
			name, season = known, current
		}
		if current == season && known == name && old.Int("indexed") == indexForm {
			return false, nil
		}
		// The name too: the index items are those of the name that was read.
		conds = []table.Cond{table.Eq("current_season", current), table.Eq("name", old.Str("name"))}
		if old.Int("indexed") > 0 {
			indexed = kind.Index.Keys(league, namesOf(league, known))
		}
	}
	it := table.Item{
		table.PartitionAttr: leaguesPK, table.SortAttr: league,
		"id": league, "name": name, "country": nil, "current_season": season, "indexed": int64(indexForm),
	}
	if c := Country(league); c != "" {
		it["country"], it["list_pk"], it["list_sk"] = c, table.Join(leaguesPK, c), league
	}
	ws := append([]table.Write{table.Put(it, conds...)}, kind.Index.Writes(league, indexed, kind.Index.Keys(league, namesOf(league, name)), 99)...)
	if err := s.table.Transact(ctx, ws); err != nil {
		return false, fmt.Errorf("leagues: writing %s: %w", league, err)
	}
	return true, nil
}

// Counts are changes of a season's counts of matches, by local day, by matchday (only
// finished, awarded and live matches) and by team id.
type Counts struct{ Days, Played, Teams map[string]int64 }

// NewCounts returns counts without a change.
func NewCounts() Counts {
	return Counts{map[string]int64{}, map[string]int64{}, map[string]int64{}}
}

// Count returns the write that must accompany a change of the season's matches in the
// same transaction. It requires that the season exists ([Store.Ensure]) and raises its
// version.
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

func (s *Store) adjustmentItems(ctx context.Context, prefix string, consistent bool) ([]table.Item, error) {
	low, high := table.Prefix(prefix)
	page, err := s.table.Query(ctx, table.Query{Partition: adjustmentsPK, Low: low, High: high, Consistent: consistent})
	if err != nil {
		return nil, fmt.Errorf("leagues: adjustments of %s: %w", prefix, err)
	}
	return page.Items, nil
}

// PutAdjustments replaces the adjustments of one season in one transaction, and raises
// the season's version. It reports whether it wrote. Storing the same set again writes
// nothing. A season has at most 90 adjustments, so that they fit in a transaction.
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
	if err := s.table.Transact(ctx, ws); err != nil {
		return false, fmt.Errorf("leagues: writing adjustments of %s %s: %w", league, season, err)
	}
	return true, nil
}

// RenameTeam changes the team id of a team's adjustments, and raises the versions of
// their seasons.
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
		if err := s.table.Transact(ctx, ws); err != nil && table.AsCanceled(err) == nil {
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
