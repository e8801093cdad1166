package contests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// Items of the stats table:
//
//	CONTEST#<id>             CONTEST    a contest
//	CONTESTS#<kind>#<id>     <ms>#<id>  that it is in the history of a user, a team or an organisation
//	CONTESTANT#<kind>#<id>        CONTESTANT      a team or an organisation, with its members
//	CONTESTANT#<kind>-slug#<slug> SLUG       whose slug it is

const (
	contestSort    = "CONTEST"
	contestantSort = "CONTESTANT"
	slugSort       = "SLUG"
)

// maxMembers keeps the transaction that makes a contest within 100 writes: the
// contest, its audit entry in four places, what the Idempotency-Key remembers, and a
// line in the history of each team, organisation and member.
const maxMembers = 40

// Table is what contests need of the stats table.
type Table interface {
	Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error)
	BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error)
	Query(ctx context.Context, q table.Query) (table.Page, error)
	Transact(ctx context.Context, ws []table.Write) error
}

// Store keeps contests, teams and their organisations. What it fails with is an
// *[api.Error].
type Store struct {
	table Table
	ids   *ids.Source
}

// NewStore returns a store over the stats table.
func NewStore(t Table, rand io.Reader) *Store { return &Store{table: t, ids: ids.New(rand)} }

func contestKey(id string) table.Key {
	return table.Key{Partition: table.Join("CONTEST", id), Sort: contestSort}
}

func contestantKey(kind Kind, id string) table.Key {
	return table.Key{Partition: table.Join("CONTESTANT", string(kind), id), Sort: contestantSort}
}

func slugKey(kind Kind, slug string) table.Key {
	return table.Key{Partition: table.Join("CONTESTANT", string(kind)+"-slug", slug), Sort: slugSort}
}

// storable tells whether a caller's text may be a part of a key; what is not is
// the name of nothing.
func storable(s string) bool { return s != "" && len(s) <= 64 && utf8.ValidString(s) }

// record is a contest as it is stored, with the revision that its next change
// must find.
type record struct {
	Contest
	Rev int64 `json:"rev"`
}

func (r record) item() (table.Item, error) {
	it, err := table.Encode(r)
	if err != nil {
		return nil, fmt.Errorf("contests: encoding %s: %w", r.ID, err)
	}
	at := contestKey(r.ID)
	it[table.PartitionAttr], it[table.SortAttr] = at.Partition, at.Sort
	return it, nil
}

func recordFrom(it table.Item) (record, error) {
	var r record
	if err := table.Decode(it, &r); err != nil {
		return r, fmt.Errorf("contests: reading %s: %w", it.Str(table.PartitionAttr), err)
	}
	if r.Maps == nil {
		r.Maps = []MapScore{}
	}
	return r, nil
}

// Whose decides whose contests a change may touch.
type Whose func(Contest) error

// AnyGame is for the operator's own changes.
func AnyGame(Contest) error { return nil }

// OfGame is for a key that is bound to the game; one that is bound to none, "",
// touches nothing.
func OfGame(game string) Whose {
	return func(c Contest) error {
		if game == "" || c.Game != game {
			return api.Fail(api.PermissionGame, "this match is of another game than the key")
		}
		return nil
	}
}

// Token is the Idempotency-Key of a call, or none. The key's game is part of what is
// asked for: the same user may have keys of several games, and what one of them was
// answered is no answer to another.
func (s *Store) Token(r *api.Request, input any) (idempotency.Token, error) {
	return idempotency.Of(s.table, r, struct {
		Game  string
		Input any
	}{r.Caller.Game, input})
}

func (s *Store) read(ctx context.Context, id string) (record, error) {
	if !ids.Plausible(id) {
		return record{}, unknownContest()
	}
	it, err := s.table.Get(ctx, contestKey(id), true)
	switch {
	case err != nil:
		return record{}, api.Down("reading a contest", err)
	case it == nil:
		return record{}, unknownContest()
	}
	return recordFrom(it)
}

func unknownContest() *api.Error { return api.Fail(api.NotFoundMatch, "no such match") }

// Spec is a contest as a game asks for it. Teams are named by id or slug.
type Spec struct {
	Game        string
	Home, Away  string
	BestOf      int
	Status      Status // PENDING, ACCEPTED or READY
	ScheduledAt *time.Time
}

// Create makes a contest, once for an Idempotency-Key. Whoever is an active member
// of a team then has taken part in it. Who made it is in the trail of the caller's
// organisation, as every change is.
func (s *Store) Create(ctx context.Context, r *api.Request, token idempotency.Token, spec Spec) (Contest, error) {
	id, err := s.ids.New("con_", r.Now)
	if err != nil {
		return Contest{}, err
	}
	note, err := audit.NewNote(s.ids, audit.Caller(r))
	if err != nil {
		return Contest{}, err
	}
	at := Instant(r.Now)
	var made Contest
	err = s.asked(ctx, r, func(ctx context.Context) (change.Plan, error) {
		if done, err := token.Answered(ctx, &made); done || err != nil {
			return change.Plan{}, err
		}
		if mine, err := s.read(ctx, id); err == nil { // an earlier attempt, whose answer was lost
			made = mine.Contest
			return change.Plan{}, nil
		} else if !missing(err) {
			return change.Plan{}, err
		}
		home, err := s.find(ctx, OfTeam, spec.Home)
		if err != nil {
			return change.Plan{}, err
		}
		away, err := s.find(ctx, OfTeam, spec.Away)
		if err != nil {
			return change.Plan{}, err
		}
		if home.ID == away.ID {
			return change.Plan{}, api.FieldError("away", "must be another team than home")
		}
		made = Contest{ID: id, Game: spec.Game, Status: spec.Status, BestOf: spec.BestOf, Home: opponent(home), Away: opponent(away),
			Maps: []MapScore{}, ScheduledAt: spec.ScheduledAt, CreatedAt: at, UpdatedAt: at}
		told, err := note.Writes(audit.Change{Org: r.Caller.Org, Action: "contest.create", Target: id, After: made})
		if err != nil {
			return change.Plan{}, err
		}
		return births(token, told, made, home, away)
	})
	return made, err
}

