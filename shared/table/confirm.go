package table

import "context"

// GetConfirmed returns an item, or nil if it does not exist. Unless consistent, it reads
// eventually consistently, which costs half as much, and reads a missing item again
// consistently: the replica that answered may lag behind the write of the item. An item that
// exists may then be stale, but an item is never missing by mistake.
func GetConfirmed(ctx context.Context, t interface {
	Get(ctx context.Context, key Key, consistent bool) (Item, error)
}, key Key, consistent bool) (Item, error) {
	if !consistent {
		if it, err := t.Get(ctx, key, false); it != nil || err != nil {
			return it, err
		}
	}
	return t.Get(ctx, key, true)
}

// BatchGetConfirmed returns the items that exist among keys, in the order of keys, as
// [GetConfirmed] does.
func BatchGetConfirmed(ctx context.Context, t interface {
	BatchGet(ctx context.Context, keys []Key, consistent bool) ([]Item, error)
}, keys []Key, consistent bool) ([]Item, error) {
	items, err := t.BatchGet(ctx, keys, consistent)
	if err != nil || consistent || len(items) == len(keys) {
		return items, err
	}
	found := make(map[Key]Item, len(keys))
	collect := func(items []Item) {
		for _, it := range items {
			found[Key{Partition: it.Str(PartitionAttr), Sort: it.Str(SortAttr)}] = it
		}
	}
	collect(items)
	var missing []Key
	for _, k := range keys {
		if found[k] == nil {
			missing = append(missing, k)
		}
	}
	if items, err = t.BatchGet(ctx, missing, true); err != nil {
		return nil, err
	}
	collect(items)
	all := make([]Item, 0, len(found))
	for _, k := range keys {
		if it := found[k]; it != nil {
			all = append(all, it)
		}
	}
	return all, nil
}
