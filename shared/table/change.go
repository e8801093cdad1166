package table

import (
	"context"
	"time"
)

// Change is one record of a table's stream: what one write did to one item.
// Records of one item come in the order of its writes; those of different items
// in any order. A record may come more than once. A write that changes nothing has no
// record.
type Change struct {
	ID   string    // unique among the table's records; the same when the record comes again
	Time time.Time // approximate time of the write, UTC
	Old  Item      // before the write; nil if it did not exist
	New  Item      // after the write; nil if it was deleted
}

// Key returns the address of the item that changed.
func (c Change) Key() Key {
	if c.New != nil {
		return c.New.Key()
	}
	return c.Old.Key()
}

// Reader processes a batch of a table's changes, in order. If it fails, the same
// changes come again, so it must be idempotent.
type Reader func(ctx context.Context, changes []Change) error
