package change_test

import (
	"context"
	"errors"
	"testing"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/table"
	"statgate/shared/table/tabletest"
)

// Endpoints that change data do not check the key before they answer: the change would be done.
// An answer without a change is an answer to a read, and is withheld like one.
func TestAnAnswerWithoutAChangeIsWithheldIfTheKeyHasChanged(t *testing.T) {
	t.Parallel()
	c := newCounter(t, true)
	gone := api.Fail(api.SecretRevoked, "this key changed")
	repeated := *request
	repeated.IdempotencyKey = "once"
	ask := func(recheck error, decide func(table.Item) (int64, change.Plan, error), r *api.Request) (int64, error) {
		token, err := (idempotency.Store{Table: c.table}).Of(r, "raise")
		if err != nil {
			t.Fatal(err)
		}
		return change.Make(t.Context(), c.store, change.Call{By: audit.Caller(r), Org: "org_1", Token: token,
			Recheck: func(context.Context) error { return recheck }}, c.read, decide)
	}
	same := func(table.Item) (int64, change.Plan, error) { return 7, change.Plan{}, nil }
	if n, err := ask(nil, raised("first"), &repeated); n != 1 || err != nil {
		t.Fatalf("a change: got %d, %v", n, err)
	}
	for name, try := range map[string]struct {
		decide func(table.Item) (int64, change.Plan, error)
		r      *api.Request
		want   int64
	}{"no change": {same, request, 7}, "a repeated Idempotency-Key": {raised("again"), &repeated, 1}} {
		if n, err := ask(nil, try.decide, try.r); n != try.want || err != nil {
			t.Errorf("%s with an unchanged key: got %d, %v, want %d", name, n, err, try.want)
		}
		if n, err := ask(gone, try.decide, try.r); n != 0 || condition(err) != api.SecretRevoked {
			t.Errorf("%s with a changed key: got %d, %v", name, n, err)
		}
	}
}

// The answer to a change that was made is never withheld, even if the key changed before the
// attempt that finds the change.
func TestTheAnswerToAChangeIsSentAlthoughTheKeyHasChangedSince(t *testing.T) {
	t.Parallel()
	for _, sent := range []string{"", "once"} {
		for _, byEntry := range []bool{false, true} {
			c := newCounter(t, true)
			r := *request
			r.IdempotencyKey = sent
			token, err := (idempotency.Store{Table: c.table}).Of(&r, "raise")
			if err != nil {
				t.Fatal(err)
			}
			checks := 0
			call := change.Call{By: audit.Caller(&r), Org: "org_1", Token: token, Recheck: func(context.Context) error {
				if checks++; checks > 1 {
					return errors.New("checked again")
				}
				return nil
			}}
			if byEntry {
				call.Entries = c.table
			}
			c.table.Next(1, tabletest.Lost, "Transact")
			if n, err := change.Make(t.Context(), c.store, call, c.read, raised("call")); n != 1 || err != nil {
				t.Errorf("Idempotency-Key %q, by entry %v: got %d, %v", sent, byEntry, n, err)
			}
		}
	}
}
