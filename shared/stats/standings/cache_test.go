package standings_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"statgate/shared/stats/standings"
)

func TestCacheComputesATableOncePerKey(t *testing.T) {
	t.Parallel()
	cache := standings.NewCache(100, time.Now)
	base := standings.Key{League: "en.1", Season: "2015-16", Version: 7, Owners: []string{"public", "org_1"}}
	keys := []standings.Key{
		base,
		{League: "en.2", Season: "2015-16", Version: 7, Owners: base.Owners},
		{League: "en.1", Season: "2016-17", Version: 7, Owners: base.Owners},
		{League: "en.1", Season: "2015-16", Version: 8, Owners: base.Owners},
		{League: "en.1", Season: "2015-16", Version: 7, Owners: []string{"public"}},
		{League: "en.1", Season: "2015-16", Version: 7, Owners: base.Owners, AsOf: standings.AsOf{Round: ptr(0)}},
		{League: "en.1", Season: "2015-16", Version: 7, Owners: base.Owners, AsOf: standings.AsOf{Date: ptr("")}},
	}
	computed := 0
	for range 2 {
		for i, k := range keys {
			rows, err := cache.Get(k, func() ([]standings.Row, error) {
				computed++
				return []standings.Row{{Position: i}}, nil
			})
			if err != nil || rows[0].Position != i {
				t.Errorf("key %d: got %v, %v", i, rows, err)
			}
			rows[0].Position = -1 // the caller owns the returned rows
		}
	}
	same := base
	same.Owners = []string{"org_1", "public"}
	if _, err := cache.Get(same, func() ([]standings.Row, error) { computed++; return nil, nil }); err != nil {
		t.Error(err)
	}
	if computed != len(keys) {
		t.Errorf("got %d computations, want %d", computed, len(keys))
	}
}

func TestCacheKeepsErrNoStandingsButNoOtherError(t *testing.T) {
	t.Parallel()
	cache, lost, calls := standings.NewCache(0, time.Now), errors.New("lost"), 0
	for _, want := range []error{lost, lost, standings.ErrNoStandings, standings.ErrNoStandings} {
		_, err := cache.Get(standings.Key{}, func() ([]standings.Row, error) { calls++; return nil, want })
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if calls != 3 {
		t.Errorf("got %d computations, want 3", calls)
	}
	empty, err := cache.Get(standings.Key{League: "empty"}, func() ([]standings.Row, error) { return nil, nil })
	if err != nil || len(empty) != 0 {
		t.Errorf("an empty table: got %v, %v", empty, err)
	}
}

func TestTableFromALaggingIndexIsComputedAgain(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	cache := standings.NewCache(100, func() time.Time { return now })
	stored, computed := 1, 0
	for _, step := range []struct {
		pass                 time.Duration
		points, computations int
	}{{0, 1, 1}, {9 * time.Second, 1, 1}, {time.Second, 2, 2}, {time.Hour, 2, 2}} {
		now = now.Add(step.pass)
		rows, err := cache.Get(standings.Key{Version: 7}, func() ([]standings.Row, error) {
			computed++
			return []standings.Row{{Points: stored}}, nil
		})
		stored = 2 // the index has caught up
		if err != nil || rows[0].Points != step.points || computed != step.computations {
			t.Errorf("after %s: got %v, %v by %d computations, want %d points by %d", step.pass, rows, err, computed, step.points, step.computations)
		}
	}
}

func TestCacheIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	cache := standings.NewCache(2, time.Now)
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			rows, err := cache.Get(standings.Key{Version: int64(i % 3)}, func() ([]standings.Row, error) {
				return []standings.Row{{Position: i % 3}}, nil
			})
			if err != nil || rows[0].Position != i%3 {
				t.Errorf("got %v, %v", rows, err)
			}
		})
	}
	group.Wait()
}
