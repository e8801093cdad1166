package teams

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"

	"statgate/shared/ids"
	"statgate/shared/stats/names"
	"statgate/shared/table"
)

// ownPrefix is the prefix of the ids of organisations' own teams, unless these are UUIDs.
// No [Slug] has this prefix or is a UUID.
const ownPrefix = "t_"

var ownAlphabet = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// ownID returns the id of a team that an organisation names itself. The same organisation
// and name give the same id, regardless of case and accents; another organisation gets
// another id. It has 100 bits of SHA-256, or is a UUID of the hash.
func ownID(org, name string, uuid bool) string {
	key := names.Key(name)
	if key == "" {
		key = name
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s,%s", len(org), org, key))
	if uuid {
		return ids.UUID(sum[:])
	}
	return ownPrefix + ownAlphabet.EncodeToString(sum[:])[:20]
}

// ownTeam returns an organisation's own team. It fails with ErrNotFound.
func (s *Store) ownTeam(ctx context.Context, org, id string) (*Team, error) {
	if !table.Storable(id, maxIDBytes) {
		return nil, ErrNotFound
	}
	it, err := s.table.Get(ctx, ownKey(org, id), true)
	if err != nil {
		return nil, fmt.Errorf("teams: reading %s of %s: %w", id, org, err)
	}
	if it == nil {
		return nil, ErrNotFound
	}
	return teamOf(it), nil
}

// isOwnID reports whether an id is one of an organisation's own team.
func isOwnID(id string) bool { return strings.HasPrefix(id, ownPrefix) || ids.IsUUID(id) }

// searchChunk is how many own teams a search reads per query. maxSearched bounds how many
// it reads for one page.
const (
	searchChunk = 500
	maxSearched = 1000
)

// listOwn returns a page of an organisation's own teams, by id. If q is not "", it returns
// only teams with a word that begins with q; such a page may be shorter than its limit,
// or empty, and still be followed by another.
func (s *Store) listOwn(ctx context.Context, org, q, after string, limit int) (*Page, error) {
	page, text := &Page{Teams: []Team{}}, names.Key(q)
	if q != "" && text == "" {
		return page, nil
	}
	query := table.Query{Partition: ownKey(org, "").Partition, After: after, Limit: limit + 1, Consistent: true}
	if text != "" {
		query.Limit = max(query.Limit, searchChunk) // the search may drop most of what is read; small chunks would need many round trips
	}
	for read := 0; ; {
		got, err := s.table.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("teams: listing own teams of %s: %w", org, err)
		}
		for _, it := range got.Items {
			t := teamOf(it)
			query.After = t.ID
			if !anyWordHasPrefix(t.Names, text) {
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
		if read += len(got.Items); text != "" && read >= maxSearched {
			page.Next = query.After
			return page, nil
		}
	}
}

// anyWordHasPrefix reports whether a name has words that begin with the text.
func anyWordHasPrefix(spellings []string, text string) bool {
	return slices.ContainsFunc(names.Texts(spellings), func(known string) bool { return strings.HasPrefix(known, text) })
}

func ownKey(org, id string) table.Key {
	return table.Key{Partition: table.Join("OWNTEAMS", org), Sort: id}
}
