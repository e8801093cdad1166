package webhooks

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/api/view"
	"statgate/shared/feed/events"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// RetryDelays are the waits after each failed attempt. After the last attempt, about 18 hours
// after the first, a delivery fails for good.
var RetryDelays = []time.Duration{5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour}

const (
	// MaxRetryAfter is the longest Retry-After of a receiver that is waited for: the longest
	// wait of the schedule.
	MaxRetryAfter = 10 * time.Hour
	// Lease is how long one attempt owns a delivery. It is longer than a worker lives, so
	// an expired lease means that the worker stopped.
	Lease = 60 * time.Second
	// Patience is how long a webhook may accept nothing before a delivery that fails for
	// good disables it.
	Patience = 3 * 24 * time.Hour
)

// Body returns the body of a delivery: an event in the contract's envelope.
func (s *Store) Body(id, kind string, at time.Time, data json.RawMessage) []byte {
	return api.Render(s.Contract.Webhooks.Envelope(), func(slot string) any {
		switch slot {
		case "id":
			return id
		case "type":
			return kind
		case "time":
			return at.UTC()
		case "time_ms":
			return at.UnixMilli()
		}
		return data
	})
}

// Subscribed returns every enabled webhook. One that was made or changed within the last
// second may be missing or outdated.
func (s *Store) Subscribed(ctx context.Context) ([]Webhook, error) {
	page, err := s.Table.Query(ctx, table.Query{Index: "list", Partition: listed})
	if err != nil {
		return nil, fmt.Errorf("webhooks: listing the enabled webhooks: %w", err)
	}
	all := make([]Webhook, 0, len(page.Items))
	for _, it := range page.Items {
		if w, ok := fromItem(it); ok {
			all = append(all, w.Webhook)
		}
	}
	return all, nil
}

// Place stores the delivery of an event to a webhook and reports whether it is pending.
// Repeated calls store it once. The basis is the zero Basis for an event of a match.
func (s *Store) Place(ctx context.Context, w *Webhook, e *events.Event, basis Basis, body []byte) (QueuedDelivery, bool, error) {
	d := storedDelivery{Body: string(body), Basis: basis, Delivery: Delivery{ID: events.ID("dlv_", e.At, w.ID, e.ID), Webhook: w.ID, Event: e.ID, Type: e.Type, State: Pending, CreatedAt: e.At}}
	queued := QueuedDelivery{Org: w.Org, Webhook: w.ID, Delivery: d.ID}
	_, err := s.Table.Write(ctx, table.Put(d.item(), table.IsNew()))
	if was := table.AsConditionFailed(err); was != nil {
		return queued, was.Item.Str("state") == Pending, nil
	}
	if err != nil {
		return queued, false, fmt.Errorf("webhooks: placing %s for %s: %w", e.ID, w.ID, err)
	}
	return queued, true, nil
}

// Attempt is one attempt of a delivery.
type Attempt struct {
	Webhook Webhook
	Event   string
	Type    string // of the event
	Body    []byte
	Secrets []string // to sign it with, the current one first

	storedDelivery storedDelivery
	claim          int64
}

// passed holds if a stored time is absent, has passed, or is more than twice the longest wait
// ahead: then a wrong clock stored it, and the delivery would wait for that clock.
func passed(attr string, at int64, longest time.Duration) table.Cond {
	return table.Or(table.Missing(attr), table.Le(attr, at), table.Gt(attr, at+int64(2*longest/time.Second)))
}

