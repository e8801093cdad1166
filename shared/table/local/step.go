package local

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"statgate/shared/table"
)

// openTable is a table within a write transaction.
type openTable struct {
	*localTable
	tx    *bolt.Tx
	items *bolt.Bucket
}

func (t *localTable) open(tx *bolt.Tx) *openTable {
	return &openTable{t, tx, tx.Bucket(t.bucket)}
}

// step is one write, decided and not yet made.
type step struct {
	in      *openTable
	key     []byte
	refused error      // *table.Refused, or the write's own fault
	answer  table.Item // what the write returns
	was     []byte     // the item before it, as stored; nil where there was none
	stored  []byte     // the item after it; nil deletes
	changes bool       // false: nothing to store
	moves   []move
}

// move takes an item from one place of an index to another; nil is nowhere.
type move struct {
	bucket   []byte
	from, to []byte
}

// plan reads the item, decides the condition and computes what to store. An
// error means that the file failed.
func (t *openTable) plan(w table.Write) (*step, error) {
	s := &step{in: t, key: encodeKey(w.Target())}
	var old table.Item
	if s.was = t.items.Get(s.key); s.was != nil {
		var err error
		if old, err = decodeItem(s.was); err != nil {
			return nil, fmt.Errorf("item %q: %w", w.Target(), err)
		}
	}
	if !holds(w.If, old) {
		s.refused = &table.Refused{Item: old}
		return s, nil
	}
	switch w.Op {
	case table.OpCheck:
		return s, nil
	case table.OpDelete:
		s.answer, s.changes = old, old != nil
		s.moves = t.moves(t.positions(old), nil)
		return s, nil
	case table.OpPut:
		return s, s.put(t.positions(old), w.Item, true)
	}
	was := t.positions(old)
	if old == nil {
		old = table.Item{table.PartitionAttr: w.Key.Partition, table.SortAttr: w.Key.Sort}
	}
	if s.refused = apply(old, w.Actions); s.refused != nil {
		return s, nil
	}
	if s.refused = t.checkStored(old); s.refused != nil {
		return s, nil
	}
	return s, s.put(was, old, false)
}

// put plans to store an item; shared tells that it belongs to the caller, who
// must not be handed the same maps back.
func (s *step) put(was [][]byte, it table.Item, shared bool) error {
	var err error
	if s.stored, err = encodeItem(it); err != nil {
		return fmt.Errorf("encoding an item: %w", err)
	}
	s.changes, s.answer = true, it
	s.moves = s.in.moves(was, s.in.positions(it))
	if shared {
		s.answer = clone(map[string]any(it)).(map[string]any)
	}
	return nil
}

// positions returns where an item stands in each index; nil for no item.
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

// moves lists the indexes in which an item's place changes.
func (t *localTable) moves(was, now [][]byte) []move {
	if was == nil && now == nil {
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
		from, to := at(was, i), at(now, i)
		if string(from) != string(to) {
			ms = append(ms, move{t.indexes[i].bucket, from, to})
		}
	}
	return ms
}

// store makes the change.
func (s *step) store() (changed bool, err error) {
	if !s.changes {
		return false, nil
	}
	if err := s.record(); err != nil {
		return false, fmt.Errorf("recording a change: %w", err)
	}
	if s.stored == nil {
		err = s.in.items.Delete(s.key)
	} else {
		err = s.in.items.Put(s.key, s.stored)
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

// drop removes an item by its encoded key, whatever it is.
func (t *openTable) drop(key []byte) error {
	raw := t.items.Get(key)
	it, err := decodeItem(raw)
	if err != nil {
		return err
	}
	s := &step{in: t, key: key, was: raw, changes: true, moves: t.moves(t.positions(it), nil)}
	_, err = s.store()
	return err
}

// verdict is what a transaction fails with, nil where every step may be made. A
// fault of one write counts before refused conditions of others, as in DynamoDB.
func verdict(steps []*step) error {
	canceled := &table.Canceled{Reasons: make([]*table.Refused, len(steps))}
	refused := false
	for i, s := range steps {
		if s.refused == nil {
			continue
		}
		r := table.WasRefused(s.refused)
		if r == nil {
			return fmt.Errorf("write %d: %w", i, s.refused)
		}
		canceled.Reasons[i], refused = r, true
	}
	if refused {
		return canceled
	}
	return nil
}
