package keys

import (
	"context"
	"time"

	"statgate/shared/api"
	"statgate/shared/table"
)

// tokenLife is how long an Idempotency-Key is remembered.
const tokenLife = 24 * time.Hour

const tokenAtMost = 255 // characters

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
	t := token{store: s, now: r.Now}
	text := r.IdempotencyKey
	if text == "" {
		return t, nil
	}
	if len(text) > tokenAtMost {
		return t, api.Fail(api.InputParameter, "the header Idempotency-Key must have at most %d characters", tokenAtMost)
	}
	for i := range len(text) {
		if text[i] < '!' || text[i] > '~' {
			return t, api.Fail(api.InputParameter, "the header Idempotency-Key must be visible ASCII characters without spaces")
		}
	}
	t.at = table.Key{Partition: table.Join("IDEMPOTENCY", r.Caller.Org, r.Caller.User), Sort: text}
	return t, nil
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
		"operation": operation, "key": key, table.TTLAttr: t.now.Add(tokenLife).Unix(),
	}, table.Or(table.IsNew(), table.Le(table.TTLAttr, t.now.Unix())))}
}

func repeated(key string) *api.Error {
	err := api.Fail(api.ConflictRepeat, "this Idempotency-Key was used: the key was made or rotated then, and its secret cannot be shown again")
	err.Details = map[string]any{"key": key}
	return err
}
