package changes

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"statgate/shared/retry"
	"statgate/shared/table"
)

// Table is the part of the stats table that appenders use.
type Table interface {
	Query(ctx context.Context, q table.Query) (table.Page, error)
	Write(ctx context.Context, w table.Write) (table.Item, error)
}

const (
	// timeReserve is how much earlier than a change its row may seem to be appended. The time
	// of a change comes from the stream, and that of a row from the appender's clock.
	timeReserve = 2 * time.Minute
	// firstRows and moreRows are how many rows an appender reads at a time while it looks
	// for changes that were appended before.
	firstRows = 20
	moreRows  = 1000
	// maxBack is how many rows an appender reads at most while it looks for these.
	maxBack = 50_000
	// maxRemembered is how many changes of a feed an appender remembers between calls.
	maxRemembered = 20_000
	// maxFeeds is how many feeds an appender remembers.
	maxFeeds = 1000
	// maxConcurrentFeeds is how many feeds are appended to concurrently.
	maxConcurrentFeeds = 16
)

// conflictBackoff sets the pauses of an appender that lost a position to another. They let
// the other append several rows, as each lost attempt costs a write unit.
var conflictBackoff = retry.Backoff{First: 4 * time.Millisecond, Max: 128 * time.Millisecond, Random: rand.N[time.Duration]}

// Appender appends changes to feeds. It is safe for concurrent use, and any number of
// appenders may append to one feed.
//
// A change costs one write unit. Before an appender takes a position, it has read every row
// that was appended to the feed since the time of the change. So a change that is appended
// again, even hours later and by another appender, is found, and no second row is written.
// The search ends after 50,000 rows; a change that was appended before those is appended
// again, under the same event id.
type Appender struct {
	table Table
	clock func() time.Time
	back  int // rows that a search reads at most

	mu    sync.Mutex
	tails map[string]*tail
}

// NewAppender returns an appender to the feeds in the stats table.
func NewAppender(t Table, clock func() time.Time) *Appender {
	return &Appender{table: t, clock: clock, back: maxBack, tails: map[string]*tail{}}
}

