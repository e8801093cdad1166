package fanout_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/functions/fanout"
	"statgate/shared/access/apikey"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/feed/changes"
	"statgate/shared/feed/events"
	"statgate/shared/feed/webhooks"
	"statgate/shared/stats/contests"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

var now = time.Date(2026, 5, 2, 14, 0, 0, 0, time.UTC)

// fixture is the function with tables and a queue that can fail.
type fixture struct {
	*fanout.Fanout
	t           *testing.T
	webhooks    *webhooks.Store
	keys, stats *tabletest.Faulty
	log         bytes.Buffer
	clock       time.Time

	mu     sync.Mutex
	queued []webhooks.QueuedDelivery
	down   error
}

func (w *fixture) Send(_ context.Context, deliveries ...webhooks.QueuedDelivery) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down != nil {
		return w.down
	}
	w.queued = append(w.queued, deliveries...)
	return nil
}

// takeQueued returns the deliveries queued since the last call.
func (w *fixture) takeQueued() []webhooks.QueuedDelivery {
	w.mu.Lock()
	defer w.mu.Unlock()
	queued := w.queued
	w.queued = nil
	return queued
}

func newFixture(t *testing.T, contract string) *fixture {
	t.Helper()
	c, err := preset.Load(contract)
	if err != nil {
		t.Fatal(err)
	}
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &fixture{t: t, keys: tabletest.NewFaulty(db.Table("keys")), stats: tabletest.NewFaulty(db.Table("stats")), clock: now}
	clock := func() time.Time { return w.clock }
	w.webhooks = webhooks.New(webhooks.Options{Table: w.keys, Contract: c, Rand: rand.Reader, Peppers: apikey.FixedPeppers(root, time.Now), Queue: w})
	d := fanout.Deps{Contract: c, Webhooks: w.webhooks, Queue: w, Matches: matches.NewStore(w.stats, clock), Contests: contests.Audience{Table: w.stats}, Clock: clock,
		Log: slog.New(slog.NewJSONHandler(&w.log, nil))}
	if api.Serves(c, api.Changes) {
		d.Changes = changes.NewAppender(w.stats, clock)
	}
	w.Fanout, err = fanout.New(d)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// hook makes a webhook that receives events from now on.
func (w *fixture) hook(org string, types ...string) webhooks.Webhook {
	w.t.Helper()
	route, _ := api.Find("createWebhook")
	made, err := w.webhooks.Create(w.t.Context(), &api.Request{ID: rand.Text(), Route: route, Now: now,
		Caller: &api.Caller{Org: org, User: "usr_1", Key: "key_1", Permissions: []string{"*:*"}}},
		webhooks.Spec{URL: "https://example.com/hook", Types: types})
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock = w.clock.Add(time.Minute)
	return made.Webhook
}

// change is the change that makes a new match of an owner.
func change(id, owner string) table.Change {
	return table.Change{ID: "change " + id, Time: now, New: table.Item{table.PartitionAttr: "MATCH#" + id, table.SortAttr: "MATCH",
		"id": id, "owner": owner, "date": "2026-05-02", "status": "live", "version": int64(1), "updated_at": "2026-05-02T14:00:00Z",
		"home": map[string]any{"id": "a", "name": "A"}, "away": map[string]any{"id": "b", "name": "B"}, "score": map[string]any{}}}
}

func (w *fixture) read(changes ...table.Change) {
	w.t.Helper()
	if err := w.Read(w.t.Context(), changes); err != nil {
		w.t.Fatal(err)
	}
}

// body returns what a delivery will send.
func (w *fixture) body(d webhooks.QueuedDelivery) map[string]any {
	w.t.Helper()
	a, _, err := w.webhooks.Begin(w.t.Context(), d, now)
	var body map[string]any
	if err != nil || a == nil || json.Unmarshal(a.Body, &body) != nil {
		w.t.Fatalf("%v: %v, %v", d, a, err)
	}
	return body
}

func TestEachWebhookReceivesOnlyWhatItsOrganisationMaySee(t *testing.T) {
	t.Parallel()
	for contract, want := range map[string]map[string]int{
		"statgate":   {"public": 2, "org_1": 1, "org_3": 0},
		"fullengage": {"public": 0, "org_1": 1, "org_3": 0}, // hides public matches
	} {
		w := newFixture(t, contract)
		w.hook("org_1")
		w.hook("org_2")
		for owner, n := range want {
			w.read(change("m_"+owner, owner))
			if got := w.takeQueued(); len(got) != n {
				t.Errorf("%s: a match of %s: got %d deliveries, want %d", contract, owner, len(got), n)
			}
		}
	}
}

func TestARepeatedChangeIsQueuedAgainOnlyWhileItsDeliveryIsPending(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "statgate")
	w.hook("org_1")
	w.read(change("m_1", matches.Public))
	first := w.takeQueued()
	w.read(change("m_1", matches.Public), change("m_1", matches.Public))
	if again := w.takeQueued(); len(first) != 1 || len(again) != 2 || again[0] != first[0] || again[1] != first[0] {
		t.Fatalf("got %v and then %v, want the pending delivery again", first, again)
	}
	a, _, err := w.webhooks.Begin(t.Context(), first[0], now)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.webhooks.Finish(t.Context(), a, webhooks.Outcome{Status: 200}, now); err != nil {
		t.Fatal(err)
	}
	w.read(change("m_1", matches.Public))
	if again := w.takeQueued(); len(again) != 0 {
		t.Errorf("got %v, want the delivered event never to be sent again", again)
	}
}