// Begin takes the lease of a delivery for one attempt. If the attempt is nil, the delivery
// must not be attempted now: Begin returns how long to wait, or 0 if it will never be
// attempted. An attempt counts only when it is finished, so a store that fails in between
// uses up none.
func (s *Store) Begin(ctx context.Context, d QueuedDelivery, now time.Time) (*Attempt, time.Duration, error) {
	at := now.Unix()
	it, err := s.Table.Write(ctx, table.Update(deliveryAddress(d.Webhook, d.Delivery),
		[]table.Action{table.Set("lease", at+int64(Lease/time.Second)), table.Increment("claims", 1)},
		table.Eq("state", Pending),
		passed("lease", at, Lease),
		passed("next_at", at, slices.Max(RetryDelays))))
	if was := table.AsConditionFailed(err); was != nil {
		if was.Item.Str("state") != Pending {
			return nil, 0, nil // it has ended, or its TTL deleted it
		}
		free := max(was.Item.Int("lease"), was.Item.Int("next_at"))
		return nil, time.Duration(max(free-at, 1)) * time.Second, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("webhooks: beginning %s: %w", d.Delivery, err)
	}
	a := &Attempt{claim: it.Int("claims")}
	if a.storedDelivery, _ = deliveryFromItem(it, now); a.storedDelivery.ID == "" {
		return nil, 0, nil // it has expired, and the table has not deleted it yet
	}
	held, err := s.Table.Get(ctx, address(d.Org, d.Webhook), true)
	if err != nil {
		return nil, 0, fmt.Errorf("webhooks: reading %s: %w", d.Webhook, err)
	}
	w, ok := fromItem(held)
	if !ok || w.State != Enabled {
		return nil, 0, s.cancel(ctx, d, a.claim)
	}
	if entitled, err := newStandings(s, s.consistently).entitled(ctx, &w.Webhook, a.storedDelivery.Basis); !entitled {
		if err == nil {
			err = s.cancel(ctx, d, a.claim)
		}
		return nil, 0, err
	}
	a.Webhook, a.Event, a.Type, a.Body = w.Webhook, a.storedDelivery.Event, a.storedDelivery.Type, []byte(a.storedDelivery.Body)
	if err := s.addSigningSecrets(ctx, a, w, now); err != nil {
		return nil, 0, err
	}
	return a, 0, nil
}

func (s *Store) consistently(ctx context.Context, key table.Key) (table.Item, error) {
	return s.Table.Get(ctx, key, true)
}

// addSigningSecrets opens the secrets that sign an attempt and adds them to it.
func (s *Store) addSigningSecrets(ctx context.Context, a *Attempt, w record, now time.Time) error {
	all := []sealed{w.Present}
	if w.PreviousEnd != nil && w.PreviousEnd.After(now) {
		all = append(all, w.Previous)
	}
	for _, one := range all {
		raw, err := s.open(ctx, w.ID, one)
		if err != nil {
			return err
		}
		a.Secrets = append(a.Secrets, encodeSecret(raw))
	}
	return nil
}

// cancel ends a delivery whose webhook is disabled, deleted or may not receive it.
func (s *Store) cancel(ctx context.Context, d QueuedDelivery, claim int64) error {
	_, err := s.Table.Write(ctx, table.Update(deliveryAddress(d.Webhook, d.Delivery),
		[]table.Action{table.Set("state", Canceled), table.Remove("lease"), table.Remove("next_at")},
		table.Eq("state", Pending), table.Eq("claims", claim)))
	if err != nil && table.AsConditionFailed(err) == nil {
		return fmt.Errorf("webhooks: canceling %s: %w", d.Delivery, err)
	}
	return nil
}

// Outcome is the result of an attempt.
type Outcome struct {
	Status int    // of HTTP; 0 without an answer
	Error  string // why it failed, "" for success
	// RetryAfter is how long the receiver asked to wait, 0 if it did not.
	RetryAfter time.Duration
	// Skipped says that no request was sent. The attempt is not counted, but the schedule
	// goes to its next wait.
	Skipped bool
}

// gone reports whether the receiver answered 410 Gone.
func (o Outcome) gone() bool { return o.Status == http.StatusGone }

