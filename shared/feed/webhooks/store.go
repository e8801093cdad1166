package webhooks

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/feed/events"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// Items of the keys table:
//
//	WEBHOOKS#<org>   HEAD                 n: how many webhooks the organisation has
//	WEBHOOKS#<org>   WEBHOOK#<webhook>    a webhook; enabled ones are in the index "list"
//	WEBHOOK#<id>     DELIVERY#<delivery>  one event for it, and its status

// Table is the part of the keys table that the store uses.
type Table interface {
	Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error)
	Query(ctx context.Context, q table.Query) (table.Page, error)
	Write(ctx context.Context, w table.Write) (table.Item, error)
	Transact(ctx context.Context, ws []table.Write) error
}

// Queue passes each delivery to a worker at least once. It delays the delivery until its
// NotBefore, or for as long as the queue can delay a message.
type Queue interface {
	Send(ctx context.Context, queued ...QueuedDelivery) error
}

// Options configure a store.
type Options struct {
	Table    Table
	Contract *contract.Contract
	Rand     io.Reader // for ids
	// Peppers seal signing secrets; nil where secrets are neither made nor used.
	Peppers Peppers
	// Filters look up the leagues and teams of filters; nil where webhooks are neither made
	// nor changed.
	Filters Filters
	// Queue receives deliveries to attempt immediately; nil where none are sent.
	Queue Queue
	// TestPatience is how long a test waits for its first attempt; 0: 11 s.
	TestPatience time.Duration
	// Private allows URLs on this machine and its network, and without TLS.
	Private bool
}

// Store stores webhooks and their deliveries.
type Store struct {
	Options
	changes change.Store
	repeats idempotency.Store
}

// New returns a store.
func New(o Options) *Store {
	return &Store{Options: o, changes: change.Store{Table: o.Table, IDs: ids.New(o.Rand)}, repeats: idempotency.Store{Table: o.Table}}
}

// Spec describes a new webhook.
type Spec struct {
	URL, Description      string
	Types, Leagues, Teams []string
}

// Edit is a change of a webhook; nil fields stay as they are.
type Edit struct {
	URL, Description, State *string
	Types, Leagues, Teams   []string
}

// onlyDisables reports whether an edit only disables the webhook. Every caller who may change
// webhooks may do that, also where [Store.validate] would refuse the webhook's settings.
func (e *Edit) onlyDisables() bool {
	return e.State != nil && *e.State == Disabled && e.URL == nil && e.Description == nil && e.Types == nil && e.Leagues == nil && e.Teams == nil
}

// maxOverlap is the longest time for which a replaced signing secret still signs.
const maxOverlap = 7 * 24 * time.Hour

// Create makes a webhook of the caller's organisation. A repeat with the same
// Idempotency-Key is refused with the webhook's id, as its signing secret is shown once.
func (s *Store) Create(ctx context.Context, r *api.Request, spec Spec) (WebhookWithSecret, error) {
	id, err := s.changes.IDs.New("whk_", r.Now)
	if err != nil {
		return WebhookWithSecret{}, err
	}
	now := r.Now.UTC().Truncate(time.Second)
	draft := record{Rev: 1, Secret: 1, Webhook: Webhook{ID: id, Org: r.Caller.Org, URL: spec.URL, Description: spec.Description,
		Types: spec.Types, Leagues: spec.Leagues, Teams: spec.Teams, State: Enabled,
		CreatedAt: now, UpdatedAt: now, CreatedBy: r.Caller.Key, User: s.actsFor(r.Caller)}}
	token, err := s.repeats.Of(r, spec)
	if err != nil {
		return WebhookWithSecret{}, err
	}
	if err := s.validate(r.Caller, &draft.Webhook); err != nil {
		return WebhookWithSecret{}, err
	}
	secret, sealedSecret, err := s.mint(ctx, id)
	if err != nil {
		return WebhookWithSecret{}, err
	}
	draft.Present, draft.SecretPrefix = sealedSecret, shownOf(secret)
	call := change.Asked(r)
	call.Token = token.Secret(idempotency.Webhook, id)
	made, err := change.Make(ctx, s.changes, call,
		func(ctx context.Context, attempt int) (createFacts, error) {
			if attempt == 1 {
				if err := s.checkFilters(ctx, r.Caller, spec.Leagues, spec.Teams); err != nil {
					return createFacts{}, err
				}
			}
			return s.createFacts(ctx, r.Caller, id)
		},
		func(f createFacts) (Webhook, change.Plan, error) {
			switch {
			case f.made: // by an earlier attempt, whose answer was lost
				return draft.Webhook, change.Plan{}, nil
			case f.count >= MaxPerOrg:
				return Webhook{}, change.Plan{}, api.Fail(api.ConflictLimit, "the organisation has %d webhooks, the maximum: delete one first", f.count)
			}
			return draft.Webhook, draft.creation(), nil
		})
	if err != nil {
		return WebhookWithSecret{}, err // no secret is returned with an error
	}
	return WebhookWithSecret{made, secret}, nil
}

