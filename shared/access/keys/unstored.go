package keys

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"statgate/shared/api"
	"statgate/shared/table"
)

const (
	// unstoredLife is how long an instance refuses a secret that was not stored without
	// reading again. A secret that is imported meanwhile is accepted this much later.
	unstoredLife = 5 * time.Second
	// maxUnstored bounds the memory of such secrets: about 200 KB.
	maxUnstored = 2048
)

// unstored remembers by id, never by secret, which secrets were not stored a moment ago, so
// that a client which repeats one costs no reads. Secrets that expired or were revoked are
// stored.
type unstored struct {
	read *lru.Cache[string, time.Time] // by secret id: when the read began
}

func newUnstored() unstored {
	read, err := lru.New[string, time.Time](maxUnstored)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return unstored{read}
}

func (u unstored) recently(id string, now time.Time) bool {
	at, known := u.read.Get(id)
	age := now.Sub(at)
	return known && age >= 0 && age < unstoredLife
}

// sent reads the item of a secret that a client sent.
func (s *Store) sent(ctx context.Context, id string) (table.Item, error) {
	now := s.now()
	if s.unstored.recently(id, now) {
		return nil, secretUnknown()
	}
	it, err := s.secret(ctx, id)
	if err != nil && api.ErrorOf(err).Condition == api.SecretUnknown {
		s.unstored.read.Add(id, now)
	}
	return it, err
}
