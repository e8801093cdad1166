package contests

import (
	"context"
	"fmt"
	"reflect"
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

// contestant returns a contestant by id and its revision. It returns the zero Contestant if
// the id is unknown.
func (s *Store) contestant(ctx context.Context, kind Kind, id string) (Contestant, int64, error) {
	if !table.Storable(id, maxIDBytes) {
		return Contestant{}, 0, nil
	}
	it, err := s.table.Get(ctx, contestantKey(kind, id), true)
	if err != nil {
		return Contestant{}, 0, api.UnavailableError("reading a "+string(kind), err)
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
	if !table.Storable(slug, maxIDBytes) {
		return "", nil
	}
	it, err := s.table.Get(ctx, slugKey(kind, slug), true)
	if err != nil {
		return "", api.UnavailableError("reading a slug", err)
	}
	return it.Str("id"), nil
}

var (
	idForm   = regexp.MustCompile(`^[a-z0-9]+([_-][a-z0-9]+)*$`)
	slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// Put replaces a team or an organisation, including its members. Within a kind,
// each slug belongs to one contestant and is not the id of any other. Earlier contests
// keep the names and members that they were created with.
func (s *Store) Put(ctx context.Context, r *api.Request, kind Kind, p Contestant) (Contestant, error) {
	if err := p.check(); err != nil {
		return Contestant{}, err
	}
	if p.Members == nil {
		p.Members = []Member{}
	}
	call := change.Call{By: audit.Caller(r), Org: r.Caller.Org, Entries: s.table, EntriesFirst: true}
	_, err := change.Make(ctx, s.changes, call,
		func(ctx context.Context, _ int) (contestantFacts, error) { return s.contestantFacts(ctx, kind, p) },
		func(f contestantFacts) (Contestant, change.Plan, error) {
			if f.rev > 0 && reflect.DeepEqual(f.before, p) {
				return p, change.Plan{}, nil
			}
			ws, err := p.writes(kind, f.before, f.rev)
			entry := audit.Change{Action: "contestant.put", Target: p.ID, After: p}
			if f.rev > 0 {
				entry.Before = f.before
			}
			return p, change.Plan{Writes: ws, Entries: []audit.Change{entry}}, err
		})
	return p, err
}

// contestantFacts is the stored team or organisation that Put replaces.
type contestantFacts struct {
	before Contestant
	rev    int64 // 0 if it does not exist yet
}

// contestantFacts reads the stored contestant with the id of p. It fails if the
// organisation of p does not exist, or if another contestant has one of p's names.
func (s *Store) contestantFacts(ctx context.Context, kind Kind, p Contestant) (f contestantFacts, err error) {
	if p.Org != nil {
		if org, _, err := s.contestant(ctx, OfOrg, *p.Org); err != nil {
			return f, err
		} else if org.ID == "" {
			return f, api.FieldError("org", "no such organisation: give its id")
		}
	}
	for _, name := range p.names() {
		holder, err := s.bySlug(ctx, kind, name)
		if err != nil {
			return f, err
		}
		if holder != "" && holder != p.ID {
			return f, api.Fail(api.Conflict, "another %s already has the slug or id %s", kind, name)
		}
	}
	f.before, f.rev, err = s.contestant(ctx, kind, p.ID)
	return f, err
}

// names returns the slugs that p occupies: its own slug and, if its id has the form of a
// slug, its id. So no other contestant can take the id as its slug.
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
		wrong["members"] = append(wrong["members"], fmt.Sprintf("must have at most %d members", maxMembers))
	}
	seen := map[string]bool{}
	for _, m := range p.Members {
		if seen[m.User] || !table.Storable(m.User, maxIDBytes) {
			wrong["members"] = append(wrong["members"], "must be user ids, each given once")
			break
		}
		seen[m.User] = true
	}
	if len(wrong) > 0 {
		return &api.Error{Condition: api.InputField, Message: "validation failed", Fields: wrong}
	}
	return nil
}
