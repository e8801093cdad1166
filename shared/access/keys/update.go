package keys

import (
	"context"
	"slices"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
)

// Update changes a key, and tells whether it may do more than before, so that
// caches of what it may do must be flushed. A revoked key cannot be changed; an
// expired one can be given a new end, where its plan has a place for it.
func (s *Store) Update(ctx context.Context, r *api.Request, id string, e Edit) (v Key, widened bool, err error) {
	var f facts
	err = s.apply(ctx, func(ctx context.Context) (change.Plan, error) {
		if f, err = s.find(ctx, r.Caller, id); err != nil {
			return change.Plan{}, err
		}
		before := f.key
		if before.RevokedAt != 0 {
			return change.Plan{}, final("it was revoked")
		}
		if f.key, err = s.rules.edited(before, e, r.Now); err != nil {
			return change.Plan{}, err
		}
		if err := s.mayHold(r.Caller, f, before.Scopes); err != nil {
			return change.Plan{}, err
		}
		plan := change.Plan{Bump: []string{id}}
		if same(before, f.key) {
			// Perhaps the repeat of a call that died after its write.
			widened = e.Scopes != nil
			return plan, nil
		}
		widened = s.widens(f.role(), before.Scopes, f.key.Scopes)
		if plan.Writes, err = s.saved(audit.Caller(r), "key.update", before, f.key, before.settings(), f.key.settings()); err != nil {
			return plan, err
		}
		taken, err := s.takesPlace(ctx, f.org, before, f.key, r.Now)
		plan.Writes = append(plan.Writes, taken...)
		return plan, err
	})
	if err != nil {
		return Key{}, false, err
	}
	v, err = s.see(ctx, f, r.Now)
	return v, widened, err
}

// mayHold refuses scopes that are new to the key and not the caller's to give.
func (s *Store) mayHold(c *api.Caller, f facts, had []string) error {
	added := slices.DeleteFunc(slices.Clone(f.key.Scopes), func(scope string) bool { return slices.Contains(had, scope) })
	if err := grants(s.rules.contract.Scopes, c, f.role(), added); err != nil {
		return err
	}
	if len(added) == 0 {
		return nil
	}
	return s.rules.mayAsk(f.org, f.key, added)
}

func (s *Store) widens(role string, had, has []string) bool {
	all := s.rules.contract.Scopes
	return !covered(effective(all, had, role), effective(all, has, role))
}

// takesPlace is what an edit must also write where it makes an active client key of
// what was none, one that had expired or a management key, or the other way round.
// The cap holds for it as for a new key.
func (s *Store) takesPlace(ctx context.Context, o orgs.Org, before, after record, now time.Time) ([]table.Write, error) {
	if is := s.rules.kind(after, now); is == "" || is == s.rules.kind(before, now) {
		return nil, nil
	}
	h, found, err := s.holdings(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, unknown()
	}
	after.Rev = before.Rev + 1
	return []table.Write{h.counted(after, false)}, s.rules.place(h.Org, h.keys, after, now)
}

func same(a, b record) bool {
	return a.Name == b.Name && slices.Equal(a.Scopes, b.Scopes) && a.Metadata == b.Metadata && a.ExpiresAt == b.ExpiresAt
}

func final(why string) *api.Error {
	return api.Fail(api.ConflictFinal, "this key can no longer be changed: %s", why)
}

// Revoke ends a key for good. Repeating it changes nothing and makes cached
// callers stale once more.
func (s *Store) Revoke(ctx context.Context, r *api.Request, id string) (Key, error) {
	return s.revoke(ctx, r, func(ctx context.Context) (facts, error) { return s.find(ctx, r.Caller, id) })
}

// RevokeSelf ends the key that makes the call: whoever holds its secret may.
// A token, which is given to others than the key is, may not.
func (s *Store) RevokeSelf(ctx context.Context, r *api.Request) (Key, error) {
	if r.Caller.Token {
		return Key{}, notForTokens("revoke its key")
	}
	return s.revoke(ctx, r, func(ctx context.Context) (facts, error) { return s.self(ctx, r.Caller) })
}

func (s *Store) revoke(ctx context.Context, r *api.Request, find func(context.Context) (facts, error)) (Key, error) {
	var f facts
	err := s.apply(ctx, func(ctx context.Context) (plan change.Plan, err error) {
		if f, err = find(ctx); err != nil {
			return plan, err
		}
		plan.Bump = []string{f.key.ID}
		if f.key.RevokedAt != 0 {
			return plan, nil
		}
		before := f.key
		f.key.RevokedAt = r.Now.Unix()
		plan.Writes, err = s.saved(audit.Caller(r), "key.revoke", before, f.key, before.settings(), f.key.settings())
		return plan, err
	})
	if err != nil {
		return Key{}, err
	}
	return s.see(ctx, f, r.Now)
}

// revocationsAtOnce keeps a member's removal within a transaction's 100 writes:
// three for each key, and ten for the removal.
const revocationsAtOnce = 30

// Revoking returns the writes that revoke a member's keys, at most a
// transaction's worth, and whether more are left.
func (s *Store) Revoking(ctx context.Context, by audit.By, org, user string) ([]table.Write, bool, error) {
	h, _, err := s.holdings(ctx, org)
	if err != nil {
		return nil, false, err
	}
	var ws []table.Write
	n := 0
	for _, k := range h.keys {
		if k.Owner != user || k.RevokedAt != 0 {
			continue
		}
		if n++; n > revocationsAtOnce {
			return ws, true, nil
		}
		ended := k
		ended.RevokedAt = by.At.Unix()
		saved, err := s.saved(by, "key.revoke", k, ended, k.settings(), ended.settings())
		if err != nil {
			return nil, false, err
		}
		ws = append(ws, saved...)
	}
	return ws, false, nil
}

// Live lists an organisation's keys that are not revoked.
func (s *Store) Live(ctx context.Context, org string) ([]string, error) {
	return s.idsOf(ctx, org, func(k record) bool { return k.RevokedAt == 0 })
}

// OwnedBy lists a member's keys, revoked ones too.
func (s *Store) OwnedBy(ctx context.Context, org, user string) ([]string, error) {
	return s.idsOf(ctx, org, func(k record) bool { return k.Owner == user })
}

func (s *Store) idsOf(ctx context.Context, org string, want func(record) bool) ([]string, error) {
	h, _, err := s.holdings(ctx, org)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, k := range h.keys {
		if want(k) {
			found = append(found, k.ID)
		}
	}
	return found, nil
}
