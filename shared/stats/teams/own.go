package teams

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"

	"statgate/shared/ids"
	"statgate/shared/table"
)

// public is the owner of the teams that every key may see.
const public = "public"

// ownPrefix begins the ids of organisations' own teams, where those are no UUIDs; no
// [Slug] begins so, and none is a UUID.
const ownPrefix = "t_"

var ownAlphabet = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// OwnID is the id of a team that an organisation names itself: the same whenever
// the organisation names it, whatever the case and the accents, and another one
// than any other organisation's. 100 bits of SHA-256, or a UUID of it.
func OwnID(org, name string, uuid bool) string {
	key := Key(name)
	if key == "" {
		key = name
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s,%s", len(org), org, key))
	if uuid {
		return ids.UUID(sum[:])
	}
	return ownPrefix + ownAlphabet.EncodeToString(sum[:])[:20]
}

// Visible returns the team of the id that one of the owners has: a public one as
// [Store.Get] does, or an organisation's own; ErrNotFound.
func (s *Store) Visible(ctx context.Context, id string, owners []string) (*Team, error) {
	if !strings.HasPrefix(id, ownPrefix) && !ids.IsUUID(id) {
		if !slices.Contains(owners, public) {
			return nil, ErrNotFound
		}
		return s.Get(ctx, id)
	}
	if !table.Storable(id, maxIDBytes) {
		return nil, ErrNotFound
	}
	for _, owner := range owners {
		if owner == public {
			continue
		}
		it, err := s.Table.Get(ctx, ownKey(owner, id), true)
		if err != nil {
			return nil, fmt.Errorf("teams: reading %s of %s: %w", id, owner, err)
		}
		if it != nil {
			return teamOf(it), nil
		}
	}
	return nil, ErrNotFound
}

// Own returns an organisation's own team of a name, as it was first spelt, and the
// write that makes it known: nil where it is.
func (s *Store) Own(ctx context.Context, org, name string, uuid bool) (*Team, *table.Write, error) {
	id := OwnID(org, name, uuid)
	it, err := s.Table.Get(ctx, ownKey(org, id), true)
	if err != nil {
		return nil, nil, fmt.Errorf("teams: reading %s of %s: %w", id, org, err)
	}
	if it != nil {
		return teamOf(it), nil, nil
	}
	// No condition: whoever is first names it, and none of two at once fails.
	made := table.Update(ownKey(org, id), []table.Action{
		table.Default("id", id), table.Default("name", name), table.Default("names", []any{name}),
	})
	return &Team{ID: id, Name: name, Names: []string{name}}, &made, nil
}

// searched is how many own teams are read at a time where a name is looked for, and
// searchedAtMost bounds what one page reads.
const (
	searched       = 500
	searchedAtMost = 1000
)

// ListOwn returns a page of an organisation's own teams, by id; of those of which
// a word begins with q, where q is not "". With q a page may be shorter than its
// limit, or empty, and be followed by another.
func (s *Store) ListOwn(ctx context.Context, org, q, after string, limit int) (*Page, error) {
	page, text := &Page{Teams: []Team{}}, Key(q)
	if q != "" && text == "" {
		return page, nil
	}
	query := table.Query{Partition: ownKey(org, "").Partition, After: after, Limit: limit + 1, Consistent: true}
	if text != "" {
		query.Limit = max(query.Limit, searched) // few may be kept of what is read; small chunks would mean many round trips
	}
	for read := 0; ; {
		got, err := s.Table.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("teams: listing those of %s: %w", org, err)
		}
		for _, it := range got.Items {
			t := teamOf(it)
			query.After = t.ID
			if !begins(t.Names, text) {
				continue
			}
			if len(page.Teams) == limit {
				page.Next = page.Teams[limit-1].ID
				return page, nil
			}
			page.Teams = append(page.Teams, *t)
		}
		if !got.More || len(got.Items) == 0 {
			return page, nil
		}
		if read += len(got.Items); text != "" && read >= searchedAtMost {
			page.Next = query.After
			return page, nil
		}
	}
}

// begins tells whether a name has words that begin with the text.
func begins(names []string, text string) bool {
	return slices.ContainsFunc(searchTexts(names), func(known string) bool { return strings.HasPrefix(known, text) })
}

func ownKey(org, id string) table.Key {
	return table.Key{Partition: table.Join("OWNTEAMS", org), Sort: id}
}
