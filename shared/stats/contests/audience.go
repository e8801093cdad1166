package contests

import (
	"context"
	"fmt"
	"slices"

	"statgate/shared/table"
)

// Audience says who may read a contest, for what tells users of its changes. It returns no
// contest.
type Audience struct {
	Table interface {
		BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error)
	}
}

// Readers returns the users who may now read a contest in the history of a team or an
// organisation: the active members of its teams, and of the organisations that the teams
// played for when it was created. Users who only took part are not among them: their own
// history is personal.
func (a Audience) Readers(ctx context.Context, c Contest) (map[string]bool, error) {
	keys := []table.Key{contestantKey(OfTeam, c.Home.ID), contestantKey(OfTeam, c.Away.ID)}
	for _, org := range []*string{c.Home.Org, c.Away.Org} {
		if org != nil && !slices.Contains(keys, contestantKey(OfOrg, *org)) {
			keys = append(keys, contestantKey(OfOrg, *org))
		}
	}
	items, err := a.Table.BatchGet(ctx, keys, true)
	if err != nil {
		return nil, fmt.Errorf("contests: reading the members of the teams of %s: %w", c.ID, err)
	}
	users := map[string]bool{}
	for _, it := range items {
		var p Contestant
		if err := table.Decode(it, &p); err != nil {
			return nil, fmt.Errorf("contests: reading a team of %s: %w", c.ID, err)
		}
		for _, m := range p.Members {
			if m.State == Active {
				users[m.User] = true
			}
		}
	}
	return users, nil
}
