package change_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// store answers transactions with its errs in turn, then with success, and logs the order
// of calls.
type store struct {
	errs    []error
	bumpErr error
	log     []string
}

func (s *store) Transact(context.Context, []table.Write) error {
	s.log = append(s.log, "transact")
	if len(s.errs) == 0 {
		return nil
	}
	err := s.errs[0]
	if len(s.errs) > 1 {
		s.errs = s.errs[1:]
	} else if err == nil {
		s.errs = nil
	}
	return err
}

func (s *store) Bump(ctx context.Context, keys ...string) error {
	s.log = append(s.log, "bump")
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.bumpErr
}

// make makes a change whose plan does not depend on the facts.
func (s *store) make(ctx context.Context, plan change.Plan) error {
	_, err := change.Make(ctx, change.Store{Table: s, Gates: s, IDs: ids.New(rand.Reader)}, change.Call{By: by},
		func(context.Context, int) (string, error) { return "facts", nil },
		func(string) (string, change.Plan, error) {
			s.log = append(s.log, "decide")
			return "", plan, nil
		})
	return err
}

var (
	by          = audit.By{Method: audit.MethodCommand, At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	withoutBump = change.Plan{Writes: make([]table.Write, 1), Entries: []audit.Change{{Action: "key.update"}}}
	withBump    = withoutBump.And(change.Plan{Bump: []string{"key_1"}})
)

func TestGatesAreBumpedAfterTheFactsAndBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	down := &api.Error{Condition: api.Unavailable}
	for _, c := range []struct {
		name string
		s    store
		plan change.Plan
		want string // condition
		log  []string
	}{
		{"a change", store{}, withBump, "", []string{"decide", "transact", "bump"}},
		{"nothing left to change", store{}, change.Plan{Bump: []string{"key_1"}}, "", []string{"decide", "bump"}},
		{"no gates to bump", store{}, withoutBump, "", []string{"decide", "transact"}},
		{"a lost race", store{errs: []error{&table.Canceled{}, nil}}, withBump, "", []string{"decide", "transact", "decide", "transact", "bump"}},
		{"a lost answer", store{errs: []error{table.ErrUnavailable, nil}}, withBump, "", []string{"decide", "transact", "decide", "transact", "bump"}},
		{"a refused repeat", store{}, change.Plan{Bump: []string{"key_1"}, Refuse: api.Fail(api.ConflictRepeat, "again")}, api.ConflictRepeat, []string{"decide", "bump"}},
		{"no bump", store{bumpErr: down}, withBump, api.Unavailable, []string{"decide", "transact", "bump"}},
		{"a bad write", store{errs: []error{table.ErrBadWrite}}, withBump, api.Internal, []string{"decide", "transact"}},
		{"no answer at all", store{errs: []error{table.ErrUnavailable}}, withBump, api.Unavailable,
			[]string{"decide", "transact", "decide", "transact", "decide", "transact", "bump"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := c.s.make(t.Context(), c.plan)
				got := ""
				if err != nil {
					got = api.ErrorOf(err).Condition
				}
				if got != c.want || !slices.Equal(c.s.log, c.log) {
					t.Errorf("got %q by %v, want %q by %v", got, c.s.log, c.want, c.log)
				}
			})
		})
	}
}

func TestRacesAndConflictsEndInUnavailable(t *testing.T) {
	t.Parallel()
	for _, never := range []error{&table.Canceled{}, table.ErrConflict, table.ErrThrottled} {
		synctest.Test(t, func(t *testing.T) {
			s := store{errs: []error{never}}
			err := s.make(t.Context(), withBump)
			if got := api.ErrorOf(err).Condition; got != api.Unavailable || s.log[len(s.log)-1] != "bump" {
				t.Errorf("%v: got %v by %v", never, err, s.log)
			}
		})
	}
}

func TestBumpOutlivesAClientThatHangsUp(t *testing.T) {
	t.Parallel()
	ctx, hangUp := context.WithCancel(t.Context())
	s := store{}
	_, err := change.Make(ctx, change.Store{Table: &s, Gates: &s, IDs: ids.New(rand.Reader)}, change.Call{By: by},
		func(context.Context, int) (string, error) {
			hangUp()
			return "facts", nil
		},
		func(string) (string, change.Plan, error) { return "", withBump, nil })
	if err != nil {
		t.Errorf("got %v, want the change and its bump", err)
	}
}

func TestChangeWhoseAnswerWasLostIsBumpedEvenIfTheNextAttemptFails(t *testing.T) {
	t.Parallel()
	down, bumpFails := error(api.Fail(api.Unavailable, "the table does not answer")), api.Fail(api.Unavailable, "no bump")
	for _, c := range []struct {
		name    string
		lost    error // outcome of the first transaction
		bumpErr error
		want    error
		bumped  bool
	}{
		{"the answer was lost", table.ErrUnavailable, nil, down, true},
		{"the answer was lost, and the bump fails", table.ErrUnavailable, bumpFails, bumpFails, true},
		{"the transaction was refused", &table.Canceled{}, nil, down, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := store{errs: []error{c.lost, nil}, bumpErr: c.bumpErr}
				_, err := change.Make(t.Context(), change.Store{Table: &s, Gates: &s, IDs: ids.New(rand.Reader)}, change.Call{By: by},
					func(_ context.Context, attempt int) (string, error) {
						if attempt > 1 {
							return "", down
						}
						return "facts", nil
					},
					func(string) (string, change.Plan, error) { return "", withBump, nil })
				if api.ErrorOf(err).Condition != api.Unavailable || c.bumpErr == nil && !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if got := slices.Contains(s.log, "bump"); got != c.bumped {
					t.Errorf("got calls %v, want a bump: %v", s.log, c.bumped)
				}
			})
		})
	}
}

func TestAnErrorOfDecideWritesNothing(t *testing.T) {
	t.Parallel()
	s, no := store{}, errors.New("no")
	_, err := change.Make(t.Context(), change.Store{Table: &s, Gates: &s, IDs: ids.New(rand.Reader)}, change.Call{By: by},
		func(context.Context, int) (string, error) { return "facts", nil },
		func(string) (string, change.Plan, error) { return "", withBump, no })
	if !errors.Is(err, no) || len(s.log) != 0 {
		t.Errorf("got %v by %v", err, s.log)
	}
}
