package keys

import (
	"context"
	"slices"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/table"
)

// Update changes a key and reports whether it may do more than before, in which case cached
// policies must be flushed. A revoked key cannot be changed. An expired key can get a new
// expiry if its plan has room for it.
func (s *Store) Update(ctx context.Context, r *api.Request, id string, e Edit) (v Key, widened bool, err error) {
	type updated struct {
		facts
		widened bool
	}
	is, err := change.Make(ctx, s.changes, change.Call{By: audit.Caller(r)},
		func(ctx context.Context, _ int) (editFacts, error) { return s.editFacts(ctx, r, id, e) },
		func(f editFacts) (updated, change.Plan, error) {
			if e.empty() {
				return updated{facts: f.facts}, change.Plan{}, nil
			}
			plan := change.Plan{Bump: f.gates}
			if unchanged(f.before, f.key) {
				// This may be the repeat of a call that failed after its write, so it
				// bumps the gate, which the key does not show.
				return updated{f.facts, e.Scopes != nil}, plan, nil
			}
			edit, err := saved("key.update", f.before, f.key, f.before.settings(), f.key.settings())
			if err != nil {
				return updated{}, plan, err
			}
			count, err := s.countPlan(f, r.Now)
			return updated{f.facts, s.widens(f.role(), f.before.Scopes, f.key.Scopes)}, plan.And(edit).And(count), err
		})
	if err != nil {
		return Key{}, false, err
	}
	v, err = s.keyView(ctx, is.facts, r.Now)
	return v, is.widened, err
}

// editFacts are the facts that decide an edit: the key before and after it. The
// organisation's keys are read only if the edit must count them.
type editFacts struct {
	facts
	before  record
	counts  bool
	holding holdings
}

func (s *Store) editFacts(ctx context.Context, r *api.Request, id string, e Edit) (f editFacts, err error) {
	if f.facts, err = s.find(ctx, r.Caller, id); err != nil {
		return f, err
	}
	caller, err := s.present(r.Caller, f.facts, r.Now)
	if err != nil {
		return f, err
	}
	if f.before = f.key; f.before.RevokedAt != 0 {
		return f, cannotChange("it was revoked")
	}
	if f.key, err = s.rules.edited(f.before, e, r.Now); err != nil {
		return f, err
	}
	if err := s.rules.prolongedWithin(caller, e, f.before, &f.key); err != nil {
		return f, err
	}
	if err := s.checkAddedScopes(caller, f.facts, f.before.Scopes); err != nil {
		return f, err
	}
	kind := s.rules.kind(f.org, f.key, r.Now)
	if f.counts = kind != "" && (kind != s.rules.kind(f.org, f.before, r.Now) || f.revives(r.Now)); !f.counts {
		return f, nil
	}
	var found bool
	if f.holding, found, err = s.holdings(ctx, f.org.ID); err == nil && !found {
		err = unknown()
	}
	return f, err
}

// placeMargin is longer than a request takes and the clocks of two instances differ.
const placeMargin = time.Minute

// revives reports whether an edit prolongs a key that has ended, or ends so soon that another
// request may already see it as ended and give its place to another key.
func (f editFacts) revives(now time.Time) bool {
	return outlasts(f.key.ExpiresAt, f.before.ExpiresAt) && f.before.state(now.Add(placeMargin)) != Active
}

// checkAddedScopes refuses scopes that are new to the key and that the caller may not grant.
func (s *Store) checkAddedScopes(c *api.Caller, f facts, had []string) error {
	added := slices.DeleteFunc(slices.Clone(f.key.Scopes), func(scope string) bool { return slices.Contains(had, scope) })
	if err := grants(s.rules.contract.Scopes, c, f.role(), added); err != nil {
		return err
	}
	if len(added) == 0 {
		return nil
	}
	if slices.ContainsFunc(added, s.rules.contract.Scopes.IsManagementScope) {
		if err := mayOutlast(c, f.key, "add a management scope to"); err != nil {
			return err
		}
	}
	return s.rules.checkApprovals(f.org, f.key, added)
}

func (s *Store) widens(role string, had, has []string) bool {
	all := s.rules.contract.Scopes
	return !covered(effective(all, had, role), effective(all, has, role))
}

