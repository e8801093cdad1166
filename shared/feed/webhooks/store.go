package webhooks

import (
	"context"
	"fmt"
	"io"
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
//	WEBHOOKS#<org>   WEBHOOK#<webhook>    a webhook; those that are enabled are in the index "list"
//	WEBHOOK#<id>     DELIVERY#<delivery>  an event for it, and what became of it

// Table is what webhooks need of the keys table.
type Table interface {
	Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error)
	Query(ctx context.Context, q table.Query) (table.Page, error)
	Write(ctx context.Context, w table.Write) (table.Item, error)
	Transact(ctx context.Context, ws []table.Write) error
}

// Queue hands deliveries to whoever attempts them: each at least once, and those that
// say a moment not before it, or so much before it as the queue cannot wait.
type Queue interface {
	Send(ctx context.Context, due ...Due) error
}

// Options make a store.
type Options struct {
	Table    Table
	Contract *contract.Contract
	Rand     io.Reader // for ids
	// Peppers seal signing secrets; nil where none are made or used.
	Peppers Peppers
	// Queue is given what is to be sent at once; nil where nothing is.
	Queue Queue
	// Private lets webhooks be on this machine and its network, and without TLS.
	Private bool
}

// Store keeps webhooks and their deliveries.
type Store struct {
	Options
	ids *ids.Source
}

// New returns a store.
func New(o Options) *Store { return &Store{Options: o, ids: ids.New(o.Rand)} }

// Spec is what a webhook is made of.
type Spec struct {
	URL, Description      string
	Types, Leagues, Teams []string
}

// Edit is a change of a webhook; what is nil stays.
type Edit struct {
	URL, Description, State *string
	Types, Leagues, Teams   []string
}

// stops tells whether an edit does nothing but stop deliveries. Whoever may change
// webhooks may do that, whatever the webhook is.
func (e *Edit) stops() bool {
	return e.State != nil && *e.State == Disabled && e.URL == nil && e.Description == nil && e.Types == nil && e.Leagues == nil && e.Teams == nil
}

// maxOverlap is how long a replaced signing secret may go on signing.
const maxOverlap = 7 * 24 * time.Hour

// Create makes a webhook of the caller's organisation. A repeat under the call's
// Idempotency-Key is given the first answer again.
func (s *Store) Create(ctx context.Context, r *api.Request, spec Spec) (Created, error) {
	id, err := s.ids.New("whk_", r.Now)
	if err != nil {
		return Created{}, err
	}
	now := r.Now.UTC().Truncate(time.Second)
	made := record{Rev: 1, Secret: 1, Webhook: Webhook{ID: id, Org: r.Caller.Org, URL: spec.URL, Description: spec.Description,
		Types: spec.Types, Leagues: spec.Leagues, Teams: spec.Teams, State: Enabled,
		CreatedAt: now, UpdatedAt: now, CreatedBy: r.Caller.Key}}
	token, err := idempotency.Of(s.Table, r, spec)
	if err != nil {
		return Created{}, err
	}
	if err := s.sensible(r.Caller, &made.Webhook); err != nil {
		return Created{}, err
	}
	secret, under, err := s.mint(ctx, id)
	if err != nil {
		return Created{}, err
	}
	made.Present = under
	err = s.apply(ctx, r, func(ctx context.Context) ([]table.Write, error) {
		if done, err := token.Answered(ctx, &made.Webhook); done || err != nil {
			return nil, err
		}
		if it, err := s.Table.Get(ctx, address(made.Org, made.ID), true); it != nil || err != nil {
			return nil, down(err)
		}
		return s.birth(ctx, r, &made, token)
	})
	if err == nil && made.ID != id {
		secret, err = s.again(ctx, made.Webhook)
	}
	return Created{made.Webhook, secret}, err
}

