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

// Table is the part of the keys table that the store uses.
type Table interface {
	Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error)
	Query(ctx context.Context, q table.Query) (table.Page, error)
	Transact(ctx context.Context, ws []table.Write) error
}

// Holdings lists an organisation's keys that are not revoked (package keys).
type Holdings interface {
	Live(ctx context.Context, org string) ([]string, error)
}

// Options configure a store.
type Options struct {
	Table    Table
	Gates    change.Gates
	Holdings Holdings
	Contract *contract.Contract
	Rand     io.Reader // for ids
}

// Store stores applications.
type Store struct {
	Options
	changes change.Store
}

// New returns a store.
func New(o Options) *Store {
	return &Store{Options: o, changes: change.Store{Table: o.Table, Gates: o.Gates, IDs: ids.New(o.Rand)}}
}

// Create applies for the caller's organisation. A second application for the same approval
// is a conflict, whatever was decided, and so is one beyond [PendingAtMost]. The bound is
// exact under concurrent calls.
func (s *Store) Create(ctx context.Context, r *api.Request, kind string, game *string, reason string) (Application, error) {
	id, err := s.changes.IDs.New("app_", r.Now)
	if err != nil {
		return Application{}, err
	}
	a := Application{ID: id, Org: r.Caller.Org, Kind: kind, Game: game, Reason: reason, State: Pending,
		CreatedAt: r.Now.UTC().Truncate(time.Second), CreatedBy: r.Caller.User}
	if err := a.check(s.Contract); err != nil {
		return Application{}, err
	}
	return change.Make(ctx, s.changes, change.Call{By: audit.Caller(r)},
		func(ctx context.Context, _ int) (createFacts, error) {
			claim, err := s.Table.Get(ctx, a.claim(), true)
			if err != nil || claim != nil {
				return createFacts{claim: claim}, down(err)
			}
			queue, err := s.pending(ctx, a.Org)
			return createFacts{queue: queue}, err
		},
		func(f createFacts) (Application, change.Plan, error) {
			switch held := f.claim.Str("application"); {
			case held == id: // by an earlier attempt, whose answer was lost
				return a, change.Plan{}, nil
			case f.claim != nil:
				clash := api.Fail(api.Conflict, "the organisation has already applied for this approval")
				clash.Details = map[string]any{"application": held}
				return a, change.Plan{}, clash
			}
			queued, err := f.queue.with(id)
			return a, a.made(queued), err
		})
}

// createFacts is the facts by which an application is made.
type createFacts struct {
	claim table.Item // of an earlier application for the same approval; nil without one
	queue pending
}

// made is the plan that makes an application.
func (a Application) made(queued table.Write) change.Plan {
	claim := a.claim()
	return change.Plan{
		Writes: []table.Write{queued, table.Put(a.item(1), table.IsNew()), table.Put(table.Item{
			table.PartitionAttr: claim.Partition, table.SortAttr: claim.Sort, "application": a.ID}, table.IsNew())},
		Entries: []audit.Change{{Org: a.Org, Action: "application.create", Target: a.ID, After: a.settings()}},
	}
}

// List returns a page of applications, newest first, and the position of the next page: all
// for operators, else the caller's organisation's.
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

// Decide approves an application or withdraws the approval, and reports whether keys may do
// more than before. For callers other than operators it does not exist. A repeat changes
// nothing and bumps the gates again.
func (s *Store) Decide(ctx context.Context, r *api.Request, id, state string) (after Application, widened bool, err error) {
	if !r.Caller.Operator() || !ids.Valid(id) {
		return Application{}, false, unknown()
	}
	after, err = change.Make(ctx, s.changes, change.Call{By: audit.Caller(r)},
		func(ctx context.Context, _ int) (decisionFacts, error) { return s.undecided(ctx, id, state) },
		func(f decisionFacts) (Application, change.Plan, error) {
			plan := change.Plan{Bump: f.keys}
			if f.application.State == state {
				return f.application, plan, nil
			}
			after, now := f.application, r.Now.UTC().Truncate(time.Second)
			after.State, after.DecidedAt = state, &now
			return after, plan.And(f.decided(after)), nil
		})
	return after, state == Approved, err
}

// decisionFacts is the facts that a decision changes.
type decisionFacts struct {
	application Application
	rev         int64
	org         orgs.Org
	keys        []string // the organisation's
	queue       pending  // read only if the decision removes the application from it
}

func (s *Store) undecided(ctx context.Context, id, state string) (f decisionFacts, err error) {
	it, err := s.Table.Get(ctx, address(id), true)
	if err != nil {
		return f, down(err)
	}
	ok := false
	if f.application, ok = fromItem(it); !ok {
		return f, unknown()
	}
	f.rev = it.Int("rev")
	org, err := s.Table.Get(ctx, orgs.Key(f.application.Org), true)
	if err != nil {
		return f, api.Down("reading an organisation", err)
	}
	if f.org, ok = orgs.FromItem(org); !ok {
		return f, unknown()
	}
	// Read after the organisation: a key that is made in between moves keys_version, and
	// the transaction is refused.
	if f.keys, err = s.Holdings.Live(ctx, f.org.ID); err == nil && f.application.State == Pending && state != Pending {
		f.queue, err = s.pending(ctx, f.org.ID)
	}
	return f, err
}

// decided is the plan that stores a decision.
func (f decisionFacts) decided(after Application) change.Plan {
	action := "application.withdraw"
	if after.State == Approved {
		action = "application.approve"
	}
	plan := change.Plan{
		Writes: []table.Write{table.Put(after.item(f.rev+1), table.Eq("rev", f.rev)),
			table.Update(orgs.Key(f.org.ID), []table.Action{table.Set("approvals", approvals(f.org.Approvals, after)),
				table.Increment("keys_version", 1)}, table.Eq("keys_version", f.org.KeysVersion))},
		Entries: []audit.Change{{Org: f.org.ID, Action: action, Target: after.ID,
			Before: f.application.settings(), After: after.settings()}},
	}
	if f.application.State == Pending {
		plan.Writes = append(plan.Writes, f.queue.without(after.ID))
	}
	return plan
}

// approvals returns an organisation's approvals after a decision.
func approvals(had string, a Application) string {
	has := slices.DeleteFunc(strings.Fields(had), func(one string) bool { return one == a.approval() })
	if a.State == Approved {
		has = append(has, a.approval())
	}
	slices.Sort(has)
	return strings.Join(has, " ")
}

func unknown() *api.Error { return api.Fail(api.NotFound, "no such application") }

// down is nil for no error.
func down(err error) error {
	if err == nil {
		return nil
	}
	return api.Down("reading an application", err)
}
