package local_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/shared/table"
	"statgate/shared/table/local"
)

var schema = table.Schema{Name: "things", Indexes: []string{"list", "spare"}, Streams: true}

func memory(t testing.TB) *local.DB {
	t.Helper()
	db, err := local.OpenMemory(schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func item(pk, sk string, attrs ...any) table.Item {
	it := table.Item{"pk": pk, "sk": sk}
	for i := 0; i < len(attrs); i += 2 {
		it[attrs[i].(string)] = attrs[i+1]
	}
	return it
}

func write(t testing.TB, tb table.Table, w table.Write) table.Item {
	t.Helper()
	it, err := tb.Write(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

func TestOpenFailsIfAnotherProcessHasTheFileOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "statgate.db")
	db, err := local.Open(path, schema)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = local.Open(path, schema)
	if err == nil || !strings.Contains(err.Error(), "statgate.db is in use by another process") {
		t.Errorf("got %v, want an error that says that the file is in use", err)
	}
}

func TestReopenedFileKeepsItemsAndFillsNewIndexes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "statgate.db")
	bare := table.Schema{Name: "things"}
	db, err := local.Open(path, bare)
	if err != nil {
		t.Fatal(err)
	}
	write(t, db.Table("things"), table.Put(item("a", "1", "list_pk", "L", "list_sk", "x")))
	write(t, db.Table("things"), table.Put(item("a", "2", "list_pk", "L")))
	list := func(s table.Schema) int {
		t.Helper()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if db, err = local.Open(path, s); err != nil {
			t.Fatal(err)
		}
		page, err := db.Table("things").Query(t.Context(), table.Query{Index: "list", Partition: "L"})
		if err != nil {
			return -1
		}
		return len(page.Items)
	}
	if got, want := list(schema), 1; got != want {
		t.Errorf("new index: got %d items, want %d", got, want)
	}
	if got, want := list(bare), -1; got != want {
		t.Errorf("dropped index: got %d items, want %d", got, want)
	}
	write(t, db.Table("things"), table.Delete(table.Key{Partition: "a", Sort: "1"}))
	if got, want := list(schema), 0; got != want {
		t.Errorf("index that was added again: got %d items, want %d", got, want)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSweepDeletesOnlyExpiredItems(t *testing.T) {
	t.Parallel()
	db := memory(t)
	tb := db.Table("things")
	now := time.Unix(1_000_000, 0)
	for i := range 1200 {
		it := item("p", strings.Repeat("x", i%700)+string(rune('a'+i/700)), "list_pk", "L", "list_sk", "s")
		if i%2 == 0 {
			it["ttl"] = now.Unix() - 1
		} else if i%3 == 0 {
			it["ttl"] = now.Unix()
		}
		write(t, tb, table.Put(it))
	}
	n, err := db.Sweep(now)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := n, 600; got != want {
		t.Errorf("got %d deleted, want %d", got, want)
	}
	for _, q := range []table.Query{{Partition: "p"}, {Index: "list", Partition: "L"}} {
		page, err := tb.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(page.Items), 600; got != want {
			t.Errorf("index %q: got %d items left, want %d", q.Index, got, want)
		}
	}
}

func TestConcurrentIncrementsAreAllCounted(t *testing.T) {
	t.Parallel()
	db, err := local.Open(filepath.Join(t.TempDir(), "statgate.db"), schema)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tb := db.Table("things")
	k := table.Key{Partition: "p", Sort: "s"}
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 20 {
				if _, err := tb.Write(context.Background(), table.Update(k, []table.Action{table.Increment("n", 1)})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	it, err := tb.Get(t.Context(), k, true)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := it.Int("n"), int64(64*20); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

func TestClosedFileReturnsErrors(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(schema)
	if err != nil {
		t.Fatal(err)
	}
	tb := db.Table("things")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := tb.Write(t.Context(), table.Put(item("a", "b"))); err == nil {
		t.Error("write: got no error")
	}
	if _, err := tb.Get(t.Context(), table.Key{Partition: "a", Sort: "b"}, true); err == nil {
		t.Error("get: got no error")
	}
}