// countPlan returns what an edit also writes if it makes the key active, prolongs it just before
// its end, or makes a client key a management key or the reverse. The cap applies as to a new
// key.
func (s *Store) countPlan(f editFacts, now time.Time) (change.Plan, error) {
	if !f.counts {
		return change.Plan{}, nil
	}
	after := f.key
	after.Rev = f.before.Rev + 1
	return change.Plan{Writes: []table.Write{f.holding.countWrite(after, false)}}, s.rules.checkCap(f.holding.Org, f.holding.keys, after, now)
}

func unchanged(a, b record) bool {
	return a.Name == b.Name && slices.Equal(a.Scopes, b.Scopes) && a.Metadata == b.Metadata && a.ExpiresAt == b.ExpiresAt
}

func cannotChange(why string) *api.Error {
	return api.Fail(api.ConflictFinal, "this key can no longer be changed: %s", why)
}

// Revoke revokes a key for good. A repeat changes nothing and bumps the gate again.
func (s *Store) Revoke(ctx context.Context, r *api.Request, id string) (Key, error) {
	return s.revoke(ctx, r, func(ctx context.Context) (facts, error) { return s.find(ctx, r.Caller, id) })
}

// RevokeSelf revokes the calling key: any holder of its secret may do so. The gate refuses
// tokens, which are given to others than the key.
func (s *Store) RevokeSelf(ctx context.Context, r *api.Request) (Key, error) {
	return s.revoke(ctx, r, func(ctx context.Context) (facts, error) { return s.self(ctx, r.Caller) })
}

func (s *Store) revoke(ctx context.Context, r *api.Request, find func(context.Context) (facts, error)) (Key, error) {
	f, err := change.Make(ctx, s.changes, change.Call{By: audit.Caller(r)},
		func(ctx context.Context, _ int) (facts, error) { return find(ctx) },
		func(f facts) (facts, change.Plan, error) {
			plan := change.Plan{Bump: f.gates}
			if f.key.RevokedAt != 0 {
				return f, plan, nil
			}
			after, revoked, err := f.key.revoked(r.Now)
			f.key = after
			return f, plan.And(revoked), err
		})
	if err != nil {
		return Key{}, err
	}
	return s.keyView(ctx, f, r.Now)
}

// revoked returns the key after its revocation, and the plan that revokes it.
func (k record) revoked(now time.Time) (record, change.Plan, error) {
	before := k
	k.RevokedAt = now.Unix()
	plan, err := saved("key.revoke", before, k, before.settings(), k.settings())
	return k, plan, err
}

// revocationsPerTransaction keeps the removal of a member within a transaction's 100 writes: three
// for each key and ten for the removal.
const revocationsPerTransaction = 30

// Revoking returns the plan that revokes a member's keys, as many as fit in a transaction,
// and whether more are left.
func (s *Store) Revoking(ctx context.Context, now time.Time, org, user string) (change.Plan, bool, error) {
	var plan change.Plan
	h, _, err := s.holdings(ctx, org)
	if err != nil {
		return plan, false, err
	}
	n := 0
	for _, k := range h.keys {
		if k.Owner != user || k.RevokedAt != 0 {
			continue
		}
		if n++; n > revocationsPerTransaction {
			return plan, true, nil
		}
		_, revoked, err := k.revoked(now)
		if err != nil {
			return plan, false, err
		}
		plan = plan.And(revoked)
	}
	return plan, false, nil
}

// Live returns the ids of the gates of an organisation's keys and sessions that are not
// revoked.
func (s *Store) Live(ctx context.Context, org string) ([]string, error) {
	h, _, err := s.holdings(ctx, org)
	if err != nil {
		return nil, err
	}
	found := h.idsOf(func(k record) bool { return k.RevokedAt == 0 })
	for _, m := range h.Members {
		places, err := m.Places()
		if err != nil {
			return nil, err
		}
		for _, p := range places {
			if p.Ends != 0 {
				found = append(found, p.ID)
			}
		}
	}
	return found, nil
}

// OwnedBy returns the ids of the gates of a member's keys and sessions, revoked ones included.
func (s *Store) OwnedBy(ctx context.Context, org, user string) ([]string, error) {
	h, _, err := s.holdings(ctx, org)
	if err != nil {
		return nil, err
	}
	m, found := h.Member(user)
	if !found {
		m, _ = h.Removed(user)
	}
	places, err := m.Places()
	owned := h.idsOf(func(k record) bool { return k.Owner == user })
	for _, p := range places {
		owned = append(owned, p.ID)
	}
	return owned, err
}

func (h holdings) idsOf(want func(record) bool) []string {
	var found []string
	for _, k := range h.keys {
		if want(k) {
			found = append(found, k.ID)
		}
	}
	return found
}
