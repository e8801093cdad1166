package replays

import (
	"cmp"
	"context"
	"errors"
	"io"
	"reflect"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/ids"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
)

// Step is a message for the worker: play a replay to where its clock stands.
type Step struct {
	Org     string    `json:"org"`
	Replay  string    `json:"replay"`
	Version int64     `json:"version"`
	At      time.Time `json:"at"` // not before this time
}

// Group is the message group of a step: fair queues serve organisations in turn.
func (s Step) Group() string { return s.Org }

// Due is the earliest time of a step.
func (s Step) Due() time.Time { return s.At }

// Queue passes each step to a worker at least once, at its time or later.
type Queue interface {
	Send(ctx context.Context, steps ...Step) error
}

// Options configure a store.
type Options struct {
	Table    table.Table // the stats table
	Claims   idempotency.Claims
	Contract *contract.Contract
	Matches  *matches.Store
	Reports  *reports.Store
	Rand     io.Reader // for ids
	Queue    Queue
	Clock    func() time.Time
}

// Store stores replays and plays them.
type Store struct {
	Options
	changes change.Store
	repeats idempotency.Store
}

// New returns a store.
func New(o Options) *Store {
	return &Store{Options: o, changes: change.Store{Table: o.Table, IDs: ids.New(o.Rand), BesideData: true},
		repeats: idempotency.Store{Table: o.Table, Claims: o.Claims}}
}

// Spec describes a new replay.
type Spec struct {
	Match   string
	Speed   int        // 0 for [DefaultSpeed]
	StartAt *time.Time // nil for now
}

// Edit is a change of a replay; nil fields stay as they are.
type Edit struct {
	Speed    *int
	Paused   *bool
	Position *int64 // seconds
}

// Create makes a replay of a match that the caller may read. A repeat with the same
// Idempotency-Key gets the first answer while the replay exists.
func (s *Store) Create(ctx context.Context, r *api.Request, spec Spec) (Replay, error) {
	token, err := s.repeats.Of(r, spec)
	if err != nil {
		return Replay{}, err
	}
	draft, tape, err := s.draft(ctx, r, spec)
	if err != nil {
		return Replay{}, err
	}
	call := s.call(r)
	call.Token = token.While("replay", func(ctx context.Context, id string) (bool, error) {
		found, err := s.find(ctx, r, id)
		return found != nil, err
	})
	made, err := change.Make(ctx, s.changes, call,
		func(ctx context.Context, _ int) (facts, error) { return s.facts(ctx, r.Caller.Org) },
		func(f facts) (Replay, change.Plan, error) {
			if err := f.room(r); err != nil {
				return Replay{}, change.Plan{}, err
			}
			plan, err := draft.creation(tape, f.version, r.Now)
			return draft.shown(r.Now), plan, err
		})
	if err != nil {
		return Replay{}, err
	}
	return made, s.wake(ctx, &made, r.Now)
}

// draft returns a new replay and its tape.
func (s *Store) draft(ctx context.Context, r *api.Request, spec Spec) (*record, *Tape, error) {
	if !r.Caller.May(matchesRead) {
		return nil, nil, api.Fail(api.Permission, "replays require the permission %s, which this key does not have", matchesRead)
	}
	now := r.Now.UTC().Truncate(time.Second)
	start := now
	if spec.StartAt != nil {
		start = spec.StartAt.UTC().Truncate(time.Second)
	}
	if start.Before(now.Add(-time.Minute)) || start.After(now.Add(maxAhead)) {
		return nil, nil, api.FieldError("start_at", "must be within the next %d days", maxAhead/(24*time.Hour))
	}
	tape, err := s.record(ctx, r.Caller, spec.Match)
	if err != nil {
		return nil, nil, err
	}
	line, err := NewTimeline(*tape)
	if err != nil {
		return nil, nil, err
	}
	speed := cmp.Or(spec.Speed, DefaultSpeed)
	id, err := s.changes.IDs.New("rpl_", r.Now)
	if err != nil {
		return nil, nil, err
	}
	d := &record{Replay: Replay{ID: id, Org: r.Caller.Org, Match: tape.Match.ID, ReplayMatch: matches.ReplayID(id, s.Contract.IDs == contract.UUIDs),
		Speed: speed, Length: int64(line.End() / time.Second), StartAt: start, ExpiresAt: start.Add(life),
		CreatedAt: now, CreatedBy: r.Caller.Key, UpdatedAt: now, Version: 1}}
	d.Expires = d.ExpiresAt.Unix()
	d.anchor(0, start)
	return d, tape, nil
}

// matchesRead is the permission that reads matches.
const matchesRead = "matches:read"

// record reads a match and its report.
func (s *Store) record(ctx context.Context, c *api.Caller, id string) (*Tape, error) {
	reader := s.Matches.For(c, s.Contract)
	m, err := reader.Get(ctx, id)
	if errors.Is(err, matches.ErrNotFound) {
		return nil, api.FieldError("match", "not found; give the id of a finished match")
	}
	if err != nil {
		return nil, down(err)
	}
	seen, err := reader.Visible(ctx, id)
	if err != nil {
		return nil, down(err)
	}
	report, t := s.Reports.Of(seen), &Tape{Match: *m}
	if t.Events, err = report.Events(ctx); err != nil {
		return nil, down(err)
	}
	if t.Lineups, err = report.Lineups(ctx); err != nil {
		return nil, down(err)
	}
	t.Stats, err = report.Stats(ctx)
	return t, down(err)
}

