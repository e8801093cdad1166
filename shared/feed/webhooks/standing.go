package webhooks

import (
	"context"
	"fmt"

	"statgate/shared/access/orgs"
	"statgate/shared/contract"
	"statgate/shared/stats/contests"
	"statgate/shared/table"
)

// managing is the permission of the scope that manages webhooks.
const managing = "webhooks:write"

// Basis is why a webhook receives an event of a contest: one of the two.
type Basis struct {
	Game string // its organisation is approved as the developer of this game
	User string // this user, for whom it acts, may read the contest
}

// Standings reads once what decides whether webhooks may receive the events of one batch. It
// is not safe for concurrent use.
type Standings struct {
	store   *Store
	read    func(ctx context.Context, key table.Key) (table.Item, error)
	orgs    map[string]orgs.Org
	members map[table.Key]bool
}

// Standings returns an empty one. It reads by queries: the function that uses it has no
// grant for other reads of the keys table.
func (s *Store) Standings() *Standings {
	return newStandings(s, func(ctx context.Context, key table.Key) (table.Item, error) {
		page, err := s.Table.Query(ctx, table.Query{Partition: key.Partition, Low: key.Sort, High: key.Sort, Limit: 1, Consistent: true})
		if err != nil || len(page.Items) == 0 {
			return nil, err
		}
		return page.Items[0], nil
	})
}

func newStandings(s *Store, read func(ctx context.Context, key table.Key) (table.Item, error)) *Standings {
	return &Standings{store: s, read: read, orgs: map[string]orgs.Org{}, members: map[table.Key]bool{}}
}

// Basis returns why a webhook receives the events of a contest; false if it does not. Readers
// are the users who may read the contest. The organisation must have the approval that the
// scope for webhooks needs. It receives the contests of the games that it is approved for, and
// those that the webhook's user may read.
func (st *Standings) Basis(ctx context.Context, w *Webhook, c *contests.Contest, readers map[string]bool) (Basis, bool, error) {
	for _, b := range []Basis{{Game: c.Game}, {User: w.User}} {
		if b == (Basis{}) || b.User != "" && !readers[b.User] {
			continue
		}
		if ok, err := st.entitled(ctx, w, b); ok || err != nil {
			return b, ok, err
		}
	}
	return Basis{}, false, nil
}

// entitled reports whether a webhook may be sent an event now: its organisation still has
// the approvals, and it acts for the same active member.
func (st *Standings) entitled(ctx context.Context, w *Webhook, b Basis) (bool, error) {
	need := st.store.Contract.Scopes.NeedFor(managing)
	if need != "" || b.Game != "" {
		o, err := st.org(ctx, w.Org)
		if err != nil {
			return false, err
		}
		if need != "" && !o.Approved(need, "") || b.Game != "" && !o.Approved(contract.NeedsGame, b.Game) {
			return false, nil
		}
	}
	if b.User == "" {
		return true, nil
	}
	if b.User != w.User {
		return false, nil
	}
	return st.active(ctx, w.Org, b.User)
}

// org returns an organisation, the zero Org for none: it has no approvals.
func (st *Standings) org(ctx context.Context, id string) (orgs.Org, error) {
	if o, ok := st.orgs[id]; ok {
		return o, nil
	}
	it, err := st.read(ctx, orgs.Key(id))
	if err != nil {
		return orgs.Org{}, fmt.Errorf("webhooks: reading the approvals of %s: %w", id, err)
	}
	o, _ := orgs.FromItem(it)
	st.orgs[id] = o
	return o, nil
}

func (st *Standings) active(ctx context.Context, org, user string) (bool, error) {
	at := orgs.MemberKey(org, user)
	if ok, known := st.members[at]; known {
		return ok, nil
	}
	it, err := st.read(ctx, at)
	if err != nil {
		return false, fmt.Errorf("webhooks: reading the member %s of %s: %w", user, org, err)
	}
	m, ok := orgs.MemberFromItem(it)
	st.members[at] = ok && m.State == orgs.Active
	return st.members[at], nil
}
