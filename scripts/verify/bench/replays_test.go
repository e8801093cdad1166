package main

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"statgate/scripts/internal/measured"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/sources/importer"
	"statgate/shared/sources/simulation"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/replays"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
)

// steps is the queue of a replay, which keeps the last step that was sent.
type steps struct{ next *replays.Step }

// Send implements [replays.Queue].
func (q *steps) Send(_ context.Context, due ...replays.Step) error {
	q.next = &due[len(due)-1]
	return nil
}

// reported returns the latest finished match that has a report, and the number of its events.
func reported(t *testing.T, sim simulation.League) (id string, events int) {
	t.Helper()
	last := -1
	for i := range sim.Reports {
		if sim.Matches[i].Status == matches.Finished {
			last = max(last, i)
		}
	}
	if last < 0 {
		t.Fatal("no finished match has a report")
	}
	m := sim.Matches[last]
	m.Owner = matches.Public
	return matches.IdentityOf(&m).ID(matches.Public, 0), len(sim.Reports[last].Events)
}

// TestAReplayConsumesWhatThePageSays plays the latest simulated match that has a report from the
// kick-off to the end, one step after the other, as the worker does.
func TestAReplayConsumesWhatThePageSays(t *testing.T) {
	t.Parallel()
	e := meteredEngine(t)
	sim := simulation.New(1, fixedNow)
	if _, err := importer.Put(t.Context(), e.stats, func() time.Time { return fixedNow }, importer.Simulated(sim)); err != nil {
		t.Fatal(err)
	}
	source, events := reported(t, sim)
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	now, q := fixedNow, &steps{}
	clock := func() time.Time { return now }
	store := replays.New(replays.Options{Table: e.stats, Claims: e.keys, Contract: c, Matches: matches.NewStore(e.stats, clock),
		Reports: reports.NewStore(e.stats, clock), Rand: rand.Reader, Queue: q, Clock: clock})
	units := func(call func() error) measured.Units {
		t.Helper()
		e.tape.rewind()
		if err := call(); err != nil {
			t.Fatal(err)
		}
		_, by := e.tape.recorded()
		return by[table.Stats.Name].Plus(by[table.Keys.Name])
	}
	r := &api.Request{ID: "req_1", Now: now, Caller: &api.Caller{Key: "key_1", User: "usr_1", Org: "org_1",
		Permissions: []string{"matches:read", replays.Permission}, Limits: map[string]contract.Budget{replays.Level: {Limit: 2}}}}
	got := measured.Replay{Events: events}
	got.Created = units(func() error {
		_, err := store.Create(t.Context(), r, replays.Spec{Match: source, Speed: 1})
		return err
	})
	for step := q.next; step != nil; got.Steps++ {
		now = step.At
		got.Played = got.Played.Plus(units(func() (err error) {
			step, err = store.Play(t.Context(), *step)
			return err
		}))
	}
	if got.Steps <= got.Events {
		t.Errorf("%d steps play %d events, want more", got.Steps, got.Events)
	}
	compareMeasured(t, "replay", got, figures(t).Replay)
}