// Append appends changes, those of each owner in their order. If it fails, some of them may
// have been appended, and all of them can be appended again.
func (a *Appender) Append(ctx context.Context, changes ...Change) error {
	of := map[string][]Change{}
	for _, c := range changes {
		of[c.Owner] = append(of[c.Owner], c)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrentFeeds)
	for owner, some := range of {
		group.Go(func() error {
			if err := a.tail(owner).append(ctx, some); err != nil {
				return fmt.Errorf("changes: appending %d to the feed of %s: %w", len(some), owner, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (a *Appender) tail(owner string) *tail {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.tails[owner]
	if t == nil {
		if len(a.tails) >= maxFeeds {
			clear(a.tails)
		}
		t = &tail{table: a.table, clock: a.clock, back: a.back, owner: owner}
		a.tails[owner] = t
	}
	return t
}

// tail is what an appender knows of the end of a feed.
type tail struct {
	table Table
	clock func() time.Time
	back  int
	owner string

	mu      sync.Mutex
	open    bool            // the fields below are known
	segment int64           // the segment to append to
	next    int64           // its first number that was free when it was last read
	since   time.Time       // every row that was appended since then, before next, is in seen
	seen    map[string]bool // event ids
}

func (t *tail) append(ctx context.Context, changes []Change) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	since := changes[0].ChangedAt
	for _, c := range changes {
		if c.ChangedAt.Before(since) {
			since = c.ChangedAt
		}
	}
	since = since.Add(-timeReserve)
	if t.open && (since.Before(t.since) || len(t.seen) > maxRemembered) {
		t.open = false
	}
	for _, c := range changes {
		if err := t.appendOne(ctx, c, since); err != nil {
			return err
		}
	}
	return nil
}

// appendOne appends a change unless it has been appended since the given time.
func (t *tail) appendOne(ctx context.Context, c Change, since time.Time) error {
	for conflicts := 0; ; {
		now := t.clock()
		if !t.open || segmentAt(now) > t.segment {
			if err := t.find(ctx, max(t.segment, segmentAt(now)), since); err != nil {
				return err
			}
		}
		if t.seen[c.Event] {
			return nil
		}
		r := row{Change: c, segment: t.segment, number: t.next, appended: now}
		_, err := t.table.Write(ctx, table.Put(r.item(), table.IsNew()))
		switch {
		case err == nil:
			t.note(r)
			return nil
		case table.AsConditionFailed(err) == nil:
			return fmt.Errorf("writing %s: %w", c.Event, err)
		}
		conflicts++
		if err := conflictBackoff.Pause(ctx, conflicts); err != nil {
			return err
		}
		if err := t.catchUp(ctx); err != nil {
			return err
		}
	}
}

// note remembers a row that follows those known.
func (t *tail) note(r row) {
	t.next = r.number + 1
	if r.seal {
		t.segment, t.open = t.segment+1, false
		return
	}
	t.seen[r.Event] = true
}

// catchUp reads the rows that others have appended. If they are many, the next append searches the end again.
func (t *tail) catchUp(ctx context.Context) error {
	page, err := t.table.Query(ctx, table.Query{Partition: partition(t.owner, t.segment), After: sortKey(t.next - 1), Limit: moreRows, Consistent: true})
	if err != nil {
		return fmt.Errorf("reading on: %w", err)
	}
	if page.More {
		t.open = false
		return nil
	}
	for _, it := range page.Items {
		t.note(rowOf(it))
	}
	return nil
}

// find finds the first free position in a segment, or in a later one if that is sealed, and
// the changes that were appended since a time. It seals the segments before an empty one.
func (t *tail) find(ctx context.Context, segment int64, since time.Time) error {
	t.open, t.since, t.seen = false, since, map[string]bool{}
	for sealed := true; sealed; segment++ {
		var err error
		t.segment = segment
		if t.next, sealed, err = t.readBack(ctx, segment); err != nil {
			return err
		}
	}
	oldest := oldestSegment(t.clock())
	if t.next == 1 {
		for s := oldest; s < t.segment; s++ {
			if err := t.seal(ctx, s); err != nil {
				return err
			}
		}
	}
	for s := t.segment - 1; s >= oldest && segmentEnd(s).Add(timeReserve).After(since); s-- {
		if _, _, err := t.readBack(ctx, s); err != nil {
			return err
		}
	}
	t.open = true
	return nil
}

// readBack reads a segment from its end, up to the first row that was appended before the
// time since which the tail is known. It returns the number after the last row.
func (t *tail) readBack(ctx context.Context, segment int64) (next int64, sealed bool, err error) {
	q := table.Query{Partition: partition(t.owner, segment), Descending: true, Limit: firstRows, Consistent: true}
	next = 1
	for {
		page, err := t.table.Query(ctx, q)
		if err != nil {
			return 0, false, fmt.Errorf("reading back: %w", err)
		}
		for _, it := range page.Items {
			r := rowOf(it)
			if q.After == "" {
				next, sealed = r.number+1, r.seal
			}
			q.After = it.Str(table.SortAttr)
			if !r.seal && r.appended.Before(t.since) {
				return next, sealed, nil
			}
			if !r.seal {
				t.seen[r.Event] = true
			}
		}
		if !page.More || len(t.seen) >= t.back {
			return next, sealed, nil
		}
		q.Limit = moreRows
	}
}

// seal ends a segment, unless it is sealed.
func (t *tail) seal(ctx context.Context, segment int64) error {
	for conflicts := 0; ; {
		page, err := t.table.Query(ctx, table.Query{Partition: partition(t.owner, segment), Descending: true, Limit: 1, Consistent: true})
		if err != nil {
			return fmt.Errorf("reading the end of a segment: %w", err)
		}
		end := row{seal: true, segment: segment, number: 1, appended: t.clock()}
		end.Owner = t.owner
		if len(page.Items) > 0 {
			last := rowOf(page.Items[0])
			if last.seal {
				return nil
			}
			end.number = last.number + 1
		}
		_, err = t.table.Write(ctx, table.Put(end.item(), table.IsNew()))
		if table.AsConditionFailed(err) == nil {
			if err != nil {
				return fmt.Errorf("sealing a segment: %w", err)
			}
			return nil
		}
		conflicts++
		if err := conflictBackoff.Pause(ctx, conflicts); err != nil {
			return err
		}
	}
}
