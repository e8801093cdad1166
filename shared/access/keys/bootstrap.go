package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
)

// Errors of Bootstrap and Recover, apart from those of a store that does not answer.
var (
	ErrBootstrapped    = errors.New("keys: this deployment has its operator already")
	ErrNotBootstrapped = errors.New("keys: this deployment has no operator yet")
)

// deployment is the item that makes sure that only one operator organisation is made.
var deployment = table.Key{Partition: "DEPLOYMENT", Sort: "DEPLOYMENT"}

// Bootstrap makes the operator's organisation, its owner and a key with every scope, on an
// empty deployment. A second call fails with [ErrBootstrapped]. Only a command that has the
// store's credentials may call it.
func (s *Store) Bootstrap(ctx context.Context, now time.Time, name, email string) (orgs.Org, orgs.Member, Minted, error) {
	fail := func(err error) (orgs.Org, orgs.Member, Minted, error) {
		return orgs.Org{}, orgs.Member{}, Minted{}, err
	}
	by := audit.By{Method: audit.MethodBootstrap, At: now}
	o, owner, orgCreation, err := orgs.NewOrg(s.changes.IDs, s.rules.contract, now, orgs.Spec{Name: name, Owner: email, Operator: true})
	if err != nil {
		return fail(err)
	}
	n, err := s.operatorKey(ctx, "Operator", o.ID, owner.User, now)
	if err != nil {
		return fail(err)
	}
	creationPlan, err := s.creationPlan("key.create", n)
	if err != nil {
		return fail(err)
	}
	mark := table.Put(table.Item{table.PartitionAttr: deployment.Partition, table.SortAttr: deployment.Sort, "org": o.ID}, table.IsNew())
	made, err := change.Make(ctx, s.changes, change.Call{By: by},
		func(ctx context.Context, _ int) (string, error) {
			first, err := s.operator(ctx)
			if errors.Is(err, ErrNotBootstrapped) {
				return "", nil
			}
			return first, err
		},
		func(first string) (madeKey, change.Plan, error) {
			switch first {
			case "":
				return madeKey{n.key, o}, orgCreation.And(creationPlan).And(change.Plan{Writes: []table.Write{mark}}), nil
			case o.ID: // by an earlier attempt, whose answer was lost
				return madeKey{n.key, o}, change.Plan{}, nil
			}
			return madeKey{}, change.Plan{}, ErrBootstrapped
		})
	if err != nil {
		return fail(err)
	}
	m, err := s.minted(made, n.secret, now)
	return o, owner, m, err
}

// Recover makes another operator key for the deployment's first organisation and records it
// in the audit trail (key.recover). It is for an operator who has the store's credentials
// and lost the key; no cap applies.
func (s *Store) Recover(ctx context.Context, now time.Time) (Minted, error) {
	org, err := s.operator(ctx)
	if err != nil {
		return Minted{}, err
	}
	n, err := s.operatorKey(ctx, "Operator (recovered)", org, "", now) // its owner is decided below
	if err != nil {
		return Minted{}, err
	}
	made, err := change.Make(ctx, s.changes, change.Call{By: audit.By{Method: audit.MethodRecovery, At: now}},
		func(ctx context.Context, _ int) (holdings, error) {
			h, _, err := s.holdings(ctx, org)
			return h, err
		},
		func(h holdings) (madeKey, change.Plan, error) {
			if mine, done := h.find(n.key.ID); done { // by an earlier attempt, whose answer was lost
				return madeKey{mine, h.Org}, change.Plan{}, nil
			}
			owner, active := h.OldestOwner()
			if !active {
				return madeKey{}, change.Plan{}, fmt.Errorf("keys: organisation %s has no active owner", org)
			}
			n := n
			n.key.Owner = owner.User
			plan, err := s.creationPlan("key.recover", n)
			return madeKey{n.key, h.Org}, plan.And(change.Plan{Writes: []table.Write{h.countWrite(n.key, true)}}), err
		})
	if err != nil {
		return Minted{}, err
	}
	return s.minted(made, n.secret, now)
}

// operator returns the id of the organisation that Bootstrap made.
func (s *Store) operator(ctx context.Context) (string, error) {
	it, err := s.table.Get(ctx, deployment, true)
	if err != nil {
		return "", api.UnavailableError("reading the deployment", err)
	}
	if it == nil {
		return "", ErrNotBootstrapped
	}
	return it.Str("org"), nil
}

// operatorKey mints a key with every scope. The key expires only if the contract requires
// that keys expire.
func (s *Store) operatorKey(ctx context.Context, name, org, user string, now time.Time) (newKey, error) {
	spec := Spec{Name: name, Scopes: s.rules.contract.Scopes.Names()}
	if s.rules.contract.Keys.ExpiryRequired {
		life := 365 * 24 * time.Hour
		if most := s.rules.contract.Keys.MaxLife; most > 0 {
			life = time.Duration(most) * time.Second
		}
		end := now.Add(life).UTC().Truncate(time.Second).Format(time.RFC3339)
		spec.ExpiresAt = &end
	}
	k, err := s.rules.fresh(spec, now)
	if err != nil {
		return newKey{}, err
	}
	k.Org, k.Owner = org, user
	n, err := s.mint(ctx, k, now)
	n.claimed = true
	return n, err
}
