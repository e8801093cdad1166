package fanout_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"statgate/functions/fanout"
	"statgate/shared/api"
	"statgate/shared/feed/changes"
	"statgate/shared/feed/events"
	"statgate/shared/feed/webhooks"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
	"statgate/shared/table/tabletest"
)

// fed returns what the change feed lists to an organisation.
func (w *fixture) fed(org string) []changes.Change {
	w.t.Helper()
	page, err := changes.NewStore(w.stats).For(&api.Caller{Org: org}, w.Contract).List(w.t.Context(), changes.Filter{}, "", 100, w.clock)
	if err != nil {
		w.t.Fatal(err)
	}
	return page.Changes
}

// fedEvents returns the ids of the events that the change feed lists, sorted.
func (w *fixture) fedEvents(org string) []string {
	w.t.Helper()
	ids := []string{}
	for _, c := range w.fed(org) {
		ids = append(ids, c.Event)
	}
	slices.Sort(ids)
	return ids
}

func TestWebhooksAndTheChangeFeedHaveTheSameEvents(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "statgate")
	w.hook("org_1")
	if _, err := w.stats.Write(t.Context(), table.Put(change("m_1", "org_1").New)); err != nil {
		t.Fatal(err)
	}
	archive, gone, goal := change("m_2", matches.Public), w.goal("e_2"), w.goal("e_1")
	archive.New["date"] = "2015-08-08"
	gone.New[table.PartitionAttr], gone.ID = "MATCH#m_9", "c gone"
	deleted := change("m_3", matches.Public)
	deleted.Old, deleted.New = deleted.New, nil
	w.read(change("m_1", "org_1"), archive, goal, gone, deleted, change("m_4", "org_2"))
	delivered := []string{}
	for _, d := range w.takeQueued() {
		a, _, err := w.webhooks.Begin(t.Context(), d, now)
		if err != nil || a == nil {
			t.Fatal(a, err)
		}
		delivered = append(delivered, a.Event)
	}
	slices.Sort(delivered)
	if got := w.fedEvents("org_1"); !slices.Equal(got, delivered) || len(got) != 3 {
		t.Errorf("the feed lists %v, and webhooks deliver %v, want three events in both", got, delivered)
	}
	for _, c := range w.fed("org_1") {
		if c.Type == events.EventCreated && (c.ID != "e_1" || c.Match != "m_1" || c.Version == nil || *c.Version != 1) {
			t.Errorf("the goal is listed as %+v", c)
		}
	}
}

func TestAFailureOfWebhooksOrOfTheChangeFeedDoesNotHoldUpTheOther(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(w *fixture){
		"the list of webhooks": func(w *fixture) { w.keys.Next(1, tabletest.Unavailable, "Query") },
		"the queue":            func(w *fixture) { w.down = errors.New("no queue") },
		"the feed":             func(w *fixture) { w.stats.Always(tabletest.Throttled, "Write") },
	} {
		w := newFixture(t, "statgate")
		w.hook("org_1")
		fail(w)
		if err := w.Read(t.Context(), []table.Change{change("m_1", matches.Public)}); err == nil {
			t.Errorf("%s: nothing failed", name)
		}
		w.keys.Heal()
		w.stats.Heal()
		w.down = nil
		fed, queued := len(w.fed("org_1")), len(w.takeQueued())
		if wantFed := name != "the feed"; (fed == 1) != wantFed || (queued == 1) == wantFed {
			t.Errorf("%s: got %d listed changes and %d deliveries", name, fed, queued)
		}
		w.read(change("m_1", matches.Public))
		if got := len(w.fed("org_1")); got != 1 {
			t.Errorf("%s: after the retry, got %d listed changes, want 1", name, got)
		}
	}
}

func TestAFanOutThatRetriesAfterHoursListsEachChangeOnce(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "statgate")
	var batch []table.Change
	for n := range 10 {
		batch = append(batch, change(fmt.Sprint("m_", n), matches.Public))
	}
	writes := 0
	w.stats.Follow(func(c tabletest.Call) (tabletest.Fault, time.Duration) {
		if c.Method == "Write" && c.Writes[0].Item.Str("event") != "" {
			if writes++; writes > 5 {
				return tabletest.Lost, 0
			}
		}
		return tabletest.None, 0
	})
	for range 20 {
		if err := w.Read(t.Context(), batch); err == nil {
			break
		}
		w.clock = w.clock.Add(time.Hour)
		if writes > 7 {
			w.stats.Heal()
		}
		other := change(fmt.Sprint("other_", w.clock.Hour()), matches.Public)
		other.Time = w.clock
		w.Fanout = w.another() // another instance
		if err := w.Read(t.Context(), []table.Change{other}); err != nil {
			t.Log(err)
		}
	}
	listed := map[string]int{}
	for _, c := range w.fed("org_1") {
		listed[c.Match]++
	}
	for _, c := range batch {
		if id := c.New.Str("id"); listed[id] != 1 {
			t.Errorf("%s is listed %d times: %v", id, listed[id], listed)
		}
	}
	if len(listed) < 12 {
		t.Errorf("got the matches %v, want those of others between the retries, too", listed)
	}
}

// another returns another instance over the same tables.
func (w *fixture) another() *fanout.Fanout {
	w.t.Helper()
	d := w.Deps
	d.Changes = changes.NewAppender(w.stats, d.Clock)
	f, err := fanout.New(d)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func TestTheChangeFeedsOwnRowsCauseNoCall(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "statgate")
	w.hook("org_1")
	w.read(change("m_1", matches.Public))
	rows, err := w.stats.Query(t.Context(), table.Query{Partition: fmt.Sprint("CHANGES#public#", w.clock.Unix()/(7*24*3600))})
	if err != nil || len(rows.Items) != 1 {
		t.Fatal(rows, err)
	}
	before, queued := len(w.stats.Calls()), len(w.takeQueued())
	w.read(table.Change{ID: "own row", Time: w.clock, New: rows.Items[0]}, table.Change{ID: "expired row", Time: w.clock, Old: rows.Items[0]})
	if calls := w.stats.Calls()[before:]; len(calls) > 0 || queued != 1 || len(w.takeQueued()) > 0 {
		t.Errorf("got the calls %v and %d deliveries before, want none and 1", calls, queued)
	}
}

func TestADeploymentWithoutWebhooksFeedsTheChangeFeed(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "statgate")
	d := w.Deps
	d.Webhooks, d.Queue = nil, webhooks.Queue(nil)
	var err error
	if w.Fanout, err = fanout.New(d); err != nil {
		t.Fatal(err)
	}
	before := len(w.keys.Calls())
	w.read(change("m_1", matches.Public), change("m_2", "org_1"))
	if got, calls := len(w.fed("org_1")), w.keys.Calls()[before:]; got != 2 || len(calls) > 0 {
		t.Errorf("got %d changes and the calls %v on the keys table, want 2 and none", got, calls)
	}
}

func TestHiddenPublicChangesAreNotAppended(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "statgate")
	d, hiding := w.Deps, *w.Contract
	hiding.HidePublic = true
	d.Contract = &hiding
	var err error
	if w.Fanout, err = fanout.New(d); err != nil {
		t.Fatal(err)
	}
	w.read(change("m_1", matches.Public), change("m_2", "org_1"))
	w.Contract = d.Contract
	hidden := w.fed("org_1")
	hiding.HidePublic = false
	if got := w.fed("org_1"); len(got) != 1 || len(hidden) != 1 || got[0].Match != "m_2" {
		t.Errorf("got %v, and %v with public data, want the organisation's own change alone", hidden, got)
	}
}
