package matches

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// Reader returns the matches of the owners that it is bound to: the public matches,
// those of one organisation, or both. A match of any other owner does not exist for it.
// The zero Reader is bound to no owner.
type Reader struct {
	store  *Store
	owners []string
}

// For returns a reader of what a caller may see under a contract: the matches of the
// caller's organisation, and the public ones unless the contract hides them.
func (s *Store) For(caller *api.Caller, c *contract.Contract) Reader {
	return Reader{s, caller.Owners(c.HidePublic)}
}

// Public returns a reader of the public matches only. It is for imports; requests of
// customers use [Store.For].
func (s *Store) Public() Reader { return Reader{s, []string{Public}} }

func (r Reader) seesPublic() bool { return slices.Contains(r.owners, Public) }

// Visible is proof that a reader may see a match. Only [Reader.Visible] makes one.
type Visible struct{ id string }

// ID returns the present id of the match.
func (v Visible) ID() string { return v.id }

// Visible looks up a match by its id, or by an id that it had before. It fails with
// ErrNotFound.
func (r Reader) Visible(ctx context.Context, id string) (Visible, error) {
	m, err := r.Get(ctx, id)
	if err != nil {
		return Visible{}, err
	}
	return Visible{m.ID}, nil
}

// Get returns one match by its id, or by an id that it had before. It fails with
// ErrNotFound.
func (r Reader) Get(ctx context.Context, id string) (*Match, error) {
	found, err := r.getMany(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, ErrNotFound
	}
	return &found[0], nil
}

// getMany returns the matches that exist among ids, in the order of ids.
func (r Reader) getMany(ctx context.Context, ids []string) ([]Match, error) {
	records, err := r.store.records(ctx, ids, false, r.seesPublic())
	if err != nil {
		return nil, err
	}
	out := make([]Match, 0, len(ids))
	seen := map[string]bool{}
	for _, id := range ids {
		found := records[id]
		if found == nil || seen[found.ID] || !slices.Contains(r.owners, found.Owner) {
			continue
		}
		seen[found.ID] = true
		out = append(out, found.Match)
	}
	return out, nil
}

// List returns a page of the matches that the filter selects, by kick-off, then by
// id. It fails with a wrapped ErrFilter if no index serves the filter.
func (r Reader) List(ctx context.Context, f Filter, p PageRequest) (*Page, error) {
	path, err := f.path()
	if err != nil {
		return nil, err
	}
	if p.Limit <= 0 {
		return nil, fmt.Errorf("matches: limit %d: %w", p.Limit, ErrFilter)
	}
	if len(f.IDs) > 0 {
		return r.listIDs(ctx, f.IDs, p)
	}
	for _, part := range []string{f.League, f.Season, f.Team} {
		if part != "" && !table.Storable(part, maxIDBytes) {
			return &Page{Matches: []Match{}}, nil
		}
	}
	chunk := p.Limit + 1
	if path.keep != nil {
		chunk = max(chunk, 100) // the filter may drop most of what is read; small chunks would need many round trips
	}
	var sources []*source
	for _, owner := range r.owners {
		for _, from := range path.partitions {
			sources = append(sources, &source{store: r.store, keep: path.keep, query: table.Query{
				Index: from.index, Partition: joinOwner(owner, from.suffix), Low: path.low, High: path.high,
				After: p.After, Descending: p.Descending, Limit: chunk,
			}})
		}
	}
	records, err := merge(ctx, sources, p.Limit+1, p.Descending)
	if err != nil {
		return nil, err
	}
	page, err := pageOf(records, p.Limit)
	if err != nil {
		return nil, err
	}
	if path.counter != "" {
		if page.Total, err = r.total(ctx, path.counter); err != nil {
			return nil, err
		}
	}
	return page, nil
}

func pageOf(records []*Record, limit int) (*Page, error) {
	page := &Page{Matches: make([]Match, 0, min(limit, len(records)))}
	for i, r := range records {
		if i == limit {
			var err error
			page.Next, err = sortString(&page.Matches[i-1])
			return page, err
		}
		page.Matches = append(page.Matches, r.Match)
	}
	return page, nil
}

func (r Reader) listIDs(ctx context.Context, ids []string, p PageRequest) (*Page, error) {
	found, err := r.getMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	records := make([]*Record, 0, len(found))
	keys := make(map[string]string, len(found)) // sort keys by id
	for _, m := range found {
		sk, err := sortString(&m)
		if err != nil {
			return nil, err
		}
		keys[m.ID] = sk
		if p.After == "" || !p.Descending && sk > p.After || p.Descending && sk < p.After {
			records = append(records, &Record{Match: m})
		}
	}
	sort.Slice(records, func(i, j int) bool {
		a, b := keys[records[i].ID], keys[records[j].ID]
		return a < b != p.Descending && a != b
	})
	return pageOf(records, p.Limit)
}

// total adds up a counter of the owners.
func (r Reader) total(ctx context.Context, counter string) (*int64, error) {
	keys := make([]table.Key, len(r.owners))
	for i, owner := range r.owners {
		keys[i] = table.Key{Partition: table.Join("COUNT", owner), Sort: counter}
	}
	items, err := r.store.table.BatchGet(ctx, keys, false)
	if err != nil {
		return nil, fmt.Errorf("matches: counting %s: %w", counter, err)
	}
	var n int64
	for _, it := range items {
		n += it.Int("n")
	}
	return &n, nil
}

// HeadToHead returns a match and the played meetings (finished or awarded) of its two
// teams in every league, with either team at home, newest first. It fails with ErrNotFound.
func (r Reader) HeadToHead(ctx context.Context, id string) (*Match, []Match, error) {
	m, err := r.Get(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	var sources []*source
	for _, owner := range r.owners {
		sources = append(sources, &source{
			store: r.store,
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

// Meetings returns a page of the matches of two teams in every league and with every
// status, with either team at home, by kick-off, then by id.
func (r Reader) Meetings(ctx context.Context, a, b string, p PageRequest) (*Page, error) {
	if !table.Storable(a, maxIDBytes) || !table.Storable(b, maxIDBytes) {
		return &Page{Matches: []Match{}}, nil
	}
	var sources []*source
	for _, owner := range r.owners {
		sources = append(sources, &source{store: r.store, query: table.Query{
			Index: "pair", Partition: pairKey(owner, a, b), After: p.After, Descending: p.Descending, Limit: p.Limit + 1}})
	}
	records, err := merge(ctx, sources, p.Limit+1, p.Descending)
	if err != nil {
		return nil, err
	}
	return pageOf(records, p.Limit)
}

// Season returns every public match of a season, by kick-off, from which standings are
// computed. It returns none if the reader does not see public matches.
func (r Reader) Season(ctx context.Context, league, season string) ([]Match, error) {
	if !r.seesPublic() {
		return nil, nil
	}
	page, err := r.store.table.Query(ctx, table.Query{Index: "season", Partition: table.Join(Public, league, season)})
	if err != nil {
		return nil, fmt.Errorf("matches: season %s of %s: %w", season, league, err)
	}
	out := make([]Match, len(page.Items))
	for i, it := range page.Items {
		out[i] = recordOf(it).Match
	}
	return out, nil
}
