package keys

import (
	"context"
	"maps"
	"slices"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// graveLife is how long the item of a secret that has ended stays.
const graveLife = 30 * 24 * time.Hour

// Rotate replaces a key's secret and keeps the key, its quota and its history.
// The old secret ends at once, or after the overlap, but never after the key.
// While a replaced secret is still good, only force rotates again: it ends all
// that were replaced before, at once.
//
// Whoever rotates a key obtains its secret, so it takes what making it would take.
func (s *Store) Rotate(ctx context.Context, r *api.Request, id, overlap string, force bool) (Rotated, error) {
	repeat, err := s.once(r)
	if err != nil {
		return Rotated{}, err
	}
	lasts, err := s.rules.overlap(overlap)
	if err != nil {
		return Rotated{}, err
	}
	n, err := s.mint(ctx, record{ID: id}, r.Now)
	if err != nil {
		return Rotated{}, err
	}
	var f facts
	var previous int64
	err = s.apply(ctx, func(ctx context.Context) (plan change.Plan, err error) {
		if f, err = s.find(ctx, r.Caller, id); err != nil {
			return plan, err
		}
		plan.Bump = []string{id}
		if _, done := f.key.Secrets[apikey.ID(n.secret)]; done { // an earlier attempt, whose answer was lost
			return plan, nil
		}
		used, err := repeat.used(ctx)
		if err != nil {
			return plan, err
		}
		if plan.Refuse = s.rotatable(r, f, force, used); plan.Refuse != nil {
			return plan, nil
		}
		before := f.key
		f.key, previous = before.rotated(n, lasts, r.Now)
		plan.Writes, err = s.rotation(audit.Caller(r), before, f.key, n, previous)
		plan.Writes = append(plan.Writes, repeat.write("rotateKey", id)...)
		return plan, err
	})
	if err != nil {
		return Rotated{}, err
	}
	v, err := s.see(ctx, f, r.Now)
	if err != nil {
		return Rotated{}, err
	}
	return Rotated{Key: v, Secret: n.secret, PreviousExpiresAt: moment(previous)}, nil
}

// rotatable refuses a rotation. Those refusals that may follow a rotation that
// went through are answered after a bump, as its own may have failed.
func (s *Store) rotatable(r *api.Request, f facts, force bool, used string) error {
	switch state := f.key.state(r.Now); {
	case used != "":
		return repeated(used)
	case state == Revoked:
		return final("it was revoked")
	case state == Expired:
		return api.Fail(api.ConflictFinal, "this key has expired: set a later expiry before you rotate it")
	case !force && len(f.key.fading(r.Now)) > 0:
		return api.Fail(api.ConflictRotation, "a previous secret of this key is still valid: wait until it expires, or rotate with force to end it immediately")
	}
	scopes := s.rules.contract.Scopes
	for _, scope := range f.key.Scopes {
		// Also where the owner's role does not let it be used: the role may change.
		if scopes.IsManagementScope(scope) && !covered(r.Caller.Permissions, permissions(contract.Scopes{Management: scopes.Management}, []string{scope})) {
			return roleError("the key has scope %q: it can be rotated only by a key that holds it", scope)
		}
	}
	if err := grants(scopes, r.Caller, f.role(), s.rules.managing(f.key.Scopes, f.role())); err != nil {
		return err
	}
	return nil
}

// rotated is the key with the new secret, and when the one before it ends (0: it has).
func (k record) rotated(n newborn, overlap time.Duration, now time.Time) (record, int64) {
	previous := int64(0)
	secrets := map[string]int64{apikey.ID(n.secret): 0}
	if overlap > 0 {
		previous = ceiling(now.Add(overlap))
		if k.ExpiresAt != 0 {
			previous = min(previous, k.ExpiresAt)
		}
		secrets[k.current()] = previous
	}
	k.SecretAt = now.Unix()
	k.Secrets, k.Prefix, k.LastFour = secrets, n.key.Prefix, n.key.LastFour
	return k, previous
}

// rotation are the writes of a rotation. The items of secrets that end are left
// to the table's TTL: the key no longer lists them, or lists their end.
func (s *Store) rotation(by audit.By, before, after record, n newborn, previous int64) ([]table.Write, error) {
	n.key = after
	is := after.settings()
	is.PreviousExpiresAt = moment(previous)
	ws, err := s.saved(by, "key.rotate", before, after, before.settings(), is)
	if err != nil {
		return nil, err
	}
	ws = append(ws, s.secretWrite(n))
	for _, id := range slices.Sorted(maps.Keys(before.Secrets)) {
		end := max(by.At.Unix(), after.Secrets[id])
		ws = append(ws, table.Update(secretAddress(id), []table.Action{table.Set(table.TTLAttr, end+int64(graveLife/time.Second))}))
	}
	return ws, nil
}
