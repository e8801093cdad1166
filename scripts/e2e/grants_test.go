package main

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"statgate/scripts/e2e/conformance"
	"statgate/scripts/e2e/suite"
	"statgate/scripts/internal/hands"
	"statgate/shared/api"
	"statgate/shared/contract/preset"
	"statgate/shared/deployment/deploymenttest"
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

// TestRowsGrantWhatTheSuiteSeesThemDoAndNothingMore is why removing any one action
// from a function's role can make the suite fail: some contract's uses them all.
func TestRowsGrantWhatTheSuiteSeesThemDoAndNothingMore(t *testing.T) {
	t.Parallel()
	keys, stats := &uses{of: map[string]map[api.Action]bool{}}, &uses{of: map[string]map[api.Action]bool{}}
	deployed := map[string]api.Route{}
	t.Run("contracts", func(t *testing.T) {
		for _, name := range preset.Names() {
			w := watched(t, name, keys, stats)
			for _, r := range api.For(w.Contract) {
				deployed[r.Operation] = r
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var out bytes.Buffer
				result, err := suite.Run(t.Context(), suite.Options{BaseURL: w.Base, Operator: w.Operator, Contract: w.Contract,
					Facts: conformance.Cases(name), Hands: handsOn(w.Gate.Keys), Parallel: 32, Out: &out})
				if err != nil || result.Failed > 0 {
					t.Fatalf("%v\n%s", err, out.String())
				}
			})
		}
	})
	for _, r := range deployed {
		if r.Open {
			continue
		}
		beyond := maps.Clone(keys.of[r.Operation])
		maps.DeleteFunc(beyond, func(a api.Action, _ bool) bool { return slices.Contains(api.GateActions, a) })
		granted(t, r.Operation, "keys", r.Keys, beyond)
		granted(t, r.Operation, "stats", r.Stats, stats.of[r.Operation])
	}
}

// watched is a deployment that tells of its tables' uses.
func watched(t *testing.T, contract string, keys, stats *uses) *deploymenttest.World {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w := deploymenttest.Within(t, contract, map[string]table.Table{
		"keys": tabletest.Watched{Table: db.Table("keys"), Saw: keys.saw}, "stats": tabletest.Watched{Table: db.Table("stats"), Saw: stats.saw},
	}, func(ctx context.Context, name string) context.Context {
		return context.WithValue(ctx, operation{}, name)
	})
	w.Simulate(t)
	w.Gate.Patience = patience
	return w
}

// handsOn are hands on a deployment in this process.
func handsOn(keys table.Table) suite.Hands {
	return suite.Hands{CloseHours: func(ctx context.Context, key string) error { return hands.CloseHours(ctx, keys, key) }}
}

func granted(t *testing.T, operation, table string, row []api.Action, seen map[api.Action]bool) {
	t.Helper()
	row = slices.Clone(row)
	slices.Sort(row)
	if used := slices.Sorted(maps.Keys(seen)); !slices.Equal(row, used) {
		t.Errorf("%s: its row grants %v on the table %s, the suite sees it use %v", operation, row, table, used)
	}
}
