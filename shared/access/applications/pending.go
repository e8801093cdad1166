package applications

import (
	"context"
	"slices"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
)

// MaxPending is how many applications of an organisation may be pending. A person reads
// each, and the list of all begins with the newest. Without a bound, one organisation could
// push the applications of all others off the first pages.
const MaxPending = 20

// pendingSort sorts before the organisation's keys, as its claims do.
const pendingSort = "APPLICATIONS"

// pending are the ids of an organisation's pending applications. They are in one item,
// which every change of them writes, so their number is exact.
type pending struct {
	org string
	ids []string
	rev int64 // 0 before the first
}

func (s *Store) pending(ctx context.Context, org string) (pending, error) {
	it, err := s.Table.Get(ctx, table.Key{Partition: orgs.Partition(org), Sort: pendingSort}, true)
	if err != nil {
		return pending{}, api.UnavailableError("reading the pending applications", err)
	}
	return pending{org: org, ids: it.Texts("pending"), rev: it.Int("rev")}, nil
}

// with returns the write that adds one, or a refusal.
func (p pending) with(id string) (table.Write, error) {
	if n := len(p.ids); n >= MaxPending {
		full := api.Fail(api.ConflictLimit, "%d applications of the organisation are pending, the maximum: apply again after one is decided", n)
		full.Details = map[string]any{"cap": MaxPending, "pending": n}
		return table.Write{}, full
	}
	return p.write(append(slices.Clone(p.ids), id)), nil
}

// without returns the write that removes one.
func (p pending) without(id string) table.Write {
	return p.write(slices.DeleteFunc(slices.Clone(p.ids), func(one string) bool { return one == id }))
}

func (p pending) write(ids []string) table.Write {
	cond := table.IsNew()
	if p.rev > 0 {
		cond = table.Eq("rev", p.rev)
	}
	return table.Put(table.Item{table.PartitionAttr: orgs.Partition(p.org), table.SortAttr: pendingSort, "pending": table.List(ids), "rev": p.rev + 1}, cond)
}
