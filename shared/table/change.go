package table

import (
	"context"
	"time"
)

// Change is one record of a table's stream: what one write did to one item.
// Records of one item come in the order of its writes; those of different items
// in any. A record may come more than once. A write that changes nothing has none.
type Change struct {
	ID   string    // the same whenever the record comes again; no other record of the table has it
	Time time.Time // about when it was written, UTC
	Old  Item      // before the write; nil where there was none
	New  Item      // after it; nil where it was deleted
}

// Key returns the address of the item that changed.
func (c Change) Key() Key {
	if c.New != nil {
		return c.New.Key()
	}
	return c.Old.Key()
}

// Reader is told a table's changes, some at a time and in order. Where it fails,
// the same changes come again, so it must bear being told twice.
type Reader func(ctx context.Context, changes []Change) error
