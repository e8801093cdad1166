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

// Holder is a key that a live secret stands for.
type Holder struct {
	Key, Org string
	// TokensUntil is set where it is not a secret but tokens of the key: the moment
	// by which the last of them ends.
	TokensUntil time.Time
}

// Census lists live secrets by the pepper version under which they are MACed: an
// element for each secret, in the order in which they were met. A secret is live
// while its key is not revoked and neither has ended. Tokens are not counted one by
// one: a key that may have some under a version is one element more.
type Census map[string][]Holder

// Unseen stands in a [Census] for secrets that were imported and not seen since:
// they are known by their SHA-256 and are under no pepper.
const Unseen = "sha256"

// Organisations pages through the ids of all organisations; next is "" at the end.
type Organisations func(ctx context.Context, after string) (ids []string, next string, err error)

// Census counts live secrets, for operator commands. It goes from organisation to
// organisation by the queries that requests use too, so that its cost is that of
// the keys: a scan would read the audit trail and the closed hours as well, which
// are most of the table and grow for ever, and an index or a counter would be paid
// for by every key that is made and every secret that moves. It calls pace before
// each read.
//
// Secrets that are made while it runs may be missed. A secret that moves to
// another version meanwhile is counted under one of the two.
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

// countBatch is how many secrets are read at a time.
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

// add counts what an item tells of: a secret, or tokens of a key.
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

// live lists the secrets of a key that are good for it.
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
