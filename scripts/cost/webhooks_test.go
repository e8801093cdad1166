package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"maps"
	"math"
	"reflect"
	"sync"
	"testing"
	"time"

	"statgate/functions/fanout"
	"statgate/scripts/internal/changes"
	"statgate/shared/access/apikey"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/feed/events"
	"statgate/shared/feed/webhooks"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
)

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// meter is what tells one webhook of changes, on a table that says what is consumed.
type meter struct {
	t     *testing.T
	store *webhooks.Store
	fan   *fanout.Fanout

	mu    sync.Mutex
	due   []webhooks.Due
	spent map[string]units // by DynamoDB's operation, since it was asked last
}

// Send implements [webhooks.Queue].
func (m *meter) Send(_ context.Context, due ...webhooks.Due) error {
	m.due = due
	return nil
}

func (m *meter) consumed(op string, read, write float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spent[op] = m.spent[op].plus(units{write, read})
}

// taken is what was consumed since it was asked last, by operation and in all.
func (m *meter) taken() (by map[string]units, all units) {
	m.mu.Lock()
	defer m.mu.Unlock()
	by, m.spent = m.spent, map[string]units{}
	for _, u := range by {
		all = all.plus(u)
	}
	return by, all
}

func newMeter(t *testing.T, stats table.Table) *meter {
	t.Helper()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m, clock := &meter{t: t, spent: map[string]units{}}, func() time.Time { return moment }
	m.store = webhooks.New(webhooks.Options{Table: metered(t, table.Keys, m.consumed), Contract: c, Rand: rand.Reader,
		Peppers: apikey.FixedPeppers(root, clock)})
	m.fan, err = fanout.New(fanout.Deps{Contract: c, Webhooks: m.store, Queue: m, Matches: matches.NewStore(stats, clock), Clock: clock,
		Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.store.Create(t.Context(), &api.Request{ID: "r", Now: moment, Caller: &api.Caller{Org: "org_" + example, Key: "key_" + example, Permissions: []string{"*:*"}}},
		webhooks.Spec{URL: "https://example.com/statgate"})
	if err != nil {
		t.Fatal(err)
	}
	m.taken()
	return m
}

// example is as long as ids are.
const example = "01k5z3m9v8e2q4w6r8t0y2u4i6"

// tell has a change put down for the webhook.
func (m *meter) tell(c table.Change) webhooks.Due {
	m.t.Helper()
	if err := m.fan.Read(m.t.Context(), []table.Change{c}); err != nil || len(m.due) != 1 {
		m.t.Fatalf("%s: %d deliveries, %v, want 1", c.ID, len(m.due), err)
	}
	return m.due[0]
}

func (m *meter) begin(d webhooks.Due, at time.Time) *webhooks.Attempt {
	m.t.Helper()
	a, wait, err := m.store.Begin(m.t.Context(), d, at)
	if err != nil || a == nil {
		m.t.Fatalf("no attempt, %s, %v", wait, err)
	}
	return a
}

func (m *meter) finish(a *webhooks.Attempt, o webhooks.Outcome, at time.Time) (again time.Duration, givenUp bool) {
	m.t.Helper()
	again, givenUp, err := m.store.Finish(m.t.Context(), a, o, at)
	if err != nil {
		m.t.Fatal(err)
	}
	return again, givenUp
}

// takes measures a delivery that is taken at once.
func (m *meter) takes(c table.Change) (d delivery) {
	m.t.Helper()
	due := m.tell(c)
	_, d.Placed = m.taken()
	a := m.begin(due, moment)
	_, d.Begun = m.taken()
	m.finish(a, webhooks.Outcome{Status: 204}, moment)
	_, d.Finished = m.taken()
	d.Bytes = len(a.Body)
	return d
}

var refused = webhooks.Outcome{Status: 503, Error: "answered 503"}

// givesUp measures a delivery that nobody takes. The webhook is known to fail: that is
// noted once for all of its deliveries.
func (m *meter) givesUp(c table.Change) units {
	m.t.Helper()
	c.ID += " again"
	due, at := m.tell(c), moment
	for givenUp := false; !givenUp; {
		var again time.Duration
		again, givenUp = m.finish(m.begin(due, at), refused, at)
		at = at.Add(again)
	}
	_, all := m.taken()
	return all
}

// longest are the changes of an import that are news and have the most to say, by type
// of event, and what they say of the matches that have a report.
func longest(t *testing.T, im *changes.Import) (map[string]table.Change, reported) {
	t.Helper()
	store := matches.NewStore(im.Stats, time.Now)
	found, most := map[string]table.Change{}, map[string]int{}
	beside, kinds := map[string]int{}, map[string][]string{} // changes of each match, and types of its events
	for _, c := range im.Changes {
		e, ok, err := events.Of(c)
		if err != nil {
			t.Fatal(err)
		}
		beside[c.Key().Partition]++
		if !ok {
			continue
		}
		if e.Of == nil {
			records, err := store.RecordsOfAllOwners(t.Context(), []string{e.Match}, true)
			if err != nil {
				t.Fatal(err)
			}
			if !e.About(&records[e.Match].Match) {
				continue
			}
		}
		raw, err := json.Marshal(e.Data)
		if err != nil {
			t.Fatal(err)
		}
		kinds[c.Key().Partition] = append(kinds[c.Key().Partition], e.Type)
		if len(raw) > most[e.Type] {
			found[e.Type], most[e.Type] = c, len(raw)
		}
	}
	r := reported{Events: map[string]int{}}
	for match, types := range kinds {
		if len(types) == 1 {
			continue
		}
		r.Matches++
		r.Changes += beside[match]
		for _, kind := range types {
			r.Events[kind]++
		}
	}
	return found, r
}

// ended is the change that ends a match which was over when it was new.
func ended(t *testing.T, c table.Change) table.Change {
	t.Helper()
	if got := c.New.Str("status"); got != string(matches.Finished) {
		t.Fatalf("the match is %s, want one that is over", got)
	}
	old := maps.Clone(c.New)
	old["status"], old["minute"], old["score"] = string(matches.Live), int64(90), map[string]any{}
	c.Old, c.ID = old, c.ID+" ended"
	return c
}

func TestDeliveriesConsumeWhatThePageSays(t *testing.T) {
	t.Parallel()
	im, err := changes.OfImport(t.Context(), moment)
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	m := newMeter(t, im.Stats)
	got := told{Deliveries: map[string]delivery{}}
	newest, reported := longest(t, im)
	got.Reported = reported
	newest[events.MatchUpdated] = ended(t, newest[events.MatchCreated])
	first := m.tell(table.Change{ID: "first", Time: moment, New: newest[events.MatchCreated].New})
	by, _ := m.taken()
	got.Listed = by["Query"]
	for kind, c := range newest {
		got.Deliveries[kind] = m.takes(c)
	}
	m.finish(m.begin(first, moment), refused, moment)
	m.taken()
	for kind, c := range newest {
		d := got.Deliveries[kind]
		d.GivenUp = m.givesUp(c)
		got.Deliveries[kind] = d
	}
	_, measured, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if want := measured.Webhooks; !reflect.DeepEqual(got, want) {
		is, err := json.MarshalIndent(got, "", "  ")
		t.Errorf("got %s (%v), want what measured.json has: put the first there as webhooks and run go run ./scripts/cost -write", is, err)
	}
}

// priced is the book where one thing alone costs anything: a dollar.
func priced(t *testing.T, name string) book {
	t.Helper()
	b, _, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for of, p := range b.Prices {
		p.USD, p.Per = 0, 1
		if of == name {
			p.USD = 1
		}
		b.Prices[of] = p
	}
	return b
}

func TestDeliveriesPayForEachRequestAndRunThatTheyTake(t *testing.T) {
	t.Parallel()
	d := delivery{Placed: units{1, 0}, Begun: units{1, 1}, Finished: units{1, 0}, GivenUp: units{17, 8}}
	listed := told{Listed: units{0, 0.5}}
	for name, want := range map[string]struct{ taken, together, givenUp float64 }{
		"queue_request":  {3, 0.3, 246},     // each of 82 messages: sent, received, deleted
		"queue_group":    {3, 0.3, 246},     // the same
		"lambda_request": {2, 0.11, 83},     // fanout and deliver, 74 times too early
		"write_unit":     {3, 3, 17},        // what was measured
		"read_unit":      {1.5, 1.005, 8.5}, // and the list of webhooks
	} {
		b := priced(t, name)
		for how, c := range map[string]struct {
			items []item
			want  float64
		}{
			"taken": {b.taken(listed, d, alone), want.taken}, "taken together": {b.taken(listed, d, b.together()), want.together},
			"given up": {b.givenUp(listed, d, "deliver_ms", alone), want.givenUp},
		} {
			if got := total(c.items) / million; math.Abs(got-c.want) > 1e-9 {
				t.Errorf("%s, %s: got %g each, want %g", name, how, got, c.want)
			}
		}
	}
}

func TestAnArchiveTellsNobodyAnything(t *testing.T) {
	t.Parallel()
	b, m, err := load()
	if err != nil {
		t.Fatal(err)
	}
	var deliveries, dollars []float64
	for _, n := range m.Webhooks.imports(1000) {
		count, cost := b.telling(m.Webhooks, n, 0.5)
		deliveries, dollars = append(deliveries, count), append(dollars, cost)
	}
	if deliveries[0] != 0 || deliveries[1] != 1000 || deliveries[2] <= 1000 {
		t.Errorf("got %v deliveries, want none, one a match, and more", deliveries)
	}
	if dollars[0] <= 0 || dollars[1] <= dollars[0] || dollars[2] <= dollars[1] {
		t.Errorf("got %v dollars, want more for each", dollars)
	}
}
