package keys

import (
	"context"
	"time"

	"statgate/shared/api"
	"statgate/shared/table"
)

// onceLife is how long an Idempotency-Key is remembered.
const onceLife = 24 * time.Hour

const onceAtMost = 255 // characters

// once is the Idempotency-Key of a call, or none. It belongs to the user who
// sends it, not to the key that they send it with. The answer of the first call
// held a secret and cannot be given again, so a repeat is refused, whatever its
// body, and told the key's id.
type once struct {
	store *Store
	at    table.Key // zero without one
	now   time.Time
}

func (s *Store) once(r *api.Request) (once, error) {
	o := once{store: s, now: r.Now}
	text := r.IdempotencyKey
	if text == "" {
		return o, nil
	}
	if len(text) > onceAtMost {
		return o, api.Fail(api.InputParameter, "the header Idempotency-Key must have at most %d characters", onceAtMost)
	}
	for i := range len(text) {
		if text[i] < '!' || text[i] > '~' {
			return o, api.Fail(api.InputParameter, "the header Idempotency-Key must be visible ASCII characters without spaces")
		}
	}
	o.at = table.Key{Partition: table.Join("IDEMPOTENCY", r.Caller.Org, r.Caller.User), Sort: text}
	return o, nil
}

// used returns the key that was made or rotated under it, or whose token was made, "" for none.
func (o once) used(ctx context.Context) (string, error) {
	if o.at.Partition == "" {
		return "", nil
	}
	it, err := o.store.table.Get(ctx, o.at, true)
	if err != nil {
		return "", api.Down("looking up the Idempotency-Key", err)
	}
	if it.Int(table.TTLAttr) <= o.now.Unix() {
		return "", nil
	}
	return it.Str("key"), nil
}

// fresh refuses one that stands for another key than the one being made.
func (o once) fresh(ctx context.Context, key string) error {
	used, err := o.used(ctx)
	if err != nil {
		return err
	}
	if used != "" && used != key {
		return repeated(used)
	}
	return nil
}

// write remembers it; none where there is none.
func (o once) write(operation, key string) []table.Write {
	if o.at.Partition == "" {
		return nil
	}
	return []table.Write{table.Put(table.Item{
		table.PartitionAttr: o.at.Partition, table.SortAttr: o.at.Sort,
		"operation": operation, "key": key, table.TTLAttr: o.now.Add(onceLife).Unix(),
	}, table.Or(table.IsNew(), table.Le(table.TTLAttr, o.now.Unix())))}
}

func repeated(key string) *api.Error {
	err := api.Fail(api.ConflictRepeat, "this Idempotency-Key was used: what was made then holds a secret, which cannot be shown again")
	err.Details = map[string]any{"key": key}
	return err
}
