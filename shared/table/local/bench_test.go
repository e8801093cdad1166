package local_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"statgate/shared/table"
	"statgate/shared/table/local"
)

// gateItem returns an item like the gate's, of about 1 KB.
func gateItem() table.Item {
	ops := map[string]any{}
	for i := range 40 {
		ops[fmt.Sprintf("%c%c", 'a'+i/26, 'a'+i%26)] = int64(i * 1000)
	}
	hour := func() map[string]any { return map[string]any{"w": int64(480_000), "o": ops} }
	return table.Item{
		"pk": "GATE#k_0123456789abcdef01234567", "sk": "GATE", "v": int64(3), "total": int64(123456), "seen": int64(1_700_000_000),
		"q": map[string]any{"w": int64(480_000), "n": map[string]any{"hour": int64(0)}},
		"h": hour(), "p": hour(), "name": strings.Repeat("n", 100),
	}
}

func spend(k table.Key) table.Write {
	return table.Update(k, []table.Action{
		table.Increment("q.n.hour", 1), table.Increment("h.o.aa", 1), table.Increment("total", 1), table.Set("seen", int64(1_700_000_001)),
	}, table.Eq("v", int64(3)), table.Eq("q.w", int64(480_000)), table.Eq("h.w", int64(480_000)),
		table.Or(table.Missing("q.n.hour"), table.Lt("q.n.hour", int64(1<<40))))
}

func benchWrites(b *testing.B, db *local.DB, parallelism int) {
	tb := db.Table("things")
	it := gateItem()
	if _, err := tb.Write(b.Context(), table.Put(it)); err != nil {
		b.Fatal(err)
	}
	for i := range 5000 {
		if _, err := tb.Write(b.Context(), table.Put(item("other", fmt.Sprint(i), "x", strings.Repeat("x", 300)))); err != nil && parallelism == 0 {
			b.Fatal(err)
		}
		if i == 100 && parallelism > 0 {
			break
		}
	}
	w := spend(it.Key())
	b.ReportAllocs()
	b.ResetTimer()
	if parallelism == 0 {
		for b.Loop() {
			if _, err := tb.Write(b.Context(), w); err != nil {
				b.Fatal(err)
			}
		}
		return
	}
	b.SetParallelism(parallelism)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := tb.Write(b.Context(), w); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkWriteMemory(b *testing.B)           { benchWrites(b, memory(b), 0) }
func BenchmarkWriteMemory64Clients(b *testing.B)  { benchWrites(b, memory(b), 32) }
func BenchmarkWriteFile64Clients(b *testing.B)    { benchWrites(b, file(b), 32) }
func BenchmarkWriteFileSingleClient(b *testing.B) { benchWrites(b, file(b), 1) }

// The Followed benchmarks write to a table whose changes have a reader.
func BenchmarkWriteMemoryFollowed(b *testing.B)        { benchWrites(b, followed(b, memory(b)), 0) }
func BenchmarkWriteFile64ClientsFollowed(b *testing.B) { benchWrites(b, followed(b, file(b)), 32) }

func followed(b *testing.B, db *local.DB) *local.DB {
	b.Helper()
	s, err := db.Stream("things", "reader")
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- s.Follow(b.Context(), func(context.Context, []table.Change) error { return nil }, slog.Default())
	}()
	b.Cleanup(func() { <-ended })
	return db
}

func file(b *testing.B) *local.DB {
	b.Helper()
	db, err := local.Open(filepath.Join(b.TempDir(), "bench.db"), schema)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

func BenchmarkGetMemory(b *testing.B) {
	tb := memory(b).Table("things")
	it := gateItem()
	write(b, tb, table.Put(it))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tb.Get(b.Context(), it.Key(), true); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQuery50OnIndexMemory(b *testing.B) {
	tb := memory(b).Table("things")
	for i := range 500 {
		write(b, tb, table.Put(item("p", fmt.Sprint(i), "list_pk", "L", "list_sk", fmt.Sprintf("%05d", i), "x", strings.Repeat("x", 300))))
	}
	q := table.Query{Index: "list", Partition: "L", After: "00200", Limit: 50}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tb.Query(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
}
