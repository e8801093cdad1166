package local

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"statgate/shared/table"
)

// openTable is a table in a write transaction.
type openTable struct {
	*localTable
	tx    *bolt.Tx
	items *bolt.Bucket
}

func (t *localTable) open(tx *bolt.Tx) *openTable {
	return &openTable{t, tx, tx.Bucket(t.bucket)}
}

// step is one planned write: its condition is evaluated, but nothing is stored yet.
type step struct {
	in      *openTable
	key     []byte
	failure error      // *table.ConditionFailed or [table.ErrBadWrite]
	result  table.Item // what the write returns
	before  []byte     // encoded item before the write; nil if it did not exist
	after   []byte     // encoded item after the write; nil deletes the item
	changes bool       // whether there is something to store
	moves   []move
}

// move changes the position of an item in an index; a nil position is not in the index.
type move struct {
	bucket   []byte
	from, to []byte
}

// plan reads the item, evaluates the condition and computes the item to store. An error
// means that the file failed.
func (t *openTable) plan(w table.Write) (*step, error) {
	s := &step{in: t, key: encodeKey(w.Target())}
	var old table.Item
	if s.before = t.items.Get(s.key); s.before != nil {
		var err error
		if old, err = decodeItem(s.before); err != nil {
			return nil, fmt.Errorf("item %q: %w", w.Target(), err)
		}
	}
	if !holds(w.If, old) {
		s.failure = &table.ConditionFailed{Item: old}
		return s, nil
	}
	switch w.Op {
	case table.OpCheck:
		return s, nil
	case table.OpDelete:
		s.result, s.changes = old, old != nil
		s.moves = t.moves(t.positions(old), nil)
		return s, nil
	case table.OpPut:
		return s, s.put(t.positions(old), w.Item, true)
	}
	from := t.positions(old)
	if old == nil {
		old = table.Item{table.PartitionAttr: w.Key.Partition, table.SortAttr: w.Key.Sort}
	}
	if s.failure = apply(old, w.Actions); s.failure != nil {
		return s, nil
	}
	if s.failure = t.checkStored(old); s.failure != nil {
		return s, nil
	}
	return s, s.put(from, old, false)
}

// put plans to store an item. shared means that the item belongs to the caller; the
// result is then a copy.
func (s *step) put(from [][]byte, it table.Item, shared bool) error {
	var err error
	if s.after, err = encodeItem(it); err != nil {
		return fmt.Errorf("encoding an item: %w", err)
	}
	s.changes, s.result = true, it
	s.moves = s.in.moves(from, s.in.positions(it))
	if shared {
		s.result = clone(map[string]any(it)).(map[string]any)
	}
	return nil
}

// positions returns the position of an item in each index; nil if it is in none.
func (t *localTable) positions(it table.Item) [][]byte {
	if it == nil || len(t.indexes) == 0 {
		return nil
	}
	var at [][]byte
	for i := range t.indexes {
		p := t.indexes[i].position(it)
		if p == nil {
			continue
		}
		if at == nil {
			at = make([][]byte, len(t.indexes))
		}
		at[i] = p
	}
	return at
}

// moves lists the indexes in which an item's position changes.
func (t *localTable) moves(before, after [][]byte) []move {
	if before == nil && after == nil {
		return nil
	}
	at := func(list [][]byte, i int) []byte {
		if list == nil {
			return nil
		}
		return list[i]
	}
	var ms []move
	for i := range t.indexes {
		from, to := at(before, i), at(after, i)
		if string(from) != string(to) {
			ms = append(ms, move{t.indexes[i].bucket, from, to})
		}
	}
	return ms
}

// store records and makes the change. It reports whether there was one.
func (s *step) store() (changed bool, err error) {
	if !s.changes {
		return false, nil
	}
	if err := s.record(); err != nil {
		return false, fmt.Errorf("recording a change: %w", err)
	}
	if s.after == nil {
		err = s.in.items.Delete(s.key)
	} else {
		err = s.in.items.Put(s.key, s.after)
	}
	if err != nil {
		return false, fmt.Errorf("storing an item: %w", err)
	}
	for _, m := range s.moves {
		if err := s.move(m); err != nil {
			return false, fmt.Errorf("storing an index entry: %w", err)
		}
	}
	return true, nil
}

func (s *step) move(m move) error {
	b := s.in.tx.Bucket(m.bucket)
	if m.from != nil {
		if err := b.Delete(append(m.from, s.key...)); err != nil {
			return err
		}
	}
	if m.to == nil {
		return nil
	}
	return b.Put(append(m.to, s.key...), nil)
}

// drop deletes an item by its encoded key, without a condition.
func (t *openTable) drop(key []byte) error {
	raw := t.items.Get(key)
	it, err := decodeItem(raw)
	if err != nil {
		return err
	}
	s := &step{in: t, key: key, before: raw, changes: true, moves: t.moves(t.positions(it), nil)}
	_, err = s.store()
	return err
}

// transactionError returns the error of a transaction; nil if every step can be stored. A
// bad write takes precedence over failed conditions of other writes, as in DynamoDB.
func transactionError(steps []*step) error {
	canceled := &table.Canceled{Reasons: make([]*table.ConditionFailed, len(steps))}
	refused := false
	for i, s := range steps {
		if s.failure == nil {
			continue
		}
		r := table.AsConditionFailed(s.failure)
		if r == nil {
			return fmt.Errorf("write %d: %w", i, s.failure)
		}
		canceled.Reasons[i], refused = r, true
	}
	if refused {
		return canceled
	}
	return nil
}
