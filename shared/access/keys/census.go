package keys

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"statgate/shared/access/orgs"
	"statgate/shared/table"
)

// Holder is a key or a console session that has a live secret.
type Holder struct {
	Key, Org string
	// TokensUntil is set if the entry represents tokens of the key instead of a secret:
	// the time by which the last of them has expired.
	TokensUntil time.Time
	// SessionUntil is set if the entry represents a console session, whose id is then Key: the
	// time at which it ends unless it is renewed, which moves it under the current pepper.
	SessionUntil time.Time
}

// Census lists live secrets by the pepper version of their MAC, one element per secret in
// the order of reading. A secret is live while its key is not revoked and neither of them
// has expired. Tokens are not counted one by one: a key that may have tokens under a
// version adds one element. So does a session under the version of its cookie, while it can be
// renewed, and under another one of which it may still have access tokens. Portal links are
// stored by their SHA-256 and need no pepper.
type Census map[string][]Holder

// Unseen is the version in a [Census] of secrets that were imported and have not been used
// since: they are stored by their SHA-256 and are under no pepper.
const Unseen = "sha256"

// Organisations returns a page of the ids of all organisations; next is "" at the end.
type Organisations func(ctx context.Context, after string) (ids []string, next string, err error)

// Census counts live secrets, for operator commands. It reads one organisation after the
// other by the same queries as requests, so its cost grows with the keys. A scan would also
// read the audit trail and the closed hours, which are most of the table and grow without
// limit. An index or a counter would cost a write for every new key and every secret that
// moves. Census calls pace before each read.
//
// Secrets that are made while it runs may be missed. A secret that moves to another version
// meanwhile is counted under one of the two.
func (s *Store) Census(ctx context.Context, now time.Time, all Organisations, pace func(context.Context) error) (Census, error) {
	c := Census{}
	for after := ""; ; {
		if err := pace(ctx); err != nil {
			return nil, err
		}
		orgs, next, err := all(ctx, after)
		if err != nil {
			return nil, fmt.Errorf("keys: listing organisations: %w", err)
		}
		for _, org := range orgs {
			if err := s.countOrg(ctx, c, org, now, pace); err != nil {
				return nil, fmt.Errorf("keys: counting secrets of organisation %s: %w", org, err)
			}
		}
		if after = next; after == "" {
			return c, nil
		}
	}
}

// countBatch is the number of secrets per read.
const countBatch = 25

// countOrg adds an organisation's live secrets.
func (s *Store) countOrg(ctx context.Context, c Census, org string, now time.Time, pace func(context.Context) error) error {
	if err := pace(ctx); err != nil {
		return err
	}
	h, _, err := s.holdings(ctx, org)
	if err != nil {
		return err
	}
	at, err := h.secretsAt(now)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(at, countBatch) {
		if err := pace(ctx); err != nil {
			return err
		}
		items, err := s.table.BatchGet(ctx, batch, true)
		if err != nil {
			return err
		}
		for _, it := range items {
			if err := c.add(it, org, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// secretsAt returns the addresses of the items that tell which peppers an organisation needs.
func (h holdings) secretsAt(now time.Time) (at []table.Key, err error) {
	for _, k := range h.keys {
		live := k.live(now)
		for _, id := range live {
			at = append(at, secretAddress(id))
		}
		if len(live) > 0 {
			at = append(at, tokensAddress(k.ID))
		}
	}
	for _, m := range h.Members {
		places, err := m.Places()
		if err != nil {
			return nil, err
		}
		for _, p := range places {
			if p.Open(now.Unix()) && h.begins(m, p, now) {
				at = append(at, sessionAddress(h.Org.ID, p.ID))
			}
		}
	}
	return at, nil
}

// begins reports whether the key that a session began with, if any, still carries it.
func (h holdings) begins(m orgs.Member, p orgs.Place, now time.Time) bool {
	if p.Key == "" {
		return true
	}
	k, owned := h.find(p.Key)
	_, ended := facts{key: k, org: h.Org, owner: m, owned: owned && k.Owner == m.User}.ended(p.Secret, now)
	return ended == nil
}

// add counts an item: a secret, the tokens of a key, or a session.
func (c Census) add(it table.Item, org string, now time.Time) error {
	if strings.HasPrefix(it.Str(table.SortAttr), sessionPrefix) {
		return c.addSession(it, org, now)
	}
	if it.Str(table.SortAttr) != tokensSort {
		version := it.Str("pepper")
		if it.Str("sha256") != "" {
			version = Unseen
		}
		c[version] = append(c[version], Holder{Key: it.Str("key"), Org: org})
		return nil
	}
	c.addTokens(it, Holder{Key: strings.TrimPrefix(it.Str(table.PartitionAttr), pointerAddress("").Partition), Org: org}, "", now)
	return nil
}

// addSession counts a session: its cookie, and access tokens under other peppers.
func (c Census) addSession(it table.Item, org string, now time.Time) error {
	var is session
	if err := table.Decode(it, &is); err != nil {
		return err
	}
	if !is.live(now) {
		return nil
	}
	v := is.view("")
	c[is.Pepper] = append(c[is.Pepper], Holder{Key: v.ID, Org: org, SessionUntil: v.IdleUntil})
	c.addTokens(it, Holder{Key: v.ID, Org: org}, is.Pepper, now)
	return nil
}

// addTokens counts the live tokens of a holder under each version but one.
func (c Census) addTokens(it table.Item, h Holder, but string, now time.Time) {
	for name := range it {
		version, is := strings.CutPrefix(name, tokensUntil(""))
		if until := it.Int(name); is && version != but && until > now.Unix() {
			h.TokensUntil = time.Unix(until, 0).UTC()
			c[version] = append(c[version], h)
		}
	}
}

// live returns the ids of the key's secrets that have not expired, sorted; none if the key
// is not active.
func (k record) live(now time.Time) []string {
	if k.state(now) != Active {
		return nil
	}
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(k.Secrets)) {
		if end := k.Secrets[id]; end == 0 || end > now.Unix() {
			ids = append(ids, id)
		}
	}
	return ids
}
