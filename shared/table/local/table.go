package local

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"statgate/shared/table"
)

// index is one index of a table. Its bucket has keys without values. A key is the
// index's partition key and sort key, followed by the key of the item.
type index struct {
	name, pk, sk string
	bucket       []byte
}

// position returns the key of an item in the index's bucket, without the item's own
// key. It returns nil if the item is not in the index.
func (ix *index) position(it table.Item) []byte {
	p, ok := it[ix.pk].(string)
	if !ok {
		return nil
	}
	s, ok := it[ix.sk].(string)
	if !ok {
		return nil
	}
	b := make([]byte, 0, len(p)+len(s)+64)
	return appendPart(appendPart(b, p, endOfPart), s, endOfPart)
}

// localTable is one table of a DB.
type localTable struct {
	db      *DB
	schema  table.Schema
	bucket  []byte
	indexes []index

	stream    []byte      // name of the bucket of changes, which exists if the table has readers
	recording atomic.Bool // whether writes record changes
	mu        sync.Mutex
	followers map[string]chan<- struct{} // by reader
}

var _ table.Table = (*localTable)(nil)

func newTable(db *DB, s table.Schema) *localTable {
	t := &localTable{db: db, schema: s, bucket: tableBucket(s.Name), stream: streamBucket(s.Name), followers: map[string]chan<- struct{}{}}
	for _, name := range s.Indexes {
		t.indexes = append(t.indexes, index{name, name + "_pk", name + "_sk", indexBucket(s.Name, name)})
	}
	return t
}

// fail adds the operation and the table to an error.
func (t *localTable) fail(doing string, err error) error {
	return fmt.Errorf("local: %s %s: %w", doing, t.schema.Name, err)
}

// unavailable is fail for a failure of the store: it also wraps [table.ErrUnavailable].
func (t *localTable) unavailable(doing string, err error) error {
	return fmt.Errorf("local: %s %s: %w: %w", doing, t.schema.Name, table.ErrUnavailable, err)
}

// Get implements [table.Table]; every read is consistent.
func (t *localTable) Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error) {
	items, err := t.BatchGet(ctx, []table.Key{key}, consistent)
	if err != nil || len(items) == 0 {
		return nil, err
	}
	return items[0], nil
}

// BatchGet implements [table.Table].
func (t *localTable) BatchGet(ctx context.Context, keys []table.Key, _ bool) ([]table.Item, error) {
	const doing = "reading items of"
	if err := ctx.Err(); err != nil {
		return nil, t.unavailable(doing, err)
	}
	for _, k := range keys {
		if err := checkKey(k); err != nil {
			return nil, t.fail(doing, err)
		}
	}
	var items []table.Item
	err := t.db.view(func(tx *bolt.Tx) error {
		b := tx.Bucket(t.bucket)
		for _, k := range keys {
			raw := b.Get(encodeKey(k))
			if raw == nil {
				continue
			}
			it, err := decodeItem(raw)
			if err != nil {
				return fmt.Errorf("item %q: %w", k, err)
			}
			items = append(items, it)
		}
		return nil
	})
	if err != nil {
		return nil, t.unavailable(doing, err)
	}
	return items, nil
}

// Write implements [table.Table].
func (t *localTable) Write(ctx context.Context, w table.Write) (table.Item, error) {
	const doing = "writing to"
	if err := ctx.Err(); err != nil {
		return nil, t.unavailable(doing, err)
	}
	if w.Op == table.OpCheck {
		return nil, t.fail(doing, bad("a check is for transactions only"))
	}
	if err := t.checkWrite(w); err != nil {
		return nil, t.fail(doing, err)
	}
	var after table.Item
	var failure error
	err := t.db.commits.do(func(tx *bolt.Tx) (bool, error) {
		s, err := t.open(tx).plan(w)
		if err != nil {
			return false, err
		}
		if failure = s.failure; failure != nil {
			return false, nil
		}
		after = s.result
		return s.store()
	})
	if err != nil {
		return nil, t.unavailable(doing, err)
	}
	if failure != nil {
		return nil, t.fail(doing, failure)
	}
	return after, nil
}

// Transact implements [table.Table]. It plans all writes before it stores the first.
func (t *localTable) Transact(ctx context.Context, ws []table.Write) error {
	const doing = "transaction on"
	if err := ctx.Err(); err != nil {
		return t.unavailable(doing, err)
	}
	if err := t.checkTransaction(ws); err != nil {
		return t.fail(doing, err)
	}
	var failure error
	err := t.db.commits.do(func(tx *bolt.Tx) (bool, error) {
		open := t.open(tx)
		steps := make([]*step, len(ws))
		for i, w := range ws {
			s, err := open.plan(w)
			if err != nil {
				return false, err
			}
			steps[i] = s
		}
		if failure = transactionError(steps); failure != nil {
			return false, nil
		}
		changed := false
		for _, s := range steps {
			stored, err := s.store()
			if err != nil {
				return false, err
			}
			changed = changed || stored
		}
		return changed, nil
	})
	if err != nil {
		return t.unavailable(doing, err)
	}
	if failure != nil {
		return t.fail(doing, failure)
	}
	return nil
}