func missing(err error) bool { return api.AsError(err).Condition == api.NotFoundMatch }

func opponent(p Contestant) Opponent {
	return Opponent{ID: p.ID, Slug: p.Slug, Name: p.Name, Org: p.Org}
}

// Instant cuts a moment to what is stored and shown: milliseconds.
func Instant(at time.Time) time.Time { return at.UTC().Truncate(time.Millisecond) }

// births are the writes that make a contest: itself, its place in the histories,
// what is told of it, and what the Idempotency-Key remembers.
func births(token idempotency.Token, told []table.Write, c Contest, home, away Contestant) (change.Plan, error) {
	it, err := record{Contest: c, Rev: 1}.item()
	if err != nil {
		return change.Plan{}, err
	}
	ws := append([]table.Write{table.Put(it, table.IsNew())}, told...)
	for _, h := range entries(c, home, away) {
		ws = append(ws, table.Put(h, table.IsNew()))
	}
	remembered, err := token.Writes(c)
	return change.Plan{Writes: append(ws, remembered...)}, err
}

// Step is one kind of change of a contest.
type Step struct {
	Action string // in the audit trail, such as "contest.move"
	Whose  Whose
	Rule   func(Contest) (Contest, error)
}

// Change takes a step with a contest, in one transaction with what is told of it,
// and once for an Idempotency-Key.
func (s *Store) Change(ctx context.Context, r *api.Request, token idempotency.Token, id string, step Step) (Contest, error) {
	note, err := audit.NewNote(s.ids, audit.Caller(r))
	if err != nil {
		return Contest{}, err
	}
	var after Contest
	again := false
	err = s.asked(ctx, r, func(ctx context.Context) (change.Plan, error) {
		if done, err := token.Answered(ctx, &after); done || err != nil {
			return change.Plan{}, err
		}
		before, err := s.read(ctx, id)
		if err != nil {
			return change.Plan{}, err
		}
		// An earlier attempt, whose answer was lost. Its entry tells, as the contest
		// itself may have been changed by others since; after is as it left it.
		if again {
			if done, err := note.Written(ctx, byGet{s.table}, r.Caller.Org); done || err != nil {
				return change.Plan{}, err
			}
		}
		again = true
		if err := step.Whose(before.Contest); err != nil {
			return change.Plan{}, err
		}
		if after, err = step.Rule(before.Contest); err != nil {
			return change.Plan{}, refused(err)
		}
		told, err := note.Writes(audit.Change{Org: r.Caller.Org, Action: step.Action, Target: before.ID, Before: before.Contest, After: after})
		if err != nil {
			return change.Plan{}, err
		}
		return moved(token, told, before.Rev, record{Contest: after, Rev: before.Rev + 1})
	})
	return after, err
}

// byGet reads one by one: changes of contests are granted no other read.
type byGet struct{ table Table }

func (t byGet) BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error) {
	var found []table.Item
	for _, k := range keys {
		it, err := t.table.Get(ctx, k, consistent)
		if err != nil {
			return nil, err
		}
		if it != nil {
			found = append(found, it)
		}
	}
	return found, nil
}

// moved are the writes that put a contest in the place of what it was.
func moved(token idempotency.Token, told []table.Write, was int64, is record) (change.Plan, error) {
	it, err := is.item()
	if err != nil {
		return change.Plan{}, err
	}
	remembered, err := token.Writes(is.Contest)
	return change.Plan{Writes: append(append(told, remembered...), table.Put(it, table.Eq("rev", was)))}, err
}

// refused is a rule's refusal as its caller reads it.
func refused(err error) error {
	switch {
	case errors.Is(err, errState):
		return api.Fail(api.ConflictState, "%v", err)
	case errors.Is(err, errMap):
		return api.FieldError("maps", "%v", err)
	case errors.Is(err, errTeam):
		return api.FieldError("team", "%v", err)
	}
	return err
}

// asked is apply for a change that a key asks for: what it may no longer do by the
// time of the write is not written.
func (s *Store) asked(ctx context.Context, r *api.Request, decide func(ctx context.Context) (change.Plan, error)) error {
	return s.apply(ctx, func(ctx context.Context) (change.Plan, error) {
		plan, err := decide(ctx)
		if err == nil && len(plan.Writes) > 0 {
			err = r.StillCurrent(ctx)
		}
		return plan, err
	})
}

func (s *Store) apply(ctx context.Context, decide func(ctx context.Context) (change.Plan, error)) error {
	return change.Apply(ctx, s.table, nil, decide)
}
