package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"statgate/functions/fanout"
	"statgate/scripts/internal/measured"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/feed/events"
	"statgate/shared/feed/webhooks"
	"statgate/shared/sources/importer"
	"statgate/shared/sources/simulation"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
	"statgate/shared/telemetry"
)

// These tests measure what measured.json holds, from which docs/cost.md is computed.

var fixedNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func figures(t *testing.T) measured.Figures {
	t.Helper()
	f, err := measured.Load()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// compareMeasured fails where a part of measured.json is not what was measured.
func compareMeasured(t *testing.T, part string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		text, err := json.MarshalIndent(got, "", "  ")
		t.Errorf("measured.json, %s: has %+v, but measured was %s (%v): enter that there and run go run ./scripts/cost --write", part, want, text, err)
	}
}

// meteredEngine has tables on DynamoDB Local that record what each call consumes.
func meteredEngine(t *testing.T) *engine {
	t.Helper()
	e, err := onDynamo(t.Context(), dynamolocal.Start(t), &tape{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.close)
	return e
}

func TestStackHasTheCountedFunctionsAndMetrics(t *testing.T) {
	t.Parallel()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	c.NoReplays = true // like a deployment with the default settings
	functions := map[string]bool{"authorizer": true}
	for _, r := range api.For(c) {
		functions[r.Function] = true
	}
	got := measured.Stack{Functions: len(functions)}
	for _, m := range telemetry.All {
		got.Metrics++
		for _, dimension := range m.By {
			if dimension == "function" {
				got.Metrics += len(functions)
			} else {
				got.Metrics += len(telemetry.Reasons)
			}
		}
	}
	compareMeasured(t, "stack", got, figures(t).Stack)
}

// writeLog records the writes to a table that succeed, in order.
type writeLog struct {
	table.Table
	mu     sync.Mutex
	writes []loggedWrite
}

type loggedWrite struct {
	table.Write
	factor float64 // 2 in a transaction, whose writes cost twice their units
}

func (l *writeLog) Transact(ctx context.Context, ws []table.Write) error {
	err := l.Table.Transact(ctx, ws)
	l.add(err, 2, ws...)
	return err
}

func (l *writeLog) Write(ctx context.Context, w table.Write) (table.Item, error) {
	it, err := l.Table.Write(ctx, w)
	l.add(err, 1, w)
	return it, err
}

func (l *writeLog) add(err error, factor float64, ws ...table.Write) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range ws {
		if err == nil && w.Op != table.OpCheck {
			w.If = table.Cond{} // it was true, and costs nothing
			l.writes = append(l.writes, loggedWrite{w, factor})
		}
	}
}

// TestImportConsumesWhatThePageSays imports the league into memory and repeats each
// write on its own on DynamoDB Local, which does not count the indexes of a
// transaction with many writes.
func TestImportConsumesWhatThePageSays(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	log := &writeLog{Table: db.Table(table.Stats.Name)}
	report, err := importer.Put(t.Context(), log, func() time.Time { return fixedNow }, importer.Simulated(simulation.New(1, fixedNow)))
	if err != nil {
		t.Fatal(err)
	}
	got, e := measured.Import{Matches: report.Matches.New}, meteredEngine(t)
	for _, w := range log.writes {
		e.tape.rewind()
		if _, err := e.stats.Write(t.Context(), w.Write); err != nil {
			t.Fatal(err)
		}
		_, by := e.tape.recorded()
		got.Write += w.factor * by[table.Stats.Name].Write
	}
	compareMeasured(t, "import", got, figures(t).Import)
}

// meter makes deliveries to one webhook, on a table that records what is consumed.
type meter struct {
	t      *testing.T
	tape   *tape
	store  *webhooks.Store
	fan    *fanout.Fanout
	queued []webhooks.QueuedDelivery // by the last change
}

// Send implements [webhooks.Queue].
func (m *meter) Send(_ context.Context, due ...webhooks.QueuedDelivery) error {
	m.queued = due
	return nil
}

// consumed returns the units of the keys table since the last call.
func (m *meter) consumed() measured.Units {
	_, by := m.tape.recorded()
	m.tape.rewind()
	return by[table.Keys.Name]
}

// exampleID is as long as an id.
const exampleID = "01k5z3m9v8e2q4w6r8t0y2u4i6"

func newMeter(t *testing.T, stats table.Table) *meter {
	t.Helper()
	e := meteredEngine(t)
	e.stats = stats
	m := &meter{t: t, tape: e.tape}
	_, store, fan, err := fanOutOn(e, m, func() time.Time { return fixedNow })
	if err != nil {
		t.Fatal(err)
	}
	m.store, m.fan = store, fan
	_, err = m.store.Create(t.Context(), &api.Request{ID: "r", Now: fixedNow, Caller: &api.Caller{Org: "org_" + exampleID, Key: "key_" + exampleID, Permissions: []string{"*:*"}}},
		webhooks.Spec{URL: "https://example.com/statgate"})
	if err != nil {
		t.Fatal(err)
	}
	m.consumed()
	return m
}

