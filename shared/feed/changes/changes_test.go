package changes_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/feed/changes"
	"statgate/shared/feed/events"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
)

// A Thursday. Segments begin on Thursdays, so the next one begins after a week.
var begin = time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// world is a table with a clock that a test sets.
type world struct {
	table table.Table
	now   atomic.Int64 // Unix milliseconds
}

func (w *world) clock() time.Time      { return time.UnixMilli(w.now.Load()).UTC() }
func (w *world) set(at time.Time)      { w.now.Store(at.UnixMilli()) }
func (w *world) pass(by time.Duration) { w.now.Add(by.Milliseconds()) }

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return worldOn(db.Table(table.Stats.Name))
}

func worldOn(tbl table.Table) *world {
	w := &world{table: tbl}
	w.set(begin.Add(12 * time.Hour))
	return w
}

// onBoth runs a test on both engines.
func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) { t.Parallel(); test(t, newWorld(t)) })
	t.Run("DynamoDB Local", func(t *testing.T) {
		t.Parallel()
		test(t, worldOn(dynamolocal.Tables(t, table.Stats)[table.Stats.Name]))
	})
}

// change returns a change at the world's time.
func (w *world) change(n int) changes.Change {
	return changes.Change{Event: fmt.Sprint("evt_", n), Type: events.MatchUpdated, ID: "m_1", Match: "m_1", Teams: []string{"a", "b"},
		Owner: matches.Public, ChangedAt: w.clock().Truncate(time.Second)}
}

func (w *world) append(t *testing.T, a *changes.Appender, some ...changes.Change) {
	t.Helper()
	if err := a.Append(t.Context(), some...); err != nil {
		t.Fatal(err)
	}
}

// reader polls a feed as a client does.
type reader struct {
	changes.Reader
	w      *world
	filter changes.Filter
	after  string
	limit  int
}

func (w *world) reader(org string) *reader {
	return &reader{Reader: changes.NewStore(w.table).For(&api.Caller{Org: org}, &contract.Contract{}), w: w, limit: 7}
}

// page returns the ids of the events on the next page.
func (r *reader) page(ctx context.Context) ([]string, error) {
	page, err := r.List(ctx, r.filter, r.after, r.limit, r.w.clock())
	if err != nil {
		return nil, err
	}
	if r.after = page.Next; page.Next == "" {
		return nil, errors.New("the page has no next position")
	}
	ids := make([]string, len(page.Changes))
	for i, c := range page.Changes {
		ids[i] = c.Event
	}
	return ids, nil
}

// all reads to the end of the feed.
func (r *reader) all(t *testing.T) []string {
	t.Helper()
	var all []string
	for {
		before := r.after
		ids, err := r.page(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, ids...); len(ids) == 0 && before != "" {
			return all
		}
	}
}

func ids(from, to int) []string {
	var all []string
	for n := from; n <= to; n++ {
		all = append(all, fmt.Sprint("evt_", n))
	}
	return all
}

func wantIDs(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %d changes, want %d:\n%v\n%v", what, len(got), len(want), got, want)
	}
}

// matchItem is the item of a match.
func matchItem(t *testing.T) table.Item {
	t.Helper()
	it, err := table.Encode(matches.Match{ID: "m_1", League: "en.1", Season: "2025-26", Date: "2026-05-01", Status: matches.Live, Version: 6,
		Home: matches.Side{ID: "a", Name: "A"}, Away: matches.Side{ID: "b", Name: "B"}, Owner: matches.Public, UpdatedAt: "2026-05-01T14:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	it[table.PartitionAttr], it[table.SortAttr] = "MATCH#m_1", "MATCH"
	return it
}

func TestADeletionLeavesATombstoneThatNamesTheReplacement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	it := matchItem(t)
	alias := table.Item{table.PartitionAttr: "MATCH#m_1", table.SortAttr: "MATCH", "alias_of": "m_2", "version": int64(7)}
	at := time.Date(2026, 5, 1, 15, 0, 0, 0, time.UTC)
	a, r := changes.NewAppender(w.table, w.clock), w.reader("org_1")
	goal := &events.Event{ID: "evt_goal", Type: events.EventDeleted, At: at, Match: "m_1",
		Data: events.EventNews{Event: reports.Event{ID: "e_1", Version: 3}}}
	goal.AddMatch(matches.FromItem(it))
	w.append(t, a, changes.Of(goal))
	for _, is := range []table.Item{nil, alias} {
		e, ok, err := events.Of(table.Change{ID: fmt.Sprint(is == nil), Time: at, Old: it, New: is})
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		w.append(t, a, changes.Of(&e))
	}
	page, err := r.List(t.Context(), changes.Filter{}, "", 10, w.clock())
	if err != nil || len(page.Changes) != 3 {
		t.Fatal(page, err)
	}
	for i, want := range []string{"match.event.deleted e_1 m_1 3 2026-05-01T15:00:00Z ", "match.deleted m_1 m_1 6 2026-05-01T15:00:00Z ", "match.deleted m_1 m_1 6 2026-05-01T15:00:00Z m_2"} {
		c := page.Changes[i]
		replaced := ""
		if c.ReplacedBy != nil {
			replaced = *c.ReplacedBy
		}
		if c.Version == nil || c.DeletedAt == nil || c.League == nil {
			t.Fatalf("got %+v", c)
		}
		got := fmt.Sprintf("%s %s %s %d %s %s", c.Type, c.ID, c.Match, *c.Version, c.DeletedAt.Format(time.RFC3339), replaced)
		if got != want || *c.League != "en.1" || !slices.Equal(c.Teams, []string{"a", "b"}) || c.Owner != matches.Public {
			t.Errorf("got %q of %+v, want %q", got, c, want)
		}
	}
}
