package applications

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// Table is what applications need of the keys table.
type Table interface {
	Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error)
	Query(ctx context.Context, q table.Query) (table.Page, error)
	Transact(ctx context.Context, ws []table.Write) error
}

// Holdings lists an organisation's keys that are not revoked (package keys).
type Holdings interface {
	Live(ctx context.Context, org string) ([]string, error)
}

// Options make a store.
type Options struct {
	Table    Table
	Gates    change.Gates
	Holdings Holdings
	Contract *contract.Contract
	Rand     io.Reader // for ids
}

// Store keeps applications.
type Store struct {
	Options
	ids *ids.Source
}

// New returns a store.
func New(o Options) *Store { return &Store{Options: o, ids: ids.New(o.Rand)} }

// Create applies on behalf of the caller's organisation. What it has applied for
// already is a conflict, whatever came of it, and so is what goes beyond
// [PendingAtMost]; that is exact, however many apply at once.
func (s *Store) Create(ctx context.Context, r *api.Request, kind string, game *string, reason string) (Application, error) {
	id, err := s.ids.New("app_", r.Now)
	if err != nil {
		return Application{}, err
	}
	a := Application{ID: id, Org: r.Caller.Org, Kind: kind, Game: game, Reason: reason, State: Pending,
		CreatedAt: r.Now.UTC().Truncate(time.Second), CreatedBy: r.Caller.User}
	if err := a.check(s.Contract); err != nil {
		return Application{}, err
	}
	return a, s.apply(ctx, func(ctx context.Context) (change.Plan, error) {
		claim := a.claim()
		held, err := s.Table.Get(ctx, claim, true)
		switch {
		case err != nil:
			return change.Plan{}, api.Down("reading an application", err)
		case held.Str("application") == id: // an earlier attempt, whose answer was lost
			return change.Plan{}, nil
		case held != nil:
			clash := api.Fail(api.Conflict, "the organisation has already applied for this approval")
			clash.Details = map[string]any{"application": held.Str("application")}
			return change.Plan{}, clash
		}
		queue, err := s.pending(ctx, a.Org)
		if err != nil {
			return change.Plan{}, err
		}
		queued, err := queue.with(id)
		if err != nil {
			return change.Plan{}, err
		}
		ws, err := audit.Writes(s.ids, audit.Caller(r), audit.Change{Org: a.Org, Action: "application.create", Target: id, After: a.settings()})
		return change.Plan{Writes: append(ws, queued, table.Put(a.item(1), table.IsNew()), table.Put(table.Item{
			table.PartitionAttr: claim.Partition, table.SortAttr: claim.Sort, "application": id}, table.IsNew()))}, err
	})
}

// List returns a page of applications, newest first, and the position to go on
// from: everybody's for operators, else the caller's organisation's.
func (s *Store) List(ctx context.Context, c *api.Caller, limit int, after string) ([]Application, string, error) {
	q := table.Query{Index: "list", Partition: listed, Descending: true, Limit: limit, After: after}
	if !c.Operator() {
		q.Index, q.Partition = "target", ofOrg(c.Org)
	}
	page, err := s.Table.Query(ctx, q)
	if err != nil {
		return nil, "", api.Down("listing applications", err)
	}
	found := make([]Application, 0, len(page.Items))
	next := ""
	for _, it := range page.Items {
		if a, ok := fromItem(it); ok {
			found, next = append(found, a), a.ID
		}
	}
	if !page.More {
		next = ""
	}
	return found, next, nil
}

// Decide approves an application or withdraws the approval, and tells whether keys
// may do more than before. Operators only: to others it does not exist. Repeating it
// changes nothing and makes cached callers stale once more.
func (s *Store) Decide(ctx context.Context, r *api.Request, id, state string) (after Application, widened bool, err error) {
	if !r.Caller.Operator() || !ids.Plausible(id) {
		return Application{}, false, unknown()
	}
	widened = state == Approved
	err = s.apply(ctx, func(ctx context.Context) (change.Plan, error) {
		it, err := s.Table.Get(ctx, address(id), true)
		if err != nil {
			return change.Plan{}, api.Down("reading an application", err)
		}
		before, ok := fromItem(it)
		if !ok {
			return change.Plan{}, unknown()
		}
		org, err := s.Table.Get(ctx, orgs.Key(before.Org), true)
		if err != nil {
			return change.Plan{}, api.Down("reading an organisation", err)
		}
		o, ok := orgs.FromItem(org)
		if !ok {
			return change.Plan{}, unknown()
		}
		// Read after the organisation: a key made since then moves keys_version,
		// and the write below is refused.
		var plan change.Plan
		if plan.Bump, err = s.Holdings.Live(ctx, o.ID); err != nil {
			return change.Plan{}, err
		}
		after = before
		if before.State == state {
			return plan, nil
		}
		now := r.Now.UTC().Truncate(time.Second)
		after.State, after.DecidedAt = state, &now
		if plan.Writes, err = s.decision(r, o, before, after, it.Int("rev")); err != nil || before.State != Pending {
			return plan, err
		}
		queue, err := s.pending(ctx, o.ID)
		plan.Writes = append(plan.Writes, queue.without(id))
		return plan, err
	})
	return after, widened, err
}

func (s *Store) decision(r *api.Request, o orgs.Org, before, after Application, rev int64) ([]table.Write, error) {
	action := "application.withdraw"
	if after.State == Approved {
		action = "application.approve"
	}
	ws, err := audit.Writes(s.ids, audit.Caller(r), audit.Change{Org: o.ID, Action: action, Target: after.ID,
		Before: before.settings(), After: after.settings()})
	return append(ws, table.Put(after.item(rev+1), table.Eq("rev", rev)),
		table.Update(orgs.Key(o.ID), []table.Action{table.Set("approvals", approvals(o.Approvals, after)),
			table.Increment("keys_version", 1)}, table.Eq("keys_version", o.KeysVersion))), err
}

// approvals are an organisation's approvals after a decision.
func approvals(had string, a Application) string {
	has := slices.DeleteFunc(strings.Fields(had), func(one string) bool { return one == a.approval() })
	if a.State == Approved {
		has = append(has, a.approval())
	}
	slices.Sort(has)
	return strings.Join(has, " ")
}

func unknown() *api.Error { return api.Fail(api.NotFound, "no such application") }

func (s *Store) apply(ctx context.Context, decide func(ctx context.Context) (change.Plan, error)) error {
	return change.Apply(ctx, s.Table, s.Gates, decide)
}
