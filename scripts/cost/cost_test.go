package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/shared/sources/importer"
	"statgate/shared/sources/simulation"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
)

func TestCostPageIsWhatTheProgramPrints(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	want, err := page(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, "docs", "cost.md"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/cost.md is stale (%v): run go run ./scripts/cost --write", err)
	}
}

// tape keeps the writes that were made, in order, and whether each was a
// transaction's.
type tape struct {
	table.Table
	mu     sync.Mutex
	writes []recorded
}

type recorded struct {
	table.Write
	times float64 // a transaction's writes count twice
}

func (t *tape) Transact(ctx context.Context, ws []table.Write) error {
	err := t.Table.Transact(ctx, ws)
	t.keep(err, 2, ws...)
	return err
}

func (t *tape) Write(ctx context.Context, w table.Write) (table.Item, error) {
	it, err := t.Table.Write(ctx, w)
	t.keep(err, 1, w)
	return it, err
}

func (t *tape) keep(err error, times float64, ws ...table.Write) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range ws {
		if err == nil && w.Op != table.OpCheck {
			w.If = table.Cond{} // it held, and is free
			t.writes = append(t.writes, recorded{w, times})
		}
	}
}

// metered makes a table of DynamoDB Local that tells what each call consumes. It has
// no stream, as nothing reads it.
func metered(t *testing.T, schema table.Schema, observe func(op string, read, write float64)) table.Table {
	t.Helper()
	client, err := connect.Client(t.Context(), dynamolocal.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	schema.Streams = false
	prefix := "cost-" + strings.ToLower(rand.Text()[:12]) + "-"
	t.Cleanup(func() {
		if err := dynamo.DropTables(context.Background(), client, prefix, schema); err != nil {
			t.Error(err)
		}
	})
	if err := dynamo.CreateTables(t.Context(), client, prefix, schema); err != nil {
		t.Fatal(err)
	}
	return dynamo.New(client, prefix+schema.Name, schema, dynamo.WithUnits(observe))
}

// TestImportConsumesWhatThePageSays imports and then makes the same writes one by
// one on DynamoDB Local, as its account of a transaction of many writes leaves out
// the indexes.
func TestImportConsumesWhatThePageSays(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	made := &tape{Table: db.Table(table.Stats.Name)}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	report, err := importer.Put(t.Context(), made, func() time.Time { return at }, importer.Simulated(simulation.New(1, at)))
	if err != nil {
		t.Fatal(err)
	}
	got, times := imported{Matches: report.Matches.New}, 0.0
	stats := metered(t, table.Stats, func(_ string, _, write float64) { got.Write += times * write })
	for _, w := range made.writes {
		times = w.times
		if _, err := stats.Write(t.Context(), w.Write); err != nil {
			t.Fatal(err)
		}
	}
	_, measured, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if want := measured.Import; got != want {
		t.Errorf("got %+v, want %+v as in measured.json: put the first there and run go run ./scripts/cost --write", got, want)
	}
}

func TestUnitsAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]units{"1 W + 7.5 R": {1, 7.5}, "5 R": {0, 5}, "26 W": {26, 0}} {
		if got, ok := parseUnits(text); !ok || got != want || got.String() != text {
			t.Errorf("%s: got %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "11.9 µs", "1 W and 7 R", "1 X"} {
		if got, ok := parseUnits(text); ok {
			t.Errorf("%q: got %v, want none", text, got)
		}
	}
}

func TestEveryPriceHasASourceAndIsUsedAsADollarFigure(t *testing.T) {
	t.Parallel()
	b, _, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if b.Region == "" || b.AsOf == "" {
		t.Error("the prices have no region or no date")
	}
	for name, p := range b.Prices {
		if p.USD <= 0 || p.Per <= 0 || p.Unit == "" || !strings.HasPrefix(p.Source, "https://aws.amazon.com/") {
			t.Errorf("%s: %+v is incomplete", name, p)
		}
	}
	if got, want := b.dollars("write_unit", 2e6), 1.25; math.Abs(got-want) > 1e-9 {
		t.Errorf("two million write units: got %g, want %g", got, want)
	}
	if got := b.above("alarm_month", 4); got != 0 {
		t.Errorf("four alarms of an account that has none: got %g, want 0", got)
	}
}
