package contests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

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

// MembersAtMost keeps the transaction that makes a contest within 100 writes: the
// contest, its audit entry in four places, what the Idempotency-Key remembers, and a
// line in the history of each team, organisation and member.
const MembersAtMost = 40

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
	table   Table
	changes change.Store
}

// NewStore returns a store over the stats table.
func NewStore(t Table, rand io.Reader) *Store {
	return &Store{table: t, changes: change.Store{Table: t, IDs: ids.New(rand), BesideData: true}}
}

func contestKey(id string) table.Key {
	return table.Key{Partition: table.Join("CONTEST", id), Sort: contestSort}
}

func contestantKey(kind Kind, id string) table.Key {
	return table.Key{Partition: table.Join("CONTESTANT", string(kind), id), Sort: contestantSort}
}

func slugKey(kind Kind, slug string) table.Key {
	return table.Key{Partition: table.Join("CONTESTANT", string(kind)+"-slug", slug), Sort: slugSort}
}

// maxIDBytes bounds the identifiers, slugs and users that a store looks for.
const maxIDBytes = 64

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

// Get returns one contest of a game. One of another game is there, but not for
// this key.
func (s *Store) Get(ctx context.Context, game, id string) (Contest, error) {
	r, err := s.read(ctx, id)
	if err != nil {
		return Contest{}, err
	}
	if err := OfGame(game)(r.Contest); err != nil {
		return Contest{}, err
	}
	return r.Contest, nil
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
			return api.Fail(api.PermissionGame, "the match belongs to another game than the key")
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
	id, err := s.changes.IDs.New("con_", r.Now)
	if err != nil {
		return Contest{}, err
	}
	at := Instant(r.Now)
	call := change.Asked(r)
	call.Token = token
	return change.Make(ctx, s.changes, call,
		func(ctx context.Context, _ int) (createFacts, error) { return s.createFacts(ctx, id, spec) },
		func(f createFacts) (Contest, change.Plan, error) {
			switch {
			case f.made.ID != "": // by an earlier attempt, whose answer was lost
				return f.made, change.Plan{}, nil
			case f.home.ID == f.away.ID:
				return Contest{}, change.Plan{}, api.FieldError("away", "must be another team than home")
			}
			made := Contest{ID: id, Game: spec.Game, Status: spec.Status, BestOf: spec.BestOf, Home: opponent(f.home), Away: opponent(f.away),
				Maps: []MapScore{}, ScheduledAt: spec.ScheduledAt, CreatedAt: at, UpdatedAt: at}
			plan, err := births(made, f.home, f.away)
			return made, plan, err
		})
}

// createFacts are the facts that a contest is made by.
type createFacts struct {
	made       Contest // where it is there already; else the teams
	home, away Contestant
}

func (s *Store) createFacts(ctx context.Context, id string, spec Spec) (f createFacts, err error) {
	if mine, err := s.read(ctx, id); !missing(err) {
		return createFacts{made: mine.Contest}, err
	}
	if f.home, err = s.Contestant(ctx, OfTeam, spec.Home); err != nil {
		return f, err
	}
	f.away, err = s.Contestant(ctx, OfTeam, spec.Away)
	return f, err
}

func missing(err error) bool { return err != nil && api.AsError(err).Condition == api.NotFoundMatch }

func opponent(p Contestant) Opponent {
	return Opponent{ID: p.ID, Slug: p.Slug, Name: p.Name, Org: p.Org}
}

// Instant cuts a moment to what is stored and shown: milliseconds.
func Instant(at time.Time) time.Time { return at.UTC().Truncate(time.Millisecond) }

// births is the plan that makes a contest: itself, its place in the histories and the
// audit entry.
func births(c Contest, home, away Contestant) (change.Plan, error) {
	it, err := record{Contest: c, Rev: 1}.item()
	ws := []table.Write{table.Put(it, table.IsNew())}
	for _, h := range entries(c, home, away) {
		ws = append(ws, table.Put(h, table.IsNew()))
	}
	return change.Plan{Writes: ws, Entries: []audit.Change{{Action: "contest.create", Target: c.ID, After: c}}}, err
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
	call := change.Asked(r)
	call.Token, call.Entries = token, byGet{s.table}
	return change.Make(ctx, s.changes, call,
		func(ctx context.Context, _ int) (record, error) { return s.read(ctx, id) },
		func(before record) (Contest, change.Plan, error) {
			if err := step.Whose(before.Contest); err != nil {
				return Contest{}, change.Plan{}, err
			}
			after, err := step.Rule(before.Contest)
			if err != nil {
				return after, change.Plan{}, refused(err)
			}
			plan, err := before.moved(step.Action, after)
			return after, plan, err
		})
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

// moved is the plan that replaces a contest, if it is still as it was read.
func (r record) moved(action string, after Contest) (change.Plan, error) {
	it, err := record{Contest: after, Rev: r.Rev + 1}.item()
	return change.Plan{Writes: []table.Write{table.Put(it, table.Eq("rev", r.Rev))},
		Entries: []audit.Change{{Action: action, Target: r.ID, Before: r.Contest, After: after}}}, err
}

// refused is a rule's refusal as its caller reads it.
func refused(err error) error {
	switch {
	case errors.Is(err, ErrState):
		return api.Fail(api.ConflictState, "%v", err)
	case errors.Is(err, ErrMap):
		return api.FieldError("maps", "%v", err)
	case errors.Is(err, ErrTeam):
		return api.FieldError("team", "%v", err)
	}
	return err
}