// facts are what decides whether a replay may be made.
type facts struct {
	version int64 // of the head, which every new replay changes
	kept    []*record
}

func (s *Store) facts(ctx context.Context, org string) (f facts, err error) {
	head, err := s.Table.Get(ctx, headAddress(org), true)
	if err != nil {
		return f, down(err)
	}
	f.version = head.Int("v")
	f.kept, _, err = s.kept(ctx, org, maxKept+1, "", true)
	return f, err
}

// kept returns replays of an organisation in order of creation.
func (s *Store) kept(ctx context.Context, org string, limit int, after string, consistent bool) ([]*record, bool, error) {
	low, high := table.Prefix(replayPrefix)
	q := table.Query{Partition: partition(org), Low: low, High: high, Limit: limit, Consistent: consistent}
	if after != "" {
		q.After = replayPrefix + after
	}
	page, err := s.Table.Query(ctx, q)
	if err != nil {
		return nil, false, down(err)
	}
	var found []*record
	for _, it := range page.Items {
		r, err := recordOf(it)
		if err != nil {
			return nil, false, err
		}
		found = append(found, r)
	}
	return found, page.More, nil
}

// room fails if the organisation has as many replays as it may have.
func (f facts) room(r *api.Request) error {
	kept, on := 0, int64(0)
	for _, one := range f.kept {
		if one.expired(r.Now) {
			continue
		}
		kept++
		if one.shown(r.Now).State != Finished {
			on++
		}
	}
	if level, limited := r.Caller.Limits[Level]; limited && on >= level.Limit {
		return api.Fail(api.ConflictLimit, "the organisation has %d replays that have not finished, the maximum of its plan: delete one or wait until it ends", on)
	}
	if kept >= maxKept {
		return api.Fail(api.ConflictLimit, "the organisation has %d replays, the maximum: delete one first", kept)
	}
	return nil
}

// creation returns the plan that makes a replay, its tape and its match.
func (r *record) creation(tape *Tape, version int64, now time.Time) (change.Plan, error) {
	it, err := itemOf(address(r.Org, r.ID), r, r.Expires)
	if err != nil {
		return change.Plan{}, err
	}
	recorded, err := itemOf(tapeAddress(r.Org, r.ID), tape, r.Expires)
	if err != nil {
		return change.Plan{}, err
	}
	match, err := r.match(tape, Moment{Status: matches.Scheduled}, nil)
	if err != nil {
		return change.Plan{}, err
	}
	write, err := matches.WriteReplay(nil, match, now)
	if err != nil {
		return change.Plan{}, err
	}
	head := table.Item{table.PartitionAttr: partition(r.Org), table.SortAttr: headSort, "v": version + 1}
	cond := table.IsNew()
	if version > 0 {
		cond = table.Eq("v", version)
	}
	return change.Plan{
		Writes: []table.Write{table.Put(it, table.IsNew()), table.Put(recorded), write, table.Put(head, cond),
			table.Put(table.Item{table.PartitionAttr: unfinished, table.SortAttr: r.ID, "org": r.Org, table.TTLAttr: r.Expires})},
		Entries: []audit.Change{{Action: "replay.create", Target: r.ID, After: r.settings()}},
	}, nil
}

// settings are what the audit trail records of a replay.
func (r *record) settings() map[string]any {
	return map[string]any{"match": r.Match, "speed": r.Speed, "paused": r.Paused, "position": r.From / 1000, "start_at": r.StartAt}
}

// unfinished is the partition of the replays that have not finished, of all organisations.
const unfinished = "REPLAYING"

// wake asks the worker to play a replay from now on. If it fails, repeating the request wakes
// the worker again.
func (s *Store) wake(ctx context.Context, r *Replay, now time.Time) error {
	at := now
	if r.StartAt.After(now) {
		at = r.StartAt
	}
	if err := s.Queue.Send(ctx, Step{Org: r.Org, Replay: r.ID, Version: r.Version, At: at}); err != nil {
		return api.UnavailableError("queueing a replay", err)
	}
	return nil
}

// List returns a page of the organisation's replays, oldest first, and the position of the next
// page.
func (s *Store) List(ctx context.Context, r *api.Request, limit int, after string) ([]Replay, string, error) {
	kept, more, err := s.kept(ctx, r.Caller.Org, limit, after, false)
	if err != nil {
		return nil, "", err
	}
	shown, next := make([]Replay, 0, len(kept)), ""
	for _, one := range kept {
		if next = one.ID; !one.expired(r.Now) {
			shown = append(shown, one.shown(r.Now))
		}
	}
	if !more {
		next = ""
	}
	return shown, next, nil
}

