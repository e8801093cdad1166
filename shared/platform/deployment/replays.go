package deployment

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"statgate/shared/api"
	"statgate/shared/retry"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/replays"
	"statgate/shared/stats/reports"
)

// newReplays creates the store of replays and the worker that plays them.
func (d *Deployment) newReplays(o Options) {
	d.steps = newSteps(o.Log)
	d.Replays = replays.New(replays.Options{Table: o.Stats, Claims: o.Keys, Contract: o.Contract, Matches: matches.NewStore(o.Stats, o.Clock),
		Reports: reports.NewStore(o.Stats, o.Clock), Rand: o.Rand, Queue: d.steps, Clock: o.Clock})
	if !api.Serves(o.Contract, api.Replays) {
		return
	}
	d.play = func(ctx context.Context, step replays.Step) (*replays.Step, error) {
		if o.Within != nil {
			ctx = o.Within(ctx, "play")
		}
		return d.Replays.Play(ctx, step)
	}
}

// stepPause is the time before a step is tried again whose store failed.
const stepPause = 5 * time.Second

// steps is a queue of steps in memory, for a deployment in one process. When the process ends,
// its replays are still unfinished in the table, and the next process reads them from there.
type steps struct {
	log   *slog.Logger
	added chan struct{} // tells Run that there are new steps

	mu  sync.Mutex
	new []replays.Step
}

func newSteps(log *slog.Logger) *steps { return &steps{log: log, added: make(chan struct{}, 1)} }

// Send implements [replays.Queue]. It never fails.
func (s *steps) Send(_ context.Context, some ...replays.Step) error {
	s.mu.Lock()
	s.new = append(s.new, some...)
	s.mu.Unlock()
	select {
	case s.added <- struct{}{}:
	default: // Run has been told already
	}
	return nil
}

func (s *steps) take() []replays.Step {
	s.mu.Lock()
	defer s.mu.Unlock()
	some := s.new
	s.new = nil
	return some
}

// run plays steps until ctx ends. Each replay has a goroutine; plans limit their number.
func (s *steps) run(ctx context.Context, play func(context.Context, replays.Step) (*replays.Step, error)) {
	var group sync.WaitGroup
	defer group.Wait()
	for {
		for _, step := range s.take() {
			group.Go(func() { s.follow(ctx, step, play) })
		}
		select {
		case <-ctx.Done():
			return
		case <-s.added:
		}
	}
}

// follow plays a step and those that follow it.
func (s *steps) follow(ctx context.Context, step replays.Step, play func(context.Context, replays.Step) (*replays.Step, error)) {
	for {
		timer := time.NewTimer(time.Until(step.At))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		var next *replays.Step
		err := retry.Recovered(func() (err error) {
			next, err = play(ctx, step)
			return err
		})
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.log.Error("playing a replay failed", "replay", step.Replay, "cause", err)
			step.At = time.Now().Add(stepPause)
		case next == nil:
			return
		default:
			step = *next
		}
	}
}

// runReplays plays replays until ctx ends, those of an earlier process included.
func (d *Deployment) runReplays(ctx context.Context) error {
	if d.play == nil {
		return nil
	}
	unfinished, err := d.Replays.Unfinished(ctx)
	if err != nil {
		return fmt.Errorf("deployment: reading the unfinished replays: %w", err)
	}
	_ = d.steps.Send(ctx, unfinished...) // never fails
	d.steps.run(ctx, d.play)
	return nil
}
