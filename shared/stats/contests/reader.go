package contests

import (
	"context"
	"slices"

	"statgate/shared/api"
	"statgate/shared/table"
)

// Reader returns what its caller may see: the contests of the key's game, the history
// of the key's owner, and the histories of teams and organisations of which the owner
// is an active member.
type Reader struct {
	store  *Store
	caller *api.Caller
}

// For returns the reader of a caller.
func (s *Store) For(caller *api.Caller) Reader { return Reader{s, caller} }

// Get returns one contest of the caller's game. It fails with PermissionGame for a
// contest of another game, and with NotFoundMatch if there is no such contest.
func (r Reader) Get(ctx context.Context, id string) (Contest, error) {
	found, err := r.store.read(ctx, id)
	if err != nil {
		return Contest{}, err
	}
	if err := OfGame(r.caller.Game)(found.Contest); err != nil {
		return Contest{}, err
	}
	return found.Contest, nil
}

// History is the contests of one user, team or organisation.
type History struct {
	store *Store
	kind  Kind
	id    string
}

// Own returns the history of the user who owns the caller's key.
func (r Reader) Own() History { return History{r.store, OfUser, r.caller.User} }

// Of returns the history of a team or an organisation, which ref names by its id or its
// slug. It fails if the owner of the caller's key is not an active member.
func (r Reader) Of(ctx context.Context, kind Kind, ref string) (History, error) {
	p, err := r.store.find(ctx, kind, ref)
	if err != nil {
		return History{}, err
	}
	if !p.isActive(r.caller.User) {
		if kind == OfOrg {
			return History{}, api.Fail(api.PermissionOrg, "the key's owner is not an active member of this organisation")
		}
		return History{}, api.Fail(api.PermissionTeam, "the key's owner is not an active member of this team")
	}
	return History{r.store, kind, p.ID}, nil
}

// Page returns a page of the history, newest first, and the cursor of the next page,
// which is "" on the last one. A page may be shorter than its limit and still be
// followed by another.
func (h History) Page(ctx context.Context, f Filter, limit int, after string) ([]Contest, string, error) {
	opponents, err := h.store.opponents(ctx, f.Opponent)
	if err != nil {
		return nil, "", err
	}
	q := table.Query{Partition: historyPartition(h.kind, h.id), Descending: true, After: after, Limit: min(limit+1, chunk)}
	f.restrict(&q)
	found := []Contest{}
	sortKeys := []string{} // of the contests in found
	for read := 0; ; {
		page, err := h.store.table.Query(ctx, q)
		if err != nil {
			return nil, "", api.Down("reading a history", err)
		}
		matching := slices.DeleteFunc(slices.Clone(page.Items), func(it table.Item) bool { return !f.matches(it, opponents) })
		contests, err := h.store.contestsOf(ctx, matching)
		if err != nil {
			return nil, "", err
		}
		for _, c := range contests {
			if !f.matchesStatus(c.Status) {
				continue
			}
			if len(found) == limit {
				return found, sortKeys[limit-1], nil
			}
			found, sortKeys = append(found, c), append(sortKeys, historySort(c.CreatedAt, c.ID))
		}
		read += len(page.Items)
		if !page.More || len(page.Items) == 0 {
			return found, "", nil
		}
		q.After, q.Limit = page.Items[len(page.Items)-1].Str(table.SortAttr), chunk
		if read >= maxEntries {
			return found, q.After, nil
		}
	}
}
