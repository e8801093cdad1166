package keys

import (
	"context"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/gate"
	"statgate/shared/access/idempotency"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// Create makes a key and its secret, which cannot be shown again. Both caps, of the plan
// and of management keys, are exact: a consistent query counts the organisation's keys, and
// the transaction is conditional on its keys and members not having changed since.
func (s *Store) Create(ctx context.Context, r *api.Request, spec Spec) (Minted, error) {
	token, err := s.repeats.Of(r, spec)
	if err != nil {
		return Minted{}, err
	}
	org, err := orgFor(r.Caller, spec)
	if err != nil {
		return Minted{}, err
	}
	k, invalid := s.rules.fresh(spec, r.Now)
	if invalid == nil {
		invalid = s.rules.endWithin(r.Caller, spec, &k)
	}
	k.Org, k.CreatedBy = org, r.Caller.User
	n, err := s.mint(ctx, k, r.Now)
	if err != nil {
		return Minted{}, err
	}
	made, err := change.Make(ctx, s.changes, change.Call{By: audit.Caller(r), Token: token.Secret(idempotency.Key, n.key.ID)},
		func(ctx context.Context, _ int) (holdings, error) {
			if invalid != nil { // after the Idempotency-Key: a repeat is refused as such even with another body
				return holdings{}, invalid
			}
			return s.ownerOf(ctx, org)
		},
		func(h holdings) (madeKey, change.Plan, error) {
			if mine, done := h.find(n.key.ID); done { // by an earlier attempt, whose answer was lost
				return madeKey{mine, h.Org}, change.Plan{}, nil
			}
			n := n
			if err := s.entitle(r.Caller, h, spec, &n.key, r.Now); err != nil {
				return madeKey{}, change.Plan{}, err
			}
			n.claimed = claims(r.Caller, n.key.Owner)
			plan, err := s.creationPlan("key.create", n)
			return madeKey{n.key, h.Org}, plan.And(change.Plan{Writes: []table.Write{h.countWrite(n.key, true)}}), err
		})
	if err != nil {
		return Minted{}, err // no secret is returned with an error
	}
	return s.minted(made, n.secret, r.Now)
}

// madeKey is a new key and its organisation.
type madeKey struct {
	key record
	org orgs.Org
}

// createGate makes a key's gate. It runs before the key is written: a gate without a key is
// harmless.
func (s *Store) createGate(ctx context.Context, key string) error {
	return down("making a gate", s.gates.Create(ctx, key))
}

// ownerOf reads the organisation that will own a key.
func (s *Store) ownerOf(ctx context.Context, org string) (holdings, error) {
	h, found, err := s.holdings(ctx, org)
	if err == nil && !found {
		err = unknownOrg()
	}
	return h, err
}

// orgFor returns the organisation that will own the key. For callers other than operators,
// any organisation but their own does not exist.
func orgFor(c *api.Caller, spec Spec) (string, error) {
	if spec.Org == nil || *spec.Org == c.Org {
		return c.Org, nil
	}
	if !c.Operator() || !ids.Valid(*spec.Org) {
		return "", unknownOrg()
	}
	return *spec.Org, nil
}

func unknownOrg() error { return api.FieldError("org", "no such organisation") }

// entitle sets the key's owner and end, and refuses what the caller's permissions and end, the
// owner's role or the plan do not allow.
func (s *Store) entitle(c *api.Caller, h holdings, spec Spec, k *record, now time.Time) error {
	c, err := s.presentIn(h, c, now)
	if err != nil {
		return err
	}
	if err := s.rules.endWithin(c, spec, k); err != nil {
		return err
	}
	owner, err := ownerFor(c, h.View, spec.User)
	if err != nil {
		return err
	}
	k.Owner = owner.User
	if err := grants(s.rules.contract.Scopes, c, owner.Effective(h.Org), k.Scopes); err != nil {
		return err
	}
	if err := s.rules.checkApprovals(h.Org, *k, k.Scopes); err != nil {
		return err
	}
	if err := s.rules.checkCap(h.Org, h.keys, *k, now); err != nil {
		return err
	}
	return s.rules.checkPace(h.Org, h.keys, now)
}

// ownerFor returns the member who will own a key: the one named, or the caller, or, for an
// operator in another organisation, its oldest active owner.
func ownerFor(c *api.Caller, v orgs.View, user *string) (orgs.Member, error) {
	var m orgs.Member
	found := false
	switch {
	case user != nil:
		m, found = v.Member(*user)
		if found && c.Role == api.RoleMember && m.User != c.User {
			return m, roleError("user: a member can create keys only for themselves")
		}
	case v.Org.ID == c.Org:
		m, found = v.Member(c.User)
	default:
		if m, found = v.OldestOwner(); !found {
			return m, api.FieldError("user", "is required, because the organisation has no active owner: give the member who will own the key")
		}
	}
	switch {
	case !found:
		return m, api.FieldError("user", "no such member of the organisation")
	case m.State != orgs.Active:
		return m, api.FieldError("user", "must be an active member; this member is %s", m.State)
	}
	return m, nil
}

// newKey is a new key, or a new secret of a key, before it is stored.
type newKey struct {
	key    record
	secret string // "" where it was imported
	mac    string
	pepper string
	// claimed reports whether the secret is the owner's own: see [claims].
	claimed bool
	// Set instead of secret, mac and pepper where the key is imported: the hash, and the
	// time of the import in seconds since 1970.
	sha256   string
	imported int64
}

// mint makes a secret, and an id if the key has none.
func (s *Store) mint(ctx context.Context, k record, now time.Time) (newKey, error) {
	tagKey, err := s.peppers.TagKey(ctx)
	if err != nil {
		return newKey{}, api.UnavailableError("reading the peppers", err)
	}
	pepper, err := s.peppers.Current(ctx)
	if err != nil {
		return newKey{}, api.UnavailableError("reading the peppers", err)
	}
	n := newKey{key: k, pepper: pepper.Version}
	if n.secret, err = apikey.Mint(s.rules.contract.Secret, s.rules.environment, tagKey, s.rand); err != nil {
		return newKey{}, err
	}
	n.mac = apikey.MAC(pepper.Key, n.secret)
	n.key.Prefix, n.key.LastFour = apikey.Preview(s.rules.contract.Secret, n.secret)
	if n.key.ID == "" {
		if n.key.ID, err = s.changes.IDs.New("key_", now); err != nil {
			return newKey{}, err
		}
		n.key.Secrets = map[string]int64{apikey.ID(n.secret): 0}
	}
	return n, nil
}

// creationPlan is the plan that makes a key: its gate first, then its item, its pointer, its
// secret and the audit entry.
func (s *Store) creationPlan(action string, n newKey) (change.Plan, error) {
	it, err := n.key.item()
	pointer := pointerAddress(n.key.ID)
	return change.Plan{
		Writes: []table.Write{table.Put(it, table.IsNew()), s.secretWrite(n),
			table.Put(table.Item{table.PartitionAttr: pointer.Partition, table.SortAttr: pointer.Sort, "org": n.key.Org}, table.IsNew())},
		Entries: []audit.Change{{Org: n.key.Org, Action: action, Target: n.key.ID, After: n.key.settings()}},
		Before:  func(ctx context.Context) error { return s.createGate(ctx, n.key.ID) },
	}, err
}

func (s *Store) secretWrite(n newKey) table.Write {
	return table.Put(s.secretItem(n), table.IsNew())
}

func (s *Store) secretItem(n newKey) table.Item {
	id := n.key.Imported
	if n.sha256 == "" {
		id = apikey.ID(n.secret)
	}
	at := secretAddress(id)
	it := table.Item{
		table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, "id": id,
		"key": n.key.ID, "org": n.key.Org, "owner": n.key.Owner,
		"environment": s.rules.environment, "contract": s.rules.contract.Name, personalAttr: n.claimed,
	}
	if n.sha256 != "" {
		it["sha256"], it["imported"] = n.sha256, n.imported
	} else {
		it["mac"], it["pepper"] = n.mac, n.pepper
	}
	return it
}

// countWrite returns the write that makes a decision about an organisation's keys exact: it fails
// if the keys, and with members also the members, have changed since h was read. It stores
// which key the decision was about.
func (h holdings) countWrite(k record, members bool) table.Write {
	conds := []table.Cond{table.Eq("keys_version", h.Org.KeysVersion)}
	if members {
		conds = append(conds, table.Eq("members_version", h.Org.MembersVersion))
	}
	return table.Update(orgs.Key(h.Org.ID), []table.Action{table.Increment("keys_version", 1),
		table.Set("keys_last", k.ID), table.Set("keys_last_rev", k.Rev)}, conds...)
}

func (s *Store) minted(b madeKey, secret string, now time.Time) (Minted, error) {
	v, err := s.shown(b.key, b.org, gate.State{}, now)
	return Minted{Key: v, Secret: secret}, err
}