func TestABatchThatFailsAnywhereIsCompleteAfterARetry(t *testing.T) {
	t.Parallel()
	var changes []table.Change
	for i := range 40 {
		changes = append(changes, change(fmt.Sprint("m_", i), matches.Public))
	}
	for name, fail := range map[string]func(w *fixture){
		"the list of webhooks": func(w *fixture) { w.keys.Next(1, tabletest.Unavailable, "Query") },
		"a delivery":           func(w *fixture) { w.keys.Next(1, tabletest.Throttled, "Write") },
		"a delivery's answer":  func(w *fixture) { w.keys.Next(1, tabletest.Lost, "Write") },
		"the queue":            func(w *fixture) { w.down = errors.New("no queue") },
	} {
		w := newFixture(t, "statgate")
		w.hook("org_1")
		w.hook("org_2")
		fail(w)
		if err := w.Read(t.Context(), changes); err == nil {
			t.Errorf("%s: nothing failed", name)
		}
		w.keys.Heal()
		w.down = nil
		w.read(changes...)
		seen := map[webhooks.QueuedDelivery]bool{}
		for _, d := range w.takeQueued() {
			seen[d] = true
		}
		if len(seen) != 80 {
			t.Errorf("%s: got %d deliveries, want 80", name, len(seen))
		}
	}
}

func TestAnUnreadableChangeIsDroppedAndBlocksNothing(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "statgate")
	w.hook("org_1")
	w.read(table.Change{ID: "odd", Time: now, New: table.Item{table.PartitionAttr: "MATCH#m_1", table.SortAttr: "EVENT#e", "minute": "soon"}},
		change("m_2", matches.Public))
	if got := w.takeQueued(); len(got) != 1 {
		t.Errorf("got %d deliveries, want the one of the other change", len(got))
	}
	if !strings.Contains(w.log.String(), `"change":"odd"`) || !strings.Contains(w.log.String(), `"level":"ERROR"`) {
		t.Errorf("logged %s", w.log.String())
	}
}

func TestAnOversizedEventIsDroppedAndBlocksNothing(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "statgate")
	w.hook("org_1")
	big := change("m_1", matches.Public)
	big.New["home"] = map[string]any{"id": "a", "name": strings.Repeat("A", 400<<10)}
	w.read(big, change("m_2", matches.Public))
	if got := w.takeQueued(); len(got) != 1 {
		t.Errorf("got %d deliveries, want the one of the other event", len(got))
	}
	if log := w.log.String(); !strings.Contains(log, `"match":"m_1"`) || !strings.Contains(log, `"level":"ERROR"`) || len(log) > 4096 {
		t.Errorf("logged %.500s", log)
	}
}

