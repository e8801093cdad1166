package contests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
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
//	CONTEST#<id>                   CONTEST     a contest
//	CONTESTS#<kind>#<id>           <ms>#<id>   its entry in the history of a user, a team or an organisation
//	CONTESTANT#<kind>#<id>         CONTESTANT  a team or an organisation, with its members
//	CONTESTANT#<kind>-slug#<slug>  SLUG        the id of the contestant that has the slug

const (
	contestSort    = "CONTEST"
	contestantSort = "CONTESTANT"
	slugSort       = "SLUG"
)

// maxMembers keeps the transaction that creates a contest within 100 writes: the
// contest, four items of its audit entry, the item of the Idempotency-Key, and a history
// entry for each team, organisation and member.
const maxMembers = 40

// Table is the part of the stats table's interface that contests use.
type Table interface {
	Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error)
	BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error)
	Query(ctx context.Context, q table.Query) (table.Page, error)
	Transact(ctx context.Context, ws []table.Write) error
}

// Store writes contests, teams and their organisations, and returns them through a
// [Reader]. Its errors are *[api.Error].
type Store struct {
	table   Table
	changes change.Store
	repeats idempotency.Store
}

// NewStore returns a store over the stats table. Claims is the keys table, in which
// operations claim their Idempotency-Keys.
func NewStore(t Table, claims idempotency.Claims, rand io.Reader) *Store {
	return &Store{table: t, changes: change.Store{Table: t, IDs: ids.New(rand), BesideData: true},
		repeats: idempotency.Store{Table: t, Claims: claims}}
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

// record is a stored contest with its revision, on which the next change is conditional.
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

// FromItem returns the contest of an item, nil for any other item.
func FromItem(it table.Item) (*Contest, error) {
	if kind, _, _ := strings.Cut(it.Str(table.PartitionAttr), "#"); kind != "CONTEST" || it.Str(table.SortAttr) != contestSort {
		return nil, nil
	}
	r, err := recordFrom(it)
	return &r.Contest, err
}

// Guard returns an error if the caller must not change a contest.
type Guard func(Contest) error

// AnyGame permits contests of every game. It is for changes by the operator.
func AnyGame(Contest) error { return nil }

// OfGame permits contests of one game only, and none if game is "".
func OfGame(game string) Guard {
	return func(c Contest) error {
		if game == "" || c.Game != game {
			return api.Fail(api.PermissionGame, "the match belongs to another game than the key")
		}
		return nil
	}
}

// Token returns the Idempotency-Key of a request, or the zero Token without one. The key's
// game is part of the compared input: a user may have keys of several games, and the
// answer to one must not be replayed to another.
func (s *Store) Token(r *api.Request, input any) (idempotency.Token, error) {
	return s.repeats.Of(r, struct {
		Game  string
		Input any
	}{r.Caller.Game, input})
}

func (s *Store) read(ctx context.Context, id string) (record, error) {
	if !ids.Valid(id) {
		return record{}, unknownContest()
	}
	it, err := s.table.Get(ctx, contestKey(id), true)
	switch {
	case err != nil:
		return record{}, api.UnavailableError("reading a contest", err)
	case it == nil:
		return record{}, unknownContest()
	}
	return recordFrom(it)
}

func unknownContest() *api.Error { return api.Fail(api.NotFoundMatch, "no such match") }

// Spec is the request for a contest. Teams are named by id or slug.
type Spec struct {
	Game        string
	Home, Away  string
	BestOf      int
	Status      Status // PENDING, ACCEPTED or READY
	ScheduledAt *time.Time
}

// Create creates a contest, once per Idempotency-Key. It is in the history of users who
// are active members of a team at that time. Like every change, it is recorded in the
// audit trail of the caller's organisation.
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
			case f.existing.ID != "": // an earlier attempt created it, and its answer was lost
				return f.existing, change.Plan{}, nil
			case f.home.ID == f.away.ID:
				return Contest{}, change.Plan{}, api.FieldError("away", "must be another team than home")
			}
			created := Contest{ID: id, Game: spec.Game, Status: spec.Status, BestOf: spec.BestOf, Home: opponent(f.home), Away: opponent(f.away),
				Maps: []MapScore{}, ScheduledAt: spec.ScheduledAt, CreatedAt: at, UpdatedAt: at}
			plan, err := createPlan(created, f.home, f.away)
			return created, plan, err
		})
}

// createFacts is what Create reads: the contest, if an earlier attempt has created it,
// or else the two teams.
type createFacts struct {
	existing   Contest
	home, away Contestant
}

func (s *Store) createFacts(ctx context.Context, id string, spec Spec) (f createFacts, err error) {
	if existing, err := s.read(ctx, id); !isMissing(err) {
		return createFacts{existing: existing.Contest}, err
	}
	if f.home, err = s.find(ctx, OfTeam, spec.Home); err != nil {
		return f, err
	}
	f.away, err = s.find(ctx, OfTeam, spec.Away)
	return f, err
}

func isMissing(err error) bool { return err != nil && api.ErrorOf(err).Condition == api.NotFoundMatch }

func opponent(p Contestant) Opponent {
	return Opponent{ID: p.ID, Slug: p.Slug, Name: p.Name, Org: p.Org}
}

// Instant truncates a time to milliseconds, the stored and shown precision, in UTC.
func Instant(at time.Time) time.Time { return at.UTC().Truncate(time.Millisecond) }

// createPlan returns the plan that creates a contest: its item, its history entries and
// its audit entry.
func createPlan(c Contest, home, away Contestant) (change.Plan, error) {
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
	Guard  Guard
	Rule   func(Contest) (Contest, error)
}

// Change applies a step to a contest in one transaction with its audit entry, once per
// Idempotency-Key. A step that changes nothing writes nothing.
func (s *Store) Change(ctx context.Context, r *api.Request, token idempotency.Token, id string, step Step) (Contest, error) {
	call := change.Asked(r)
	call.Token, call.Entries = token, byGet{s.table}
	return change.Make(ctx, s.changes, call,
		func(ctx context.Context, _ int) (record, error) { return s.read(ctx, id) },
		func(before record) (Contest, change.Plan, error) {
			if err := step.Guard(before.Contest); err != nil {
				return Contest{}, change.Plan{}, err
			}
			after, err := step.Rule(before.Contest)
			if err != nil {
				return after, change.Plan{}, ruleError(err)
			}
			if reflect.DeepEqual(after, before.Contest) {
				return after, change.Plan{}, nil
			}
			plan, err := before.updatePlan(step.Action, after)
			return after, plan, err
		})
}

// byGet implements BatchGet with Get, because the routes that change contests grant no
// other read.
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

// updatePlan returns the plan that replaces a contest, on the condition that its revision
// is unchanged.
func (r record) updatePlan(action string, after Contest) (change.Plan, error) {
	it, err := record{Contest: after, Rev: r.Rev + 1}.item()
	return change.Plan{Writes: []table.Write{table.Put(it, table.Eq("rev", r.Rev))},
		Entries: []audit.Change{{Action: action, Target: r.ID, Before: r.Contest, After: after}}}, err
}

// ruleError converts the error of a rule to an API error.
func ruleError(err error) error {
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