// again is the signing secret of a webhook whose creation is answered once more.
func (s *Store) again(ctx context.Context, w Webhook) (string, error) {
	is, err := s.find(ctx, w.Org, w.ID, true)
	if err != nil {
		return "", err
	}
	if is.Secret != 1 {
		return "", api.Fail(api.ConflictRepeat, "Idempotency-Key: already used, and the signing secret created by that request was rotated since")
	}
	raw, err := s.open(ctx, w.ID, is.Present)
	return show(raw), err
}

// birth are the writes of a new webhook, where there is a place for it.
func (s *Store) birth(ctx context.Context, r *api.Request, made *record, token idempotency.Token) ([]table.Write, error) {
	counted, err := s.Table.Get(ctx, head(made.Org), true)
	if err != nil {
		return nil, down(err)
	}
	if counted.Int("n") >= AtMost {
		return nil, api.Fail(api.ConflictLimit, "the organisation has %d webhooks, the maximum: delete one first", counted.Int("n"))
	}
	ws, err := s.recorded(r, "webhook.create", made, nil, made.settings())
	if err != nil {
		return nil, err
	}
	answer, err := token.Writes(made.Webhook)
	if err != nil {
		return nil, err
	}
	ws = append(ws, table.Put(made.item(), table.IsNew()),
		table.Update(head(made.Org), []table.Action{table.Increment("n", 1)}, table.Or(table.Missing("n"), table.Lt("n", int64(AtMost)))))
	return append(ws, answer...), nil
}

// sensible refuses a webhook that could not be sent to, and one whose maker's key may
// not read what it would be sent.
func (s *Store) sensible(c *api.Caller, w *Webhook) error {
	if !c.May(events.Permission) {
		return api.Fail(api.Permission, "webhooks require the permission %s, which this key does not have", events.Permission)
	}
	if err := w.check(s.Private); err != nil {
		return err
	}
	return nil
}

// List returns a page of the organisation's webhooks, oldest first, and the position
// to go on from.
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
	w, err := s.find(ctx, r.Caller.Org, id, false)
	return w.shown(r.Now), err
}

func (s *Store) find(ctx context.Context, org, id string, consistent bool) (record, error) {
	if !ids.Plausible(id) {
		return record{}, unknown()
	}
	it, err := s.Table.Get(ctx, address(org, id), consistent)
	if err != nil {
		return record{}, down(err)
	}
	w, ok := fromItem(it)
	if !ok {
		return record{}, unknown()
	}
	return w, nil
}

// Update changes a webhook of the caller's organisation. Enabling one that deliveries
// disabled forgets that they failed, and so does another address.
func (s *Store) Update(ctx context.Context, r *api.Request, id string, e Edit) (Webhook, error) {
	after, err := s.change(ctx, r, id, "webhook.update", func(w *record) error {
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
		if e.State != nil && *e.State == Enabled {
			w.Reason, w.FailingAt = nil, nil
		}
		if e.stops() {
			return nil
		}
		return s.sensible(r.Caller, &w.Webhook)
	})
	return after.shown(r.Now), err
}

// Rotate replaces the signing secret. The one before it signs beside the new one
// until the overlap ends; while it does, only force rotates again.
func (s *Store) Rotate(ctx context.Context, r *api.Request, id, overlap string, force bool) (Created, error) {
	lasts := time.Duration(0)
	if overlap != "" {
		var err error
		if lasts, err = contract.ParseDuration(overlap); err != nil {
			return Created{}, api.FieldError("overlap", "%v", err)
		}
	}
	if lasts > maxOverlap {
		return Created{}, api.FieldError("overlap", "must be at most 7d")
	}
	secret, under, err := s.mint(ctx, id)
	if err != nil {
		return Created{}, err
	}
	after, err := s.change(ctx, r, id, "webhook.rotate", func(w *record) error {
		if w.PreviousEnd != nil && w.PreviousEnd.After(r.Now) && !force {
			return api.Fail(api.ConflictRotation, "a previous signing secret of this webhook still signs: wait until it expires, or rotate with force to end it immediately")
		}
		now, end := r.Now.UTC().Truncate(time.Second), r.Now.UTC().Add(lasts).Truncate(time.Second)
		before := w.Present
		w.Secret, w.RotatedAt, w.Present, w.Previous, w.PreviousEnd = w.Secret+1, &now, under, sealed{}, nil
		if lasts > 0 {
			w.Previous, w.PreviousEnd = before, &end
		}
		return nil
	})
	return Created{after.shown(r.Now), secret}, err
}