// Get returns a replay of the caller's organisation.
func (s *Store) Get(ctx context.Context, r *api.Request, id string) (Replay, error) {
	found, err := s.find(ctx, r, id)
	if err != nil {
		return Replay{}, err
	}
	if found == nil {
		return Replay{}, unknown()
	}
	return found.shown(r.Now), nil
}

// find returns a replay of the caller's organisation, or nil.
func (s *Store) find(ctx context.Context, r *api.Request, id string) (*record, error) {
	if !ids.Valid(id) {
		return nil, nil
	}
	it, err := table.GetConfirmed(ctx, s.Table, address(r.Caller.Org, id), true)
	if err != nil {
		return nil, down(err)
	}
	found, err := recordOf(it)
	if found != nil && found.expired(r.Now) {
		return nil, err
	}
	return found, err
}

func unknown() error { return api.Fail(api.NotFound, "no such replay") }

// call returns the call of a change.
func (s *Store) call(r *api.Request) change.Call {
	c := change.Asked(r)
	c.Entries = s.Table
	return c
}

// Update pauses or resumes a replay, or changes its position or speed. A finished replay is
// final.
func (s *Store) Update(ctx context.Context, r *api.Request, id string, e Edit) (Replay, error) {
	changed, err := change.Make(ctx, s.changes, s.call(r),
		func(ctx context.Context, _ int) (*record, error) { return s.find(ctx, r, id) },
		func(before *record) (Replay, change.Plan, error) {
			if before == nil {
				return Replay{}, change.Plan{}, unknown()
			}
			after := *before
			if err := after.edit(e, r.Now); err != nil || reflect.DeepEqual(after, *before) {
				return before.shown(r.Now), change.Plan{}, err
			}
			after.Version, after.UpdatedAt = before.Version+1, r.Now.UTC().Truncate(time.Second)
			it, err := itemOf(address(after.Org, after.ID), &after, after.Expires)
			return after.shown(r.Now), change.Plan{
				Writes:  []table.Write{table.Put(it, table.Eq("version", before.Version))},
				Entries: []audit.Change{{Action: "replay.update", Target: id, Before: before.settings(), After: after.settings()}},
			}, err
		})
	if err != nil {
		return Replay{}, err
	}
	return changed, s.wake(ctx, &changed, r.Now)
}

// edit applies an edit. Without one it changes nothing.
func (r *record) edit(e Edit, now time.Time) error {
	clock := r.clock(now)
	length := time.Duration(r.Length) * time.Second
	if !r.Paused && clock >= length {
		return api.Fail(api.ConflictStep, "the replay has finished: create another one")
	}
	speed, paused, to := r.Speed, r.Paused, clock
	set(&speed, e.Speed)
	set(&paused, e.Paused)
	if e.Position != nil {
		to = time.Duration(*e.Position) * time.Second
		if to > length {
			return api.FieldError("position", "must be at most %d, the length of the replay", r.Length)
		}
	}
	if speed == r.Speed && paused == r.Paused && e.Position == nil {
		return nil
	}
	if clock < 0 && e.Position == nil { // still waits for its kick-off
		if paused {
			return api.Fail(api.ConflictStep, "the replay has not begun: give a position, or wait until its kick-off")
		}
		r.Speed = speed
		return nil
	}
	r.Speed, r.Paused = speed, paused
	r.anchor(max(to, 0), now)
	return nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// Delete ends a replay and deletes it with its match.
func (s *Store) Delete(ctx context.Context, r *api.Request, id string) error {
	_, err := change.Make(ctx, s.changes, s.call(r),
		func(ctx context.Context, _ int) (deletion, error) { return s.deletion(ctx, r, id) },
		func(d deletion) (Replay, change.Plan, error) {
			if d.record == nil {
				return Replay{}, change.Plan{}, unknown()
			}
			writes := append([]table.Write{
				table.Delete(address(r.Caller.Org, id), table.Eq("version", d.Version)), table.Delete(tapeAddress(r.Caller.Org, id)),
				table.Delete(table.Key{Partition: unfinished, Sort: id}),
			}, d.writes...)
			return Replay{}, change.Plan{Writes: writes,
				Entries: []audit.Change{{Action: "replay.delete", Target: id, Before: d.settings()}}}, nil
		})
	return err
}

// deletion is a replay to delete, with the writes that delete its match.
type deletion struct {
	*record
	writes []table.Write
}

func (s *Store) deletion(ctx context.Context, r *api.Request, id string) (d deletion, err error) {
	if d.record, err = s.find(ctx, r, id); err != nil || d.record == nil {
		return d, err
	}
	found, err := s.Matches.RecordsOfAllOwners(ctx, []string{d.ReplayMatch}, true)
	if err != nil {
		return d, down(err)
	}
	if m := found[d.ReplayMatch]; m != nil {
		write, err := matches.WriteReplay(m, nil, r.Now)
		if err != nil {
			return d, err
		}
		d.writes = append(d.writes, write)
	}
	report, err := s.Reports.Deletion(ctx, d.ReplayMatch)
	d.writes = append(d.writes, report...)
	return d, down(err)
}

func down(err error) error {
	if err == nil {
		return nil
	}
	return api.UnavailableError("reading replays", err)
}
