package keys

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"statgate/shared/table"
)

// Holder is a key that has a live secret.
type Holder struct {
	Key, Org string
	// TokensUntil is set if the entry represents tokens of the key instead of a secret:
	// the time by which the last of them has expired.
	TokensUntil time.Time
}

// Census lists live secrets by the pepper version of their MAC, one element per secret in
// the order of reading. A secret is live while its key is not revoked and neither of them
// has expired. Tokens are not counted one by one: a key that may have tokens under a
// version adds one element.
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
	var at []table.Key
	for _, k := range h.keys {
		live := k.live(now)
		for _, id := range live {
			at = append(at, secretAddress(id))
		}
		if len(live) > 0 {
			at = append(at, tokensAddress(k.ID))
		}
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
			c.add(it, org, now)
		}
	}
	return nil
}

// add counts an item: a secret, or the tokens of a key.
func (c Census) add(it table.Item, org string, now time.Time) {
	if it.Str(table.SortAttr) != tokensSort {
		version := it.Str("pepper")
		if it.Str("sha256") != "" {
			version = Unseen
		}
		c[version] = append(c[version], Holder{Key: it.Str("key"), Org: org})
		return
	}
	key := strings.TrimPrefix(it.Str(table.PartitionAttr), pointerAddress("").Partition)
	for name := range it {
		version, is := strings.CutPrefix(name, tokensUntil(""))
		if until := it.Int(name); is && until > now.Unix() {
			c[version] = append(c[version], Holder{Key: key, Org: org, TokensUntil: time.Unix(until, 0).UTC()})
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