// refuses reports whether the receiver refused the event itself: a client error other than
// those that ask for a later attempt.
func (o Outcome) refuses() bool {
	return o.Status >= 400 && o.Status <= 499 && o.Status != http.StatusRequestTimeout && o.Status != http.StatusTooEarly && o.Status != http.StatusTooManyRequests
}

// Finish stores the result of an attempt. It returns how long to wait for the next attempt,
// 0 for never, and whether the delivery failed for good.
func (s *Store) Finish(ctx context.Context, a *Attempt, o Outcome, now time.Time) (again time.Duration, givenUp bool, err error) {
	n := a.storedDelivery.Waits + 1
	fields := map[string]any{"waits": int64(n), "lease": nil, "next_at": nil, "status": nil, "error": nil}
	if !o.Skipped {
		fields["attempts"], fields["tried_at"] = int64(a.storedDelivery.Attempts+1), now.Unix()
	}
	if o.Status != 0 {
		fields["status"] = int64(o.Status)
	}
	if o.Error != "" {
		fields["error"] = o.Error
	}
	switch {
	case o.Error == "":
		fields["state"] = Delivered
	case o.gone() || n > len(RetryDelays) || s.Contract.Webhooks.FinalRefusals && o.refuses():
		fields["state"], givenUp = Failed, true
	default:
		again = retryDelay(a.storedDelivery.ID, n, o.RetryAfter)
		fields["next_at"] = now.Add(again).Unix()
	}
	var actions []table.Action
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name] == nil {
			actions = append(actions, table.Remove(name))
		} else {
			actions = append(actions, table.Set(name, fields[name]))
		}
	}
	_, err = s.Table.Write(ctx, table.Update(deliveryAddress(a.Webhook.ID, a.storedDelivery.ID), actions,
		table.Eq("state", Pending), table.Eq("claims", a.claim)))
	if table.AsConditionFailed(err) != nil {
		return 0, false, nil // the lease has expired, and another attempt has it
	}
	if err != nil {
		return 0, false, fmt.Errorf("webhooks: finishing %s: %w", a.storedDelivery.ID, err)
	}
	return again, givenUp, s.recordHealth(ctx, a, o, givenUp, now)
}

// retryDelay is how long to wait after the n-th attempt: the later of the schedule and the
// receiver's Retry-After. A jitter of up to a fifth, derived from the delivery's id, spreads
// deliveries that failed at the same time.
func retryDelay(id string, n int, after time.Duration) time.Duration {
	sum := sha256.Sum256([]byte(id))
	d := max(RetryDelays[n-1], min(after, MaxRetryAfter))
	return d + d*time.Duration(binary.BigEndian.Uint16(sum[:2]))/(5<<16)
}

// recordHealth records since when a webhook accepts nothing. It disables one that has accepted
// nothing for Patience, or answered 410 Gone.
func (s *Store) recordHealth(ctx context.Context, a *Attempt, o Outcome, givenUp bool, now time.Time) error {
	failing := a.Webhook.FailingAt
	at := address(a.Webhook.Org, a.Webhook.ID)
	var w table.Write
	switch {
	case o.gone():
		return s.disable(ctx, a.Webhook, "the endpoint answered 410 Gone", nil, now)
	case givenUp && failing != nil && now.Sub(*failing) >= Patience:
		return s.disable(ctx, a.Webhook, fmt.Sprintf("no delivery has succeeded since %s", failing.Format(time.RFC3339)), failing, now)
	case o.Error == "" && failing != nil:
		w = table.Update(at, []table.Action{table.Remove("failing_at"), table.Increment("rev", 1)}, table.Exists("failing_at"))
	case o.Error != "" && failing == nil:
		w = table.Update(at, []table.Action{table.Set("failing_at", now.Unix()), table.Increment("rev", 1)}, table.IsThere(), table.Missing("failing_at"))
	default:
		return nil
	}
	if _, err := s.Table.Write(ctx, w); err != nil && table.AsConditionFailed(err) == nil {
		return fmt.Errorf("webhooks: recording the failures of %s: %w", a.Webhook.ID, err)
	}
	return nil
}

