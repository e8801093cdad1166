package keys

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/table"
)

// empty is a keys table without secrets that counts its reads.
type empty struct {
	Table
	reads atomic.Int64
	fails atomic.Bool
}

func (e *empty) Get(context.Context, table.Key, bool) (table.Item, error) {
	e.reads.Add(1)
	if e.fails.Load() {
		return nil, table.ErrUnavailable
	}
	return nil, nil
}

// junk is a secret of the form of the contract balla, whose secrets have no tag.
func junk(i int) string { return fmt.Sprintf("balla_sk_%064x", 0xbadc0de+i) }

// instance is an authorizer's store on an empty table, and the function that moves its clock.
func instance(t testing.TB) (s *Store, reads *empty, pass func(time.Duration)) {
	t.Helper()
	c, err := preset.Load("balla")
	if err != nil {
		t.Fatal(err)
	}
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var now atomic.Int64
	now.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	clock := func() time.Time { return time.Unix(0, now.Load()) }
	reads = &empty{}
	s = New(Options{Table: reads, Peppers: apikey.FixedPeppers(root, clock), Contract: c, Environment: c.Environments[0], Now: clock, Rand: rand.Reader})
	return s, reads, func(d time.Duration) { now.Add(int64(d)) }
}

func refused(t testing.TB, s *Store, secret, condition string) {
	t.Helper()
	_, err := s.Authenticate(context.Background(), secret)
	if got := api.ErrorOf(err).Condition; err == nil || got != condition {
		t.Errorf("got %v, want %s", err, condition)
	}
}

func TestARepeatedUnknownSecretCostsOneReadInFiveSeconds(t *testing.T) {
	t.Parallel()
	s, store, pass := instance(t)
	const calls = 1000 // of three secrets, in ten seconds
	for i := range calls {
		refused(t, s, junk(i%3), api.SecretUnknown)
		pass(10 * time.Second / calls)
	}
	if got := store.reads.Load(); got != 6 {
		t.Errorf("%d calls with 3 unknown secrets in 10 s made %d reads, want 6", calls, got)
	}
	pass(-time.Hour) // a clock that was corrected
	refused(t, s, junk(0), api.SecretUnknown)
	if got := store.reads.Load(); got != 7 {
		t.Errorf("%d reads, want 7: what is remembered from the future is no answer", got)
	}
}

func TestConcurrentCallsWithUnknownSecretsAreAllRefusedAndMostlyUnread(t *testing.T) {
	t.Parallel()
	s, store, _ := instance(t)
	const clients, calls, secrets = 32, 200, 5
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for i := range calls {
				refused(t, s, junk(i%secrets), api.SecretUnknown)
			}
		})
	}
	all.Wait()
	if got := store.reads.Load(); got < secrets || got > clients*secrets {
		t.Errorf("%d calls made %d reads, want at most one of each client and secret, %d", clients*calls, got, clients*secrets)
	}
}

func TestRememberedSecretsAreBoundedAndHeldByTheirIDs(t *testing.T) {
	t.Parallel()
	s, _, _ := instance(t)
	for i := range 3 * maxUnstored {
		refused(t, s, junk(i), api.SecretUnknown)
	}
	held := s.unstored.read.Keys()
	if len(held) != maxUnstored {
		t.Errorf("%d secrets are remembered, want %d", len(held), maxUnstored)
	}
	for i, id := range held {
		if want := apikey.ID(junk(2*maxUnstored + i)); id != want || strings.Contains(junk(2*maxUnstored+i), id) {
			t.Fatalf("remembered %q, want the id %s", id, want)
		}
	}
}

func TestAFailedReadIsNotRemembered(t *testing.T) {
	t.Parallel()
	s, store, _ := instance(t)
	store.fails.Store(true)
	refused(t, s, junk(1), api.Unavailable)
	store.fails.Store(false)
	refused(t, s, junk(1), api.SecretUnknown)
	if _, err := s.Resolve(context.Background(), apikey.ID(junk(1))); api.ErrorOf(err).Condition != api.SecretUnknown {
		t.Errorf("got %v", err)
	}
	if got := store.reads.Load(); got != 3 {
		t.Errorf("%d reads, want 3: the gate's resolution always reads", got)
	}
}
