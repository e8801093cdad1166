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

// index is one index of a table: the names of its key attributes, and its bucket
// of keys alone, which end with the key of the item.
type index struct {
	name, pk, sk string
	bucket       []byte
}

// position returns where an item stands in the index, without the item's own key;
// nil where it does not.
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

	stream    []byte      // bucket of its changes, which is there where it has readers
	recording atomic.Bool // false: it has none
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

// fail wraps what went wrong with what was being done.
func (t *localTable) fail(doing string, err error) error {
	return fmt.Errorf("local: %s %s: %w", doing, t.schema.Name, err)
}

// lost is fail for a fault of the store.
func (t *localTable) lost(doing string, err error) error {
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
		return nil, t.lost(doing, err)
	}
	for _, k := range keys {
		if err := checkKey(k); err != nil {
			return nil, t.fail(doing, err)
		}
	}
	var items []table.Item
	err := t.db.bolt.View(func(tx *bolt.Tx) error {
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
		return nil, t.lost(doing, err)
	}
	return items, nil
}

// Write implements [table.Table].
func (t *localTable) Write(ctx context.Context, w table.Write) (table.Item, error) {
	const doing = "writing to"
	if err := ctx.Err(); err != nil {
		return nil, t.lost(doing, err)
	}
	if w.Op == table.OpCheck {
		return nil, t.fail(doing, bad("a check is for transactions"))
	}
	if err := t.checkWrite(w); err != nil {
		return nil, t.fail(doing, err)
	}
	var after table.Item
	var refused error
	err := t.db.commits.do(func(tx *bolt.Tx) (bool, error) {
		s, err := t.open(tx).plan(w)
		if err != nil {
			return false, err
		}
		if refused = s.refused; refused != nil {
			return false, nil
		}
		after = s.answer
		return s.store()
	})
	if err != nil {
		return nil, t.lost(doing, err)
	}
	if refused != nil {
		return nil, t.fail(doing, refused)
	}
	return after, nil
}

// Transact implements [table.Table]: all writes are decided before the first is made.
func (t *localTable) Transact(ctx context.Context, ws []table.Write) error {
	const doing = "transaction on"
	if err := ctx.Err(); err != nil {
		return t.lost(doing, err)
	}
	if err := t.checkTransaction(ws); err != nil {
		return t.fail(doing, err)
	}
	var refused error
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
		if refused = verdict(steps); refused != nil {
			return false, nil
		}
		changed := false
		for _, s := range steps {
			did, err := s.store()
			if err != nil {
				return false, err
			}
			changed = changed || did
		}
		return changed, nil
	})
	if err != nil {
		return t.lost(doing, err)
	}
	if refused != nil {
		return t.fail(doing, refused)
	}
	return nil
}

func (t *localTable) checkTransaction(ws []table.Write) error {
	if len(ws) == 0 || len(ws) > maxTransaction {
		return bad("%d writes, not 1 to %d", len(ws), maxTransaction)
	}
	seen := make(map[table.Key]bool, len(ws))
	for i, w := range ws {
		if err := t.checkWrite(w); err != nil {
			return fmt.Errorf("write %d: %w", i, err)
		}
		if k := w.Target(); seen[k] {
			return bad("write %d: a second one on item %q", i, k)
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
		return table.Page{}, t.lost(doing, err)
	}
	bucket, err := t.checkQuery(q)
	if err != nil {
		return table.Page{}, t.fail(doing, err)
	}
	var page table.Page
	err = t.db.bolt.View(func(tx *bolt.Tx) error {
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
		return table.Page{}, t.lost(doing, err)
	}
	return page, nil
}

// checkQuery returns the bucket that the query walks.
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
		return nil, bad("limit %d is negative", q.Limit)
	}
	if q.Index == "" {
		return t.bucket, nil
	}
	if q.Consistent {
		return nil, bad("an index has no consistent reads")
	}
	for _, ix := range t.indexes {
		if ix.name == q.Index {
			return ix.bucket, nil
		}
	}
	return nil, bad("no index %q", q.Index)
}

// walk visits the keys of a query in its direction until visit has enough.
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

// sweepBatch is how many items a sweep drops in one transaction, so that it
// never keeps writers waiting for long.
const sweepBatch = 500

// Sweep drops the items of all tables whose "ttl" has passed and returns how many.
func (db *DB) Sweep(now time.Time) (int, error) {
	dropped := 0
	for _, t := range db.tables {
		for from := []byte(nil); ; {
			n, next, err := t.sweep(from, now.Unix())
			dropped += n
			if err != nil {
				return dropped, t.lost("sweeping", err)
			}
			if next == nil {
				break
			}
			from = next
		}
	}
	return dropped, nil
}

// sweep drops up to sweepBatch items from a key on, and returns the key to go on
// from, nil at the end.
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
