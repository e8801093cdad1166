package matches

import (
	"context"
	"io"
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
}

// NewOwn returns the writer over a store; rand is for the ids of audit entries.
func NewOwn(store *Store, rand io.Reader) *Own {
	return &Own{store, change.Store{Table: store.table, IDs: ids.New(rand), BesideData: true}}
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
// Idempotency-Key gets the first answer, before draft reads anything. Create fails with
// Conflict and the existing id if the organisation has a match of the same identity: the
// same teams in the same round of a season or, without a round, on the same day. A match
// that was rescheduled to another day does not conflict on its first day.
func (o *Own) Create(ctx context.Context, r *api.Request, input any, draft func(ctx context.Context) (Draft, error)) (*Match, error) {
	token, err := idempotency.Of(o.store.table, r, input)
	if err != nil {
		return nil, err
	}
	call := o.call(r)
	call.Token = token
	return made(change.Make(ctx, o.changes, call,
		func(ctx context.Context, _ int) (createFacts, error) {
			d, err := draft(ctx)
			if err != nil {
				return createFacts{}, err
			}
			m, err := d.drawn(r.Caller.Org)
			if err != nil {
				return createFacts{}, err
			}
			return o.seat(ctx, d, m)
		},
		func(f createFacts) (Match, change.Plan, error) {
			if f.before != nil {
				return f.before.Match, change.Plan{}, there(f.before.ID)
			}
			after := &Record{Match: f.match, HomeAs: f.match.Home.Name, AwayAs: f.match.Away.Name}
			plan := planned(Change{After: after}, "match.create", r.Now)
			return after.Match, plan.And(change.Plan{Writes: f.teams}), nil
		}))
}

// made is what a change returns.
func made(m Match, err error) (*Match, error) {
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// createFacts are the facts that a match is made by.
type createFacts struct {
	match  Match         // with its id
	teams  []table.Write // what must be written with it
	before *Record       // what has the id; nil where nothing has
}

// drawn returns the match that a draft describes.
func (d Draft) drawn(org string) (Match, error) {
	m := d.Match
	m.Owner = org
	return m.Edited(d.First)
}

// seats bounds how many matches of one identity may have been created on one day and
// rescheduled to others.
const seats = 8

// seat gives a match its id, and finds what has that id. A match that was moved keeps
// the id that its first day gave it, and the next one of that day gets another.
func (o *Own) seat(ctx context.Context, d Draft, m Match) (f createFacts, err error) {
	identity := IdentityOf(&m)
	f.teams = d.Teams
	for salt := range seats {
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

func there(id string) *api.Error {
	err := api.Fail(api.Conflict, "this match already exists: the same teams in the same round of a season, or on the same day")
	err.Details = map[string]string{"match": id}
	return err
}

// Update changes a match of the caller's organisation if the request's If-Match names its
// current state.
func (o *Own) Update(ctx context.Context, r *api.Request, id string, edit func(m Match) (Edit, error)) (*Match, error) {
	return made(change.Make(ctx, o.changes, o.call(r), o.reading(r, id), func(before *Record) (Match, change.Plan, error) {
		if err := present(r, before); err != nil {
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
		plan := planned(Change{Before: before, After: after}, "match.update", r.Now)
		return after.Match, plan, nil
	}))
}

// Delete deletes a match of the caller's organisation, under the same condition.
func (o *Own) Delete(ctx context.Context, r *api.Request, id string) error {
	_, err := change.Make(ctx, o.changes, o.call(r), o.reading(r, id), func(before *Record) (Match, change.Plan, error) {
		if err := present(r, before); err != nil {
			return Match{}, change.Plan{}, err
		}
		return before.Match, planned(Change{Before: before}, "match.delete", r.Now), nil
	})
	return err
}

// call is a change of an organisation's own match. Its facts do not tell whether an
// earlier attempt made it, as other changes may have followed: its audit entry does.
func (o *Own) call(r *api.Request) change.Call {
	c := change.Asked(r)
	c.Entries = o.store.table
	return c
}

// planned is the plan of one change, with its audit entry.
func planned(c Change, action string, now time.Time) change.Plan {
	entry := audit.Change{Action: action}
	ws := writes([]Change{c}, now)
	if c.Before != nil {
		entry.Target, entry.Before = c.Before.ID, c.Before.Match
	}
	if c.After != nil {
		entry.Target, entry.After = c.After.ID, c.After.Match
	}
	return change.Plan{Writes: ws, Entries: []audit.Change{entry}}
}

// find reads a match of an organisation, nil where it has none of the id: another
// organisation's match, or a public one, does not exist for it.
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

// reading reads the match that a request changes.
func (o *Own) reading(r *api.Request, id string) func(ctx context.Context, attempt int) (*Record, error) {
	return func(ctx context.Context, _ int) (*Record, error) { return o.find(ctx, r.Caller.Org, id) }
}

// present refuses a change of a match that does not exist, or whose state is not the
// one that the request's If-Match names.
func present(r *api.Request, before *Record) error {
	if before == nil {
		return api.Fail(api.NotFound, "no such match")
	}
	return r.Precondition(before.Match)
}
