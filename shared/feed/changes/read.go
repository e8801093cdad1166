package changes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// ErrExpired is the error for a position after which changes may have been deleted.
var ErrExpired = errors.New("changes: position expired")

// filteredRows is how many rows of a feed one page reads at most if it has filters, which may
// drop most of them.
const filteredRows = 500

// Store reads feeds. It returns changes only through a [Reader], which is bound to a caller.
type Store struct {
	table interface {
		Query(ctx context.Context, q table.Query) (table.Page, error)
	}
}

// NewStore returns a store over the stats table.
func NewStore(t table.Table) *Store { return &Store{t} }

// Reader reads the feeds of the owners that it is bound to: the public one, that of one
// organisation, or both.
type Reader struct {
	store  *Store
	owners []string
}

// For returns a reader of what a caller may see under a contract: the changes of the caller's
// organisation, and the public ones unless the contract hides them.
func (s *Store) For(caller *api.Caller, c *contract.Contract) Reader {
	return Reader{s, caller.Owners(c.HidePublic)}
}

// Filter selects changes. A zero field selects all.
type Filter struct {
	League string   // league id of the match
	Team   string   // id of its home or away team
	Types  []string // types of events
}

func (f Filter) none() bool { return f.League == "" && f.Team == "" && len(f.Types) == 0 }

func (f Filter) selects(c *Change) bool {
	return (f.League == "" || c.League != nil && *c.League == f.League) &&
		(f.Team == "" || slices.Contains(c.Teams, f.Team)) &&
		(len(f.Types) == 0 || slices.Contains(f.Types, c.Type))
}

// Page is a page of changes. Next is never "": later changes follow it.
type Page struct {
	Changes []Change
	Next    string
}