// actsFor returns the user for whom a webhook of the caller acts: "" where no event depends
// on it.
func (s *Store) actsFor(c *api.Caller) string {
	if !s.Contract.Webhooks.Contests() {
		return ""
	}
	return c.User
}

// createFacts are the facts that decide whether a webhook is made.
type createFacts struct {
	made  bool  // the webhook exists already
	count int64 // how many webhooks the organisation has; not read if made
}

func (s *Store) createFacts(ctx context.Context, c *api.Caller, id string) (createFacts, error) {
	if it, err := s.Table.Get(ctx, address(c.Org, id), true); it != nil || err != nil {
		return createFacts{made: it != nil}, down(err)
	}
	counted, err := s.Table.Get(ctx, head(c.Org), true)
	return createFacts{count: counted.Int("n")}, down(err)
}

// creation is the plan that makes a webhook.
func (r *record) creation() change.Plan {
	return r.recorded("webhook.create", nil, r.settings(), table.Put(r.item(), table.IsNew()),
		table.Update(head(r.Org), []table.Action{table.Increment("n", 1)}, table.Or(table.Missing("n"), table.Lt("n", int64(MaxPerOrg)))))
}

// validate refuses a webhook with invalid settings, and one whose maker's key may not read
// the events that it would receive.
func (s *Store) validate(c *api.Caller, w *Webhook) error {
	kinds := events.For(s.Contract)
	for _, k := range kinds {
		if all := len(w.Types) == 0; (all || slices.Contains(w.Types, k.Type)) && k.Permission != "" && !c.May(k.Permission) {
			return api.Fail(api.Permission, "webhooks require the permission %s, which this key does not have", k.Permission)
		}
	}
	if s.Contract.Webhooks.Explicit && len(w.Types) == 0 {
		return api.FieldError("types", "must list at least one type of events")
	}
	if err := w.check(s.Private, kinds); err != nil {
		return err
	}
	return nil
}

// List returns a page of the organisation's webhooks, oldest first, and the position of the
// next page.
func (s *Store) List(ctx context.Context, r *api.Request, limit int, after string) ([]Webhook, string, error) {
	low, high := table.Prefix(webhookPrefix)
	q := table.Query{Partition: partition(r.Caller.Org), Low: low, High: high, Limit: limit}
	if after != "" {
		q.After = webhookPrefix + after
	}
	page, err := s.Table.Query(ctx, q)
	if err != nil {
		return nil, "", down(err)
	}
	found, next := make([]Webhook, 0, len(page.Items)), ""
	for _, it := range page.Items {
		if w, ok := fromItem(it); ok {
			found, next = append(found, w.shown(r.Now)), w.ID
		}
	}
	if !page.More {
		next = ""
	}
	return found, next, nil
}

// Get returns a webhook of the caller's organisation.
func (s *Store) Get(ctx context.Context, r *api.Request, id string) (Webhook, error) {
	w, err := s.find(ctx, r.Caller, id, false)
	return w.shown(r.Now), err
}

// find returns a webhook of the caller's organisation. A webhook of any other organisation is
// not found.
func (s *Store) find(ctx context.Context, c *api.Caller, id string, consistent bool) (record, error) {
	if !ids.Valid(id) {
		return record{}, unknown()
	}
	it, err := table.GetConfirmed(ctx, s.Table, address(c.Org, id), consistent)
	if err != nil {
		return record{}, down(err)
	}
	w, ok := fromItem(it)
	if !ok {
		return record{}, unknown()
	}
	return w, nil
}

