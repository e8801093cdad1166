package keys

import (
	"context"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/gate"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// Create makes a key and its secret, which nobody can show again. The caps, the
// plan's and that of management keys, are exact: the organisation's keys are counted by a consistent query, and
// the transaction holds only while neither they nor its members have changed.
func (s *Store) Create(ctx context.Context, r *api.Request, spec Spec) (Minted, error) {
	repeat, err := s.once(r)
	if err != nil {
		return Minted{}, err
	}
	org, err := orgFor(r.Caller, spec)
	if err != nil {
		return Minted{}, err
	}
	k, invalid := s.rules.fresh(spec, r.Now)
	k.Org, k.CreatedBy = org, r.Caller.User
	n, err := s.mint(ctx, k, r.Now)
	if err != nil {
		return Minted{}, err
	}
	var h holdings
	err = s.apply(ctx, func(ctx context.Context) (change.Plan, error) {
		if err := repeat.fresh(ctx, n.key.ID); err != nil {
			return change.Plan{}, err
		}
		if invalid != nil { // after the repeat, which answers alike whatever its body
			return change.Plan{}, invalid
		}
		if h, err = s.ownerOf(ctx, org); err != nil {
			return change.Plan{}, err
		}
		if mine, done := h.find(n.key.ID); done { // an earlier attempt, whose answer was lost
			n.key = mine
			return change.Plan{}, nil
		}
		if err := s.entitle(r.Caller, h, spec, &n.key, r.Now); err != nil {
			return change.Plan{}, err
		}
		if err := s.ready(ctx, n); err != nil {
			return change.Plan{}, err
		}
		ws, err := s.births(audit.Caller(r), "key.create", n)
		ws = append(ws, h.counted(n.key, true))
		return change.Plan{Writes: append(ws, repeat.write("createKey", n.key.ID)...)}, err
	})
	if err != nil {
		return Minted{}, err // a secret is not handed out with an error
	}
	return s.minted(n, h.Org, r.Now)
}

// ownerOf reads the organisation that will own a key.
func (s *Store) ownerOf(ctx context.Context, org string) (holdings, error) {
	h, found, err := s.holdings(ctx, org)
	if err == nil && !found {
		err = unknownOrg()
	}
	return h, err
}

// orgFor is the organisation that will own the key. One that is not the caller's
// is unknown to all but operators.
func orgFor(c *api.Caller, spec Spec) (string, error) {
	if spec.Org == nil || *spec.Org == c.Org {
		return c.Org, nil
	}
	if !c.Operator() || !ids.Plausible(*spec.Org) {
		return "", unknownOrg()
	}
	return *spec.Org, nil
}

func unknownOrg() error { return api.FieldError("org", "no such organisation") }

// entitle finds the key's owner and refuses what the caller, the owner's role or
// the plan does not allow.
func (s *Store) entitle(c *api.Caller, h holdings, spec Spec, k *record, now time.Time) error {
	owner, err := ownerFor(c, h.View, spec.User)
	if err != nil {
		return err
	}
	k.Owner = owner.User
	if err := grants(s.rules.contract.Scopes, c, owner.Effective(h.Org), k.Scopes); err != nil {
		return err
	}
	if err := s.rules.mayAsk(h.Org, *k, k.Scopes); err != nil {
		return err
	}
	return s.rules.place(h.Org, h.keys, *k, now)
}

// ownerFor is the member who will own a key: the one named, else the caller, else
// (an operator in another organisation) that organisation's oldest active owner.
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

// newborn is a key or a new secret of one, before it is stored.
type newborn struct {
	key    record
	secret string // "" where it was imported
	mac    string
	pepper string
	// What stands in for the secret, its MAC and its pepper where it was imported,
	// and when that was, in seconds since 1970.
	sha256   string
	imported int64
}

// mint makes a secret, and an id where the key has none.
func (s *Store) mint(ctx context.Context, k record, now time.Time) (newborn, error) {
	tagKey, err := s.peppers.TagKey(ctx)
	if err != nil {
		return newborn{}, api.Down("reading the peppers", err)
	}
	pepper, err := s.peppers.Current(ctx)
	if err != nil {
		return newborn{}, api.Down("reading the peppers", err)
	}
	n := newborn{key: k, pepper: pepper.Version}
	if n.secret, err = apikey.Mint(s.rules.contract.Secret, s.rules.environment, tagKey, s.rand); err != nil {
		return newborn{}, err
	}
	n.mac = apikey.MAC(pepper.Key, n.secret)
	n.key.Prefix, n.key.LastFour = apikey.Preview(s.rules.contract.Secret, n.secret)
	if n.key.ID == "" {
		if n.key.ID, err = s.ids.New("key_", now); err != nil {
			return newborn{}, err
		}
		n.key.Secrets = map[string]int64{apikey.ID(n.secret): 0}
	}
	return n, nil
}

// ready makes the gate before there is a key to go through it: a gate without a
// key harms nobody.
func (s *Store) ready(ctx context.Context, n newborn) error {
	if err := s.gates.Create(ctx, n.key.ID); err != nil {
		return api.Down("making a gate", err)
	}
	return nil
}

// births are the writes that make a key: its item, its pointer, its secret and
// the audit entry.
func (s *Store) births(by audit.By, action string, n newborn) ([]table.Write, error) {
	it, err := n.key.item()
	if err != nil {
		return nil, err
	}
	pointer := pointerAddress(n.key.ID)
	ws, err := audit.Writes(s.ids, by, audit.Change{Org: n.key.Org, Action: action, Target: n.key.ID, After: n.key.settings()})
	return append(ws, table.Put(it, table.IsNew()), s.secretWrite(n),
		table.Put(table.Item{table.PartitionAttr: pointer.Partition, table.SortAttr: pointer.Sort, "org": n.key.Org}, table.IsNew())), err
}

func (s *Store) secretWrite(n newborn) table.Write {
	return table.Put(s.secretItem(n), table.IsNew())
}

func (s *Store) secretItem(n newborn) table.Item {
	id := n.key.Imported
	if n.sha256 == "" {
		id = apikey.ID(n.secret)
	}
	at := secretAddress(id)
	it := table.Item{
		table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, "id": id,
		"key": n.key.ID, "org": n.key.Org, "owner": n.key.Owner,
		"environment": s.rules.environment, "contract": s.rules.contract.Name,
	}
	if n.sha256 != "" {
		it["sha256"], it["imported"] = n.sha256, n.imported
	} else {
		it["mac"], it["pepper"] = n.mac, n.pepper
	}
	return it
}

// counted is the write that makes a decision by an organisation's keys, and by
// its members too, exact. It names the key that the decision was about.
func (h holdings) counted(k record, members bool) table.Write {
	conds := []table.Cond{table.Eq("keys_version", h.Org.KeysVersion)}
	if members {
		conds = append(conds, table.Eq("members_version", h.Org.MembersVersion))
	}
	return table.Update(orgs.Key(h.Org.ID), []table.Action{table.Increment("keys_version", 1),
		table.Set("keys_last", k.ID), table.Set("keys_last_rev", k.Rev)}, conds...)
}

func (s *Store) minted(n newborn, o orgs.Org, now time.Time) (Minted, error) {
	v, err := s.shown(n.key, o, gate.State{}, now)
	return Minted{Key: v, Secret: n.secret}, err
}
