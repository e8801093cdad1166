package matches

import (
	"context"
	"io"
	"strconv"

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
	store *Store
	ids   *ids.Source
}

// NewOwn returns a writer over a store; rand is the source of audit entry ids.
func NewOwn(store *Store, rand io.Reader) *Own { return &Own{store, ids.New(rand)} }

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
	var made Match
	err = o.apply(ctx, r, func(ctx context.Context, a *attempt) ([]table.Write, error) {
		if done, err := token.Answered(ctx, &made); done || err != nil {
			return nil, err
		}
		d, err := draft(ctx)
		if err != nil {
			return nil, err
		}
		if made, err = d.drawn(r.Caller.Org); err != nil {
			return nil, err
		}
		before, done, err := a.seat(ctx, d, &made)
		if before != nil {
			made = before.Match
		}
		if done || err != nil {
			return nil, err
		}
		if before != nil {
			return nil, there(made.ID)
		}
		after := &Record{Match: made, HomeAs: made.Home.Name, AwayAs: made.Away.Name}
		ws, err := a.writes(Change{After: after}, "match.create")
		made = after.Match
		if err != nil {
			return nil, err
		}
		answer, err := token.Writes(made)
		return append(append(ws, d.Teams...), answer...), err
	})
	return &made, err
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

// seat sets the id of a match and returns the stored match that has this id, if any. A
// rescheduled match keeps the id of its first day, so the next match of that day gets a
// salted id.
func (a *attempt) seat(ctx context.Context, d Draft, m *Match) (before *Record, done bool, err error) {
	identity := IdentityOf(m)
	for salt := range seats {
		if m.ID = identity.ID(m.Owner, salt); d.UUID {
			m.ID = identity.uuid(m.Owner, salt)
		}
		before, done, err = a.find(ctx, m.ID)
		if err != nil || before == nil || IdentityOf(&before.Match) == identity {
			return before, done, err
		}
	}
	return before, done, err
}

func there(id string) *api.Error {
	err := api.Fail(api.Conflict, "this match exists already: the same teams at the same place in a season, or on the same day")
	err.Details = map[string]string{"match": id}
	return err
}

// Update changes a match of the caller's organisation if the request's If-Match names its
// current state.
func (o *Own) Update(ctx context.Context, r *api.Request, id string, edit func(m Match) (Edit, error)) (*Match, error) {
	var after *Record
	err := o.apply(ctx, r, func(ctx context.Context, a *attempt) ([]table.Write, error) {
		before, done, err := a.present(ctx, id)
		if done || err != nil {
			return nil, err
		}
		e, err := edit(before.Match)
		if err != nil {
			return nil, err
		}
		after = &Record{HomeAs: before.HomeAs, AwayAs: before.AwayAs}
		if after.Match, err = before.Edited(e); err != nil {
			return nil, err
		}
		return a.writes(Change{Before: before, After: after}, "match.update")
	})
	if err != nil {
		return nil, err
	}
	return &after.Match, nil
}

// Delete deletes a match of the caller's organisation, under the same condition.
func (o *Own) Delete(ctx context.Context, r *api.Request, id string) error {
	return o.apply(ctx, r, func(ctx context.Context, a *attempt) ([]table.Write, error) {
		before, done, err := a.present(ctx, id)
		if done || err != nil {
			return nil, err
		}
		return a.writes(Change{Before: before}, "match.delete")
	})
}

// attempt is the state that a request's attempts to write its change share.
type attempt struct {
	own     *Own
	request *api.Request
	note    audit.Note
	again   bool // an earlier attempt may have been written although its answer was lost
}

// apply retries a change until no concurrent change conflicts with it. A decide that
// returns no writes and no error ends it successfully. Before each write, apply checks
// that the key may still make the change.
func (o *Own) apply(ctx context.Context, r *api.Request, decide func(context.Context, *attempt) ([]table.Write, error)) error {
	note, err := audit.NewNote(o.ids, audit.Caller(r))
	if err != nil {
		return err
	}
	a := &attempt{own: o, request: r, note: note}
	return change.Apply(ctx, o.store.table, nil, func(ctx context.Context) (change.Plan, error) {
		ws, err := decide(ctx, a)
		a.again = true
		if err == nil && len(ws) > 0 {
			err = r.StillCurrent(ctx)
		}
		return change.Plan{Writes: ws}, err
	})
}

// writes returns the transaction of a change and its audit entry.
func (a *attempt) writes(c Change, action string) ([]table.Write, error) {
	ws := writes([]Change{c}, a.request.Now)
	entry := audit.Change{Org: a.request.Caller.Org, Action: action}
	if c.Before != nil {
		entry.Target, entry.Before = c.Before.ID, c.Before.Match
	}
	if c.After != nil {
		entry.Target, entry.After = c.After.ID, c.After.Match
	}
	audited, err := a.note.Writes(entry)
	return append(ws, audited...), err
}

// find returns a match of the caller's organisation, or nil if the organisation has none
// of this id: a public match, or another organisation's, counts as missing. done reports
// whether an earlier attempt has written the change.
func (a *attempt) find(ctx context.Context, id string) (*Record, bool, error) {
	t, org := a.own.store, a.request.Caller.Org
	found, err := t.RecordsOfAllOwners(ctx, []string{id}, true)
	if err != nil {
		return nil, false, api.Down("reading a match", err)
	}
	before := found[id]
	if before != nil && before.Owner != org {
		before = nil
	}
	if !a.again {
		return before, false, nil
	}
	done, err := a.note.Written(ctx, t.table, org)
	return before, done, err
}

// present is find for a match that must exist and be in the state that the request's
// If-Match names.
func (a *attempt) present(ctx context.Context, id string) (*Record, bool, error) {
	before, done, err := a.find(ctx, id)
	switch {
	case done || err != nil:
		return nil, done, err
	case before == nil:
		return nil, false, api.Fail(api.NotFound, "no such match")
	}
	return before, false, a.request.Precondition(before.Match)
}