// Update changes a webhook of the caller's organisation. Enabling a webhook, or giving it
// another URL, resets its record of failures.
func (s *Store) Update(ctx context.Context, r *api.Request, id string, e Edit) (Webhook, error) {
	check := func(ctx context.Context) error { return s.checkFilters(ctx, r.Caller, e.Leagues, e.Teams) }
	after, err := s.change(ctx, r, id, edit{action: "webhook.update", check: check, apply: func(w *record) error {
		enabled := w.State != Enabled && e.State != nil
		if e.URL != nil {
			w.User = s.actsFor(r.Caller)
		}
		if e.URL != nil && *e.URL != w.URL {
			w.URL, w.FailingAt = *e.URL, nil
		}
		set(&w.Description, e.Description)
		set(&w.State, e.State)
		for to, from := range map[*[]string][]string{&w.Types: e.Types, &w.Leagues: e.Leagues, &w.Teams: e.Teams} {
			if from != nil {
				*to = from
			}
		}
		if enabled && w.State == Enabled {
			w.Reason, w.FailingAt = nil, nil
		}
		if e.onlyDisables() {
			return nil
		}
		return s.validate(r.Caller, &w.Webhook)
	}})
	return after.shown(r.Now), err
}

// Rotate replaces the signing secret. The previous one signs too until the overlap ends;
// until then only force rotates again. A contract may decide both. A repeat with the same
// Idempotency-Key is refused.
func (s *Store) Rotate(ctx context.Context, r *api.Request, id, overlap string, force bool) (WebhookWithSecret, error) {
	token, err := s.repeats.Of(r, rotationInput{id, overlap, force})
	if err != nil {
		return WebhookWithSecret{}, err
	}
	overlapTime := time.Duration(0)
	if overlap != "" {
		if overlapTime, err = contract.ParseDuration(overlap); err != nil {
			return WebhookWithSecret{}, api.FieldError("overlap", "%v", err)
		}
	}
	if own := s.Contract.Webhooks.Overlap; own > 0 {
		overlapTime, force = time.Duration(own)*time.Second, true
	}
	if overlapTime > maxOverlap {
		return WebhookWithSecret{}, api.FieldError("overlap", "must be at most 7d")
	}
	secret, sealedSecret, err := s.mint(ctx, id)
	if err != nil {
		return WebhookWithSecret{}, err
	}
	after, err := s.change(ctx, r, id, edit{action: "webhook.rotate", token: token.Secret(idempotency.Webhook, id), apply: func(w *record) error {
		if w.PreviousEnd != nil && w.PreviousEnd.After(r.Now) && !force {
			return api.Fail(api.ConflictRotation, "a previous signing secret of this webhook still signs: wait until it expires, or rotate with force to end it immediately")
		}
		now, end := r.Now.UTC().Truncate(time.Second), r.Now.UTC().Add(overlapTime).Truncate(time.Second)
		before := w.Present
		w.SecretPrefix = shownOf(secret)
		w.Secret, w.RotatedAt, w.Present, w.Previous, w.PreviousEnd = w.Secret+1, &now, sealedSecret, sealed{}, nil
		if overlapTime > 0 {
			w.Previous, w.PreviousEnd = before, &end
		}
		return nil
	}})
	if err != nil {
		return WebhookWithSecret{}, err // no secret is returned with an error
	}
	return WebhookWithSecret{after.shown(r.Now), secret}, nil
}

// rotationInput is what makes two rotations the same request.
type rotationInput struct {
	Webhook, Overlap string
	Force            bool
}

// edit is a change of a webhook.
type edit struct {
	action string // in the audit trail
	token  idempotency.Token
	// check refuses the input by what other items say, once the webhook is found; it may be nil.
	check func(ctx context.Context) error
	apply func(*record) error
}

// equals reports whether two records are the same. An empty list equals a missing one.
func (r record) equals(o record) bool {
	for a, b := range map[*[]string]*[]string{&r.Types: &o.Types, &r.Leagues: &o.Leagues, &r.Teams: &o.Teams} {
		if !slices.Equal(*a, *b) {
			return false
		}
		*b = *a
	}
	return reflect.DeepEqual(r, o)
}

// change edits a webhook in one transaction with its audit entry. A mark on the item shows
// an earlier attempt whose answer was lost.
func (s *Store) change(ctx context.Context, r *api.Request, id string, e edit) (record, error) {
	// The request's id would not do as a mark: SAM CLI gives every request the id of the
	// first.
	mark, err := s.changes.IDs.New("chg_", r.Now)
	if err != nil {
		return record{}, err
	}
	call := change.Asked(r)
	call.Token = e.token
	return change.Make(ctx, s.changes, call,
		func(ctx context.Context, attempt int) (record, error) {
			found, err := s.find(ctx, r.Caller, id, true)
			if err == nil && e.check != nil && attempt == 1 {
				err = e.check(ctx)
			}
			return found, err
		},
		func(before record) (record, change.Plan, error) {
			after := before
			if before.Last == mark { // changed by an earlier attempt, whose answer was lost
				return after, change.Plan{}, nil
			}
			if err := e.apply(&after); err != nil {
				return after, change.Plan{}, err
			}
			if before.equals(after) {
				return before, change.Plan{}, nil
			}
			after.Rev, after.Last, after.UpdatedAt = before.Rev+1, mark, r.Now.UTC().Truncate(time.Second)
			return after, after.recorded(e.action, before.settings(), after.settings(), table.Put(after.item(), table.Eq("rev", before.Rev))), nil
		})
}

