package change_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/table"
)

// store answers transactions with the errors it holds, then with success, and
// notes the order of things.
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

func (s *store) decide(plan change.Plan) func(context.Context) (change.Plan, error) {
	return func(context.Context) (change.Plan, error) {
		s.log = append(s.log, "decide")
		return plan, nil
	}
}

var writing = change.Plan{Writes: make([]table.Write, 1), Bump: []string{"key_1"}}

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
		{"a change", store{}, writing, "", []string{"decide", "transact", "bump"}},
		{"nothing left to change", store{}, change.Plan{Bump: []string{"key_1"}}, "", []string{"decide", "bump"}},
		{"nobody to tell", store{}, change.Plan{Writes: make([]table.Write, 1)}, "", []string{"decide", "transact"}},
		{"a lost race", store{errs: []error{&table.Canceled{}, nil}}, writing, "", []string{"decide", "transact", "decide", "transact", "bump"}},
		{"a lost answer", store{errs: []error{table.ErrUnavailable, nil}}, writing, "", []string{"decide", "transact", "decide", "transact", "bump"}},
		{"a refused repeat", store{}, change.Plan{Bump: []string{"key_1"}, Refuse: api.Fail(api.ConflictRepeat, "again")}, api.ConflictRepeat, []string{"decide", "bump"}},
		{"no bump", store{bumpErr: down}, writing, api.Unavailable, []string{"decide", "transact", "bump"}},
		{"a bad write", store{errs: []error{table.ErrBadWrite}}, writing, api.Internal, []string{"decide", "transact"}},
		{"no answer at all", store{errs: []error{table.ErrUnavailable}}, writing, api.Unavailable,
			[]string{"decide", "transact", "decide", "transact", "decide", "transact", "bump"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := change.Apply(t.Context(), &c.s, &c.s, c.s.decide(c.plan))
				got := ""
				if err != nil {
					got = api.AsError(err).Condition
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
			err := change.Apply(t.Context(), &s, &s, s.decide(writing))
			if got := api.AsError(err).Condition; got != api.Unavailable || s.log[len(s.log)-1] != "bump" {
				t.Errorf("%v: got %v by %v", never, err, s.log)
			}
		})
	}
}

func TestBumpOutlivesAClientThatHangsUp(t *testing.T) {
	t.Parallel()
	ctx, hangUp := context.WithCancel(t.Context())
	s := store{}
	err := change.Apply(ctx, &s, &s, func(context.Context) (change.Plan, error) {
		hangUp()
		return writing, nil
	})
	if err != nil {
		t.Errorf("got %v, want the change and its bump", err)
	}
}

func TestRefusalToDecideWritesNothing(t *testing.T) {
	t.Parallel()
	s, no := store{}, errors.New("no")
	err := change.Apply(t.Context(), &s, &s, func(context.Context) (change.Plan, error) { return writing, no })
	if !errors.Is(err, no) || len(s.log) != 0 {
		t.Errorf("got %v by %v", err, s.log)
	}
}
