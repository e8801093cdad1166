package tabletest

import (
	"fmt"
	"strings"

	"statgate/shared/table"
)

// sorts puts an item for each sort key, in an order of no meaning.
func (b *bench) sorts(keys ...string) {
	for i := range keys {
		b.put(b.item(keys[(i*5+3)%len(keys)]))
	}
}

var queries = []guarantee{
	{"OrderIsThatOfBytes", func(b *bench) {
		want := []string{"\x00", "\x00\x01", "A", "A\x00", "A\x00\x01", "A\x00\xc3\xbf", "A\x01", "A#1", "A#10", "A#2", "AA", "a", "é", "\uffff", "\U00010000", "\U0010FFFF"}
		for _, s := range []int{5, 3, 8, 0, 15, 1, 2, 14, 4, 7, 6, 9, 13, 11, 10, 12} {
			b.put(b.list(b.item(want[s]), want[s]))
		}
		b.wantSorts("table", b.query(table.Query{Consistent: true}), false, want...)
		b.wantOnIndex("index", table.Query{Index: "list"}, want...)
	}},
	{"PartitionsDoNotMix", func(b *bench) {
		for _, p := range []string{"", "\x00", "\x00s", "#", "0"} {
			it := b.item("s"+p, "list_pk", b.partition+p, "list_sk", "s"+p)
			it["pk"] = b.partition + p
			b.put(it)
		}
		b.wantSorts("table", b.query(table.Query{}), false, "s")
		b.wantOnIndex("index", table.Query{Index: "list"}, "s")
		b.wantSorts("another", b.query(table.Query{Partition: b.partition + "\x00"}), false, "s\x00")
		b.wantSorts("none", b.query(table.Query{Partition: b.partition + "x"}), false)
	}},
	{"BoundsAreInclusiveAndAfterIsExclusive", func(b *bench) {
		b.sorts("a", "b", "b\x00", "c", "d", "e", "f")
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
			b.wantSorts(fmt.Sprintf("%+v", c.q), b.query(c.q), false, strings.Fields(c.want)...)
		}
	}},
	{"LimitAndMoreAreExact", func(b *bench) {
		b.sorts("a", "b", "c", "d")
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
			b.wantSorts(fmt.Sprintf("%+v", c.q), b.query(c.q), c.more, strings.Fields(c.want)...)
		}
	}},
	{"PrefixReadsKeysThatBeginWithIt", func(b *bench) {
		b.sorts("KEY", "KEY#", "KEY#1", "KEY#\U0010FFFE", "KEY$", "KEZ")
		low, high := table.Prefix("KEY#")
		b.wantSorts("prefix", b.query(table.Query{Low: low, High: high}), false, "KEY#", "KEY#1", "KEY#\U0010FFFE")
	}},
	{"LongestSortKeyIsPagedToo", func(b *bench) {
		long := strings.Repeat("x", 1023)
		b.sorts(long, long+"a", long+"b")
		b.wantSorts("ascending", b.query(table.Query{After: long + "a"}), false, long+"b")
		b.wantSorts("descending", b.query(table.Query{After: long + "a", Descending: true}), false, long)
	}},
	{"NoLimitReadsToTheEnd", func(b *bench) {
		var want []string
		for i := range 12 { // a page of DynamoDB ends at 1 MB
			sort := fmt.Sprintf("%02d", i)
			want = append(want, sort)
			b.put(b.item(sort, "bulk", strings.Repeat("x", 200_000)))
		}
		b.wantSorts("all", b.query(table.Query{}), false, want...)
		b.wantSorts("limited", b.query(table.Query{Limit: 11}), true, want[:11]...)
	}},
	{"IndexHoldsItemsThatHaveBothAttributes", func(b *bench) {
		b.put(b.list(b.item("1", "x", "projected"), "c"))
		b.put(b.list(b.item("2"), "a"))
		b.put(b.item("3", "list_pk", b.partition))
		b.put(b.item("4", "list_sk", "b"))
		b.wantOnIndex("both", table.Query{Index: "list"}, "2", "1")
		b.wantItem("every attribute", b.query(table.Query{Index: "list", After: "a"}).Items[0], b.list(b.item("1", "x", "projected"), "c"))
		b.wantOnIndex("other index", table.Query{Index: "spare"})
	}},
	{"IndexFollowsTheItem", func(b *bench) {
		b.put(b.list(b.item("1"), "b"))
		b.put(b.list(b.item("2"), "a"))
		b.write(update(b.key("2"), table.Set("list_sk", "c")))
		b.wantOnIndex("moved", table.Query{Index: "list"}, "1", "2")
		b.write(update(b.key("1"), table.Set("x", "changed")))
		b.wantItem("changed", b.query(table.Query{Index: "list", Limit: 1}).Items[0], b.list(b.item("1", "x", "changed"), "b"))
		b.write(update(b.key("1"), table.Remove("list_sk")))
		b.wantOnIndex("left", table.Query{Index: "list"}, "2")
		b.write(update(b.key("1"), table.Set("list_sk", "d")))
		b.wantOnIndex("back", table.Query{Index: "list"}, "2", "1")
		b.put(b.item("1"))
		b.wantOnIndex("replaced", table.Query{Index: "list"}, "2")
		b.write(table.Delete(b.key("2")))
		b.wantOnIndex("deleted", table.Query{Index: "list"})
	}},
	{"AfterPassesAllItemsOfOneIndexPlace", func(b *bench) {
		for i := range 3 {
			b.put(b.list(b.item(fmt.Sprint("x", i)), "same"))
		}
		b.put(b.list(b.item("first"), "a"))
		b.put(b.list(b.item("last"), "z"))
		b.wantOnIndex("beyond", table.Query{Index: "list", After: "same"}, "last")
		b.wantOnIndex("before", table.Query{Index: "list", After: "same", Descending: true, Limit: 1}, "first")
	}},
}
