package keys

import (
	"context"
	"maps"
	"slices"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// expiredSecretLife is how long the item of an expired secret is kept.
const expiredSecretLife = 30 * 24 * time.Hour

// Rotate replaces a key's secret and keeps the key, its quota and its history. The old
// secret expires immediately or after the overlap, but never after the key. While a
// replaced secret is still valid, only force rotates again, which makes all replaced
// secrets expire immediately.
//
// The caller obtains the new secret, so rotating a key needs the same permissions as making
// it, and a caller that ends rotates no key that lasts longer.
func (s *Store) Rotate(ctx context.Context, r *api.Request, id, overlap string, force bool) (Rotated, error) {
	token, err := s.repeats.Of(r, rotationInput{id, overlap, force})
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
	is, err := change.Make(ctx, s.changes, change.Call{By: audit.Caller(r), Token: token.Secret(idempotency.Key, id), Rebump: id, Beside: func(ctx context.Context) ([]string, error) {
		f, err := s.find(ctx, r.Caller, id)
		return f.gates, err
	}},
		func(ctx context.Context, _ int) (f rotationFacts, err error) {
			f.facts, err = s.find(ctx, r.Caller, id)
			_, f.done = f.key.Secrets[apikey.ID(n.secret)]
			return f, err
		},
		func(f rotationFacts) (rotationResult, change.Plan, error) {
			plan := change.Plan{Bump: f.gates, Made: f.done}
			if f.done {
				return rotationResult{}, plan, nil
			}
			if plan.Refuse = s.rotatable(r, f.facts, force); plan.Refuse != nil {
				return rotationResult{}, plan, nil
			}
			n := n
			n.claimed = claims(r.Caller, f.key.Owner)
			after, previous := f.key.rotated(n, lasts, r.Now)
			rotation, err := s.rotation(f.key, after, n, previous, r.Now)
			plan = plan.And(rotation)
			f.key = after
			return rotationResult{f.facts, previous}, plan, err
		})
	if err != nil {
		return Rotated{}, err
	}
	v, err := s.keyView(ctx, is.facts, r.Now)
	if err != nil {
		return Rotated{}, err
	}
	return Rotated{Key: v, Secret: n.secret, PreviousExpiresAt: optionalTime(is.previous)}, nil
}

// rotationFacts are the facts that decide a rotation.
type rotationFacts struct {
	facts
	done bool // the key has the new secret, by an earlier attempt whose answer was lost
}

// rotationInput is what makes two rotations the same request.
type rotationInput struct {
	Key, Overlap string
	Force        bool
}

// rotationResult is a key after its rotation.
type rotationResult struct {
	facts
	previous int64 // when the replaced secret expires, in seconds since 1970; 0: it has
}

// rotatable refuses a rotation. Some refusals may follow a rotation that was made, and
// whose bump failed: Rotate returns these after a bump.
func (s *Store) rotatable(r *api.Request, f facts, force bool) error {
	caller, err := s.present(r.Caller, f, r.Now)
	if err != nil {
		return err
	}
	switch state := f.key.state(r.Now); {
	case state == Revoked:
		return cannotChange("it was revoked")
	case state == Expired:
		return api.Fail(api.ConflictFinal, "this key has expired: set a later expiry before you rotate it")
	case !force && len(f.key.overlapping(r.Now)) > 0:
		return api.Fail(api.ConflictRotation, "a previous secret of this key is still valid: wait until it expires, or rotate with force to end it immediately")
	}
	scopes := s.rules.contract.Scopes
	for _, scope := range f.key.Scopes {
		// Checked even where the owner's role does not allow the scope: the role may
		// change.
		if scopes.IsManagementScope(scope) && !covered(caller.Permissions, permissions(contract.Scopes{Management: scopes.Management}, []string{scope})) {
			return roleError("the key has scope %q: it can be rotated only by a key that holds it", scope)
		}
	}
	if err := grants(scopes, caller, f.role(), s.rules.managing(f.key.Scopes, f.role())); err != nil {
		return err
	}
	return mayOutlast(caller, f.key, "rotate")
}

// rotated returns the key with the new secret, and when the previous secret expires (0: it
// has).
func (k record) rotated(n newKey, overlap time.Duration, now time.Time) (record, int64) {
	previous := int64(0)
	secrets := map[string]int64{apikey.ID(n.secret): 0}
	if overlap > 0 {
		previous = api.WholeSecond(now.Add(overlap))
		if k.ExpiresAt != 0 {
			previous = min(previous, k.ExpiresAt)
		}
		secrets[k.current()] = previous
	}
	k.SecretAt = now.Unix()
	k.Secrets, k.Prefix, k.LastFour = secrets, n.key.Prefix, n.key.LastFour
	return k, previous
}

// rotation is the plan of a rotation. The table's TTL deletes the items of expired secrets:
// the key lists them no longer, or with the time of their expiry.
func (s *Store) rotation(before, after record, n newKey, previous int64, now time.Time) (change.Plan, error) {
	n.key = after
	is := after.settings()
	is.PreviousExpiresAt = optionalTime(previous)
	plan, err := saved("key.rotate", before, after, before.settings(), is)
	ws := []table.Write{s.secretWrite(n)}
	for _, id := range slices.Sorted(maps.Keys(before.Secrets)) {
		end := max(now.Unix(), after.Secrets[id])
		ws = append(ws, table.Update(secretAddress(id), []table.Action{table.Set(table.TTLAttr, end+int64(expiredSecretLife/time.Second))}))
	}
	return plan.And(change.Plan{Writes: ws}), err
}
