package audit

import (
	"context"
	"strings"

	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// Table is the part of a table that the trail uses.
type Table interface {
	Query(ctx context.Context, q table.Query) (table.Page, error)
}

// Store reads the trail.
type Store struct {
	keys Table
	data []Table
}

// New returns a store on the keys table and on the tables of data, which hold the entries
// of changes of data.
func New(keys Table, data ...Table) *Store { return &Store{keys, data} }

// Trail is the audit trail of one organisation, which its caller may see. [Store.For] and
// [Store.ForOrg] make one; the zero Trail has no entries.
type Trail struct {
	store *Store
	org   string
}

// For returns the trail of the caller's organisation.
func (s *Store) For(c *api.Caller) Trail { return Trail{s, c.Org} }

// Orgs reports whether an organisation exists; its errors are *[api.Error].
type Orgs interface {
	Exists(ctx context.Context, org string) (bool, error)
}

// ForOrg returns the trail of the organisation that a caller names, "" for the caller's own.
// For callers other than operators, any organisation but their own does not exist.
func (s *Store) ForOrg(ctx context.Context, c *api.Caller, org string, known Orgs) (Trail, error) {
	if org == "" || org == c.Org {
		return s.For(c), nil
	}
	found := false
	if c.Operator() {
		var err error
		if found, err = known.Exists(ctx, org); err != nil {
			return Trail{}, err
		}
	}
	if !found {
		return Trail{}, api.FieldError("org", "no such organisation")
	}
	return Trail{s, org}, nil
}

// Filter selects entries of a trail.
type Filter struct {
	Target string // id of a key, organisation, user or match; "" for any
	Actor  string // id of a key or user; "" for any
	Limit  int
	After  string // id of the last entry of the previous page
}

// maxEntriesRead bounds how many entries one page reads when it filters a target's entries
// by actor; chunk is the size of each read.
const (
	maxEntriesRead = 1000
	chunk          = 100
)

// List returns a page of entries, newest first, and the position of the next page ("" at
// the end). Filters by target or by user read an index of the keys table, which may lag by
// some milliseconds on AWS; the actor's key and no filter do not.
//
// With both filters a page may be shorter than its limit, or empty, and still be followed
// by another: it searches at most [maxEntriesRead] entries for the actor.
func (t Trail) List(ctx context.Context, f Filter) ([]Entry, string, error) {
	entries := []Entry{}
	if t.store == nil {
		return entries, "", nil
	}
	for _, id := range []string{f.Target, f.Actor} {
		if id != "" && !ids.Valid(id) {
			return entries, "", nil
		}
	}
	sources := []*source{{table: t.store.keys, query: f.query(t.org)}}
	for _, data := range t.store.data {
		sources = append(sources, &source{table: data, query: f.dataQuery(t.org)})
	}
	last := ""
	for range max(maxEntriesRead, f.Limit+1) {
		e, err := newest(ctx, sources)
		if err != nil {
			return nil, "", err
		}
		if e == nil {
			return entries, "", nil
		}
		last = e.ID
		if !f.matches(*e) {
			continue
		}
		if entries = append(entries, *e); len(entries) > f.Limit {
			return entries[:f.Limit], entries[f.Limit-1].ID, nil
		}
	}
	return entries, last, nil
}

// source reads the entries of one table, newest first, a page at a time.
type source struct {
	table    Table
	query    table.Query
	buffered []Entry
	done     bool
}

// fill reads the next page if no entry is buffered.
func (s *source) fill(ctx context.Context) error {
	for len(s.buffered) == 0 && !s.done {
		page, err := s.table.Query(ctx, s.query)
		if err != nil {
			return api.UnavailableError("reading the audit trail", err)
		}
		s.done = !page.More || len(page.Items) == 0
		for _, it := range page.Items {
			e, err := read(it)
			if err != nil {
				return err
			}
			s.buffered, s.query.After = append(s.buffered, e), e.ID
		}
	}
	return nil
}

// newest removes and returns the newest entry of all sources; nil at the end.
func newest(ctx context.Context, sources []*source) (*Entry, error) {
	var from *source
	for _, s := range sources {
		if err := s.fill(ctx); err != nil {
			return nil, err
		}
		if len(s.buffered) > 0 && (from == nil || s.buffered[0].ID > from.buffered[0].ID) {
			from = s
		}
	}
	if from == nil {
		return nil, nil
	}
	e := from.buffered[0]
	from.buffered = from.buffered[1:]
	return &e, nil
}

func read(it table.Item) (Entry, error) {
	var rec record
	if err := table.Decode(it, &rec); err != nil {
		return Entry{}, err
	}
	return rec.entry()
}

func (f Filter) matches(e Entry) bool {
	is := func(p *string) bool { return p != nil && *p == f.Actor }
	return f.Actor == "" || is(e.Actor.Key) || is(e.Actor.User)
}

// query chooses the partition with the fewest entries to skip. With both filters that is
// the target's, filtered by actor. Entries have their id as sort key in every partition, so
// one position is valid in all of them.
func (f Filter) query(org string) table.Query {
	q := table.Query{Partition: table.Join("AUDIT", org), Descending: true, Limit: f.Limit + 1, After: f.After}
	if f.Target != "" && f.Actor != "" {
		q.Limit = max(q.Limit, chunk) // few of the entries may match; small reads would need many round trips
	}
	switch {
	case f.Target != "":
		q.Index, q.Partition = "target", targetPartition(org, f.Target)
	case strings.HasPrefix(f.Actor, "key_"):
		q.Partition = actorPartition(org, f.Actor)
	case f.Actor != "":
		q.Index, q.Partition = "actor", actorPartition(org, f.Actor)
	}
	return q
}

// dataQuery is the query for entries beside data, where each way to query has a partition and
// none an index.
func (f Filter) dataQuery(org string) table.Query {
	q := f.query(org)
	q.Index = ""
	return q
}
