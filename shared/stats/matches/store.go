package matches

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"sync"
	"time"

	"statgate/shared/stats/leagues"
	"statgate/shared/table"
)

// Items of the stats table:
//
//	MATCH#<id>      MATCH      the match, with a partition in each index; or "alias_of" another id
//	COUNT#<owner>   <what>     n: how many matches ALL, LEAGUE#…, SEASON#…, STATUS#…, TEAM#… have

// ErrNotFound is the answer for a match that is not there, or that the caller may not see:
// which of the two is nobody's business.
var ErrNotFound = errors.New("matches: not found")

// ErrFilter is the answer for a mix of filters that no index serves.
var ErrFilter = errors.New("supported: no filter; league and season (and round, stage, status); one league; one status; team; each of these within at most 31 days; at most 100 ids")

// Bounds of a [Filter].
const (
	MaxRangeDays = 31
	MaxIDs       = 100
)

// Filter chooses one of the paths that an index serves.
type Filter struct {
	League, Season string
	Round, Stage   string   // with League and Season: the verbatim round or a matchday's number; the stage verbatim
	Statuses       []Status // with League and Season any; alone exactly one
	Team           string   // a team's own id, not one that it went by
	From, To       string   // days, YYYY-MM-DD, inclusive; for one day both are that day
	UTC            bool     // the days are UTC's, not the leagues' own; a match without a known time has its local day
	IDs            []string
}

// PageRequest asks for a page: Limit matches after the sort string of the last one seen.
type PageRequest struct {
	Limit      int
	After      string // opaque: Page.Next of the page before; "" begins
	Descending bool
}

// Page is a page of matches. Next is "" on the last one. Total is exact, and nil
// where no counter is kept.
type Page struct {
	Matches []Match
	Next    string
	Total   *int64
}

// Store reads and writes matches. Whatever is read is read for owners: the
// public, or the public and the caller's organisation.
type Store struct {
	Table table.Table
	Clock func() time.Time
}

// NewStore returns a store over the stats table.
func NewStore(tbl table.Table, clock func() time.Time) *Store {
	return &Store{Table: tbl, Clock: clock}
}

// Get returns one match, also by an id that it had before; ErrNotFound.
func (s *Store) Get(ctx context.Context, id string, owners []string) (*Match, error) {
	found, err := s.GetMany(ctx, []string{id}, owners)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, ErrNotFound
	}
	return &found[0], nil
}

// GetMany returns the matches that exist among ids, in the order of ids.
func (s *Store) GetMany(ctx context.Context, ids []string, owners []string) ([]Match, error) {
	records, err := s.records(ctx, ids, false, slices.Contains(owners, Public))
	if err != nil {
		return nil, err
	}
	out := make([]Match, 0, len(ids))
	seen := map[string]bool{}
	for _, id := range ids {
		r := records[id]
		if r == nil || seen[r.ID] || !slices.Contains(owners, r.Owner) {
			continue
		}
		seen[r.ID] = true
		out = append(out, r.Match)
	}
	return out, nil
}

// Records returns the records that exist among ids by the id asked for; one
// answers to several ids where two were found to be one match.
func (s *Store) Records(ctx context.Context, ids []string, consistent bool) (map[string]*Record, error) {
	return s.records(ctx, ids, consistent, true)
}

// records follows the ids that matches had before only where it is told to: they
// are public, and whoever sees nothing public must not learn by the time it takes
// that there is one.
func (s *Store) records(ctx context.Context, ids []string, consistent, follow bool) (map[string]*Record, error) {
	out := make(map[string]*Record, len(ids))
	asked := map[string][]string{} // by the id to read, the ids that were asked for
	for _, id := range ids {
		asked[id] = []string{id}
	}
	for range 8 { // an alias leads to another only where merges followed each other
		items, err := s.byIDs(ctx, slices.Collect(maps.Keys(asked)), consistent)
		if err != nil {
			return nil, err
		}
		next := map[string][]string{}
		for id, it := range items {
			if to := it.Str("alias_of"); to != "" && !follow {
				continue
			} else if to != "" {
				next[to] = append(next[to], asked[id]...)
				continue
			}
			r := recordOf(it)
			for _, by := range asked[id] {
				out[by] = r
			}
		}
		if asked = next; len(asked) == 0 {
			break
		}
	}
	return out, nil
}

