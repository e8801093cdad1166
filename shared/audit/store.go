package audit

import (
	"context"
	"strings"

	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// Table is what the trail needs of the keys table.
type Table interface {
	Query(ctx context.Context, q table.Query) (table.Page, error)
}

// Store reads the trail.
type Store struct{ table Table }

// New returns a store on the keys table.
func New(t Table) *Store { return &Store{table: t} }

// Filter chooses entries of one organisation.
type Filter struct {
	Org    string
	Target string // id of a key, organisation or user; "" for any
	Actor  string // id of a key or user; "" for any
	Limit  int
	After  string // id of the last entry of the page before
}

// List returns a page of entries, newest first, and the position to go on from
// ("" at the end). Both filters read an index on AWS, which may lag by some
// milliseconds; the actor's key and no filter at all do not.
func (s *Store) List(ctx context.Context, f Filter) ([]Entry, string, error) {
	entries := []Entry{}
	for _, id := range []string{f.Target, f.Actor} {
		if id != "" && !ids.Plausible(id) {
			return entries, "", nil
		}
	}
	q := f.query()
	for {
		page, err := s.table.Query(ctx, q)
		if err != nil {
			return nil, "", api.Down("reading the audit trail", err)
		}
		for _, it := range page.Items {
			e, err := read(it)
			if err != nil {
				return nil, "", err
			}
			if !f.wants(e) {
				continue
			}
			if entries = append(entries, e); len(entries) > f.Limit {
				return entries[:f.Limit], entries[f.Limit-1].ID, nil
			}
		}
		if !page.More || len(page.Items) == 0 {
			return entries, "", nil
		}
		q.After = page.Items[len(page.Items)-1].Str("id")
	}
}

func read(it table.Item) (Entry, error) {
	var rec record
	if err := table.Decode(it, &rec); err != nil {
		return Entry{}, err
	}
	return rec.entry()
}

func (f Filter) wants(e Entry) bool {
	is := func(p *string) bool { return p != nil && *p == f.Actor }
	return f.Actor == "" || is(e.Actor.Key) || is(e.Actor.User)
}

// query picks the partition that has the fewest entries to pass over. With both
// filters it is the target's, whose entries are then sieved by actor. Entries
// have their id as sort key in every partition, so one position serves them all.
func (f Filter) query() table.Query {
	q := table.Query{Partition: table.Join("AUDIT", f.Org), Descending: true, Limit: f.Limit + 1, After: f.After}
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
