package applications

import (
	"context"
	"slices"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
)

// PendingAtMost is how many applications of an organisation may wait for a decision
// at once. Each is read by a person, and lists of all of them begin with the newest:
// who applies for a game after the other would bury everybody else's.
const PendingAtMost = 20

// pendingSort sorts before the organisation's keys, as its claims do.
const pendingSort = "APPLICATIONS"

// pending are the applications of an organisation that wait for a decision, in one
// item that is written with each of them: so their number is exact.
type pending struct {
	org string
	ids []string
	rev int64 // 0 before the first
}

func (s *Store) pending(ctx context.Context, org string) (pending, error) {
	it, err := s.Table.Get(ctx, table.Key{Partition: orgs.Partition(org), Sort: pendingSort}, true)
	if err != nil {
		return pending{}, api.Down("reading the applications that are pending", err)
	}
	return pending{org: org, ids: it.Texts("pending"), rev: it.Int("rev")}, nil
}

// with is the write that lets one more wait, or a refusal.
func (p pending) with(id string) (table.Write, error) {
	if n := len(p.ids); n >= PendingAtMost {
		full := api.Fail(api.ConflictLimit, "%d applications of the organisation are pending, the maximum: apply again after one is decided", n)
		full.Details = map[string]any{"cap": PendingAtMost, "pending": n}
		return table.Write{}, full
	}
	return p.write(append(slices.Clone(p.ids), id)), nil
}

// without is the write that ends a wait.
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
