package tabletest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"statgate/shared/table"
)

var reads = []guarantee{
	{"EveryKindOfValueIsReadBackUnchanged", func(f *fixture) {
		it := f.item("s",
			"text", "t", "empty", "", "nul", "a\x00b", "wide", "é\U0010FFFF",
			"zero", int64(0), "most", int64(math.MaxInt64), "least", int64(math.MinInt64),
			"yes", true, "no", false, "nothing", nil,
			"none", []any{}, "list", []any{"a", int64(1), nil, []any{true}, map[string]any{"k": "v"}},
			"bare", map[string]any{}, "map", map[string]any{"n": map[string]any{"r": int64(2)}, "l": []any{}},
			"total", int64(3), "name", "reserved words",
		)
		f.wantItem("put", f.put(it), it)
		f.wantItem("get", f.read("s"), it)
		f.wantItem("query", f.query(table.Query{}).Items[0], it)
	}},
	{"MissingItemIsNilWithoutError", func(f *fixture) {
		for _, consistent := range []bool{true, false} {
			it, err := f.Get(f.Context(), f.key("none"), consistent)
			if it != nil || err != nil {
				f.Errorf("got %v, %v, want nil, nil", it, err)
			}
		}
	}},
	{"ReturnedItemsShareNoMemory", func(f *fixture) {
		modify := func(it table.Item) {
			it["m"].(map[string]any)["x"] = "modified"
			it["l"].([]any)[0] = "modified"
			it["new"] = "modified"
		}
		fresh := func() table.Item { return f.item("s", "m", map[string]any{"x": "x"}, "l", []any{"l"}) }
		original := fresh()
		modify(f.put(original))
		f.wantItem("argument of put", original, fresh())
		modify(original)
		modify(f.read("s"))
		modify(f.query(table.Query{}).Items[0])
		batch, err := f.BatchGet(f.Context(), []table.Key{f.key("s"), f.key("s")}, true)
		if err != nil || len(batch) != 2 {
			f.Fatalf("got %v, %v, want the item batch", batch, err)
		}
		modify(batch[0])
		f.wantItem("second item of the batch", batch[1], fresh())
		_, err = f.Write(f.Context(), table.Put(fresh(), table.IsNew()))
		modify(table.AsConditionFailed(err).Item)
		set := map[string]any{"x": "x"}
		modify(f.write(update(f.key("s"), table.Set("m", set))))
		f.wantItem("argument of update", set, table.Item{"x": "x"})
		modify(f.write(update(f.key("s"), table.Copy("m2", "m"))))
		want := fresh()
		want["m2"] = map[string]any{"x": "x"}
		f.wantItem("stored", f.read("s"), want)
	}},
	{"BatchKeepsTheOrderOfKeysAndSkipsMissingOnes", func(f *fixture) {
		var keys []table.Key
		var want []string
		for i := range 120 {
			sort := fmt.Sprintf("%03d", (i*7)%120)
			keys = append(keys, f.key("none"+sort), f.key(sort))
			want = append(want, sort)
			f.put(f.item(sort, "n", int64(i)))
		}
		keys, want = append(keys, keys[1]), append(want, want[0])
		for _, consistent := range []bool{true, false} {
			items, err := f.BatchGet(f.Context(), keys, consistent)
			if err != nil {
				f.Fatal(err)
			}
			f.wantSorts("batch", table.Page{Items: items}, false, want...)
		}
	}},
	{"EmptyBatchReturnsNoItems", func(f *fixture) {
		items, err := f.BatchGet(f.Context(), nil, true)
		if len(items) != 0 || err != nil {
			f.Errorf("got %v, %v, want no items, nil", items, err)
		}
	}},
	{"ReadsWithEmptyKeysOrUnknownIndexesFail", func(f *fixture) {
		_, noSort := f.Get(f.Context(), f.key(""), true)
		_, noPartition := f.BatchGet(f.Context(), []table.Key{{Sort: "s"}}, true)
		_, emptyQuery := f.Query(f.Context(), table.Query{})
		_, unknown := f.Query(f.Context(), table.Query{Partition: "p", Index: "unknown"})
		_, consistent := f.Query(f.Context(), table.Query{Partition: "p", Index: "list", Consistent: true})
		_, negative := f.Query(f.Context(), table.Query{Partition: "p", Limit: -1})
		_, long := f.Query(f.Context(), table.Query{Partition: "p", Low: strings.Repeat("x", 1025)})
		for i, err := range []error{noSort, noPartition, emptyQuery, unknown, consistent, negative, long} {
			if !errors.Is(err, table.ErrBadWrite) {
				f.Errorf("case %d: got %v, want ErrBadWrite", i, err)
			}
		}
	}},
	{"CanceledContextIsUnavailableAndWritesNothing", func(f *fixture) {
		ctx, cancel := context.WithCancel(f.Context())
		cancel()
		_, get := f.Get(ctx, f.key("s"), true)
		_, batch := f.BatchGet(ctx, []table.Key{f.key("s")}, true)
		_, query := f.Query(ctx, table.Query{Partition: f.partition})
		_, write := f.Write(ctx, table.Put(f.item("s")))
		transact := f.Transact(ctx, []table.Write{table.Put(f.item("s"))})
		for i, err := range []error{get, batch, query, write, transact} {
			if !errors.Is(err, table.ErrUnavailable) || !errors.Is(err, context.Canceled) {
				f.Errorf("case %d: got %v, want ErrUnavailable and context.Canceled", i, err)
			}
		}
		f.wantItem("after the call", f.read("s"), nil)
	}},
}
