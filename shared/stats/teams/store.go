package teams

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"statgate/shared/stats/names"
	"statgate/shared/table"
)

// Items of the stats table:
//
//	TEAMS              <id>           the team
//	TEAMALIAS#<id>     TEAM           alias_of: the present id of the team
//	TEAMQ#…, TEAMR#…   <text>#<id>    the name index of public teams ([names.Index])
//	OWNTEAMS#<org>     <id>           a team that only the organisation has
//
// All public teams share a partition, so that a consistent read lists them by id: the
// importer resolves spellings against all of them.

// ErrNotFound is the error for a team that does not exist.
var ErrNotFound = errors.New("teams: not found")

// Page is a page of teams. Next is "" on the last page.
type Page struct {
	Teams []Team
	Next  string // opaque
}

// Store returns teams through a [Reader], which is bound to the owners whose teams its
// user may see. [Registry] creates and changes public teams.
type Store struct{ table table.Table }

// NewStore returns a store over the stats table.
func NewStore(tbl table.Table) *Store { return &Store{table: tbl} }

// maxIDBytes bounds the ids that a store looks for, in bytes.
const maxIDBytes = 200

// get returns one public team by its id or a former id. It fails with ErrNotFound.
func (s *Store) get(ctx context.Context, id string) (*Team, error) {
	for range 8 { // an alias points to another alias only after several merges
		if !table.Storable(id, maxIDBytes) {
			return nil, ErrNotFound
		}
		it, err := table.GetConfirmed(ctx, s.table, teamKey(id), false)
		if err != nil {
			return nil, fmt.Errorf("teams: reading %s: %w", id, err)
		}
		if it != nil {
			return teamOf(it), nil
		}
		if it, err = table.GetConfirmed(ctx, s.table, aliasKey(id), false); err != nil {
			return nil, fmt.Errorf("teams: reading alias %s: %w", id, err)
		}
		id = it.Str("alias_of")
	}
	return nil, ErrNotFound
}

// getMany returns the teams that exist among ids, in the order of ids. It does
// not follow former ids.
func (s *Store) getMany(ctx context.Context, ids []string) ([]Team, error) {
	keys := make([]table.Key, len(ids))
	for i, id := range ids {
		keys[i] = teamKey(id)
	}
	items, err := table.BatchGetConfirmed(ctx, s.table, keys, false)
	if err != nil {
		return nil, fmt.Errorf("teams: reading %d: %w", len(ids), err)
	}
	out := make([]Team, len(items))
	for i, it := range items {
		out[i] = *teamOf(it)
	}
	return out, nil
}

// list returns a page of all public teams, by id.
func (s *Store) list(ctx context.Context, after string, limit int) (*Page, error) {
	got, err := s.table.Query(ctx, table.Query{Partition: teamsPK, After: after, Limit: limit})
	if err != nil {
		return nil, fmt.Errorf("teams: listing: %w", err)
	}
	page := &Page{Teams: make([]Team, len(got.Items))}
	for i, it := range got.Items {
		page.Teams[i] = *teamOf(it)
	}
	if got.More && len(page.Teams) > 0 {
		page.Next = page.Teams[len(page.Teams)-1].ID
	}
	return page, nil
}

// listIDs returns a page of the public teams among ids, by id.
func (s *Store) listIDs(ctx context.Context, ids []string, after string, limit int) (*Page, error) {
	ids = append([]string(nil), ids...)
	sort.Strings(ids)
	from := sort.SearchStrings(ids, after)
	if from < len(ids) && ids[from] == after {
		from++
	}
	ids = ids[from:]
	page := &Page{}
	if len(ids) > limit {
		ids = ids[:limit]
		page.Next = ids[limit-1]
	}
	var err error
	page.Teams, err = s.getMany(ctx, ids)
	return page, err
}

// search returns a page of the public teams with a spelling in which words begin
// with q, regardless of case and accents: "city" and "man" find Manchester City,
// "chester" does not. The order is by the text found, then by id.
func (s *Store) search(ctx context.Context, q, after string, limit int) (*Page, error) {
	text := names.Key(q)
	if text == "" || len(text) > 200 {
		return &Page{}, nil
	}
	low, high := table.Prefix(text)
	query := table.Query{Partition: index.Partition(text), Low: low, High: high, After: after, Limit: limit + 1}
	page := &Page{}
	for {
		got, err := s.table.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("teams: searching %q: %w", q, err)
		}
		found, err := s.found(ctx, got.Items, text)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if len(page.Teams) == limit {
				page.Next = query.After
				return page, nil
			}
			page.Teams, query.After = append(page.Teams, f.team), f.sort
		}
		if !got.More || len(got.Items) == 0 {
			return page, nil
		}
		query.After = got.Items[len(got.Items)-1].Str(table.SortAttr)
	}
}

// hit is a found team, with the sort key of the search text.
type hit struct {
	team Team
	sort string
}

// found returns the first hit of each team. A team has several texts; the first of them
// that begins with the searched text is computed from its names.
func (s *Store) found(ctx context.Context, items []table.Item, text string) ([]hit, error) {
	ids := make([]string, 0, len(items))
	for _, it := range items {
		ids = append(ids, it.Str("id"))
	}
	teams, err := s.getMany(ctx, distinct(ids))
	if err != nil {
		return nil, err
	}
	byID := make(map[string]Team, len(teams))
	for _, t := range teams {
		byID[t.ID] = t
	}
	var out []hit
	for _, it := range items {
		t, ok := byID[it.Str("id")]
		if !ok {
			continue
		}
		at := it.Str(table.SortAttr)
		for _, known := range names.Texts(t.Names) {
			if strings.HasPrefix(known, text) {
				if at == known+"#"+t.ID {
					out = append(out, hit{t, at})
				}
				break
			}
		}
	}
	return out, nil
}

const teamsPK = "TEAMS"

func teamKey(id string) table.Key { return table.Key{Partition: teamsPK, Sort: id} }

func aliasKey(id string) table.Key {
	return table.Key{Partition: table.Join("TEAMALIAS", id), Sort: "TEAM"}
}

func teamOf(it table.Item) *Team {
	t := &Team{ID: it.Str("id"), Name: it.Str("name"), Names: it.Texts("names")}
	if c := it.Str("country"); c != "" {
		t.Country = &c
	}
	return t
}

func distinct(list []string) []string {
	seen := make(map[string]bool, len(list))
	out := list[:0:0]
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
