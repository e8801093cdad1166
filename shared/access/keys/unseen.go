package keys

import (
	"context"
	"fmt"
	"maps"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/table"
)

// markUnseen sets Hash of the shown keys that are stored by a SHA-256 only. The authorizer, which
// sees a secret first, may write only the secret's item, so the hash is there: this takes
// one batch read per page, and none if no key was imported.
//
// During a rotation's overlap the key is still marked, although its new secret has a MAC: an
// attacker who finds the old secret by its SHA-256 has the key until then, and ExpireUnseen
// would expire it. Expired secrets are ignored.
func (s *Store) markUnseen(ctx context.Context, found []record, shown []Key, now time.Time) error {
	var at []table.Key
	for _, k := range found {
		if end, listed := k.Secrets[k.Imported]; listed && (end == 0 || end > now.Unix()) {
			at = append(at, secretAddress(k.Imported))
		}
	}
	if len(at) == 0 {
		return nil
	}
	items, err := s.table.BatchGet(ctx, at, true)
	if err != nil {
		return api.UnavailableError("reading secrets", err)
	}
	unseen := map[string]bool{}
	for _, it := range items {
		unseen[it.Str("key")] = it.Str("sha256") != ""
	}
	for i := range shown {
		if unseen[shown[i].ID] {
			shown[i].Hash = HashSHA256
		}
	}
	return nil
}

// Expiry selects imported keys that have not been used since their import.
type Expiry struct {
	Before        time.Time // imported before; zero: all
	DryRun        bool
	Organisations Organisations
	Pace          func(context.Context) error // called before each organisation and each change
	Now           func() time.Time
}

// ExpireUnseen expires secrets that are stored by a SHA-256 only: their keys, or, where a
// rotation has replaced the secret, the rest of its overlap. It calls ended for each. It is
// for commands that have the store's credentials and may be repeated; a key that is used
// meanwhile stays.
func (s *Store) ExpireUnseen(ctx context.Context, e Expiry, ended func(Holder)) error {
	for after := ""; ; {
		orgs, next, err := e.Organisations(ctx, after)
		if err != nil {
			return fmt.Errorf("keys: listing organisations: %w", err)
		}
		for _, org := range orgs {
			if err := s.expireOrg(ctx, e, org, ended); err != nil {
				return fmt.Errorf("keys: expiring keys of organisation %s: %w", org, err)
			}
		}
		if after = next; after == "" {
			return nil
		}
	}
}

func (s *Store) expireOrg(ctx context.Context, e Expiry, org string, ended func(Holder)) error {
	if err := e.Pace(ctx); err != nil {
		return err
	}
	h, _, err := s.holdings(ctx, org)
	if err != nil {
		return err
	}
	var at []table.Key
	for _, k := range h.keys {
		if _, listed := k.Secrets[k.Imported]; listed && k.RevokedAt == 0 {
			at = append(at, secretAddress(k.Imported))
		}
	}
	if len(at) == 0 {
		return nil
	}
	items, err := s.table.BatchGet(ctx, at, true)
	if err != nil {
		return api.UnavailableError("reading secrets", err)
	}
	for _, it := range items {
		if it.Str("sha256") == "" || !e.Before.IsZero() && it.Int("imported") >= e.Before.Unix() {
			continue
		}
		k, _ := h.find(it.Str("key"))
		owner, _ := h.Member(k.Owner)
		gates, err := gatesOf(k.ID, owner)
		if err != nil {
			return err
		}
		done, err := s.expire(ctx, e, k, gates)
		if err != nil {
			return err
		}
		if done {
			ended(Holder{Key: k.ID, Org: org})
		}
	}
	return nil
}

// expire expires one secret and reports whether it was valid before. A secret that has
// expired may have done so in an attempt that failed before its bump, so expire bumps
// again.
func (s *Store) expire(ctx context.Context, e Expiry, k record, gates []string) (done bool, err error) {
	now := e.Now()
	if e.DryRun {
		return unseenEnd(&k, now), nil
	}
	if err := e.Pace(ctx); err != nil {
		return false, err
	}
	return change.Make(ctx, s.changes, change.Call{By: audit.By{Method: audit.MethodCommand, At: now}},
		func(ctx context.Context, _ int) ([]table.Item, error) {
			items, err := s.table.BatchGet(ctx, []table.Key{address(k.Org, k.ID), secretAddress(k.Imported)}, true)
			return items, down("reading a key", err)
		},
		func(items []table.Item) (bool, change.Plan, error) {
			if len(items) < 2 || items[1].Str("sha256") == "" {
				return false, change.Plan{}, nil // it was used, and stays
			}
			before, _, err := recordFrom(items[0])
			if err != nil {
				return false, change.Plan{}, err
			}
			plan := change.Plan{Bump: gates}
			after := before
			after.Secrets = maps.Clone(before.Secrets)
			if !unseenEnd(&after, now) {
				plan.Made = true // perhaps by an earlier attempt, whose answer was lost
				return false, plan, nil
			}
			was, is := before.settings(), after.settings()
			if after.ExpiresAt == before.ExpiresAt {
				was.PreviousExpiresAt, is.PreviousExpiresAt = optionalTime(before.Secrets[k.Imported]), optionalTime(after.Secrets[k.Imported])
			}
			expired, err := saved("key.expire", before, after, was, is)
			unseen := table.Check(secretAddress(k.Imported), table.Exists("sha256"))
			return true, plan.And(expired).And(change.Plan{Writes: []table.Write{unseen}}), err
		})
}

// unseenEnd expires what was imported, the key or the replaced secret, and reports whether
// it was still valid.
func unseenEnd(k *record, now time.Time) bool {
	end, listed := k.Secrets[k.Imported]
	switch {
	case !listed || k.state(now) != Active || end != 0 && end <= now.Unix():
		return false
	case end == 0:
		k.ExpiresAt = now.Unix()
	default:
		k.Secrets[k.Imported] = now.Unix()
	}
	return true
}
