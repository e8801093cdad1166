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
	{"EveryKindOfValueComesBackAsItWas", func(b *bench) {
		it := b.item("s",
			"text", "t", "empty", "", "nul", "a\x00b", "wide", "é\U0010FFFF",
			"zero", int64(0), "most", int64(math.MaxInt64), "least", int64(math.MinInt64),
			"yes", true, "no", false, "nothing", nil,
			"none", []any{}, "list", []any{"a", int64(1), nil, []any{true}, map[string]any{"k": "v"}},
			"bare", map[string]any{}, "map", map[string]any{"n": map[string]any{"r": int64(2)}, "l": []any{}},
			"total", int64(3), "name", "reserved words",
		)
		b.wantItem("put", b.put(it), it)
		b.wantItem("get", b.read("s"), it)
		b.wantItem("query", b.query(table.Query{}).Items[0], it)
	}},
	{"MissingItemIsNilAndNoError", func(b *bench) {
		for _, consistent := range []bool{true, false} {
			it, err := b.Get(b.Context(), b.key("none"), consistent)
			if it != nil || err != nil {
				b.Errorf("got %v, %v, want nil, nil", it, err)
			}
		}
	}},
	{"ReturnedItemsShareNothing", func(b *bench) {
		spoil := func(it table.Item) {
			it["m"].(map[string]any)["x"] = "spoiled"
			it["l"].([]any)[0] = "spoiled"
			it["new"] = "spoiled"
		}
		fresh := func() table.Item { return b.item("s", "m", map[string]any{"x": "x"}, "l", []any{"l"}) }
		given := fresh()
		spoil(b.put(given))
		b.wantItem("what was given to put", given, fresh())
		spoil(given)
		spoil(b.read("s"))
		spoil(b.query(table.Query{}).Items[0])
		twice, err := b.BatchGet(b.Context(), []table.Key{b.key("s"), b.key("s")}, true)
		if err != nil || len(twice) != 2 {
			b.Fatalf("got %v, %v, want the item twice", twice, err)
		}
		spoil(twice[0])
		b.wantItem("the other of a batch", twice[1], fresh())
		_, err = b.Write(b.Context(), table.Put(fresh(), table.IsNew()))
		spoil(table.WasRefused(err).Item)
		set := map[string]any{"x": "x"}
		spoil(b.write(update(b.key("s"), table.Set("m", set))))
		b.wantItem("what was given to update", set, table.Item{"x": "x"})
		spoil(b.write(update(b.key("s"), table.Copy("m2", "m"))))
		want := fresh()
		want["m2"] = map[string]any{"x": "x"}
		b.wantItem("stored", b.read("s"), want)
	}},
	{"BatchKeepsTheOrderOfKeysAndSkipsMissingOnes", func(b *bench) {
		var keys []table.Key
		var want []string
		for i := range 120 {
			sort := fmt.Sprintf("%03d", (i*7)%120)
			keys = append(keys, b.key("none"+sort), b.key(sort))
			want = append(want, sort)
			b.put(b.item(sort, "n", int64(i)))
		}
		keys, want = append(keys, keys[1]), append(want, want[0])
		for _, consistent := range []bool{true, false} {
			items, err := b.BatchGet(b.Context(), keys, consistent)
			if err != nil {
				b.Fatal(err)
			}
			b.wantSorts("batch", table.Page{Items: items}, false, want...)
		}
	}},
	{"BatchOfNothingIsNothing", func(b *bench) {
		items, err := b.BatchGet(b.Context(), nil, true)
		if len(items) != 0 || err != nil {
			b.Errorf("got %v, %v, want none, nil", items, err)
		}
	}},
	{"EmptyKeysAndUnknownIndexesAreBad", func(b *bench) {
		_, noSort := b.Get(b.Context(), b.key(""), true)
		_, noPartition := b.BatchGet(b.Context(), []table.Key{{Sort: "s"}}, true)
		_, emptyQuery := b.Query(b.Context(), table.Query{})
		_, unknown := b.Query(b.Context(), table.Query{Partition: "p", Index: "unknown"})
		_, consistent := b.Query(b.Context(), table.Query{Partition: "p", Index: "list", Consistent: true})
		_, negative := b.Query(b.Context(), table.Query{Partition: "p", Limit: -1})
		_, long := b.Query(b.Context(), table.Query{Partition: "p", Low: strings.Repeat("x", 1025)})
		for i, err := range []error{noSort, noPartition, emptyQuery, unknown, consistent, negative, long} {
			if !errors.Is(err, table.ErrBadWrite) {
				b.Errorf("case %d: got %v, want ErrBadWrite", i, err)
			}
		}
	}},
	{"EndedContextIsUnavailableAndWritesNothing", func(b *bench) {
		ctx, cancel := context.WithCancel(b.Context())
		cancel()
		_, get := b.Get(ctx, b.key("s"), true)
		_, batch := b.BatchGet(ctx, []table.Key{b.key("s")}, true)
		_, query := b.Query(ctx, table.Query{Partition: b.partition})
		_, write := b.Write(ctx, table.Put(b.item("s")))
		transact := b.Transact(ctx, []table.Write{table.Put(b.item("s"))})
		for i, err := range []error{get, batch, query, write, transact} {
			if !errors.Is(err, table.ErrUnavailable) || !errors.Is(err, context.Canceled) {
				b.Errorf("case %d: got %v, want ErrUnavailable and context.Canceled", i, err)
			}
		}
		b.wantItem("after it", b.read("s"), nil)
	}},
}
