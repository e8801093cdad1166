package contests

import (
	"context"
	"fmt"
	"slices"
	"time"

	"statgate/shared/api"
	"statgate/shared/table"
)

// maxEntries bounds how many entries of a history one page reads. A filter that drops
// most of them makes a shorter page with a cursor.
const (
	maxEntries = 400
	chunk      = 100
)

// entries returns the items that list a contest in the histories of its teams, their
// organisations and their active members. A user in both teams gets one entry, as a
// member of the home team.
func entries(c Contest, home, away Contestant) []table.Item {
	var all []table.Item
	added := map[string]bool{}
	add := func(kind Kind, id string, against Opponent) {
		at := historyPartition(kind, id)
		if added[at] {
			return
		}
		added[at] = true
		opponents := []any{against.ID}
		if against.Org != nil {
			opponents = append(opponents, *against.Org)
		}
		scheduled := int64(0)
		if c.ScheduledAt != nil {
			scheduled = c.ScheduledAt.UnixMilli()
		}
		all = append(all, table.Item{table.PartitionAttr: at, table.SortAttr: historySort(c.CreatedAt, c.ID),
			"contest": c.ID, "game": c.Game, "scheduled_ms": scheduled, "opponents": opponents})
	}
	for _, side := range []struct {
		contestant Contestant
		against    Opponent
	}{{home, c.Away}, {away, c.Home}} {
		add(OfTeam, side.contestant.ID, side.against)
		if side.contestant.Org != nil {
			add(OfOrg, *side.contestant.Org, side.against)
		}
		for _, m := range side.contestant.Members {
			if m.State == Active {
				add(OfUser, m.User, side.against)
			}
		}
	}
	return all
}

func historyPartition(kind Kind, id string) string { return table.Join("CONTESTS", string(kind), id) }

// historySort returns a sort key by time of creation, then by id.
func historySort(at time.Time, id string) string { return fmt.Sprintf("%s#%s", millis(at), id) }

// millis formats a time from 1970 on as milliseconds whose text order is the time order.
func millis(at time.Time) string { return fmt.Sprintf("%015d", max(0, at.UnixMilli())) }

// Filter selects contests of a history. The After bounds are inclusive, the Before bounds
// exclusive; nil is unbounded.
type Filter struct {
	Include, Exclude                []Status // Exclude is ignored if Include is not empty
	Game                            string
	Opponent                        string // id or slug of the team, or of its organisation
	ScheduledAfter, ScheduledBefore *time.Time
	CreatedAfter, CreatedBefore     *time.Time
}

// contestsOf returns the contests of entries, in the same order.
func (s *Store) contestsOf(ctx context.Context, entries []table.Item) ([]Contest, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	keys := make([]table.Key, len(entries))
	for i, it := range entries {
		keys[i] = contestKey(it.Str("contest"))
	}
	items, err := table.BatchGetConfirmed(ctx, s.table, keys, false) // an entry is stored with its contest, which is never deleted
	if err != nil {
		return nil, api.UnavailableError("reading contests", err)
	}
	found := make([]Contest, 0, len(items))
	for _, it := range items {
		r, err := recordFrom(it)
		if err != nil {
			return nil, err
		}
		found = append(found, r.Contest)
	}
	return found, nil
}

// opponents returns the ids that a filter's opponent may mean, nil without a filter.
func (s *Store) opponents(ctx context.Context, ref string) ([]string, error) {
	if ref == "" {
		return nil, nil
	}
	list := []string{ref}
	for _, kind := range []Kind{OfTeam, OfOrg} {
		id, err := s.bySlug(ctx, kind, ref)
		if err != nil {
			return nil, err
		}
		if id != "" {
			list = append(list, id)
		}
	}
	return list, nil
}

// restrict limits a query to a range of creation times. An entry's sort key begins with
// its creation time, and sorts after the time alone.
func (f Filter) restrict(q *table.Query) {
	if f.CreatedAfter != nil {
		q.Low = millis(*f.CreatedAfter)
	}
	if f.CreatedBefore != nil {
		q.High = millis(*f.CreatedBefore)
	}
}

func (f Filter) matches(it table.Item, opponents []string) bool {
	if f.Game != "" && it.Str("game") != f.Game {
		return false
	}
	if opponents != nil {
		against, _ := it["opponents"].([]any)
		if !slices.ContainsFunc(against, func(v any) bool { id, _ := v.(string); return slices.Contains(opponents, id) }) {
			return false
		}
	}
	at := it.Int("scheduled_ms")
	switch {
	case f.ScheduledAfter == nil && f.ScheduledBefore == nil:
		return true
	case at == 0:
		return false // not scheduled
	case f.ScheduledAfter != nil && at < f.ScheduledAfter.UnixMilli():
		return false
	}
	return f.ScheduledBefore == nil || at < f.ScheduledBefore.UnixMilli()
}

func (f Filter) matchesStatus(s Status) bool {
	if len(f.Include) > 0 {
		return slices.Contains(f.Include, s)
	}
	return !slices.Contains(f.Exclude, s)
}
