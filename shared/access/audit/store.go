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

// Filter selects entries of one organisation.
type Filter struct {
	Org    string
	Target string // id of a key, organisation, user or match; "" for any
	Actor  string // id of a key or user; "" for any
	Limit  int
	After  string // id of the last entry of the previous page
}

// entriesAtMost bounds how many entries one page reads when it filters a target's entries
// by actor; chunk is the size of each read.
const (
	entriesAtMost = 1000
	chunk         = 100
)

// List returns a page of entries, newest first, and the position of the next page ("" at
// the end). Filters by target or by user read an index of the keys table, which may lag by
// some milliseconds on AWS; the actor's key and no filter do not.
//
// With both filters a page may be shorter than its limit, or empty, and still be followed
// by another: it searches at most [entriesAtMost] entries for the actor.
func (s *Store) List(ctx context.Context, f Filter) ([]Entry, string, error) {
	entries := []Entry{}
	for _, id := range []string{f.Target, f.Actor} {
		if id != "" && !ids.Valid(id) {
			return entries, "", nil
		}
	}
	sources := []*source{{table: s.keys, query: f.query()}}
	for _, t := range s.data {
		sources = append(sources, &source{table: t, query: f.dataQuery()})
	}
	last := ""
	for range max(entriesAtMost, f.Limit+1) {
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
			return api.Down("reading the audit trail", err)
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
func (f Filter) query() table.Query {
	q := table.Query{Partition: table.Join("AUDIT", f.Org), Descending: true, Limit: f.Limit + 1, After: f.After}
	if f.Target != "" && f.Actor != "" {
		q.Limit = max(q.Limit, chunk) // few of the entries may match; small reads would need many round trips
	}
	switch {
	case f.Target != "":
		q.Index, q.Partition = "target", targetPartition(f.Org, f.Target)
	case strings.HasPrefix(f.Actor, "key_"):
		q.Partition = actorPartition(f.Org, f.Actor)
	case f.Actor != "":
		q.Index, q.Partition = "actor", actorPartition(f.Org, f.Actor)
	}
	return q
}

// dataQuery is the query for entries beside data, where each way to query has a partition and
// none an index.
func (f Filter) dataQuery() table.Query {
	q := f.query()
	q.Index = ""
	return q
}
