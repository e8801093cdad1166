package replays

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"statgate/shared/retry"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
)

const (
	// maxStepWrites is how many writes one transaction may have.
	maxStepWrites = 100
	// attempts bounds how often a step is planned again because of another worker.
	attempts = 10
)

var backoff = retry.Backoff{First: 20 * time.Millisecond, Max: 200 * time.Millisecond, Random: rand.N[time.Duration]}

// allTypes are the types of events.
var allTypes = slices.Concat(reports.Goals, reports.Cards, reports.Substitutions)

// Play writes the state at which the clock of a replay stands. It returns the next step, or
// nil if none is due: the replay is paused, finished, deleted, or its version has changed.
// Playing a step again writes nothing.
func (s *Store) Play(ctx context.Context, step Step) (next *Step, err error) {
	for n := range attempts {
		next, err = s.play(ctx, step)
		if err == nil || table.AsCanceled(err) == nil && !errors.Is(err, table.ErrConflict) {
			break
		}
		if failed := backoff.Pause(ctx, n+1); failed != nil {
			return nil, failed
		}
	}
	return next, err
}

func (s *Store) play(ctx context.Context, step Step) (*Step, error) {
	it, err := s.Table.Get(ctx, address(step.Org, step.Replay), true)
	if err != nil {
		return nil, fmt.Errorf("replays: reading %s: %w", step.Replay, err)
	}
	r, err := recordOf(it)
	if err != nil || r == nil || r.Version != step.Version || r.expired(s.Clock()) {
		return nil, err
	}
	tape, err := s.tape(ctx, r)
	if err != nil || tape == nil {
		return nil, err
	}
	line, err := NewTimeline(*tape)
	if err != nil {
		return nil, fmt.Errorf("replays: the tape of %s: %w", r.ID, err)
	}
	// The match is read before the clock, and written on the condition that it is unchanged.
	// So no worker overwrites a later state.
	found, err := s.Matches.RecordsOfAllOwners(ctx, []string{r.ReplayMatch}, true)
	if err != nil {
		return nil, fmt.Errorf("replays: reading the match of %s: %w", r.ID, err)
	}
	before := found[r.ReplayMatch]
	if before == nil {
		return nil, nil // deleted since
	}
	clock := r.clock(s.Clock())
	if err := s.write(ctx, r, tape, line, clock, before); err != nil {
		return nil, err
	}
	position, more := line.Next(clock)
	if r.Paused || !more {
		return nil, nil
	}
	return &Step{Org: r.Org, Replay: r.ID, Version: r.Version, At: r.due(position)}, nil
}

func (s *Store) tape(ctx context.Context, r *record) (*Tape, error) {
	it, err := s.Table.Get(ctx, tapeAddress(r.Org, r.ID), true)
	if err != nil || it == nil {
		return nil, wrapped(r, err)
	}
	t := &Tape{}
	return t, wrapped(r, table.Decode(it, t))
}

func wrapped(r *record, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("replays: reading the tape of %s: %w", r.ID, err)
}

// write stores the state at a position of the clock, if it is not stored already: the match and
// its report in one transaction.
func (s *Store) write(ctx context.Context, r *record, tape *Tape, line *Timeline, clock time.Duration, before *matches.Record) error {
	moment := line.At(clock)
	after, err := r.match(tape, moment, before)
	if err != nil {
		return err
	}
	report := reports.Report{Types: allTypes, Events: line.Events(moment.Events), Lineups: tape.Lineups, Expires: r.Expires}
	if moment.Status == matches.Finished {
		report.Stats = tape.Stats
	} else {
		report.Stats = &reports.Stats{Data: []reports.Section{}}
	}
	ws, err := s.Reports.Writes(ctx, r.ReplayMatch, report, maxStepWrites-2)
	if err != nil {
		return err
	}
	if len(ws) == 0 && reflect.DeepEqual(after.Match, before.Match) {
		return s.finish(ctx, r, moment)
	}
	write, err := matches.WriteReplay(before, after, s.Clock())
	if err != nil {
		return err
	}
	// The replay must still have the version whose clock decided the state.
	ws = append(ws, write, table.Check(address(r.Org, r.ID), table.Eq("version", r.Version)))
	if err := s.Table.Transact(ctx, ws); err != nil {
		return fmt.Errorf("replays: playing %s: %w", r.ID, err)
	}
	return s.finish(ctx, r, moment)
}

// finish removes a finished replay from the list of unfinished ones.
func (s *Store) finish(ctx context.Context, r *record, m Moment) error {
	if m.Status != matches.Finished {
		return nil
	}
	if _, err := s.Table.Write(ctx, table.Delete(table.Key{Partition: unfinished, Sort: r.ID})); err != nil {
		return fmt.Errorf("replays: ending %s: %w", r.ID, err)
	}
	return nil
}

// match returns the match of a replay at a moment. Its place in the season is that of the match
// that is replayed, its kick-off that of the replay.
func (r *record) match(tape *Tape, m Moment, before *matches.Record) (*matches.Record, error) {
	of := tape.Match
	when, err := matches.WhenAt(string(of.League), r.StartAt)
	if err != nil {
		return nil, err
	}
	of.ID, of.Owner = r.ReplayMatch, r.Org
	of.Date, of.Time, of.KickoffAt = when.Date, when.Time, when.KickoffAt
	of.Status, of.Minute, of.Score = m.Status, m.Minute, m.Score
	of.Version, of.UpdatedAt = 0, ""
	if before != nil {
		of.Version, of.UpdatedAt = before.Version, before.UpdatedAt
	}
	return &matches.Record{Match: of, HomeAs: of.Home.Name, AwayAs: of.Away.Name,
		Replayed: matches.Replayed{Replay: r.ID, Expires: r.Expires}}, nil
}

// Unfinished returns a step for each replay that has not finished. A process that keeps its
// queue in memory starts with them.
func (s *Store) Unfinished(ctx context.Context) ([]Step, error) {
	page, err := s.Table.Query(ctx, table.Query{Partition: unfinished, Consistent: true})
	if err != nil {
		return nil, fmt.Errorf("replays: reading the unfinished ones: %w", err)
	}
	var steps []Step
	for _, it := range page.Items {
		at := address(it.Str("org"), it.Str(table.SortAttr))
		found, err := s.Table.Get(ctx, at, true)
		if err != nil {
			return nil, fmt.Errorf("replays: reading the unfinished ones: %w", err)
		}
		r, err := recordOf(found)
		if err != nil {
			return nil, err
		}
		if r != nil {
			steps = append(steps, Step{Org: r.Org, Replay: r.ID, Version: r.Version, At: s.Clock()})
		}
	}
	return steps, nil
}
