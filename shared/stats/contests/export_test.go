package contests

import "context"

// HistoryOf returns any history, without checking that a caller may read it.
func HistoryOf(s *Store, kind Kind, id string) History { return History{s, kind, id} }

// Find returns a team or an organisation by its id or its slug.
func Find(ctx context.Context, s *Store, kind Kind, ref string) (Contestant, error) {
	return s.find(ctx, kind, ref)
}
