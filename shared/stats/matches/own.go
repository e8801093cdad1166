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

// Own writes the matches that organisations keep for themselves: their own keys
// alone see them, and no public table or counter has them. Each change is one
// transaction on the match, its owner's counters and the audit entry, so none is
// ever half made or unrecorded. Errors are *[api.Error].
type Own struct {
	store *Store
	ids   *ids.Source
}

// NewOwn returns the writer over a store; rand is for the ids of audit entries.
func NewOwn(store *Store, rand io.Reader) *Own { return &Own{store, ids.New(rand)} }

// Draft is a match that is about to be made, and what must be written with it so
// that its teams are known.
type Draft struct {
	Match Match // its status, teams, place in a season and day
	First Edit  // the score and the minute that it begins with
	Teams []table.Write
	UUID  bool // its id is to be one
}

// State implements [api.Versioned].
func (m Match) State() string { return m.ID + "." + strconv.FormatInt(m.Version, 10) }

// Create makes a match of the caller's organisation. A repeat under the call's
// Idempotency-Key is given the first answer again, before draft looks at anything.
// A match of the same teams at the same place in a season, or without a round on
// the same day, is the same match: a second one is refused with its id. One that was
// moved away from that day has left it.
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

// drawn is the match that a draft comes to.
func (d Draft) drawn(org string) (Match, error) {
	m := d.Match
	m.Owner = org
	return m.Edited(d.First)
}

// seats bounds how many matches may have been made on one day and moved away.
const seats = 8

// seat gives a match its id, and finds what has that id. A match that was moved keeps
// the id that its first day gave it, and the next one of that day gets another.
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
	err := api.Fail(api.Conflict, "this match is there already: the same teams at the same place in a season, or on the same day")
	err.Details = map[string]string{"match": id}
	return err
}

// Update changes a match of the caller's organisation, on the condition that the
// call's If-Match names its present state.
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

// Delete removes a match of the caller's organisation, on the same condition.
func (o *Own) Delete(ctx context.Context, r *api.Request, id string) error {
	return o.apply(ctx, r, func(ctx context.Context, a *attempt) ([]table.Write, error) {
		before, done, err := a.present(ctx, id)
		if done || err != nil {
			return nil, err
		}
		return a.writes(Change{Before: before}, "match.delete")
	})
}

// attempt is one of a call's attempts to make its change.
type attempt struct {
	own     *Own
	request *api.Request
	note    audit.Note
	again   bool // an earlier one may have been made, and its answer lost
}

// apply makes a change until nobody else's comes between. No writes and no error
// say that it is made. What a key may no longer do by then is not written.
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

// writes are the change's transaction.
func (a *attempt) writes(c Change, action string) ([]table.Write, error) {
	ws := writes([]Change{c}, a.request.Now)
	told := audit.Change{Org: a.request.Caller.Org, Action: action}
	if c.Before != nil {
		told.Target, told.Before = c.Before.ID, c.Before.Match
	}
	if c.After != nil {
		told.Target, told.After = c.After.ID, c.After.Match
	}
	entry, err := a.note.Writes(told)
	return append(ws, entry...), err
}

// find reads a match of the caller's organisation, nil where it has none of the id:
// another organisation's, or a public one, is not there. It tells whether an earlier
// attempt has made the change already.
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

// present is find for a change of a match, which must be there and in the state
// that the call's If-Match names.
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