// List returns the changes after a position, or from the oldest that is kept if it is "".
// Changes of one owner are in the order in which they were appended. Those of several owners
// are merged by the time of appending. With filters, a page may be shorter than the limit, or
// empty, although changes follow. List fails with a wrapped [ErrExpired] if changes after the
// position may have been deleted, and with [ErrPlace] for a position of other feeds.
func (r Reader) List(ctx context.Context, f Filter, after string, limit int, now time.Time) (*Page, error) {
	places, err := parsePlaces(after, len(r.owners), now)
	if err != nil {
		return nil, err
	}
	rows := limit
	if !f.none() {
		rows = max(limit, filteredRows)
	}
	feeds := make([]*feed, len(r.owners))
	errs := make([]error, len(r.owners))
	var wait sync.WaitGroup
	for i, owner := range r.owners {
		feeds[i] = &feed{store: r.store, owner: owner, now: now, at: places[i]}
		wait.Go(func() { errs[i] = feeds[i].fill(ctx, after == "", rows) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	page := &Page{Changes: []Change{}}
	for len(page.Changes) < limit {
		next := earliest(feeds)
		if next == nil {
			break
		}
		if c := next.take(); f.selects(&c) {
			page.Changes = append(page.Changes, c)
		}
	}
	for i := range feeds {
		places[i] = feeds[i].place()
	}
	page.Next = formatPlaces(places)
	return page, nil
}

// earliest returns the feed whose next row was appended first. It returns nil if there is
// none, or if it is unknown because a feed has rows that were not read.
func earliest(feeds []*feed) *feed {
	var first *feed
	for _, f := range feeds {
		switch {
		case len(f.rows) == 0 && f.more:
			return nil
		case len(f.rows) > 0 && (first == nil || f.rows[0].appended.Before(first.rows[0].appended)):
			first = f
		}
	}
	return first
}

// feed is what a page reads of one owner's feed.
type feed struct {
	store *Store
	owner string
	now   time.Time
	at    place // of the last row that the page passed
	rows  []row // that follow it
	more  bool  // rows follow these
	end   place // where the feed ended, unless there are more
}

// fill reads the rows after the feed's place.
func (f *feed) fill(ctx context.Context, oldest bool, limit int) error {
	if oldest {
		if err := f.begin(ctx); err != nil {
			return err
		}
	}
	at := f.at
	if first := oldestSegment(f.now); at.segment < first {
		// The rows before are older than any that is kept, and they were read: otherwise the
		// place would have expired.
		at = place{segment: first}
	}
	for {
		rows, more, err := f.after(ctx, at, limit)
		if err != nil {
			return err
		}
		sealed := false
		for _, r := range rows {
			if sealed = r.seal; !sealed {
				f.rows = append(f.rows, r)
				at.number, at.appended = r.number, r.appended
			}
		}
		if f.more = more; more {
			return nil
		}
		if len(rows) == 0 && at.segment < segmentAt(f.now) {
			if sealed, err = f.sealed(ctx, at.segment); err != nil {
				return err
			}
		}
		if !sealed {
			f.end = at
			return nil
		}
		at = place{segment: at.segment + 1}
		if len(f.rows) >= limit {
			f.more = true
			return nil
		}
	}
}

// after returns the rows of a segment after a place. It reads the row at the place, too: if
// that is gone or another one before its time, the table was replaced by an older copy of it.
// Rows that the reader has not seen may then have numbers before the place.
func (f *feed) after(ctx context.Context, at place, limit int) ([]row, bool, error) {
	q := table.Query{Partition: partition(f.owner, at.segment), Low: sortKey(at.number), Limit: limit}
	if at.number > 0 {
		q.Limit++
	}
	page, err := f.query(ctx, q)
	if err != nil {
		return nil, false, err
	}
	rows := make([]row, len(page.Items))
	for i, it := range page.Items {
		rows[i] = rowOf(it)
	}
	passed := len(rows) > 0 && rows[0].number == at.number && rows[0].appended.Equal(at.appended)
	switch {
	case passed:
		rows = rows[1:]
	case at.number > 0 && mustBeStored(at.appended, f.now):
		return nil, false, fmt.Errorf("%w: the feed of %s has not the row %d.%d that was read", ErrExpired, f.owner, at.segment, at.number)
	}
	return rows, page.More, nil
}

// sealed reports whether a segment is sealed. A reader may be at a later number than the seal
// if the rows before its place were deleted before the segment was sealed.
func (f *feed) sealed(ctx context.Context, segment int64) (bool, error) {
	page, err := f.query(ctx, table.Query{Partition: partition(f.owner, segment), Descending: true, Limit: 1})
	return len(page.Items) > 0 && rowOf(page.Items[0]).seal, err
}

// begin goes to the oldest change that is kept. Rows before it may not be deleted yet. A
// binary search skips them: the numbers and the times of rows rise together.
func (f *feed) begin(ctx context.Context) error {
	oldest := f.now.Add(-Retention)
	f.at = place{segment: segmentAt(oldest), since: oldest}
	// skip passes the first row from a number on if it is too old.
	skip := func(number int64) (bool, error) {
		page, err := f.query(ctx, table.Query{Partition: partition(f.owner, f.at.segment), Low: sortKey(number), Limit: 1})
		if err != nil || len(page.Items) == 0 {
			return false, err
		}
		r := rowOf(page.Items[0])
		if r.seal || !r.appended.Before(oldest) {
			return false, nil
		}
		f.at.number, f.at.appended = r.number, r.appended
		return true, nil
	}
	if skipped, err := skip(1); err != nil || !skipped {
		return err
	}
	page, err := f.query(ctx, table.Query{Partition: partition(f.owner, f.at.segment), Descending: true, Limit: 1})
	if err != nil || len(page.Items) == 0 {
		return err
	}
	for high := rowOf(page.Items[0]).number; f.at.number < high; { // no row after high is too old
		middle := f.at.number + (high-f.at.number+1)/2
		skipped, err := skip(middle)
		if err != nil {
			return err
		}
		if !skipped {
			high = middle - 1
		}
	}
	return nil
}

func (f *feed) query(ctx context.Context, q table.Query) (table.Page, error) {
	q.Consistent = true // a lagging replica could have a row without those before it
	page, err := f.store.table.Query(ctx, q)
	if err != nil {
		return page, fmt.Errorf("changes: reading the feed of %s: %w", f.owner, err)
	}
	return page, nil
}

// take passes the next row.
func (f *feed) take() Change {
	r := f.rows[0]
	f.rows = f.rows[1:]
	f.at = place{segment: r.segment, number: r.number, appended: r.appended, since: r.appended}
	return r.Change
}

// place returns where the next page begins.
func (f *feed) place() place {
	switch {
	case len(f.rows) > 0:
		f.at.since = f.rows[0].appended
	case !f.more:
		f.at = f.end
		f.at.since = f.now
	}
	return f.at
}