// disable disables a webhook. since is when it began to fail, if that is the reason.
func (s *Store) disable(ctx context.Context, w Webhook, reason string, since *time.Time, now time.Time) error {
	_, err := change.Make(ctx, s.changes, change.Call{By: audit.By{Method: audit.MethodDelivery, At: now}},
		func(ctx context.Context, _ int) (table.Item, error) {
			it, err := s.Table.Get(ctx, address(w.Org, w.ID), true)
			return it, down(err)
		},
		func(it table.Item) (record, change.Plan, error) {
			before, ok := fromItem(it)
			if !ok || before.State == Disabled || before.URL != w.URL || since != nil && (before.FailingAt == nil || !before.FailingAt.Equal(*since)) {
				return before, change.Plan{}, nil // the reason does not apply any more: it has another URL, or accepted something since
			}
			after := before
			after.State, after.Reason, after.Rev, after.Last, after.UpdatedAt = Disabled, &reason, before.Rev+1, "", now.UTC().Truncate(time.Second)
			return after, after.recorded("webhook.disable", before.settings(), after.settings(), table.Put(after.item(), table.Eq("rev", before.Rev))), nil
		})
	return err
}

// Deliveries returns a page of a webhook's deliveries, newest first, and the position of
// the next page.
func (s *Store) Deliveries(ctx context.Context, r *api.Request, id string, limit int, after string) ([]Delivery, string, error) {
	w, err := s.find(ctx, r.Caller, id, false)
	if err != nil {
		return nil, "", err
	}
	low, high := table.Prefix(deliveryPrefix)
	q := table.Query{Partition: deliveries(w.ID), Low: low, High: high, Descending: true, Limit: limit}
	if after != "" {
		q.After = deliveryPrefix + after
	}
	page, err := s.Table.Query(ctx, q)
	if err != nil {
		return nil, "", down(err)
	}
	found, next := make([]Delivery, 0, len(page.Items)), ""
	for _, it := range page.Items {
		next = it.Str("id")
		if d, ok := deliveryFromItem(it, r.Now); ok {
			found = append(found, d.Delivery)
		}
	}
	if !page.More {
		next = ""
	}
	return found, next, nil
}

// errNoDelivery means that a webhook has no such delivery.
var errNoDelivery = errors.New("no such delivery; deliveries are kept for 15 days")

// Send sends a delivery again or, without one, sends a test event.
func (s *Store) Send(ctx context.Context, r *api.Request, id string, again *string) (Delivery, error) {
	d, err := s.send(ctx, r, id, again)
	if errors.Is(err, errNoDelivery) {
		return d, api.FieldError("delivery", "%v", err)
	}
	return d, err
}

// Replay sends a delivery again.
func (s *Store) Replay(ctx context.Context, r *api.Request, id, delivery string) (Delivery, error) {
	d, err := s.send(ctx, r, id, &delivery)
	if errors.Is(err, errNoDelivery) {
		return d, api.Fail(api.NotFound, "%v", err)
	}
	return d, err
}

func (s *Store) send(ctx context.Context, r *api.Request, id string, again *string) (Delivery, error) {
	w, err := s.find(ctx, r.Caller, id, true)
	if err != nil {
		return Delivery{}, err
	}
	if w.State != Enabled {
		return Delivery{}, api.Fail(api.ConflictState, "this webhook is disabled: enable it first")
	}
	if err := r.StillCurrent(ctx); err != nil {
		return Delivery{}, err
	}
	var d storedDelivery
	if again == nil {
		d, err = s.createTest(ctx, r, w)
	} else {
		d, err = s.reset(ctx, r, w, *again)
	}
	if err != nil {
		return Delivery{}, err
	}
	if err := s.Queue.Send(ctx, QueuedDelivery{Org: w.Org, Webhook: w.ID, Delivery: d.ID}); err != nil {
		return Delivery{}, api.UnavailableError("queueing a delivery", err)
	}
	return d.Delivery, nil
}

