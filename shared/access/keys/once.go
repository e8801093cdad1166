package keys

import (
	"context"
	"time"

	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/table"
)

// once is the Idempotency-Key of a request that makes a secret, if it has one. It belongs
// to the user who sends it, with any of their keys. The first answer held a secret and
// cannot be repeated, so a repeat is refused with the id of the key, even with another body.
type once struct {
	store *Store
	at    table.Key // zero without an Idempotency-Key
	now   time.Time
}

func (s *Store) once(r *api.Request) (once, error) {
	at, err := idempotency.Place(r)
	return once{store: s, at: at, now: r.Now}, err
}

// used returns the id of the key that an earlier call with this Idempotency-Key made,
// rotated or derived a token from; "" for none.
func (o once) used(ctx context.Context) (string, error) {
	if o.at.Partition == "" {
		return "", nil
	}
	it, err := o.store.table.Get(ctx, o.at, true)
	if err != nil {
		return "", api.UnavailableError("looking up the Idempotency-Key", err)
	}
	if it.Int(table.TTLAttr) <= o.now.Unix() {
		return "", nil
	}
	return it.Str("key"), nil
}

// fresh refuses an Idempotency-Key that was used for another key than the new one.
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

// write returns the write that stores the Idempotency-Key; nil for a request without one.
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
