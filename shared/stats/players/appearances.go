package players

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"statgate/shared/table"
)

// Appearance is a player's part in one match. Null values are unknown to the source.
type Appearance struct {
	Player      string `json:"player"` // id
	Team        string `json:"team"`   // id
	Minutes     *int   `json:"minutes"`
	Goals       int    `json:"goals"` // without own goals
	Assists     *int   `json:"assists"`
	YellowCards *int   `json:"yellow_cards"`
	RedCards    *int   `json:"red_cards"`
}

// Sheet is a source's match sheet, by the source's own ids.
type Sheet struct {
	Key        string // of the match
	Home, Away []Selected
}

// Selected is a player of a lineup. Player is the source's own id, and Team is "". Played is
// false for a player who stayed on the bench.
type Selected struct {
	Appearance
	Played bool
}

// Match has the appearances in one match, as a source states them. Players who did not play
// are not in the list.
type Match struct {
	Source, Key    string // the source, and its own id of the match
	League, Season string
	Appearances    []Appearance
}

// Record stores a source's appearances in a match, and adds them to the players' statistics
// in the same transaction. It replaces what the source stated before about the match. It
// reports whether it changed anything: recording the same match again writes nothing.
func (s *Store) Record(ctx context.Context, m Match) (bool, error) {
	it, err := matchItem(m)
	if err != nil {
		return false, fmt.Errorf("players: match %s of %s: %w", m.Key, m.Source, err)
	}
	for range attempts {
		old, err := s.table.Get(ctx, it.Key(), true)
		if err != nil {
			return false, fmt.Errorf("players: reading match %s of %s: %w", m.Key, m.Source, err)
		}
		it["version"] = old.Int("version")
		if reflect.DeepEqual(it, old) {
			return false, nil
		}
		ws, err := s.replace(ctx, old, it)
		if err == nil && len(ws) > maxWrites {
			err = fmt.Errorf("%d writes are more than a transaction has: %w", len(ws), table.ErrBadWrite)
		}
		if err == nil {
			err = s.table.Transact(ctx, ws)
		}
		if err == nil {
			return true, nil
		}
		if table.AsCanceled(err) == nil {
			return false, fmt.Errorf("players: storing match %s of %s: %w", m.Key, m.Source, err)
		}
	}
	return false, fmt.Errorf("players: too many concurrent writes to match %s of %s: %w", m.Key, m.Source, table.ErrConflict)
}

func matchItem(m Match) (table.Item, error) {
	list := slices.Clone(m.Appearances)
	slices.SortFunc(list, func(a, b Appearance) int {
		return cmp.Or(strings.Compare(a.Team, b.Team), strings.Compare(a.Player, b.Player))
	})
	it, err := table.Encode(struct {
		League      string       `json:"league"`
		Season      string       `json:"season"`
		Appearances []Appearance `json:"appearances"`
	}{m.League, m.Season, slices.Clip(append([]Appearance{}, list...))})
	if err != nil {
		return nil, err
	}
	it[table.PartitionAttr], it[table.SortAttr] = table.Join("APPEARANCES", m.Source, m.Key), "MATCH"
	return it, nil
}

// replace returns the writes that replace a match's appearances in the statistics.
func (s *Store) replace(ctx context.Context, old, it table.Item) ([]table.Write, error) {
	before, err := statsOf(old)
	if err != nil {
		return nil, err
	}
	after, err := statsOf(it)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(before)
	maps.Copy(all, after)
	sorts := slices.Sorted(maps.Keys(all))
	keys := make([]table.Key, len(sorts))
	for i, sort := range sorts {
		keys[i] = table.Key{Partition: statsPK, Sort: sort}
	}
	items, err := s.table.BatchGet(ctx, keys, true)
	if err != nil {
		return nil, err
	}
	stored := make(map[string]table.Item, len(items))
	for _, one := range items {
		stored[one.Str(table.SortAttr)] = one
	}
	cond := table.IsNew()
	if old != nil {
		cond = table.Eq("version", old.Int("version"))
	}
	next := maps.Clone(it)
	next["version"] = old.Int("version") + 1
	ws, count := []table.Write{table.Put(next, cond)}, 0
	for _, sort := range sorts {
		w, n, err := changed(sort, stored[sort], before[sort], after[sort])
		if err != nil {
			return nil, err
		}
		ws, count = append(ws, w...), count+n
	}
	return append(ws, counted(statsPK, count)...), nil
}

// changed returns the write that replaces one match's part in the statistics of a player,
// and by how much the number of statistics changes.
func changed(sort string, stored table.Item, before, after Stats) ([]table.Write, int, error) {
	if reflect.DeepEqual(before, after) {
		return nil, 0, nil
	}
	var total Stats
	if stored != nil {
		if err := table.Decode(stored, &total); err != nil {
			return nil, 0, err
		}
	}
	total = total.plus(before, -1).plus(after, 1)
	key, cond, n := table.Key{Partition: statsPK, Sort: sort}, table.Eq("version", stored.Int("version")), 0
	if stored == nil {
		cond, n = table.IsNew(), 1
	}
	if total.Matches <= 0 {
		return []table.Write{table.Delete(key, cond)}, n - 1, nil
	}
	it, err := table.Encode(total)
	if err != nil {
		return nil, 0, err
	}
	it[table.PartitionAttr], it[table.SortAttr], it["version"] = key.Partition, key.Sort, stored.Int("version")+1
	it["list_pk"], it["list_sk"] = table.Join(statsPK, total.Player), table.Join(total.League, total.Season, total.Team)
	return []table.Write{table.Put(it, cond)}, n, nil
}

// statsOf returns one match's part in the statistics, by their sort keys.
func statsOf(match table.Item) (map[string]Stats, error) {
	out := map[string]Stats{}
	if match == nil {
		return out, nil
	}
	var m struct{ Appearances []Appearance }
	if err := table.Decode(match, &m); err != nil {
		return nil, err
	}
	for _, a := range m.Appearances {
		one := Stats{Player: a.Player, Team: a.Team, League: match.Str("league"), Season: match.Str("season"), Matches: 1,
			Minutes: a.Minutes, Goals: a.Goals, Assists: a.Assists, YellowCards: a.YellowCards, RedCards: a.RedCards}
		sort := table.Join(one.League, one.Season, one.Player, one.Team)
		out[sort] = out[sort].plus(one, 1)
	}
	return out, nil
}

// plus returns statistics to which others were added (sign 1) or from which they were
// removed (sign -1). A value that is unknown in the others stays.
func (s Stats) plus(o Stats, sign int) Stats {
	if o.Player == "" {
		return s
	}
	s.Player, s.Team, s.League, s.Season = o.Player, o.Team, o.League, o.Season
	s.Matches, s.Goals = s.Matches+sign*o.Matches, s.Goals+sign*o.Goals
	for _, f := range []struct {
		to   **int
		from *int
	}{{&s.Minutes, o.Minutes}, {&s.Assists, o.Assists}, {&s.YellowCards, o.YellowCards}, {&s.RedCards, o.RedCards}} {
		if f.from != nil {
			sum := sign * *f.from
			if *f.to != nil {
				sum += **f.to
			}
			*f.to = &sum
		}
	}
	return s
}
