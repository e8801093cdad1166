package keys

import (
	"context"
	"time"

	"statgate/shared/api"
	"statgate/shared/idempotency"
	"statgate/shared/table"
)

// token is the Idempotency-Key of a call, or none. It belongs to the user who
// sends it, not to the key that they send it with. The answer of the first call
// held a secret and cannot be given again, so a repeat is refused, whatever its
// body, and told the key's id.
type token struct {
	store *Store
	at    table.Key // zero without one
	now   time.Time
}

func (s *Store) token(r *api.Request) (token, error) {
	at, err := idempotency.Place(r)
	return token{store: s, at: at, now: r.Now}, err
}

// used returns the key that was made or rotated under the token, "" for none.
func (t token) used(ctx context.Context) (string, error) {
	if t.at.Partition == "" {
		return "", nil
	}
	it, err := t.store.table.Get(ctx, t.at, true)
	if err != nil {
		return "", api.Down("looking up the Idempotency-Key", err)
	}
	if it.Int(table.TTLAttr) <= t.now.Unix() {
		return "", nil
	}
	return it.Str("key"), nil
}

// fresh refuses a token that stands for another key than the one being made.
func (t token) fresh(ctx context.Context, key string) error {
	used, err := t.used(ctx)
	if err != nil {
		return err
	}
	if used != "" && used != key {
		return repeated(used)
	}
	return nil
}

// write remembers the token; none where there is no token.
func (t token) write(operation, key string) []table.Write {
	if t.at.Partition == "" {
		return nil
	}
	return []table.Write{table.Put(table.Item{
		table.PartitionAttr: t.at.Partition, table.SortAttr: t.at.Sort,
		"operation": operation, "key": key, table.TTLAttr: idempotency.Until(t.now),
	}, idempotency.Vacant(t.now))}
}

func repeated(key string) *api.Error {
	err := api.Fail(api.ConflictRepeat, "this Idempotency-Key was used: the key was made or rotated then, and its secret cannot be shown again")
	err.Details = map[string]any{"key": key}
	return err
}
