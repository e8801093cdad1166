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

// uses records which actions each operation used on one table, and which partitions it wrote.
type uses struct {
	mutex   sync.Mutex
	of      map[string]map[api.Action]bool
	written map[string]map[string]bool
}

// operation is the context key of the operation that a request runs.
type operation struct{}

func (u *uses) record(ctx context.Context, action, partition string) {
	by, inside := ctx.Value(operation{}).(string)
	if !inside {
		return // the test's own access
	}
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if u.of[by] == nil {
		u.of[by] = map[api.Action]bool{}
	}
	u.of[by][api.Action(action)] = true
	if partition == "" {
		return
	}
	if u.written == nil {
		u.written = map[string]map[string]bool{}
	}
	if u.written[by] == nil {
		u.written[by] = map[string]bool{}
	}
	u.written[by][partition] = true
}

// watch records the uses of both tables.
type watch struct{ keys, stats *uses }

// checkGrants compares the grants of every contract's routes with the recorded uses.
func checkGrants(t *testing.T, seen watch) {
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
		if r.Probes {
			continue // the probes are no operations on items
		}
		beyond := maps.Clone(seen.keys.of[r.Operation])
		if !r.Open {
			maps.DeleteFunc(beyond, func(a api.Action, _ bool) bool { return slices.Contains(api.GateActions, a) })
		}
		checkRow(t, r.Operation, "keys", r.Keys, beyond)
		checkRow(t, r.Operation, "stats", r.Stats, seen.stats.of[r.Operation])
		seen.checkPartitions(t, r.Operation, r.Partitions())
	}
	for _, w := range api.Workers {
		checkRow(t, w.Function, "keys", w.Keys, seen.keys.of[w.Function])
		checkRow(t, w.Function, "stats", w.Stats, seen.stats.of[w.Function])
		seen.checkPartitions(t, w.Function, w.Partitions())
	}
}

// checkPartitions compares the partitions of a row with those that the operation wrote. A
// transaction's check of an item counts as a write, because IAM may compare all its items.
func (w watch) checkPartitions(t *testing.T, operation string, row api.Partitions) {
	t.Helper()
	for _, c := range []struct {
		table   string
		row     []string
		written map[string]bool
	}{{"keys", row.Keys, w.keys.written[operation]}, {"stats", row.Stats, w.stats.written[operation]}} {
		for partition := range c.written {
			if !slices.ContainsFunc(c.row, func(pattern string) bool { return api.WritesTo(pattern, partition) }) {
				t.Errorf("%s writes the partition %s of the table %s, which its row lacks: %v", operation, partition, c.table, c.row)
			}
		}
		for _, pattern := range c.row {
			// The gate writes rarely other than its own item, and the suite does not send an
			// Idempotency-Key to each operation that takes one. No provider of OpenID Connect
			// is configured here.
			if slices.Contains(api.GatePartitions, pattern) || pattern == "IDEMPOTENCY#*" || pattern == "OIDC#*" {
				continue
			}
			used := false
			for partition := range c.written {
				used = used || api.WritesTo(pattern, partition)
			}
			if !used {
				t.Errorf("%s: the row lets it write %s of the table %s, but the operation does not", operation, pattern, c.table)
			}
		}
	}
}

// watched starts a deployment that records the uses of its tables.
func watched(t *testing.T, contract string, seen watch) *deploymenttest.Fixture {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w := deploymenttest.With(t, contract, map[string]table.Table{
		"keys": tabletest.Watched{Table: db.Table("keys"), OnUse: seen.keys.record}, "stats": tabletest.Watched{Table: db.Table("stats"), OnUse: seen.stats.record},
	}, deploymenttest.Setup{Follow: deploymenttest.Following(t, db), Within: func(ctx context.Context, name string) context.Context {
		return context.WithValue(ctx, operation{}, name)
	}})
	w.Simulate(t)
	return w
}

// handsOn returns the Hands for a deployment in this process.
func handsOn(keys, stats table.Table) suite.OutOfBand {
	return suite.OutOfBand{
		CloseHours: func(ctx context.Context, key string) error { return outofband.CloseHours(ctx, keys, key) },
		DropGate:   func(ctx context.Context, key string) error { return outofband.DropGate(ctx, keys, key) },
		PutReport:  func(ctx context.Context, match string) error { return outofband.PutReport(ctx, stats, match) },
	}
}

func checkRow(t *testing.T, operation, table string, row []api.Action, seen map[api.Action]bool) {
	t.Helper()
	row = slices.Clone(row)
	slices.Sort(row)
	if used := slices.Sorted(maps.Keys(seen)); !slices.Equal(row, used) {
		t.Errorf("%s: the row grants %v on the table %s, but the operation uses %v", operation, row, table, used)
	}
}
