package keys

import (
	"context"
	"time"

	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/table"
)

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
	at, err := idempotency.Place(r)
	return once{store: s, at: at, now: r.Now}, err
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
		"operation": operation, "key": key, table.TTLAttr: idempotency.Until(o.now),
	}, idempotency.Vacant(o.now))}
}

func repeated(key string) *api.Error {
	err := api.Fail(api.ConflictRepeat, "Idempotency-Key: already used; the secret created by that request cannot be shown again")
	err.Details = map[string]any{"key": key}
	return err
}
