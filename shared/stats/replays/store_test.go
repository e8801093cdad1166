package replays_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/replays"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

var start = time.Date(2026, 5, 2, 14, 0, 0, 0, time.UTC)

// world is a store of replays with a clock that the test moves, and a finished match.
type world struct {
	*replays.Store
	t       *testing.T
	stats   *tabletest.Faulty
	matches *matches.Store
	reports *reports.Store
	own     *matches.Own
	source  string // id of the finished match
	calls   atomic.Int64

	mu     sync.Mutex
	now    time.Time
	queued []replays.Step
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) set(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = now
}

func (w *world) Send(_ context.Context, steps ...replays.Step) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queued = append(w.queued, steps...)
	return nil
}

func (w *world) take() []replays.Step {
	w.mu.Lock()
	defer w.mu.Unlock()
	steps := w.queued
	w.queued = nil
	return steps
}

// on runs a test on the embedded engine and on DynamoDB Local.
func on(t *testing.T, run func(t *testing.T, w *world)) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		db, err := local.OpenMemory(table.Keys, table.Stats)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		run(t, newWorld(t, db.Table("keys"), db.Table("stats")))
	})
	t.Run("DynamoDB Local", func(t *testing.T) {
		tables := dynamolocal.Tables(t, table.Keys, table.Stats)
		run(t, newWorld(t, tables["keys"], tables["stats"]))
	})
}

func newWorld(t *testing.T, keys, stats table.Table) *world {
	t.Helper()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, stats: tabletest.NewFaulty(stats), now: start}
	w.matches, w.reports = matches.NewStore(w.stats, w.clock), reports.NewStore(w.stats, w.clock)
	w.own = matches.NewOwn(w.matches, keys, rand.Reader)
	w.Store = replays.New(replays.Options{Table: w.stats, Claims: keys, Contract: c, Matches: w.matches, Reports: w.reports,
		Rand: rand.Reader, Queue: w, Clock: w.clock})
	if _, err := leagues.NewStore(stats).Ensure(t.Context(), "en.1", "League", "2025-26"); err != nil {
		t.Fatal(err)
	}
	w.source = w.publish(final())
	return w
}

// publish stores a public match with its report.
func (w *world) publish(tape replays.Tape) string {
	w.t.Helper()
	m := tape.Match
	m.League, m.Season, m.Date, m.Owner = "en.1", "2025-26", "2026-04-01", matches.Public
	m.Home, m.Away = matches.Side{ID: "elm", Name: "Elm"}, matches.Side{ID: "fir", Name: "Fir"}
	m.ID = matches.IdentityOf(&m).ID(matches.Public, 0)
	if err := w.matches.Apply(w.t.Context(), []matches.Change{{After: &matches.Record{Match: m, HomeAs: "Elm", AwayAs: "Fir"}}}); err != nil {
		w.t.Fatal(err)
	}
	for i := range tape.Events {
		name := fmt.Sprint("Player ", i)
		tape.Events[i].Player = &name
	}
	kinds := append(append(append([]reports.EventType{}, reports.Goals...), reports.Cards...), reports.Substitutions...)
	if _, err := w.reports.Put(w.t.Context(), m.ID, reports.Report{Types: kinds, Events: tape.Events, Lineups: &reports.Lineups{},
		Stats: &reports.Stats{Data: []reports.Section{{Section: "attack", Stats: []reports.Stat{{Name: "shots", Home: 9, Away: 4}}}}}}); err != nil {
		w.t.Fatal(err)
	}
	return m.ID
}

func (w *world) call(org string) *api.Request {
	return &api.Request{ID: fmt.Sprint("r", w.calls.Add(1)), Now: w.clock(), Caller: &api.Caller{Key: "key_" + org, User: "usr_" + org, Org: "org_" + org,
		Permissions: []string{"matches:read", replays.Permission}, Limits: map[string]contract.Budget{replays.Level: {Limit: 2}}}}
}

