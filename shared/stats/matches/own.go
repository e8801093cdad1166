package matches

import (
	"context"
	"io"
	"reflect"
	"strconv"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// Own writes the matches of organisations, which only the organisation's own keys see.
// No public standings or counters include them. Each change is one transaction on the
// match, the owner's counters and the audit entry. Errors are *[api.Error].
type Own struct {
	store   *Store
	changes change.Store
	repeats idempotency.Store
}

// NewOwn returns the writer over a store. Claims is the keys table, in which operations
// claim their Idempotency-Keys; rand is for the ids of audit entries.
func NewOwn(store *Store, claims idempotency.Claims, rand io.Reader) *Own {
	return &Own{store, change.Store{Table: store.table, IDs: ids.New(rand), BesideData: true},
		idempotency.Store{Table: store.table, Claims: claims}}
}

// Draft is a match to create, with the writes that create its teams.
type Draft struct {
	Match Match // its status, teams, place in a season and day, without an id
	First Edit  // the initial score and minute
	Teams []table.Write
	UUID  bool // the id must be a UUID
}

// State implements [api.Versioned].
func (m Match) State() string { return m.ID + "." + strconv.FormatInt(m.Version, 10) }

// Create creates a match of the caller's organisation. A repeated request with the same
// Idempotency-Key gets the first answer, before draft reads anything, or ConflictRepeat if
// the match has been deleted since. Create fails with
// Conflict and the existing id if the organisation has a match of the same identity: the
// same teams in the same round of a season or, without a round, on the same day. A match
// that was rescheduled to another day does not conflict on its first day.
func (o *Own) Create(ctx context.Context, r *api.Request, input any, draft func(ctx context.Context) (Draft, error)) (*Match, error) {
	token, err := o.repeats.Of(r, input)
	if err != nil {
		return nil, err
	}
	call := o.call(r)
	call.Token = token.While("match", func(ctx context.Context, id string) (bool, error) {
		is, err := o.find(ctx, r.Caller.Org, id)
		return is != nil, err
	})
	return matchOrError(change.Make(ctx, o.changes, call,
		func(ctx context.Context, _ int) (createFacts, error) {
			d, err := draft(ctx)
			if err != nil {
				return createFacts{}, err
			}
			m, err := d.build(r.Caller.Org)
			if err != nil {
				return createFacts{}, err
			}
			return o.assignID(ctx, d, m)
		},
		func(f createFacts) (Match, change.Plan, error) {
			if f.before != nil {
				return f.before.Match, change.Plan{}, alreadyExists(f.before.ID)
			}
			after := &Record{Match: f.match, HomeAs: f.match.Home.Name, AwayAs: f.match.Away.Name}
			plan, err := planOf(Change{After: after}, "match.create", r.Now)
			return after.Match, plan.And(change.Plan{Writes: f.teams}), err
		}))
}

// matchOrError returns a pointer to the match, or nil with the error.
func matchOrError(m Match, err error) (*Match, error) {
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// createFacts is what Create reads before it decides.
type createFacts struct {
	match  Match         // the new match, with its id
	teams  []table.Write // create the teams of the match
	before *Record       // the stored match with this id, or nil
}

// build returns the match that a draft describes.
func (d Draft) build(org string) (Match, error) {
	m := d.Match
	m.Owner = org
	return m.Edited(d.First)
}

// maxSalts bounds how many matches of one identity can be created on one day and then
// rescheduled.
const maxSalts = 8

// assignID sets the id of a match and returns it with the stored match of that id, if
// any. A rescheduled match keeps the id that it got on its first day, so the next match
// of the same identity on that day gets an id with another salt.
func (o *Own) assignID(ctx context.Context, d Draft, m Match) (f createFacts, err error) {
	identity := IdentityOf(&m)
	f.teams = d.Teams
	for salt := range maxSalts {
		if m.ID = identity.ID(m.Owner, salt); d.UUID {
			m.ID = identity.uuid(m.Owner, salt)
		}
		f.match = m
		f.before, err = o.find(ctx, m.Owner, m.ID)
		if err != nil || f.before == nil || IdentityOf(&f.before.Match) == identity {
			return f, err
		}
	}
	return f, err
}

func alreadyExists(id string) *api.Error {
	err := api.Fail(api.Conflict, "this match already exists: the same teams in the same round of a season, or on the same day")
	err.Details = map[string]string{"match": id}
	return err
}

// Update changes a match of the caller's organisation if the request's If-Match names its
// current state.
func (o *Own) Update(ctx context.Context, r *api.Request, id string, edit func(m Match) (Edit, error)) (*Match, error) {
	return matchOrError(change.Make(ctx, o.changes, o.call(r), o.reader(r, id), func(before *Record) (Match, change.Plan, error) {
		if err := checkState(r, before); err != nil {
			return Match{}, change.Plan{}, err
		}
		e, err := edit(before.Match)
		if err != nil {
			return Match{}, change.Plan{}, err
		}
		after := &Record{HomeAs: before.HomeAs, AwayAs: before.AwayAs}
		if after.Match, err = before.Edited(e); err != nil {
			return Match{}, change.Plan{}, err
		}
		if reflect.DeepEqual(after.Match, before.Match) {
			return before.Match, change.Plan{}, nil
		}
		plan, err := planOf(Change{Before: before, After: after}, "match.update", r.Now)
		return after.Match, plan, err
	}))
}

// Delete deletes a match of the caller's organisation, on the same condition as Update.
func (o *Own) Delete(ctx context.Context, r *api.Request, id string) error {
	_, err := change.Make(ctx, o.changes, o.call(r), o.reader(r, id), func(before *Record) (Match, change.Plan, error) {
		if err := checkState(r, before); err != nil {
			return Match{}, change.Plan{}, err
		}
		plan, err := planOf(Change{Before: before}, "match.delete", r.Now)
		return before.Match, plan, err
	})
	return err
}

// call returns the call of a change. The match does not show whether an earlier attempt
// made the change, because other changes may have followed. The audit entry does.
func (o *Own) call(r *api.Request) change.Call {
	c := change.Asked(r)
	c.Entries = o.store.table
	return c
}

// planOf returns the plan of one change, with its audit entry.
func planOf(c Change, action string, now time.Time) (change.Plan, error) {
	entry := audit.Change{Action: action}
	ws, err := writes([]Change{c}, now)
	if err != nil {
		return change.Plan{}, err
	}
	if c.Before != nil {
		entry.Target, entry.Before = c.Before.ID, c.Before.Match
	}
	if c.After != nil {
		entry.Target, entry.After = c.After.ID, c.After.Match
	}
	return change.Plan{Writes: ws, Entries: []audit.Change{entry}}, nil
}

// find returns an organisation's match, or nil. A public match, or one of another
// organisation, does not exist for the organisation.
func (o *Own) find(ctx context.Context, org, id string) (*Record, error) {
	found, err := o.store.RecordsOfAllOwners(ctx, []string{id}, true)
	if err != nil {
		return nil, api.UnavailableError("reading a match", err)
	}
	if before := found[id]; before != nil && before.Owner == org {
		return before, nil
	}
	return nil, nil
}

// reader returns the function that reads the match to change.
func (o *Own) reader(r *api.Request, id string) func(ctx context.Context, attempt int) (*Record, error) {
	return func(ctx context.Context, _ int) (*Record, error) { return o.find(ctx, r.Caller.Org, id) }
}

// checkState fails if the match does not exist, or if its state is not the one that the
// request's If-Match names.
func checkState(r *api.Request, before *Record) error {
	if before == nil {
		return api.Fail(api.NotFound, "no such match")
	}
	if before.Replay != "" {
		return api.Fail(api.Conflict, "this match belongs to the replay %s: change or delete the replay", before.Replay)
	}
	return r.Precondition(before.Match)
}