func TestAGoalEventIncludesItsMatch(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "statgate")
	w.hook("org_1", events.EventCreated)
	if _, err := w.stats.Write(t.Context(), table.Put(change("m_1", "org_1").New)); err != nil {
		t.Fatal(err)
	}
	goal := w.goal("e_1")
	w.stats.Next(1, tabletest.Unavailable, "BatchGet")
	if err := w.Read(t.Context(), []table.Change{goal}); err == nil {
		t.Error("got no error for a match that cannot be read")
	}
	w.stats.Heal()
	w.read(goal)
	queued := w.takeQueued()
	if len(queued) != 1 {
		t.Fatalf("got %v", queued)
	}
	body := w.body(queued[0])
	data, _ := body["data"].(map[string]any)
	match, _ := data["match"].(map[string]any)
	event, _ := data["event"].(map[string]any)
	if body["type"] != events.EventCreated || body["timestamp"] != "2026-05-02T14:00:00Z" || match["id"] != "m_1" || event["id"] != "e_1" {
		t.Errorf("got %v", body)
	}
}

// goal returns the change that stores an event of the match m_1.
func (w *fixture) goal(id string) table.Change {
	w.t.Helper()
	goal, err := table.Encode(reports.Event{ID: id, Type: reports.Goal, Team: reports.Home, Minute: 12, Version: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	goal[table.PartitionAttr], goal[table.SortAttr] = "MATCH#m_1", "EVENT#"+id
	return table.Change{ID: "c " + id, Time: now, New: goal}
}

func TestAnEventOfAMatchIsSentAlthoughReplicasLag(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "statgate")
	w.Matches = matches.NewStore(tabletest.Lagging{Table: w.stats}, func() time.Time { return w.clock })
	w.hook("org_1", events.EventCreated)
	if _, err := w.stats.Write(t.Context(), table.Put(change("m_1", "org_1").New)); err != nil {
		t.Fatal(err)
	}
	w.read(w.goal("e_1"))
	if got := w.takeQueued(); len(got) != 1 {
		t.Errorf("got %d deliveries, want 1", len(got))
	}
}

func TestAnEventOfADeletedMatchIsDroppedWithALogLine(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "statgate")
	w.hook("org_1", events.EventCreated)
	w.read(w.goal("e_1"))
	if got, log := w.takeQueued(), w.log.String(); len(got) != 0 || !strings.Contains(log, `"match":"m_1"`) || !strings.Contains(log, `"event":"evt_`) {
		t.Errorf("got %d deliveries and the log %q, want no delivery and a line that names the event", len(got), log)
	}
}

func TestANewWebhookReceivesEventsWithinSeconds(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "statgate")
	w.read(change("m_1", matches.Public)) // no webhooks exist yet
	w.hook("org_1")
	w.clock = now.Add(time.Second)
	w.read(change("m_2", matches.Public))
	early := len(w.takeQueued())
	w.clock = now.Add(2 * time.Second)
	w.read(change("m_3", matches.Public))
	if late := len(w.takeQueued()); early != 0 || late != 1 {
		t.Errorf("got %d deliveries within a second and %d after two, want 0 and 1", early, late)
	}
}

func TestADeliveryHasTheContractsShape(t *testing.T) {
	t.Parallel()
	w := newFixture(t, "scorelytics")
	w.hook("org_1")
	w.read(change("m_1", "org_1"))
	data, _ := w.body(w.takeQueued()[0])["data"].(map[string]any)
	match, _ := data["match"].(map[string]any)
	if _, ours := match["kickoff_at"]; ours || match["status_code"] == nil {
		t.Errorf("got %v, want the contract's names", match)
	}
}
