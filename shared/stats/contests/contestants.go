package contests

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/table"
)

// find returns a team or an organisation by its id, or else its slug.
func (s *Store) find(ctx context.Context, kind Kind, ref string) (Contestant, error) {
	p, _, err := s.contestant(ctx, kind, ref)
	if err != nil || p.ID != "" {
		return p, err
	}
	id, err := s.bySlug(ctx, kind, ref)
	if err != nil {
		return Contestant{}, err
	}
	if id != "" {
		if p, _, err = s.contestant(ctx, kind, id); err != nil {
			return Contestant{}, err
		}
	}
	if p.ID == "" {
		return Contestant{}, unknownContestant(kind)
	}
	return p, nil
}

func unknownContestant(kind Kind) *api.Error {
	if kind == OfOrg {
		return api.Fail(api.NotFoundOrg, "no such organisation")
	}
	return api.Fail(api.NotFoundTeam, "no such team")
}

// contestant returns a contestant by id, or the zero Contestant if there is none.
func (s *Store) contestant(ctx context.Context, kind Kind, id string) (Contestant, int64, error) {
	if !storable(id) {
		return Contestant{}, 0, nil
	}
	it, err := s.table.Get(ctx, contestantKey(kind, id), true)
	if err != nil {
		return Contestant{}, 0, api.Down("reading a "+string(kind), err)
	}
	if it == nil {
		return Contestant{}, 0, nil
	}
	var p Contestant
	if err := table.Decode(it, &p); err != nil {
		return Contestant{}, 0, fmt.Errorf("contests: reading %s %s: %w", kind, id, err)
	}
	if p.Members == nil {
		p.Members = []Member{}
	}
	return p, it.Int("rev"), nil
}

func (s *Store) bySlug(ctx context.Context, kind Kind, slug string) (string, error) {
	if !storable(slug) {
		return "", nil
	}
	it, err := s.table.Get(ctx, slugKey(kind, slug), true)
	if err != nil {
		return "", api.Down("reading a slug", err)
	}
	return it.Str("id"), nil
}

var (
	idForm   = regexp.MustCompile(`^[a-z0-9]+([_-][a-z0-9]+)*$`)
	slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// Put replaces a team or an organisation, including its members. Within a kind a slug
// belongs to one contestant, and is not the id of another. Earlier contests keep the
// names and members that they were created with.
func (s *Store) Put(ctx context.Context, r *api.Request, kind Kind, p Contestant) (Contestant, error) {
	if err := p.check(); err != nil {
		return Contestant{}, err
	}
	if p.Members == nil {
		p.Members = []Member{}
	}
	note, err := audit.NewNote(s.ids, audit.Caller(r))
	if err != nil {
		return Contestant{}, err
	}
	err = s.apply(ctx, func(ctx context.Context) (change.Plan, error) {
		if p.Org != nil {
			if org, _, err := s.contestant(ctx, OfOrg, *p.Org); err != nil {
				return change.Plan{}, err
			} else if org.ID == "" {
				return change.Plan{}, api.FieldError("org", "no such organisation: name one by its id")
			}
		}
		for _, name := range p.names() {
			holder, err := s.bySlug(ctx, kind, name)
			if err != nil {
				return change.Plan{}, err
			}
			if holder != "" && holder != p.ID {
				return change.Plan{}, api.Fail(api.Conflict, "another %s has the slug or the id %s", kind, name)
			}
		}
		before, rev, err := s.contestant(ctx, kind, p.ID)
		if err != nil {
			return change.Plan{}, err
		}
		if done, err := note.Written(ctx, s.table, r.Caller.Org); done || err != nil { // an earlier attempt was written although its answer was lost
			return change.Plan{}, err
		}
		ws, err := p.writes(kind, before, rev)
		if err != nil {
			return change.Plan{}, err
		}
		told := audit.Change{Org: r.Caller.Org, Action: "contestant.put", Target: p.ID, After: p}
		if rev > 0 {
			told.Before = before
		}
		entry, err := note.Writes(told)
		return change.Plan{Writes: append(ws, entry...)}, err
	})
	return p, err
}

// names returns the names that the contestant reserves: its slug, and its id if that could
// be a slug.
func (p Contestant) names() []string {
	if p.ID == p.Slug || !slugForm.MatchString(p.ID) {
		return []string{p.Slug}
	}
	return []string{p.Slug, p.ID}
}

func (p Contestant) writes(kind Kind, before Contestant, rev int64) ([]table.Write, error) {
	it, err := table.Encode(p)
	if err != nil {
		return nil, fmt.Errorf("contests: encoding %s %s: %w", kind, p.ID, err)
	}
	at := contestantKey(kind, p.ID)
	it[table.PartitionAttr], it[table.SortAttr], it["rev"] = at.Partition, at.Sort, rev+1
	unchanged := table.IsNew()
	if rev > 0 {
		unchanged = table.Eq("rev", rev)
	}
	ws := []table.Write{table.Put(it, unchanged)}
	for _, name := range p.names() {
		slug := slugKey(kind, name)
		ws = append(ws, table.Put(table.Item{table.PartitionAttr: slug.Partition, table.SortAttr: slug.Sort, "id": p.ID},
			table.Or(table.IsNew(), table.Eq("id", p.ID))))
	}
	if before.Slug != "" && !slices.Contains(p.names(), before.Slug) {
		ws = append(ws, table.Delete(slugKey(kind, before.Slug)))
	}
	return ws, nil
}

func (p Contestant) check() error {
	wrong := map[string][]string{}
	if len(p.ID) > 64 || !idForm.MatchString(p.ID) {
		return api.FieldError("id", "must be lower-case letters, digits, _ and -, at most 64")
	}
	if len(p.Slug) > 64 || !slugForm.MatchString(p.Slug) {
		wrong["slug"] = append(wrong["slug"], "must be lower-case letters, digits and -, at most 64")
	}
	if len(p.Members) > maxMembers {
		wrong["members"] = append(wrong["members"], fmt.Sprintf("must be at most %d", maxMembers))
	}
	seen := map[string]bool{}
	for _, m := range p.Members {
		if seen[m.User] || !storable(m.User) {
			wrong["members"] = append(wrong["members"], "must name each user once, by a user id")
			break
		}
		seen[m.User] = true
	}
	if len(wrong) > 0 {
		return &api.Error{Condition: api.InputField, Message: "validation failed", Fields: wrong}
	}
	return nil
}
