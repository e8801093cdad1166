package applications_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"

	"statgate/shared/api"
	"statgate/shared/applications"
	"statgate/shared/keys/keystest"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
)

func TestTwentyApplicationsAtOnceLeaveExactlyAsManyPendingAsMayBe(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) table.Table{
		"embedded":       func(t *testing.T) table.Table { return keystest.Memory(t) },
		"DynamoDB Local": func(t *testing.T) table.Table { return dynamolocal.Tables(t, table.Keys)[table.Keys.Name] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := keystest.New(t, open(t), "teambattles")
			s := applications.New(applications.Options{Table: w.Table, Gates: w.Gate, Holdings: w.Keys, Contract: w.Contract, Rand: rand.Reader})
			operator := w.Found(t).Secret
			_, _, admin := w.Org(t, operator, "north", "GAME")
			_, _, other := w.Org(t, operator, "south", "GAME")
			apply := func(secret, game string) (applications.Application, error) {
				return s.Create(context.Background(), w.By(t, secret), "game", &game, "")
			}
			const before = 12
			first, err := apply(admin.Secret, "first")
			if err != nil {
				t.Fatal(err)
			}
			for i := range before - 1 {
				if _, err := apply(admin.Secret, fmt.Sprint("early-", i)); err != nil {
					t.Fatal(err)
				}
			}
			var mu sync.Mutex
			var all sync.WaitGroup
			got := map[string]int{}
			for i := range 20 {
				all.Go(func() {
					_, err := apply(admin.Secret, fmt.Sprint("late-", i))
					mu.Lock()
					defer mu.Unlock()
					got[keystest.Condition(err)]++
				})
			}
			all.Wait()
			if want := applications.PendingAtMost - before; got[""] != want || got[api.ConflictPending] != 20-want {
				t.Errorf("got %v, want %d applications and %d refusals", got, want, 20-want)
			}
			if _, err := apply(other.Secret, "first"); err != nil {
				t.Errorf("another organisation: got %v", err)
			}
			for range 2 { // a decision frees one place, however often it is repeated
				if _, _, err := s.Decide(t.Context(), w.By(t, operator), first.ID, applications.Approved); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := apply(admin.Secret, "next"); err != nil {
				t.Errorf("after a decision: got %v", err)
			}
			if _, err := apply(admin.Secret, "one-more"); keystest.Condition(err) != api.ConflictPending {
				t.Errorf("with all places taken again: got %v", err)
			}
		})
	}
}