func (t *localTable) checkTransaction(ws []table.Write) error {
	if len(ws) == 0 || len(ws) > maxTransaction {
		return bad("a transaction needs 1 to %d writes, got %d", maxTransaction, len(ws))
	}
	seen := make(map[table.Key]bool, len(ws))
	for i, w := range ws {
		if err := t.checkWrite(w); err != nil {
			return fmt.Errorf("write %d: %w", i, err)
		}
		if k := w.Target(); seen[k] {
			return bad("write %d: another write is on the same item %q", i, k)
		} else {
			seen[k] = true
		}
	}
	return nil
}

// Query implements [table.Table].
func (t *localTable) Query(ctx context.Context, q table.Query) (table.Page, error) {
	const doing = "querying"
	if err := ctx.Err(); err != nil {
		return table.Page{}, t.unavailable(doing, err)
	}
	bucket, err := t.checkQuery(q)
	if err != nil {
		return table.Page{}, t.fail(doing, err)
	}
	var page table.Page
	err = t.db.view(func(tx *bolt.Tx) error {
		items := tx.Bucket(t.bucket)
		return walk(tx.Bucket(bucket), q, func(key, raw []byte) (bool, error) {
			if q.Limit > 0 && len(page.Items) == q.Limit {
				page.More = true
				return false, nil
			}
			if q.Index != "" {
				raw = items.Get(afterParts(key, 2))
			}
			it, err := decodeItem(raw)
			if err != nil {
				return false, err
			}
			page.Items = append(page.Items, it)
			return true, nil
		})
	})
	if err != nil {
		return table.Page{}, t.unavailable(doing, err)
	}
	return page, nil
}

// checkQuery validates a query and returns the bucket that it reads.
func (t *localTable) checkQuery(q table.Query) ([]byte, error) {
	if err := checkKeyPart("partition key", q.Partition, maxPartitionBytes); err != nil {
		return nil, err
	}
	for _, bound := range []string{q.Low, q.High, q.After} {
		if bound != "" {
			if err := checkKeyPart("bound", bound, maxSortBytes); err != nil {
				return nil, err
			}
		}
	}
	if q.Limit < 0 {
		return nil, bad("limit: must not be negative, got %d", q.Limit)
	}
	if q.Index == "" {
		return t.bucket, nil
	}
	if q.Consistent {
		return nil, bad("index %s: consistent reads are not supported", q.Index)
	}
	for _, ix := range t.indexes {
		if ix.name == q.Index {
			return ix.bucket, nil
		}
	}
	return nil, bad("unknown index %q", q.Index)
}

// walk visits the keys of a query in its direction until visit returns false.
func walk(b *bolt.Bucket, q table.Query, visit func(key, raw []byte) (bool, error)) error {
	from, to := keyRange(q)
	c := b.Cursor()
	var key, raw []byte
	next := c.Next
	if q.Descending {
		next = c.Prev
		if key, _ = c.Seek(to); key == nil {
			key, raw = c.Last()
		} else {
			key, raw = c.Prev()
		}
	} else {
		key, raw = c.Seek(from)
	}
	for ; key != nil; key, raw = next() {
		if bytes.Compare(key, from) < 0 || bytes.Compare(key, to) >= 0 {
			return nil
		}
		if more, err := visit(key, raw); err != nil || !more {
			return err
		}
	}
	return nil
}

// sweepBatch is the number of items that a sweep deletes in one transaction. It is
// small, so that writers never wait for long.
const sweepBatch = 500

// Sweep deletes the items of all tables whose "ttl" is before now. It returns the
// number of deleted items.
func (db *DB) Sweep(now time.Time) (int, error) {
	deleted := 0
	for _, t := range db.tables {
		for from := []byte(nil); ; {
			n, next, err := t.sweep(from, now.Unix())
			deleted += n
			if err != nil {
				return deleted, t.unavailable("sweeping", err)
			}
			if next == nil {
				break
			}
			from = next
		}
	}
	return deleted, nil
}

// sweep deletes up to sweepBatch expired items, starting at key from. It returns how
// many it deleted, and the key where the next call continues; nil at the end.
func (t *localTable) sweep(from []byte, now int64) (n int, next []byte, err error) {
	err = t.db.commits.do(func(tx *bolt.Tx) (bool, error) {
		open := t.open(tx)
		n, next = 0, nil
		var expired [][]byte
		c := open.items.Cursor()
		for key, raw := c.Seek(from); key != nil; key, raw = c.Next() {
			if len(expired) == sweepBatch {
				next = bytes.Clone(key)
				break
			}
			if ttl := storedTTL(raw); ttl != 0 && ttl < now {
				expired = append(expired, bytes.Clone(key))
			}
		}
		for _, key := range expired {
			if err := open.drop(key); err != nil {
				return false, err
			}
		}
		n = len(expired)
		return n > 0, nil
	})
	return n, next, err
}
