package main

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"statgate/scripts/verify/e2e/suite"
	"statgate/scripts/verify/internal/outofband"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

// uses is which actions each operation was seen to ask of one table.
type uses struct {
	mutex sync.Mutex
	of    map[string]map[api.Action]bool
}

// operation is where a call's context says who makes it.
type operation struct{}

func (u *uses) saw(ctx context.Context, action string) {
	by, inside := ctx.Value(operation{}).(string)
	if !inside {
		return // the test's own
	}
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if u.of[by] == nil {
		u.of[by] = map[api.Action]bool{}
	}
	u.of[by][api.Action(action)] = true
}

// watch is what was seen of both tables.
type watch struct{ keys, stats *uses }

// rowsGrant holds every contract's routes to what was seen of them.
func rowsGrant(t *testing.T, seen watch) {
	deployed := map[string]api.Route{}
	for _, name := range preset.Names() {
		c, err := preset.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range api.For(c) {
			deployed[r.Operation] = r
		}
	}
	for _, r := range deployed {
		if r.Open {
			continue
		}
		beyond := maps.Clone(seen.keys.of[r.Operation])
		maps.DeleteFunc(beyond, func(a api.Action, _ bool) bool { return slices.Contains(api.GateActions, a) })
		granted(t, r.Operation, "keys", r.Keys, beyond)
		granted(t, r.Operation, "stats", r.Stats, seen.stats.of[r.Operation])
	}
	for _, w := range api.Workers {
		granted(t, w.Function, "keys", w.Keys, seen.keys.of[w.Function])
		granted(t, w.Function, "stats", w.Stats, seen.stats.of[w.Function])
	}
}

// watched is a deployment that tells of its tables' uses.
func watched(t *testing.T, contract string, seen watch) *deploymenttest.World {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w := deploymenttest.With(t, contract, map[string]table.Table{
		"keys": tabletest.Watched{Table: db.Table("keys"), Saw: seen.keys.saw}, "stats": tabletest.Watched{Table: db.Table("stats"), Saw: seen.stats.saw},
	}, deploymenttest.Setup{Follow: deploymenttest.Following(t, db), Within: func(ctx context.Context, name string) context.Context {
		return context.WithValue(ctx, operation{}, name)
	}})
	w.Simulate(t)
	return w
}

// handsOn are hands on a deployment in this process.
func handsOn(keys, stats table.Table) suite.Hands {
	return suite.Hands{
		CloseHours: func(ctx context.Context, key string) error { return outofband.CloseHours(ctx, keys, key) },
		Report:     func(ctx context.Context, match string) error { return outofband.PutReport(ctx, stats, match) },
	}
}

func granted(t *testing.T, operation, table string, row []api.Action, seen map[api.Action]bool) {
	t.Helper()
	row = slices.Clone(row)
	slices.Sort(row)
	if used := slices.Sorted(maps.Keys(seen)); !slices.Equal(row, used) {
		t.Errorf("%s: its row grants %v on the table %s, the suite sees it use %v", operation, row, table, used)
	}
}