// change edits a webhook in one transaction with its audit entry. An attempt whose
// answer was lost is known by a mark.
func (s *Store) change(ctx context.Context, r *api.Request, id, action string, edit func(*record) error) (record, error) {
	var after record
	// A request's id is not always its own: SAM CLI gives each the id of the first.
	mark, err := s.ids.New("chg_", r.Now)
	if err != nil {
		return record{}, err
	}
	err = s.apply(ctx, r, func(ctx context.Context) ([]table.Write, error) {
		before, err := s.find(ctx, r.Caller.Org, id, true)
		if after = before; err != nil || before.Last == mark {
			return nil, err
		}
		if err := edit(&after); err != nil {
			return nil, err
		}
		after.Rev, after.Last, after.UpdatedAt = before.Rev+1, mark, r.Now.UTC().Truncate(time.Second)
		ws, err := s.recorded(r, action, &after, before.settings(), after.settings())
		return append(ws, table.Put(after.item(), table.Eq("rev", before.Rev))), err
	})
	return after, err
}

// Delete ends a webhook: no attempt begins any more.
func (s *Store) Delete(ctx context.Context, r *api.Request, id string) error {
	tried := false
	return s.apply(ctx, r, func(ctx context.Context) ([]table.Write, error) {
		w, err := s.find(ctx, r.Caller.Org, id, true)
		if err != nil {
			if tried && api.AsError(err).Condition == api.NotFound {
				return nil, nil // an earlier attempt, whose answer was lost
			}
			return nil, err
		}
		tried = true
		ws, err := s.recorded(r, "webhook.delete", &w, w.settings(), nil)
		return append(ws, table.Delete(address(w.Org, w.ID), table.Eq("rev", w.Rev)),
			table.Update(head(w.Org), []table.Action{table.Increment("n", -1)})), err
	})
}

// Sealed lists the ids of an organisation's webhooks by the pepper version that their
// signing secrets are under, for operator commands; one may be under two.
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

// Reseal puts the signing secrets of an organisation's webhooks under the current
// pepper, for operator commands, and tells how many webhooks it moved.
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
		return nil, fmt.Errorf("webhooks: listing those of %s: %w", org, err)
	}
	var all []record
	for _, it := range page.Items {
		if w, ok := fromItem(it); ok {
			all = append(all, w)
		}
	}
	return all, nil
}

// reseal moves the secrets of one webhook. One that changes meanwhile is refused.
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
		return false, fmt.Errorf("webhooks: sealing the secret of %s anew: %w", w.ID, err)
	}
	return true, nil
}

func (s *Store) recorded(r *api.Request, action string, w *record, before, after any) ([]table.Write, error) {
	return audit.Writes(s.ids, audit.Caller(r), audit.Change{Org: w.Org, Action: action, Target: w.ID, Before: before, After: after})
}

// apply is [change.Apply] for what has no gate to tell. It asks before each write
// whether the key still stands, where the contract wants that.
func (s *Store) apply(ctx context.Context, r *api.Request, decide func(ctx context.Context) ([]table.Write, error)) error {
	return change.Apply(ctx, s.Table, nil, func(ctx context.Context) (change.Plan, error) {
		ws, err := decide(ctx)
		if err == nil && len(ws) > 0 {
			err = r.StillCurrent(ctx)
		}
		return change.Plan{Writes: ws}, err
	})
}

func set(to, from *string) {
	if from != nil {
		*to = *from
	}
}

func unknown() *api.Error { return api.Fail(api.NotFound, "no such webhook") }

// down is nil for no error.
func down(err error) error {
	if err == nil {
		return nil
	}
	return api.Down("reading webhooks", err)
}
