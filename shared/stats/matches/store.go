package matches

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"statgate/shared/stats/leagues"
	"statgate/shared/table"
)

// Items of the stats table:
//
//	MATCH#<id>      MATCH      the match, with a partition in each index; or "alias_of" another id
//	COUNT#<owner>   <what>     n: how many matches ALL, LEAGUE#…, SEASON#…, STATUS#…, TEAM#… have

// ErrNotFound is the error for a match that does not exist or that the reader may not
// see. The two cases are not distinguished, so that no reader learns of hidden matches.
var ErrNotFound = errors.New("matches: not found")

// ErrFilter is the error for a combination of filters that no index serves.
var ErrFilter = errors.New("supported: no filter; league and season (and round, stage, status); one league; one status; team; each of these within at most 31 days; at most 100 ids")

// Bounds of a [Filter].
const (
	MaxRangeDays = 31
	maxIDs       = 100
)

// Filter selects matches by a combination of fields that an index serves.
type Filter struct {
	League, Season string
	Round, Stage   string         // with League and Season: the verbatim round or a matchday's number; the stage verbatim
	Statuses       []Status       // any number with League and Season, otherwise at most one
	Team           string         // the team's present id, not a former one
	From, To       string         // days, YYYY-MM-DD, inclusive; for a single day both are that day
	UTC            bool           // count UTC days instead of the leagues' local days; a match without a known time has its local day
	Zone           *time.Location // count days of this zone, instead of UTC; the same holds for unknown times
	IDs            []string
}

// PageRequest asks for a page of at most Limit matches after a cursor.
type PageRequest struct {
	Limit      int
	After      string // opaque: Page.Next of the page before; "" begins
	Descending bool
}

// Page is a page of matches. Next is "" on the last page. Total is exact, or nil if no
// counter exists for the filter.
type Page struct {
	Matches []Match
	Next    string
	Total   *int64
}

// Store writes public matches. It returns matches only through a [Reader], which is
// bound to the owners whose data its user may see.
type Store struct {
	table table.Table
	clock func() time.Time
}

// NewStore returns a store over the stats table.
func NewStore(tbl table.Table, clock func() time.Time) *Store {
	return &Store{table: tbl, clock: clock}
}

// RecordsOfAllOwners returns the records that exist among ids, of every owner, by the
// requested id. Only workers may call it; it must not serve a customer's request. Two ids
// have the same record if their two matches turned out to be one.
func (s *Store) RecordsOfAllOwners(ctx context.Context, ids []string, consistent bool) (map[string]*Record, error) {
	return s.records(ctx, ids, consistent, true)
}

// records follows former ids of matches only if follow is set. Former ids are public, so
// a reader without public data must not learn from the response time that one exists.
func (s *Store) records(ctx context.Context, ids []string, consistent, follow bool) (map[string]*Record, error) {
	out := make(map[string]*Record, len(ids))
	pending := map[string][]string{} // requested ids by the id to read
	for _, id := range ids {
		pending[id] = []string{id}
	}
	for range 8 { // an alias points to another alias only after several merges
		items, err := s.byIDs(ctx, slices.Collect(maps.Keys(pending)), consistent)
		if err != nil {
			return nil, err
		}
		next := map[string][]string{}
		for id, it := range items {
			if to := it.Str("alias_of"); to != "" && !follow {
				continue
			} else if to != "" {
				next[to] = append(next[to], pending[id]...)
				continue
			}
			r := recordOf(it)
			for _, requested := range pending[id] {
				out[requested] = r
			}
		}
		if pending = next; len(pending) == 0 {
			break
		}
	}
	return out, nil
}

func (s *Store) byIDs(ctx context.Context, ids []string, consistent bool) (map[string]table.Item, error) {
	keys := make([]table.Key, 0, len(ids))
	seen := map[string]bool{}
	for _, id := range ids {
		if table.Storable(id, maxIDBytes) && !seen[id] {
			seen[id] = true
			keys = append(keys, matchKey(id))
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	// A miss is not confirmed: the time of an answer must not tell another organisation's
	// match, which is found and withheld, from a missing one.
	items, err := s.table.BatchGet(ctx, keys, consistent)
	if err != nil {
		return nil, fmt.Errorf("matches: reading %d by id: %w", len(keys), err)
	}
	out := make(map[string]table.Item, len(items))
	for _, it := range items {
		out[it.Str(table.PartitionAttr)[len("MATCH#"):]] = it
	}
	return out, nil
}

// access is the plan that serves a filter: the index partitions to read, the range of
// sort keys, the matches to keep, and the counter that has the total.
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

// Check returns nil if an index serves the filter, or else an error that wraps ErrFilter
// and says what is wrong. Dates must be valid.
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
	case len(f.IDs) > maxIDs:
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

// daysPath narrows another path to days, because every index is ordered by kick-off. It
// reads the range of kick-offs that these local days have anywhere on earth (UTC-12 to
// UTC+14), and drops matches of the days around. The result is exact, and at most one day
// at either end is read and dropped.
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

// day returns the day of a match as the filter counts days.
func (f Filter) day(m *Match) string {
	if at, err := time.Parse(time.RFC3339, deref(m.KickoffAt)); f.Zone != nil && err == nil {
		return at.In(f.Zone).Format(time.DateOnly)
	}
	if f.UTC && m.KickoffAt != nil {
		return (*m.KickoffAt)[:len(time.DateOnly)] // the date part of RFC 3339 in UTC
	}
	return m.Date
}

// ofTeam returns every public record of a team, in no particular order.
func (s *Store) ofTeam(ctx context.Context, team string) ([]*Record, error) {
	var out []*Record
	for _, index := range []string{"home", "away"} {
		page, err := s.table.Query(ctx, table.Query{Index: index, Partition: table.Join(Public, team)})
		if err != nil {
			return nil, fmt.Errorf("matches: reading those of team %s: %w", team, err)
		}
		for _, it := range page.Items {
			out = append(out, recordOf(it))
		}
	}
	return out, nil
}

// source reads one index partition in chunks.
type source struct {
	store *Store
	query table.Query
	keep  func(*Match) bool
	ahead []*Record
	done  bool
}

// fill reads until the next record is in memory, if there is one.
func (s *source) fill(ctx context.Context) error {
	for len(s.ahead) == 0 && !s.done {
		page, err := s.store.table.Query(ctx, s.query)
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

// merge returns the first n records of all sources in order, or all if n is 0.
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
			k, err := sortString(&s.ahead[0].Match)
			if err != nil {
				return nil, err
			}
			if next == nil || k < nextKey != descending {
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

// fillAll reads all partitions concurrently, so that a team's page takes one round trip.
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

// zoneOf returns the time zone of a league's days, UTC if it is unknown.
func zoneOf(league string) (*time.Location, error) {
	loc, err := leagues.Zone(league)
	if loc == nil && err == nil {
		return time.UTC, nil
	}
	return loc, err
}
