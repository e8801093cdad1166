package teams

import (
	"context"
	"errors"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// Reader returns the teams that its user may see: the public ones, those of one
// organisation, or both. Any other team does not exist for it.
type Reader struct {
	store  *Store
	org    string // "" without an organisation
	public bool
}

// For returns a reader of what a caller may see under a contract: the teams of the
// caller's organisation, and the public ones unless the contract hides them.
func (s *Store) For(caller *api.Caller, c *contract.Contract) Reader {
	return Reader{s, caller.Org, !c.HidePublic}
}

// Public returns a reader of the public teams only. It is for imports; requests of
// customers use [Store.For].
func (s *Store) Public() Reader { return Reader{store: s, public: true} }

// Get returns one team by its id, or a public one by an id that it had before. It fails
// with ErrNotFound.
func (r Reader) Get(ctx context.Context, id string) (*Team, error) {
	switch {
	case isOwnID(id) && r.org != "":
		return r.store.ownTeam(ctx, r.org, id)
	case !isOwnID(id) && r.public:
		return r.store.get(ctx, id)
	}
	return nil, ErrNotFound
}

// List returns a page of teams: of the public ones, or of the organisation's own if the
// reader does not see public teams. If q is not "", the page has only teams with a
// spelling in which a word begins with q, regardless of case and accents. Own teams are
// ordered by id, public ones by id or, with q, by the text found, then id.
func (r Reader) List(ctx context.Context, q, after string, limit int) (*Page, error) {
	switch {
	case !r.public:
		return r.store.listOwn(ctx, r.org, q, after, limit)
	case q != "":
		return r.store.search(ctx, q, after, limit)
	}
	return r.store.list(ctx, after, limit)
}

// ListIDs returns a page of the public teams among ids, by id. The ids are those of a
// season's teams, which leagues.Reader.Teams returns.
func (r Reader) ListIDs(ctx context.Context, ids []string, after string, limit int) (*Page, error) {
	if !r.public {
		return &Page{}, nil
	}
	return r.store.listIDs(ctx, ids, after, limit)
}

// Own returns the organisation's own team of a name, as it was first spelt. It also
// returns the write that creates the team, or nil if the team exists.
func (r Reader) Own(ctx context.Context, name string, uuid bool) (*Team, *table.Write, error) {
	id := ownID(r.org, name, uuid)
	team, err := r.store.ownTeam(ctx, r.org, id)
	if !errors.Is(err, ErrNotFound) {
		return team, nil, err
	}
	// The write has no condition: of concurrent writes the first sets the name, and none fails.
	write := table.Update(ownKey(r.org, id), []table.Action{
		table.Default("id", id), table.Default("name", name), table.Default("names", []any{name}),
	})
	return &Team{ID: id, Name: name, Names: []string{name}}, &write, nil
}