func (w *world) create(org string, speed int) replays.Replay {
	w.t.Helper()
	made, err := w.Create(w.t.Context(), w.call(org), replays.Spec{Match: w.source, Speed: speed})
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

// play plays the queued steps, and those that follow until a time.
func (w *world) play(until time.Time) (steps int) {
	w.t.Helper()
	for _, step := range w.take() {
		for next := &step; next != nil; steps++ {
			if next.At.After(until) {
				_ = w.Send(w.t.Context(), *next)
				break
			}
			if next.At.After(w.clock()) {
				w.set(next.At)
			}
			var err error
			if next, err = w.Play(w.t.Context(), *next); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	w.set(until)
	return steps
}

// seen returns the match of a replay, with its events, as its organisation reads them.
func (w *world) seen(org, id string) (*matches.Match, []reports.Event, *reports.Stats) {
	w.t.Helper()
	reader := w.matches.For(w.call(org).Caller, &contract.Contract{})
	m, err := reader.Get(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	at, err := reader.Visible(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	events, err := w.reports.Of(at).Events(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	stats, err := w.reports.Of(at).Stats(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return m, events, stats
}

func TestAReplayIsAMatchThatIsOn(t *testing.T) {
	on(t, func(t *testing.T, w *world) {
		made := w.create("elm", 60)
		line := timeline(t, final())
		if made.State != replays.Playing || made.Length != 111*60 || !made.EndsAt.Equal(start.Add(111*time.Second)) {
			t.Errorf("got %+v", made)
		}
		for clock := time.Duration(0); clock <= line.End(); clock += 7 * time.Minute {
			at := start.Add(clock / 60)
			w.play(at)
			m, events, stats := w.seen("elm", made.ReplayMatch)
			want := line.At(clock)
			if m.Status != want.Status || len(events) != want.Events || !same(m.Score.FullTime, want.Score.FullTime) || !same(m.Score.HalfTime, want.Score.HalfTime) {
				t.Errorf("at %s: got %s, %+v and %d events, want %+v", clock, m.Status, m.Score, len(events), want)
			}
			if m.Minute == nil || *m.Minute != *want.Minute || m.League != "en.1" || *m.KickoffAt != "2026-05-02T14:00:00Z" || len(stats.Data) != 0 {
				t.Errorf("at %s: got %+v", clock, m)
			}
			if got, err := w.Get(t.Context(), w.call("elm"), made.ID); err != nil || got.Position != int64(clock/time.Second) {
				t.Errorf("at %s: got %+v, %v", clock, got, err)
			}
		}
		w.play(start.Add(time.Hour))
		m, events, stats := w.seen("elm", made.ReplayMatch)
		if m.Status != matches.Finished || *m.Score.FullTime != *goals(2, 1) || *m.Score.Winner != "home" || len(events) != 4 || len(stats.Data) != 1 {
			t.Errorf("in the end: got %+v, %d events, %+v", m, len(events), stats)
		}
		for _, e := range events {
			if e.Version != 1 {
				t.Errorf("an event has been changed: %+v", e)
			}
		}
		if got, err := w.Get(t.Context(), w.call("elm"), made.ID); err != nil || got.State != replays.Finished || len(w.take()) != 0 {
			t.Errorf("got %+v, %v, want that it has ended", got, err)
		}
		if left, err := w.Unfinished(t.Context()); err != nil || len(left) != 0 {
			t.Errorf("got %v, %v, want no unfinished replay", left, err)
		}
	})
}

func TestAReplaysMatchIsInNoListTotalOrHeadToHead(t *testing.T) {
	on(t, func(t *testing.T, w *world) {
		made := w.create("elm", 600)
		w.play(start.Add(time.Hour))
		reader := w.matches.For(w.call("elm").Caller, &contract.Contract{})
		for name, f := range map[string]matches.Filter{"all": {}, "league": {League: "en.1"}, "season": {League: "en.1", Season: "2025-26"}, "team": {Team: "elm"}, "status": {Statuses: []matches.Status{matches.Finished}}} {
			page, err := reader.List(t.Context(), f, matches.PageRequest{Limit: 10})
			if err != nil || len(page.Matches) != 1 || page.Matches[0].ID != w.source || page.Total != nil && *page.Total != 1 {
				t.Errorf("%s: got %+v, %v, want the public match alone", name, page, err)
			}
		}
		_, met, err := reader.HeadToHead(t.Context(), w.source)
		if err != nil || len(met) != 1 {
			t.Errorf("got %d meetings, %v, want 1", len(met), err)
		}
		if _, err := reader.Get(t.Context(), made.ReplayMatch); err != nil {
			t.Error(err)
		}
	})
}

func TestAReplayCanBePausedSoughtHurriedAndDeleted(t *testing.T) {
	on(t, func(t *testing.T, w *world) {
		made := w.create("elm", 60)
		edit := func(e replays.Edit) replays.Replay {
			t.Helper()
			got, err := w.Update(t.Context(), w.call("elm"), made.ID, e)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		yes, no := true, false
		w.play(start.Add(50 * time.Second)) // half-time: 1–0
		if got := edit(replays.Edit{Paused: &yes}); got.State != replays.Paused || got.EndsAt != nil || got.Position != 50*60 {
			t.Errorf("paused: got %+v", got)
		}
		w.play(start.Add(10 * time.Minute))
		if m, events, _ := w.seen("elm", made.ReplayMatch); m.Status != matches.Live || len(events) != 2 {
			t.Errorf("paused: the match has gone on: %+v, %d events", m, len(events))
		}
		first := int64(60)
		edit(replays.Edit{Position: &first})
		w.play(w.clock())
		if m, events, _ := w.seen("elm", made.ReplayMatch); *m.Score.FullTime != *goals(0, 0) || len(events) != 0 || *m.Minute != 2 {
			t.Errorf("back in the second minute: got %+v, %d events", m, len(events))
		}
		fast := replays.MaxSpeed
		if got := edit(replays.Edit{Paused: &no, Speed: &fast}); got.State != replays.Playing {
			t.Errorf("resumed: got %+v", got)
		}
		w.play(w.clock().Add(12 * time.Second))
		if m, events, _ := w.seen("elm", made.ReplayMatch); m.Status != matches.Finished || len(events) != 4 {
			t.Errorf("hurried to the end: got %+v, %d events", m, len(events))
		}
		if _, err := w.Update(t.Context(), w.call("elm"), made.ID, replays.Edit{Position: &first}); api.ErrorOf(err).Condition != api.ConflictStep {
			t.Errorf("a finished replay: got %v, want a conflict", err)
		}
		if err := w.Delete(t.Context(), w.call("elm"), made.ID); err != nil {
			t.Fatal(err)
		}
		page, err := w.stats.Query(t.Context(), table.Query{Partition: "MATCH#" + made.ReplayMatch})
		if err != nil || len(page.Items) != 0 {
			t.Errorf("after the deletion %d items are left, %v", len(page.Items), err)
		}
		if _, err := w.Get(t.Context(), w.call("elm"), made.ID); api.ErrorOf(err).Condition != api.NotFound {
			t.Errorf("a deleted replay: got %v", err)
		}
	})
}

func TestReplaysThatHaveNotFinishedAreLimitedExactly(t *testing.T) {
	on(t, func(t *testing.T, w *world) {
		var made, refused atomic.Int64
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				switch _, err := w.Create(t.Context(), w.call("elm"), replays.Spec{Match: w.source, Speed: 600}); {
				case err == nil:
					made.Add(1)
				case api.ErrorOf(err).Condition == api.ConflictLimit:
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		group.Wait()
		if made.Load() != 2 || refused.Load() != 6 {
			t.Errorf("%d were made and %d refused, want 2 and 6", made.Load(), refused.Load())
		}
		w.create("fir", 1) // another organisation's level is its own
		w.set(start.Add(12 * time.Second))
		w.create("elm", 600) // a replay ends by its clock, even where no worker has played it
	})
}

func TestNoWorkerOverwritesALaterState(t *testing.T) {
	on(t, func(t *testing.T, w *world) {
		made := w.create("elm", 600)
		step := w.take()[0]
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for range 10 {
					w.mu.Lock()
					w.now = w.now.Add(300 * time.Millisecond)
					w.mu.Unlock()
					if _, err := w.Play(t.Context(), step); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		m, events, _ := w.seen("elm", made.ReplayMatch)
		if m.Status != matches.Finished || len(events) != 4 {
			t.Errorf("got %s and %d events", m.Status, len(events))
		}
		for _, e := range events {
			if e.Version != 1 {
				t.Errorf("an event was written twice: %+v", e)
			}
		}
	})
}

func TestAStepWithoutAnswerIsPlayedAgainToTheSameEnd(t *testing.T) {
	on(t, func(t *testing.T, w *world) {
		made := w.create("elm", 60)
		step := w.take()[0]
		for i, fault := range []tabletest.Fault{tabletest.Throttled, tabletest.Unavailable, tabletest.Lost} {
			w.set(start.Add(time.Duration(48+32*i) * time.Second))
			w.stats.Always(fault, "Transact")
			if _, err := w.Play(t.Context(), step); err == nil {
				t.Errorf("%v: the step has no error", fault)
			}
			w.stats.Follow(nil)
			if _, err := w.Play(t.Context(), step); err != nil {
				t.Error(err)
			}
		}
		if m, events, _ := w.seen("elm", made.ReplayMatch); m.Status != matches.Finished || len(events) != 4 {
			t.Errorf("got %+v, %d events", m, len(events))
		}
	})
}

func TestReplaysBelongToTheirOrganisation(t *testing.T) {
	on(t, func(t *testing.T, w *world) {
		made := w.create("elm", 1)
		for name, err := range map[string]error{
			"get":    func() error { _, err := w.Get(t.Context(), w.call("fir"), made.ID); return err }(),
			"update": func() error { _, err := w.Update(t.Context(), w.call("fir"), made.ID, replays.Edit{}); return err }(),
			"delete": w.Delete(t.Context(), w.call("fir"), made.ID),
		} {
			if api.ErrorOf(err).Condition != api.NotFound {
				t.Errorf("%s by another organisation: got %v", name, err)
			}
		}
		if _, err := w.matches.For(w.call("fir").Caller, &contract.Contract{}).Get(t.Context(), made.ReplayMatch); err == nil {
			t.Error("another organisation sees the match")
		}
		if _, err := w.own.Update(t.Context(), w.call("elm"), made.ReplayMatch, func(matches.Match) (matches.Edit, error) { return matches.Edit{}, nil }); api.ErrorOf(err).Condition != api.Conflict {
			t.Errorf("updating the match of a replay: got %v", err)
		}
		if err := w.own.Delete(t.Context(), w.call("elm"), made.ReplayMatch); api.ErrorOf(err).Condition != api.Conflict {
			t.Errorf("deleting the match of a replay: got %v", err)
		}
		list, _, err := w.List(t.Context(), w.call("fir"), 10, "")
		if err != nil || len(list) != 0 {
			t.Errorf("got %v, %v, want no replay of another organisation", list, err)
		}
	})
}

func TestReplayOfTheFutureWaits(t *testing.T) {
	on(t, func(t *testing.T, w *world) {
		later := start.Add(time.Hour)
		made, err := w.Create(t.Context(), w.call("elm"), replays.Spec{Match: w.source, Speed: 600, StartAt: &later})
		if err != nil || made.State != replays.Scheduled || made.Position != 0 {
			t.Fatalf("got %+v, %v", made, err)
		}
		w.play(later.Add(-time.Second))
		if m, _, _ := w.seen("elm", made.ReplayMatch); m.Status != matches.Scheduled {
			t.Errorf("before the kick-off: got %s", m.Status)
		}
		w.play(later)
		if m, _, _ := w.seen("elm", made.ReplayMatch); m.Status != matches.Live {
			t.Errorf("at the kick-off: got %s", m.Status)
		}
		for _, at := range []time.Time{start.Add(-time.Hour), start.Add(8 * 24 * time.Hour)} {
			if _, err := w.Create(t.Context(), w.call("fir"), replays.Spec{Match: w.source, Speed: 1, StartAt: &at}); api.ErrorOf(err).Condition != api.InputField {
				t.Errorf("a kick-off at %s: got %v", at, err)
			}
		}
	})
}