func (s *Store) byIDs(ctx context.Context, ids []string, consistent bool) (map[string]table.Item, error) {
	keys := make([]table.Key, 0, len(ids))
	asked := map[string]bool{}
	for _, id := range ids {
		if table.Storable(id, maxIDBytes) && !asked[id] {
			asked[id] = true
			keys = append(keys, matchKey(id))
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	items, err := s.Table.BatchGet(ctx, keys, consistent)
	if err != nil {
		return nil, fmt.Errorf("matches: reading %d by id: %w", len(keys), err)
	}
	out := make(map[string]table.Item, len(items))
	for _, it := range items {
		out[it.Str(table.PartitionAttr)[len("MATCH#"):]] = it
	}
	return out, nil
}

// List returns a page of the matches that the filter chooses, by kick-off, then
// id; ErrFilter (wrapped) where no index serves it.
func (s *Store) List(ctx context.Context, f Filter, owners []string, p PageRequest) (*Page, error) {
	path, err := f.path()
	if err != nil {
		return nil, err
	}
	if p.Limit <= 0 {
		return nil, fmt.Errorf("matches: limit %d: %w", p.Limit, ErrFilter)
	}
	if len(f.IDs) > 0 {
		return s.listIDs(ctx, f.IDs, owners, p)
	}
	for _, part := range []string{f.League, f.Season, f.Team} {
		if part != "" && !table.Storable(part, maxIDBytes) {
			return &Page{Matches: []Match{}}, nil
		}
	}
	chunk := p.Limit + 1
	if path.keep != nil {
		chunk = max(chunk, 100) // few may be kept of what is read; small chunks would mean many round trips
	}
	var sources []*source
	for _, owner := range owners {
		for _, from := range path.partitions {
			sources = append(sources, &source{store: s, keep: path.keep, query: table.Query{
				Index: from.index, Partition: joinOwner(owner, from.suffix), Low: path.low, High: path.high,
				After: p.After, Descending: p.Descending, Limit: chunk,
			}})
		}
	}
	records, err := merge(ctx, sources, p.Limit+1, p.Descending)
	if err != nil {
		return nil, err
	}
	page := pageOf(records, p.Limit)
	if path.counter != "" {
		if page.Total, err = s.total(ctx, owners, path.counter); err != nil {
			return nil, err
		}
	}
	return page, nil
}

func pageOf(records []*Record, limit int) *Page {
	page := &Page{Matches: make([]Match, 0, min(limit, len(records)))}
	for i, r := range records {
		if i == limit {
			page.Next = sortString(&page.Matches[i-1])
			break
		}
		page.Matches = append(page.Matches, r.Match)
	}
	return page
}

func (s *Store) listIDs(ctx context.Context, ids, owners []string, p PageRequest) (*Page, error) {
	found, err := s.GetMany(ctx, ids, owners)
	if err != nil {
		return nil, err
	}
	records := make([]*Record, 0, len(found))
	for _, m := range found {
		sk := sortString(&m)
		if p.After == "" || !p.Descending && sk > p.After || p.Descending && sk < p.After {
			records = append(records, &Record{Match: m})
		}
	}
	sort.Slice(records, func(i, j int) bool {
		a, b := sortString(&records[i].Match), sortString(&records[j].Match)
		return a < b != p.Descending && a != b
	})
	return pageOf(records, p.Limit), nil
}

// access is how a filter is served: which index partitions, between which sort
// strings, what is dropped of what is read, and which counter knows the total.
type access struct {
	partitions []partition
	low, high  string
	keep       func(*Match) bool
	counter    string
}

type partition struct{ index, suffix string }

// maxIDBytes bounds the identifiers that a store looks for.
const maxIDBytes = 200

func joinOwner(owner, suffix string) string {
	if suffix == "" {
		return owner
	}
	return table.Join(owner, suffix)
}

// Check tells whether an index serves the filter: nil, or an error that wraps
// ErrFilter and names what is wrong. Dates must be valid.
func (f Filter) Check() error {
	_, err := f.path()
	return err
}

func (f Filter) path() (access, error) {
	if f.From != "" || f.To != "" {
		return f.daysPath()
	}
	season, team := f.Season != "" || f.Round != "" || f.Stage != "", f.Team != ""
	n := 0
	for _, used := range []bool{f.League != "" || season, team, len(f.IDs) > 0, len(f.Statuses) > 0 && !season} {
		if used {
			n++
		}
	}
	switch {
	case n > 1:
		return access{}, fmt.Errorf("matches: these filters cannot be combined; %w", ErrFilter)
	case season:
		return f.seasonPath()
	case f.League != "":
		return access{partitions: []partition{{"league", f.League}}, counter: table.Join("LEAGUE", f.League)}, nil
	case len(f.Statuses) == 1:
		status := string(f.Statuses[0])
		return access{partitions: []partition{{"status", status}}, counter: table.Join("STATUS", status)}, nil
	case len(f.Statuses) > 1:
		return access{}, fmt.Errorf("matches: several statuses require league and season; %w", ErrFilter)
	case team:
		return access{partitions: []partition{{"home", f.Team}, {"away", f.Team}}, counter: table.Join("TEAM", f.Team)}, nil
	case len(f.IDs) > MaxIDs:
		return access{}, fmt.Errorf("matches: ids: too many, got %d; %w", len(f.IDs), ErrFilter)
	}
	return access{partitions: []partition{{"kickoff", ""}}, counter: "ALL"}, nil
}

func (f Filter) seasonPath() (access, error) {
	if f.League == "" || f.Season == "" {
		return access{}, fmt.Errorf("matches: season, round and stage require league and season; %w", ErrFilter)
	}
	a := access{partitions: []partition{{"season", table.Join(f.League, f.Season)}}}
	if f.Round == "" && f.Stage == "" && len(f.Statuses) == 0 {
		a.counter = table.Join("SEASON", f.League, f.Season)
		return a, nil
	}
	a.keep = func(m *Match) bool {
		return (f.Round == "" || roundMatches(m, f.Round)) &&
			(f.Stage == "" || deref(m.Stage) == f.Stage) &&
			(len(f.Statuses) == 0 || slices.Contains(f.Statuses, m.Status))
	}
	return a, nil
}

// daysPath narrows another path to days, as every index is in the order of
// kick-offs. It reads the kick-offs that local days may have anywhere on earth (UTC-12
// to UTC+14), and drops those of the days around. So the days are exact, and what
// is read in vain is at most a day at either end.
func (f Filter) daysPath() (access, error) {
	from, err := time.Parse(time.DateOnly, f.From)
	if err != nil {
		return access{}, fmt.Errorf("matches: from: must be a date, got %q; %w", f.From, ErrFilter)
	}
	to, err := time.Parse(time.DateOnly, f.To)
	if err != nil {
		return access{}, fmt.Errorf("matches: to: must be a date, got %q; %w", f.To, ErrFilter)
	}
	if days := int(to.Sub(from).Hours()/24) + 1; days < 1 || days > MaxRangeDays {
		return access{}, fmt.Errorf("matches: from %s to %s: wrong length of the range, %d days; %w", f.From, f.To, days, ErrFilter)
	}
	if len(f.IDs) > 0 {
		return access{}, fmt.Errorf("matches: ids cannot be combined with a range of days; %w", ErrFilter)
	}
	rest := f
	rest.From, rest.To = "", ""
	a, err := rest.path()
	if err != nil {
		return access{}, err
	}
	stamp := func(t time.Time) string { return t.Format("2006-01-02T15:04:05Z") }
	a.low, a.high, a.counter = stamp(from.Add(-14*time.Hour)), stamp(to.Add(36*time.Hour))+"~", ""
	others := a.keep
	a.keep = func(m *Match) bool {
		day := f.day(m)
		return day >= f.From && day <= f.To && (others == nil || others(m))
	}
	return a, nil
}

// day is the day of a match as the filter counts days.
func (f Filter) day(m *Match) string {
	if f.UTC && m.KickoffAt != nil {
		return (*m.KickoffAt)[:len(time.DateOnly)] // RFC 3339 UTC begins with it
	}
	return m.Date
}

func (s *Store) total(ctx context.Context, owners []string, counter string) (*int64, error) {
	keys := make([]table.Key, len(owners))
	for i, owner := range owners {
		keys[i] = table.Key{Partition: table.Join("COUNT", owner), Sort: counter}
	}
	items, err := s.Table.BatchGet(ctx, keys, false)
	if err != nil {
		return nil, fmt.Errorf("matches: counting %s: %w", counter, err)
	}
	var n int64
	for _, it := range items {
		n += it.Int("n")
	}
	return &n, nil
}

// HeadToHead returns the match and the played meetings (finished or awarded) of its
// two teams in every league, whoever was at home, newest first; ErrNotFound.
func (s *Store) HeadToHead(ctx context.Context, id string, owners []string) (*Match, []Match, error) {
	m, err := s.Get(ctx, id, owners)
	if err != nil {
		return nil, nil, err
	}
	var sources []*source
	for _, owner := range owners {
		sources = append(sources, &source{
			store: s,
			keep:  func(m *Match) bool { return m.Status == Finished || m.Status == Awarded },
			query: table.Query{Index: "pair", Partition: pairKey(owner, m.Home.ID, m.Away.ID), Descending: true},
		})
	}
	records, err := merge(ctx, sources, 0, true)
	if err != nil {
		return nil, nil, err
	}
	out := make([]Match, len(records))
	for i, r := range records {
		out[i] = r.Match
	}
	return m, out, nil
}

// Season returns every public match of a season, by kick-off: what standings are computed from.
func (s *Store) Season(ctx context.Context, league, season string) ([]Match, error) {
	page, err := s.Table.Query(ctx, table.Query{Index: "season", Partition: table.Join(Public, league, season)})
	if err != nil {
		return nil, fmt.Errorf("matches: season %s of %s: %w", season, league, err)
	}
	out := make([]Match, len(page.Items))
	for i, it := range page.Items {
		out[i] = recordOf(it).Match
	}
	return out, nil
}

// OfTeam returns every public record of a team, in no order.
func (s *Store) OfTeam(ctx context.Context, team string) ([]*Record, error) {
	var out []*Record
	for _, index := range []string{"home", "away"} {
		page, err := s.Table.Query(ctx, table.Query{Index: index, Partition: table.Join(Public, team)})
		if err != nil {
			return nil, fmt.Errorf("matches: those of %s: %w", team, err)
		}
		for _, it := range page.Items {
			out = append(out, recordOf(it))
		}
	}
	return out, nil
}

// source reads one index partition, a chunk at a time.
type source struct {
	store *Store
	query table.Query
	keep  func(*Match) bool
	ahead []*Record
	done  bool
}

// fill makes sure that the next record is at hand, if there is one.
func (s *source) fill(ctx context.Context) error {
	for len(s.ahead) == 0 && !s.done {
		page, err := s.store.Table.Query(ctx, s.query)
		if err != nil {
			return fmt.Errorf("matches: reading %s of index %s: %w", s.query.Partition, s.query.Index, err)
		}
		s.done = !page.More || len(page.Items) == 0
		for _, it := range page.Items {
			s.query.After = it.Str(s.query.Index + "_sk")
			if r := recordOf(it); s.keep == nil || s.keep(&r.Match) {
				s.ahead = append(s.ahead, r)
			}
		}
	}
	return nil
}

// merge returns the first n records of all sources in order; 0 is all.
func merge(ctx context.Context, sources []*source, n int, descending bool) ([]*Record, error) {
	if err := fillAll(ctx, sources); err != nil {
		return nil, err
	}
	var out []*Record
	for n == 0 || len(out) < n {
		var next *source
		var nextKey string
		for _, s := range sources {
			if err := s.fill(ctx); err != nil {
				return nil, err
			}
			if len(s.ahead) == 0 {
				continue
			}
			if k := sortString(&s.ahead[0].Match); next == nil || k < nextKey != descending {
				next, nextKey = s, k
			}
		}
		if next == nil {
			break
		}
		out = append(out, next.ahead[0])
		next.ahead = next.ahead[1:]
	}
	return out, nil
}

// fillAll asks all partitions at once: a team's page costs one round trip, not two.
func fillAll(ctx context.Context, sources []*source) error {
	if len(sources) == 1 {
		return sources[0].fill(ctx)
	}
	errs := make([]error, len(sources))
	var wg sync.WaitGroup
	for i, s := range sources {
		wg.Go(func() { errs[i] = s.fill(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// zoneOf is where a league's days begin and end; UTC where that is not known.
func zoneOf(league string) *time.Location {
	if loc := leagues.Zone(league); loc != nil {
		return loc
	}
	return time.UTC
}
