package keys

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"statgate/shared/table"
)

// Holder is a key that a live secret stands for.
type Holder struct{ Key, Org string }

// Census lists live secrets by the pepper version under which they are MACed: an
// element for each secret, in the order in which they were met. A secret is live
// while its key is not revoked and neither has ended.
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
		for _, id := range k.live(now) {
			at = append(at, secretAddress(id))
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
			version := it.Str("pepper")
			if it.Str("sha256") != "" {
				version = Unseen
			}
			c[version] = append(c[version], Holder{it.Str("key"), org})
		}
	}
	return nil
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
