package orgs

import (
	"context"
	"io"
	"time"

	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// Table is the part of the keys table that the store uses.
type Table interface {
	Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error)
	BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error)
	Query(ctx context.Context, q table.Query) (table.Page, error)
	Write(ctx context.Context, w table.Write) (table.Item, error)
	Transact(ctx context.Context, ws []table.Write) error
}

// Holdings are the keys of an organisation (package keys). Errors are *api.Error.
type Holdings interface {
	// Live returns the ids of an organisation's keys and sessions that are not revoked.
	Live(ctx context.Context, org string) ([]string, error)
	// OwnedBy returns the ids of a member's keys and sessions, revoked ones included.
	OwnedBy(ctx context.Context, org, user string) ([]string, error)
	// Revoking returns the plan that revokes as many of a member's keys as one
	// transaction holds beside ten other writes, and whether more are left.
	Revoking(ctx context.Context, now time.Time, org, user string) (revoked change.Plan, more bool, err error)
}

// Store stores organisations and members.
type Store struct {
	table    Table
	changes  change.Store
	holdings Holdings
	contract *contract.Contract
}

// Options configure a store.
type Options struct {
	Table    Table
	Gates    change.Gates
	Holdings Holdings
	Contract *contract.Contract
	Rand     io.Reader // for ids
}

// New returns a store.
func New(o Options) *Store {
	return &Store{table: o.Table, holdings: o.Holdings, contract: o.Contract,
		changes: change.Store{Table: o.Table, Gates: o.Gates, IDs: ids.New(o.Rand)}}
}

// View is an organisation and its members, read by one consistent query.
type View struct {
	Org     Org
	Members []Member          // oldest first
	removed map[string]Member // members that were removed of late: id and sessions
}

// Member finds a member.
func (v View) Member(user string) (Member, bool) {
	for _, m := range v.Members {
		if m.User == user {
			return m, true
		}
	}
	return Member{}, false
}

// Removed finds a member that was removed within the last 30 days: their id and sessions.
func (v View) Removed(user string) (Member, bool) { m, found := v.removed[user]; return m, found }

// OldestOwner returns the active owner who joined first.
func (v View) OldestOwner() (Member, bool) {
	for _, m := range v.Members {
		if m.owns() {
			return m, true
		}
	}
	return Member{}, false
}

// ViewOf decodes the items of an organisation's partition; false if the organisation's item
// is missing.
func ViewOf(items []table.Item) (View, bool) {
	v := View{removed: map[string]Member{}}
	found := false
	for _, it := range items {
		if o, ok := FromItem(it); ok {
			v.Org, found = o, true
		} else if m, ok := MemberFromItem(it); ok {
			v.Members = append(v.Members, m)
		} else if it.Str("state") == removed {
			v.removed[it.Str("user")] = Member{User: it.Str("user"), Sessions: it.Str("sessions")}
		}
	}
	return v, found
}

// view reads an organisation and its members, or fails with not found.
func (s *Store) view(ctx context.Context, at reachable) (View, error) {
	if !ids.Valid(at.org) {
		return View{}, unknown()
	}
	page, err := s.table.Query(ctx, table.Query{Partition: Partition(at.org), Low: memberPrefix, High: orgSort, Consistent: true})
	if err != nil {
		return View{}, api.UnavailableError("reading an organisation", err)
	}
	v, ok := ViewOf(page.Items)
	if !ok {
		return View{}, unknown()
	}
	return v, nil
}

// Get returns an organisation. For callers other than operators, any organisation but their
// own does not exist.
func (s *Store) Get(ctx context.Context, c *api.Caller, org string) (Org, error) {
	at, wrong := sees(c, org)
	if wrong != nil {
		return Org{}, wrong
	}
	return s.get(ctx, at)
}

// get reads an organisation, or fails with not found.
func (s *Store) get(ctx context.Context, at reachable) (Org, error) {
	if !ids.Valid(at.org) {
		return Org{}, unknown()
	}
	it, err := s.table.Get(ctx, Key(at.org), true)
	if err != nil {
		return Org{}, api.UnavailableError("reading an organisation", err)
	}
	o, ok := FromItem(it)
	if !ok {
		return Org{}, unknown()
	}
	return o, nil
}

// Exists reports whether an organisation exists. It checks no caller: an answer must depend on
// it only for operators.
func (s *Store) Exists(ctx context.Context, org string) (bool, error) {
	if !ids.Valid(org) {
		return false, nil
	}
	it, err := s.table.Get(ctx, Key(org), true)
	if err != nil {
		return false, api.UnavailableError("reading an organisation", err)
	}
	return it != nil, nil
}

// List returns a page of the organisations that the caller may see, newest first, and the
// position of the next page: all for operators, else their own.
func (s *Store) List(ctx context.Context, c *api.Caller, limit int, after string) ([]Org, string, error) {
	if !c.Operator() {
		o, err := s.Get(ctx, c, c.Org)
		return []Org{o}, "", err
	}
	page, err := s.table.Query(ctx, table.Query{Index: "list", Partition: listed, Descending: true, Limit: limit, After: after})
	if err != nil {
		return nil, "", api.UnavailableError("listing organisations", err)
	}
	found := make([]Org, 0, len(page.Items))
	next := ""
	for _, it := range page.Items {
		if o, ok := FromItem(it); ok {
			found, next = append(found, o), o.ID
		}
	}
	if !page.More {
		next = ""
	}
	return found, next, nil
}

// Members returns a page of an organisation's members, oldest first, and the position of
// the next page. Removed members are left out.
func (s *Store) Members(ctx context.Context, c *api.Caller, org string, limit int, after string) ([]Member, string, error) {
	at, wrong := sees(c, org)
	if wrong != nil {
		return nil, "", wrong
	}
	v, err := s.view(ctx, at)
	if err != nil {
		return nil, "", err
	}
	found := []Member{}
	for _, m := range v.Members {
		if m.User <= after {
			continue
		}
		if len(found) == limit {
			return found, found[limit-1].User, nil
		}
		found = append(found, m)
	}
	return found, "", nil
}

// seconds truncates a time to the precision that is stored.
func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
