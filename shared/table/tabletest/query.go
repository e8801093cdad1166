package tabletest

import (
	"fmt"
	"strings"

	"statgate/shared/table"
)

// sorts puts an item for each sort key, in an order unlike theirs.
func (f *fixture) sorts(keys ...string) {
	for i := range keys {
		f.put(f.item(keys[(i*5+3)%len(keys)]))
	}
}

var queries = []guarantee{
	{"SortKeysAreOrderedByBytes", func(f *fixture) {
		want := []string{"\x00", "\x00\x01", "A", "A\x00", "A\x00\x01", "A\x00\xc3\xbf", "A\x01", "A#1", "A#10", "A#2", "AA", "a", "é", "\uffff", "\U00010000", "\U0010FFFF"}
		for _, s := range []int{5, 3, 8, 0, 15, 1, 2, 14, 4, 7, 6, 9, 13, 11, 10, 12} {
			f.put(f.list(f.item(want[s]), want[s]))
		}
		f.wantSorts("table", f.query(table.Query{Consistent: true}), false, want...)
		f.wantOnIndex("index", table.Query{Index: "list"}, want...)
	}},
	{"PartitionsDoNotMix", func(f *fixture) {
		for _, p := range []string{"", "\x00", "\x00s", "#", "0"} {
			it := f.item("s"+p, "list_pk", f.partition+p, "list_sk", "s"+p)
			it["pk"] = f.partition + p
			f.put(it)
		}
		f.wantSorts("table", f.query(table.Query{}), false, "s")
		f.wantOnIndex("index", table.Query{Index: "list"}, "s")
		f.wantSorts("another", f.query(table.Query{Partition: f.partition + "\x00"}), false, "s\x00")
		f.wantSorts("none", f.query(table.Query{Partition: f.partition + "x"}), false)
	}},
	{"BoundsAreInclusiveAndAfterIsExclusive", func(f *fixture) {
		f.sorts("a", "b", "b\x00", "c", "d", "e", "f")
		for _, c := range []struct {
			q    table.Query
			want string
		}{
			{table.Query{}, "a b b\x00 c d e f"},
			{table.Query{Low: "b"}, "b b\x00 c d e f"},
			{table.Query{High: "b"}, "a b"},
			{table.Query{Low: "b", High: "e"}, "b b\x00 c d e"},
			{table.Query{Low: "bb", High: "dd"}, "c d"},
			{table.Query{Low: "c", High: "c"}, "c"},
			{table.Query{Low: "d", High: "b"}, ""},
			{table.Query{After: "b"}, "b\x00 c d e f"},
			{table.Query{After: "bb"}, "c d e f"},
			{table.Query{After: "f"}, ""},
			{table.Query{Low: "b", High: "e", After: "c"}, "d e"},
			{table.Query{Low: "d", After: "a"}, "d e f"},
			{table.Query{High: "b", After: "d"}, ""},
			{table.Query{Descending: true}, "f e d c b\x00 b a"},
			{table.Query{Descending: true, After: "b\x00"}, "b a"},
			{table.Query{Descending: true, After: "bb"}, "b\x00 b a"},
			{table.Query{Descending: true, After: "a"}, ""},
			{table.Query{Descending: true, Low: "b", High: "e", After: "d"}, "c b\x00 b"},
			{table.Query{Descending: true, High: "b", After: "e"}, "b a"},
			{table.Query{Descending: true, Low: "e", After: "b"}, ""},
		} {
			f.wantSorts(fmt.Sprintf("%+v", c.q), f.query(c.q), false, strings.Fields(c.want)...)
		}
	}},
	{"LimitAndMoreAreExact", func(f *fixture) {
		f.sorts("a", "b", "c", "d")
		for _, c := range []struct {
			q    table.Query
			more bool
			want string
		}{
			{table.Query{Limit: 1}, true, "a"},
			{table.Query{Limit: 3}, true, "a b c"},
			{table.Query{Limit: 4}, false, "a b c d"},
			{table.Query{Limit: 9}, false, "a b c d"},
			{table.Query{Limit: 2, High: "b"}, false, "a b"},
			{table.Query{Limit: 2, After: "a"}, true, "b c"},
			{table.Query{Limit: 2, After: "b"}, false, "c d"},
			{table.Query{Limit: 2, Descending: true}, true, "d c"},
			{table.Query{Limit: 2, Descending: true, After: "d"}, true, "c b"},
			{table.Query{Limit: 2, Descending: true, After: "c"}, false, "b a"},
			{table.Query{Limit: 1, Descending: true, After: "b", Low: "a"}, false, "a"},
		} {
			f.wantSorts(fmt.Sprintf("%+v", c.q), f.query(c.q), c.more, strings.Fields(c.want)...)
		}
	}},
	{"PrefixReadsKeysThatBeginWithIt", func(f *fixture) {
		f.sorts("KEY", "KEY#", "KEY#1", "KEY#\U0010FFFE", "KEY$", "KEZ")
		low, high := table.Prefix("KEY#")
		f.wantSorts("prefix", f.query(table.Query{Low: low, High: high}), false, "KEY#", "KEY#1", "KEY#\U0010FFFE")
	}},
	{"QueryContinuesAfterTheLongestSortKey", func(f *fixture) {
		long := strings.Repeat("x", 1023)
		f.sorts(long, long+"a", long+"b")
		f.wantSorts("ascending", f.query(table.Query{After: long + "a"}), false, long+"b")
		f.wantSorts("descending", f.query(table.Query{After: long + "a", Descending: true}), false, long)
	}},
	{"QueryWithoutLimitReadsToTheEnd", func(f *fixture) {
		var want []string
		for i := range 12 { // DynamoDB ends a page at 1 MB
			sort := fmt.Sprintf("%02d", i)
			want = append(want, sort)
			f.put(f.item(sort, "bulk", strings.Repeat("x", 200_000)))
		}
		f.wantSorts("all", f.query(table.Query{}), false, want...)
		f.wantSorts("limited", f.query(table.Query{Limit: 11}), true, want[:11]...)
	}},
	{"IndexHasOnlyItemsWithBothAttributes", func(f *fixture) {
		f.put(f.list(f.item("1", "x", "projected"), "c"))
		f.put(f.list(f.item("2"), "a"))
		f.put(f.item("3", "list_pk", f.partition))
		f.put(f.item("4", "list_sk", "b"))
		f.wantOnIndex("both", table.Query{Index: "list"}, "2", "1")
		f.wantItem("every attribute", f.query(table.Query{Index: "list", After: "a"}).Items[0], f.list(f.item("1", "x", "projected"), "c"))
		f.wantOnIndex("other index", table.Query{Index: "spare"})
	}},
	{"IndexReflectsEachWriteOfTheItem", func(f *fixture) {
		f.put(f.list(f.item("1"), "b"))
		f.put(f.list(f.item("2"), "a"))
		f.write(update(f.key("2"), table.Set("list_sk", "c")))
		f.wantOnIndex("moved", table.Query{Index: "list"}, "1", "2")
		f.write(update(f.key("1"), table.Set("x", "changed")))
		f.wantItem("changed", f.query(table.Query{Index: "list", Limit: 1}).Items[0], f.list(f.item("1", "x", "changed"), "b"))
		f.write(update(f.key("1"), table.Remove("list_sk")))
		f.wantOnIndex("removed", table.Query{Index: "list"}, "2")
		f.write(update(f.key("1"), table.Set("list_sk", "d")))
		f.wantOnIndex("added again", table.Query{Index: "list"}, "2", "1")
		f.put(f.item("1"))
		f.wantOnIndex("replaced", table.Query{Index: "list"}, "2")
		f.write(table.Delete(f.key("2")))
		f.wantOnIndex("deleted", table.Query{Index: "list"})
	}},
	{"AfterSkipsAllItemsWithThatIndexSortKey", func(f *fixture) {
		for i := range 3 {
			f.put(f.list(f.item(fmt.Sprint("x", i)), "same"))
		}
		f.put(f.list(f.item("first"), "a"))
		f.put(f.list(f.item("last"), "z"))
		f.wantOnIndex("ascending", table.Query{Index: "list", After: "same"}, "last")
		f.wantOnIndex("descending", table.Query{Index: "list", After: "same", Descending: true, Limit: 1}, "first")
	}},
}
