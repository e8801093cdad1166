// Package tally counts up to a limit in windows of time, with one conditional write for each
// count. So concurrent counts cannot exceed the limit.
package tally

import (
	"context"
	"time"

	"statgate/shared/table"
)

// Table is the part of a table that counters use.
type Table interface {
	Write(ctx context.Context, w table.Write) (table.Item, error)
}

// Counter counts in an item of its own. It keeps the present window alone.
type Counter struct {
	At     table.Key
	Limit  int64 // counts in a window
	Window int64 // seconds; windows begin at multiples of it since 1970
}

// Ends returns when the window of a time ends.
func (c Counter) Ends(now time.Time) time.Time { return time.Unix(c.start(now)+c.Window, 0) }

func (c Counter) start(now time.Time) int64 { return now.Unix() - now.Unix()%c.Window }

// Add counts once, and reports whether that was within the limit. It returns the table's error
// if the table does not answer.
func (c Counter) Add(ctx context.Context, t Table, now time.Time) (bool, error) {
	open := c.start(now)
	// An instance whose clock is ahead may have opened the next window; a later one is wrong.
	count := table.Update(c.At, []table.Action{table.Increment("n", 1)},
		table.Ge("w", open), table.Le("w", open+c.Window), table.Lt("n", c.Limit))
	roll := table.Put(table.Item{table.PartitionAttr: c.At.Partition, table.SortAttr: c.At.Sort, "w": open, "n": int64(1), table.TTLAttr: open + 2*c.Window},
		table.Or(table.IsNew(), table.Lt("w", open), table.Gt("w", open+c.Window)))
	for range 2 { // the second time, another count has just opened the window
		for _, w := range []table.Write{count, roll} {
			_, err := t.Write(ctx, w)
			if err == nil {
				return true, nil
			}
			if table.AsConditionFailed(err) == nil {
				return false, err
			}
		}
	}
	return false, nil
}

// Back takes back a count of the window of a time. It is best effort: the count may stay.
func (c Counter) Back(ctx context.Context, t Table, counted time.Time) {
	_, _ = t.Write(ctx, table.Update(c.At, []table.Action{table.Increment("n", -1)}, table.Eq("w", c.start(counted)), table.Gt("n", int64(0))))
}
