package table_test

import (
	"fmt"
	"testing"

	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

func TestAMissOfALaggingReplicaIsConfirmedAndAHitIsReadOnce(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(table.Keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	tbl := tabletest.NewFaulty(db.Table(table.Keys.Name))
	var keys []table.Key
	for _, sort := range []string{"b", "none", "a"} {
		keys = append(keys, table.Key{Partition: "P", Sort: sort})
		if sort == "none" {
			continue
		}
		if _, err := tbl.Write(t.Context(), table.Put(table.Item{table.PartitionAttr: "P", table.SortAttr: sort})); err != nil {
			t.Fatal(err)
		}
	}
	sorts := func(items []table.Item) string {
		text := ""
		for _, it := range items {
			text += it.Str(table.SortAttr)
		}
		return text
	}
	for name, replica := range map[string]table.Table{"current": tbl, "lagging": tabletest.Lagging{Table: tbl}} {
		items, err := table.BatchGetConfirmed(t.Context(), replica, keys, false)
		if got := sorts(items); err != nil || got != "ba" {
			t.Errorf("%s: got %q, %v, want ba", name, got, err)
		}
		for _, k := range keys {
			it, err := table.GetConfirmed(t.Context(), replica, k, false)
			if (it != nil) != (k.Sort != "none") || err != nil {
				t.Errorf("%s: %s: got %v, %v", name, k.Sort, it, err)
			}
		}
	}
	before := len(tbl.Calls())
	if _, err := table.BatchGetConfirmed(t.Context(), tbl, keys[:1], false); err != nil {
		t.Fatal(err)
	}
	if _, err := table.GetConfirmed(t.Context(), tbl, keys[0], false); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(len(tbl.Calls()) - before); got != "2" {
		t.Errorf("two reads of an item that exists made %s calls, want 2", got)
	}
}
