package applications_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"statgate/shared/access/applications"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/api"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
)

func TestTwentyConcurrentApplicationsRespectThePendingLimitExactly(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) { t.Parallel(); testPendingLimit(t, keystest.Memory(t)) })
	t.Run("DynamoDB Local", func(t *testing.T) {
		t.Parallel()
		testPendingLimit(t, dynamolocal.Tables(t, table.Keys)[table.Keys.Name])
	})
}

func testPendingLimit(t *testing.T, keysTable table.Table) {
	w := keystest.New(t, keysTable, "teambattles")
	s := applications.New(applications.Options{Table: w.Table, Gates: w.Gate, Holdings: w.Keys, Contract: w.Contract, Rand: rand.Reader})
	operator := w.Bootstrap(t).Secret
	_, _, admin := w.Org(t, operator, "north", "GAME")
	_, _, other := w.Org(t, operator, "south", "GAME")
	apply := func(secret, game, want string) applications.Application {
		a, err := s.Create(context.Background(), w.By(t, secret), "game", &game, "")
		if got := keystest.Condition(err); got != want {
			t.Errorf("%s: got %q (%v), want %q", game, got, err, want)
		}
		return a
	}
	const before = 12
	first := apply(admin.Secret, "first", "")
	for i := range before - 1 {
		apply(admin.Secret, fmt.Sprint("early-", i), "")
	}
	var made, full atomic.Int64
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			game := fmt.Sprint("late-", i)
			switch _, err := s.Create(context.Background(), w.By(t, admin.Secret), "game", &game, ""); keystest.Condition(err) {
			case "":
				made.Add(1)
			case api.ConflictLimit:
				full.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if want := int64(applications.MaxPending - before); made.Load() != want || full.Load() != 20-want {
		t.Errorf("%d were made and %d refused, want %d and %d", made.Load(), full.Load(), want, 20-want)
	}
	apply(other.Secret, "first", "")
	for range 2 { // a decision frees one place, even if it is repeated
		if _, _, err := s.Decide(t.Context(), w.By(t, operator), first.ID, applications.Approved); err != nil {
			t.Fatal(err)
		}
	}
	apply(admin.Secret, "next", "")
	apply(admin.Secret, "one-more", api.ConflictLimit)
}