// storeDelivery makes fanout read a change, which must make one delivery.
func (m *meter) storeDelivery(c table.Change) webhooks.QueuedDelivery {
	m.t.Helper()
	if err := m.fan.Read(m.t.Context(), []table.Change{c}); err != nil || len(m.queued) != 1 {
		m.t.Fatalf("%s: %d deliveries, %v, want 1", c.ID, len(m.queued), err)
	}
	return m.queued[0]
}

func (m *meter) begin(d webhooks.QueuedDelivery, at time.Time) *webhooks.Attempt {
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

// succeeds measures a delivery that succeeds at the first attempt.
func (m *meter) succeeds(c table.Change) (d measured.Delivery) {
	m.t.Helper()
	due := m.storeDelivery(c)
	d.Stored = m.consumed()
	a := m.begin(due, fixedNow)
	d.Begun = m.consumed()
	m.finish(a, webhooks.Outcome{Status: 204}, fixedNow)
	d.Finished = m.consumed()
	d.Bytes = len(a.Body)
	return d
}

var refused = webhooks.Outcome{Status: 503, Error: "answered 503"}

// fails measures a delivery whose every attempt fails, and counts the attempts. The
// webhook must have failed before, because its first failure is written once for all
// of its deliveries.
func (m *meter) fails(c table.Change) (all measured.Units, attempts int) {
	m.t.Helper()
	c.ID += " again"
	due, at := m.storeDelivery(c), fixedNow
	for givenUp := false; !givenUp; attempts++ {
		var again time.Duration
		again, givenUp = m.finish(m.begin(due, at), refused, at)
		at = at.Add(again)
	}
	return m.consumed(), attempts
}

// messages counts the messages of a delivery whose every attempt fails. Each attempt has
// one. A long pause needs one more every 15 minutes, because SQS delays a message by at
// most 15 minutes.
func messages(waits []time.Duration) int {
	const factor = 1.1 // a pause is up to a fifth longer, at random
	n := 1.0
	for _, pause := range waits {
		n += math.Ceil(factor * pause.Minutes() / 15)
	}
	return int(n)
}

// longest returns the changes of an import that make events, the one with the longest
// event of each type. It also counts the events of the matches that have a report.
func longest(t *testing.T, im *simulated) (map[string]table.Change, measured.Reported) {
	t.Helper()
	found, most := map[string]table.Change{}, map[string]int{}
	changes, types := map[string]int{}, map[string][]string{} // by match
	for _, c := range im.changes {
		e, ok, err := events.Of(c)
		if err != nil {
			t.Fatal(err)
		}
		changes[c.Key().Partition]++
		if !ok || !makesEvent(t, im.stats, &e) {
			continue
		}
		raw, err := json.Marshal(e.Data)
		if err != nil {
			t.Fatal(err)
		}
		types[c.Key().Partition] = append(types[c.Key().Partition], e.Type)
		if len(raw) > most[e.Type] {
			found[e.Type], most[e.Type] = c, len(raw)
		}
	}
	r := measured.Reported{Events: map[string]int{}}
	for match, of := range types {
		if len(of) == 1 {
			continue
		}
		r.Matches++
		r.Changes += changes[match]
		for _, kind := range of {
			r.Events[kind]++
		}
	}
	return found, r
}

// makesEvent reports whether an event is sent, which for an event of a report depends
// on its match. It adds the match to such an event.
func makesEvent(t *testing.T, stats table.Table, e *events.Event) bool {
	t.Helper()
	if e.Of != nil {
		return true
	}
	records, err := matches.NewStore(stats, time.Now).RecordsOfAllOwners(t.Context(), []string{e.Match}, true)
	if err != nil {
		t.Fatal(err)
	}
	return e.AddMatch(&records[e.Match].Match)
}

// finished returns the change that finishes a match, made of the change that imports it.
func finished(t *testing.T, c table.Change) table.Change {
	t.Helper()
	if got := c.New.Str("status"); got != string(matches.Finished) {
		t.Fatalf("the match is %s, want one that is finished", got)
	}
	old := maps.Clone(c.New)
	old["status"], old["minute"], old["score"] = string(matches.Live), int64(90), map[string]any{}
	c.Old, c.ID = old, c.ID+" ended"
	return c
}

// storedRepeat returns what the item of an Idempotency-Key consumes in its transaction, which
// is twice its size: DynamoDB Local does not count an item more in a large transaction.
func storedRepeat(t *testing.T, tbl table.Table, org, user, key string) measured.Units {
	t.Helper()
	it, err := tbl.Get(t.Context(), table.Key{Partition: table.Join("IDEMPOTENCY", org, user), Sort: key}, true)
	if err != nil || it == nil {
		t.Fatalf("got %v, %v, want the item of %s", it, err, key)
	}
	bytes := 0
	for name, value := range it {
		bytes += len(name) + len(fmt.Sprint(value))
	}
	return measured.Units{Write: 2 * math.Ceil(float64(bytes)/1024)}
}

// TestAnIdempotencyKeyConsumesWhatThePageSays compares requests with and without one, of an
// operation on each table.
func TestAnIdempotencyKeyConsumesWhatThePageSays(t *testing.T) {
	t.Parallel()
	w, err := newFixture(t.Context(), meteredEngine(t), stoppedClock())
	if err != nil {
		t.Fatal(err)
	}
	secret, err := w.key(t.Context(), "write:matches")
	if err != nil {
		t.Fatal(err)
	}
	caller, err := w.Keys.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	user := caller.User
	consumed := func(operation, body string, status int, headers ...string) measured.Units {
		t.Helper()
		route, _ := api.Find(operation)
		w.tape.rewind()
		if a := w.ask(t.Context(), secret, route.Method, w.contract.Base+route.Path, body, headers...); a.status != status {
			t.Fatalf("%s: %d %s", operation, a.status, a.body)
		}
		var all measured.Units
		_, units := w.tape.recorded()
		for _, u := range units {
			all = all.Plus(u)
		}
		return all
	}
	match := func(round string) string {
		return `{"home":{"name":"Home"},"away":{"name":"Visitors"},"date":"2026-05-02","round":"` + round + `"}`
	}
	added := func(with, without measured.Units) measured.Units {
		return measured.Units{Read: with.Read - without.Read, Write: with.Write - without.Write}
	}
	consumed("createToken", `{}`, 201) // caches the policy
	consumed("createMatch", match("1"), 201)
	token, made := consumed("createToken", `{}`, 201), consumed("createMatch", match("2"), 201)
	var got measured.Repeats
	got.Keys = added(consumed("createToken", `{}`, 201, "Idempotency-Key", "t"), token).Plus(storedRepeat(t, w.keys, w.org, user, "t"))
	got.Stats = added(consumed("createMatch", match("3"), 201, "Idempotency-Key", "m"), made).Plus(storedRepeat(t, w.stats, w.org, user, "m"))
	gate := measured.Units{Write: 1}
	got.Again = added(consumed("createToken", `{}`, 409, "Idempotency-Key", "t"), gate)
	compareMeasured(t, "repeats", got, figures(t).Repeats)
	// The repeat of an operation on the stats table also reads what was made.
	if again := added(consumed("createMatch", match("3"), 201, "Idempotency-Key", "m"), gate); again.Write != 0 || again.Read > got.Again.Read+1 {
		t.Errorf("a repeated creation of a match consumes %s, want the read of its item and of the match", again)
	}
}

func TestDeliveriesConsumeWhatThePageSays(t *testing.T) {
	t.Parallel()
	im, err := importSimulated(t.Context(), fixedNow)
	if err != nil {
		t.Fatal(err)
	}
	defer im.close()
	m := newMeter(t, im.stats)
	got := measured.Webhooks{Messages: messages(webhooks.RetryDelays), Delayed: messages(slices.Repeat([]time.Duration{webhooks.MaxRetryAfter}, len(webhooks.RetryDelays))), KeptDays: int(webhooks.Retention.Hours() / 24)}
	changes, reported := longest(t, im)
	got.Reported = reported
	changes[events.MatchUpdated] = finished(t, changes[events.MatchCreated])
	first := m.storeDelivery(table.Change{ID: "first", Time: fixedNow, New: changes[events.MatchCreated].New})
	calls, _ := m.tape.recorded()
	for _, c := range calls {
		if c.method == "Query" {
			got.List = got.List.Plus(measured.Units{Read: c.read, Write: c.write})
		}
	}
	m.consumed()
	for _, k := range events.Kinds {
		kind := k.Type
		if c, ok := changes[kind]; ok {
			d := m.succeeds(c)
			d.Type = kind
			got.Deliveries = append(got.Deliveries, d)
		}
	}
	m.finish(m.begin(first, fixedNow), refused, fixedNow)
	m.consumed()
	for i := range got.Deliveries {
		d := &got.Deliveries[i]
		d.Failed, got.Attempts = m.fails(changes[d.Type])
	}
	compareMeasured(t, "webhooks", got, figures(t).Webhooks)
}