// createTest stores a test event for a webhook.
func (s *Store) createTest(ctx context.Context, r *api.Request, w record) (storedDelivery, error) {
	event, err := s.changes.IDs.New("evt_", r.Now)
	if err != nil {
		return storedDelivery{}, err
	}
	views, err := view.New(s.Contract, reflect.TypeFor[WebhookTest]())
	if err != nil {
		return storedDelivery{}, fmt.Errorf("webhooks: %w", err)
	}
	data, err := views.Marshal(WebhookTest{w.ID})
	if err != nil {
		return storedDelivery{}, fmt.Errorf("webhooks: writing a test event: %w", err)
	}
	at := r.Now.UTC().Truncate(time.Millisecond)
	body := s.Body(event, testType, at, data)
	d := storedDelivery{Body: string(body), Delivery: Delivery{ID: events.ID("dlv_", at, w.ID, event), Webhook: w.ID, Event: event, Type: testType, State: Pending, CreatedAt: at}}
	if _, err := s.Table.Write(ctx, table.Put(d.item())); err != nil {
		return storedDelivery{}, api.UnavailableError("placing a delivery", err)
	}
	return d, nil
}

// reset makes a delivery pending as if it were new, even one that waits for its next
// attempt. One that is being attempted stays as it is.
func (s *Store) reset(ctx context.Context, r *api.Request, w record, id string) (storedDelivery, error) {
	if !ids.Valid(id) {
		return storedDelivery{}, errNoDelivery
	}
	it, err := s.Table.Write(ctx, table.Update(deliveryAddress(w.ID, id), []table.Action{
		table.Set("state", Pending), table.Set("attempts", int64(0)), table.Set("waits", int64(0)), table.Set(table.TTLAttr, r.Now.Add(Retention).Unix()), table.Increment("claims", 1),
		table.Remove("lease"), table.Remove("next_at"), table.Remove("status"), table.Remove("error"),
	}, table.IsThere(), passed("lease", r.Now.Unix(), Lease)))
	if was := table.AsConditionFailed(err); was != nil {
		it, err = was.Item, nil
	}
	if err != nil {
		return storedDelivery{}, api.UnavailableError("placing a delivery", err)
	}
	d, ok := deliveryFromItem(it, r.Now)
	if !ok {
		return storedDelivery{}, errNoDelivery
	}
	return d, nil
}

// Unfinished returns the pending deliveries, for a queue that starts empty with the
// process.
func (s *Store) Unfinished(ctx context.Context) ([]QueuedDelivery, error) {
	all, err := s.Subscribed(ctx)
	if err != nil {
		return nil, err
	}
	var queued []QueuedDelivery
	for _, w := range all {
		if queued, err = s.pending(ctx, &w, queued); err != nil {
			return nil, err
		}
	}
	return queued, nil
}

// pending adds a webhook's pending deliveries, page by page: most items that it reads have
// ended, and each contains the body that was sent.
func (s *Store) pending(ctx context.Context, w *Webhook, queued []QueuedDelivery) ([]QueuedDelivery, error) {
	low, high := table.Prefix(deliveryPrefix)
	q := table.Query{Partition: deliveries(w.ID), Low: low, High: high, Limit: 200, Consistent: true} // a missed delivery would never be sent
	for {
		page, err := s.Table.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("webhooks: listing deliveries of %s: %w", w.ID, err)
		}
		for _, it := range page.Items {
			if it.Str("state") == Pending {
				queued = append(queued, QueuedDelivery{Org: w.Org, Webhook: w.ID, Delivery: it.Str("id")})
			}
			q.After = it.Str(table.SortAttr)
		}
		if !page.More {
			return queued, nil
		}
	}
}
