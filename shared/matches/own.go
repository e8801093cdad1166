package matches

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"statgate/shared/leagues"
	"statgate/shared/table"
)

// Own is the leagues, seasons and teams of an organisation's own matches, for
// contracts that hide what is public. All of it is read off the organisation's
// counters and matches: of a public league or team, and of another organisation's,
// nothing is read, so that asking for one takes what asking for nothing takes.
type Own struct {
	store *Store
	org   string
}

// Of returns what an organisation's own matches tell.
func (s *Store) Of(org string) Own { return Own{s, org} }

// Team returns a team of its matches; ErrNotFound.
func (o Own) Team(ctx context.Context, id string) (*Side, error) {
	it, err := o.counter(ctx, "TEAM", id)
	if err != nil {
		return nil, err
	}
	return &Side{ID: it.Str("id"), Name: it.Str("name")}, nil
}

// Teams returns a page of the teams of its matches, by id, and the id to go on
// from, "" at the end. A limit of 0 is all of them.
func (o Own) Teams(ctx context.Context, after string, limit int) ([]Side, string, error) {
	items, err := o.counters(ctx, "TEAM#", after, limit)
	if err != nil {
		return nil, "", err
	}
	teams := make([]Side, len(items))
	for i, it := range items {
		teams[i] = Side{ID: it.Str("id"), Name: it.Str("name")}
	}
	if limit > 0 && len(teams) > limit {
		return teams[:limit], teams[limit-1].ID, nil
	}
	return teams, "", nil
}

// League returns a league of its matches; ErrNotFound. Its name is its id, as
// nothing else of it is the organisation's.
func (o Own) League(ctx context.Context, id string) (*leagues.League, error) {
	if _, err := o.counter(ctx, "LEAGUE", id); err != nil {
		return nil, err
	}
	items, err := o.counters(ctx, table.Join("SEASON", id)+"#", "", 0)
	if err != nil {
		return nil, err
	}
	l := league(id)
	for _, it := range items {
		l.latest(it.Str("season"))
	}
	return &l.League, nil
}

// Leagues returns the leagues of its matches, by id.
func (o Own) Leagues(ctx context.Context) ([]leagues.League, error) {
	items, err := o.counters(ctx, "LEAGUE#", "", 0)
	if err != nil {
		return nil, err
	}
	seasons, err := o.counters(ctx, "SEASON#", "", 0)
	if err != nil {
		return nil, err
	}
	all := make([]leagues.League, len(items))
	for i, it := range items {
		l := league(it.Str("league"))
		for _, s := range seasons {
			if s.Str("league") == l.ID {
				l.latest(s.Str("season"))
			}
		}
		all[i] = l.League
	}
	return all, nil
}

// Seasons returns the seasons of its matches in a league, newest first.
func (o Own) Seasons(ctx context.Context, id string) ([]leagues.Season, error) {
	all, err := o.read(ctx, "league", id)
	if err != nil {
		return nil, err
	}
	seasons := map[string]*leagues.Season{}
	for i := range all {
		m := &all[i]
		name := string(m.Season)
		if name == "" {
			continue
		}
		s := seasons[name]
		if s == nil {
			s = &leagues.Season{ID: name}
			seasons[name] = s
		}
		if s.Start == nil || m.Date < *s.Start {
			s.Start = &m.Date
		}
		if s.End == nil || m.Date > *s.End {
			s.End = &m.Date
		}
		if m.Matchday != nil && m.Status.Played() && (s.CurrentMatchday == nil || *m.Matchday > *s.CurrentMatchday) {
			s.CurrentMatchday = m.Matchday
		}
	}
	sorted := make([]leagues.Season, 0, len(seasons))
	for _, s := range seasons {
		sorted = append(sorted, *s)
	}
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].ID > sorted[j].ID })
	return sorted, nil
}

// HasSeason tells whether it has a match of the season: nil, or ErrNotFound.
func (o Own) HasSeason(ctx context.Context, league, season string) error {
	if !storable(league) || !storable(season) {
		return ErrNotFound
	}
	_, err := o.counter(ctx, "SEASON", table.Join(league, season))
	return err
}

// Season returns its matches of one season, by kick-off; none is no error.
func (o Own) Season(ctx context.Context, league, season string) ([]Match, error) {
	if !storable(league) || !storable(season) {
		return nil, nil
	}
	return o.read(ctx, "season", table.Join(league, season))
}

func (o Own) read(ctx context.Context, index, of string) ([]Match, error) {
	if !storable(of) {
		return nil, nil
	}
	page, err := o.store.Table.Query(ctx, table.Query{Index: index, Partition: table.Join(o.org, of)})
	if err != nil {
		return nil, fmt.Errorf("matches: %s %s of %s: %w", index, of, o.org, err)
	}
	all := make([]Match, len(page.Items))
	for i, it := range page.Items {
		all[i] = recordOf(it).Match
	}
	return all, nil
}

// counter reads the counter of something that a match is of; ErrNotFound where no
// match is.
func (o Own) counter(ctx context.Context, what, id string) (table.Item, error) {
	if !storable(id) {
		return nil, ErrNotFound
	}
	it, err := o.store.Table.Get(ctx, table.Key{Partition: table.Join("COUNT", o.org), Sort: table.Join(what, id)}, false)
	if err != nil {
		return nil, fmt.Errorf("matches: reading a counter of %s: %w", o.org, err)
	}
	if it.Int("n") <= 0 {
		return nil, ErrNotFound
	}
	return it, nil
}

// counters reads the counters whose sort key has the prefix and that count
// something, after one of them, until there is one more than the limit.
func (o Own) counters(ctx context.Context, prefix, after string, limit int) ([]table.Item, error) {
	q := table.Query{Partition: table.Join("COUNT", o.org)}
	q.Low, q.High = table.Prefix(prefix)
	if after != "" {
		q.After = prefix + after
	}
	if limit > 0 {
		q.Limit = limit + 1
	}
	var found []table.Item
	for {
		page, err := o.store.Table.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("matches: reading counters of %s: %w", o.org, err)
		}
		for _, it := range page.Items {
			if it.Int("n") > 0 {
				found = append(found, it)
			}
		}
		if !page.More || len(page.Items) == 0 || limit > 0 && len(found) > limit {
			return found, nil
		}
		q.After = page.Items[len(page.Items)-1].Str(table.SortAttr)
	}
}

// ownLeague is a league as its matches tell of it.
type ownLeague struct{ leagues.League }

func league(id string) ownLeague {
	l := ownLeague{leagues.League{ID: id, Name: id}}
	if country := leagues.Country(id); country != "" {
		l.Country = &country
	}
	return l
}

func (l *ownLeague) latest(season string) {
	if season != "" && (l.CurrentSeason == nil || strings.Compare(season, *l.CurrentSeason) > 0) {
		l.CurrentSeason = &season
	}
}