// Delete deletes a webhook: no further attempt begins.
func (s *Store) Delete(ctx context.Context, r *api.Request, id string) error {
	_, err := change.Make(ctx, s.changes, change.Asked(r),
		func(ctx context.Context, attempt int) (record, error) {
			w, err := s.find(ctx, r.Caller, id, true)
			if err != nil && attempt > 1 && api.ErrorOf(err).Condition == api.NotFound {
				return record{}, nil // deleted by an earlier attempt, whose answer was lost
			}
			return w, err
		},
		func(w record) (record, change.Plan, error) {
			if w.ID == "" {
				return w, change.Plan{Made: true}, nil
			}
			return w, w.recorded("webhook.delete", w.settings(), nil, table.Delete(address(w.Org, w.ID), table.Eq("rev", w.Rev)),
				table.Update(head(w.Org), []table.Action{table.Increment("n", -1)})), nil
		})
	return err
}

// Sealed returns the ids of an organisation's webhooks by the pepper version that seals
// their signing secrets, for operator commands. One webhook may be under two versions.
func (s *Store) Sealed(ctx context.Context, org string) (map[string][]string, error) {
	all, err := s.records(ctx, org)
	under := map[string][]string{}
	for _, w := range all {
		under[w.Present.Pepper] = append(under[w.Present.Pepper], w.ID)
		if before := w.Previous.Pepper; before != "" && before != w.Present.Pepper {
			under[before] = append(under[before], w.ID)
		}
	}
	return under, err
}

// Reseal seals the signing secrets of an organisation's webhooks under the current pepper,
// for operator commands, and returns how many webhooks it changed.
func (s *Store) Reseal(ctx context.Context, org string) (moved int, err error) {
	all, err := s.records(ctx, org)
	for _, w := range all {
		did, err := s.reseal(ctx, w)
		if err != nil {
			return moved, err
		}
		if did {
			moved++
		}
	}
	return moved, err
}

func (s *Store) records(ctx context.Context, org string) ([]record, error) {
	low, high := table.Prefix(webhookPrefix)
	page, err := s.Table.Query(ctx, table.Query{Partition: partition(org), Low: low, High: high, Consistent: true})
	if err != nil {
		return nil, fmt.Errorf("webhooks: listing the webhooks of %s: %w", org, err)
	}
	var all []record
	for _, it := range page.Items {
		if w, ok := fromItem(it); ok {
			all = append(all, w)
		}
	}
	return all, nil
}

// reseal reseals the secrets of one webhook. It fails if the webhook changes meanwhile.
func (s *Store) reseal(ctx context.Context, w record) (bool, error) {
	current, err := s.Peppers.Current(ctx)
	if err != nil {
		return false, fmt.Errorf("webhooks: reading the peppers: %w", err)
	}
	rev, moved := w.Rev, false
	for _, one := range []*sealed{&w.Present, &w.Previous} {
		if *one == (sealed{}) || one.Pepper == current.Version {
			continue
		}
		raw, err := s.open(ctx, w.ID, *one)
		if err != nil {
			return false, err
		}
		if *one, err = s.seal(ctx, w.ID, raw); err != nil {
			return false, err
		}
		moved = true
	}
	if !moved {
		return false, nil
	}
	w.Rev++
	if _, err := s.Table.Write(ctx, table.Put(w.item(), table.Eq("rev", rev))); err != nil {
		return false, fmt.Errorf("webhooks: resealing the secret of %s: %w", w.ID, err)
	}
	return true, nil
}

// recorded is the plan of writes on a webhook and their audit entry.
func (r *record) recorded(action string, before, after any, ws ...table.Write) change.Plan {
	return change.Plan{Writes: ws, Entries: []audit.Change{{Org: r.Org, Action: action, Target: r.ID, Before: before, After: after}}}
}

func set(to, from *string) {
	if from != nil {
		*to = *from
	}
}

func unknown() *api.Error { return api.Fail(api.NotFound, "no such webhook") }

// down returns nil for no error.
func down(err error) error {
	if err == nil {
		return nil
	}
	return api.UnavailableError("reading webhooks", err)
}
