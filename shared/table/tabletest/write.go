package tabletest

import (
	"fmt"
	"strings"
	"sync"

	"statgate/shared/table"
)

var writes = []guarantee{
	{"PutReplacesTheWholeItem", func(b *bench) {
		b.put(b.item("s", "a", "old", "b", "old"))
		want := b.item("s", "a", "new")
		b.wantItem("answer", b.put(want), want)
		b.wantItem("stored", b.read("s"), want)
	}},
	{"UpdateReturnsTheItemAfterItAndCreatesAMissingOne", func(b *bench) {
		b.wantItem("created", b.write(update(b.key("s"), table.Set("a", "x"))), b.item("s", "a", "x"))
		want := b.item("s", "a", "x", "n", int64(2))
		b.wantItem("changed", b.write(update(b.key("s"), table.Increment("n", 2))), want)
		b.wantItem("stored", b.read("s"), want)
	}},
	{"DeleteReturnsWhatItDeletedAndMissingIsNoError", func(b *bench) {
		it := b.put(b.item("s", "a", "x"))
		b.wantItem("answer", b.write(table.Delete(b.key("s"))), it)
		b.wantItem("stored", b.read("s"), nil)
		b.wantItem("again", b.write(table.Delete(b.key("s"))), nil)
	}},
	{"RefusalReturnsWhatStoodThereAndChangesNothing", func(b *bench) {
		it := b.put(b.item("s", "a", "x"))
		no := table.Eq("a", "y")
		b.wantRefused("put", table.Put(b.item("s"), no), it)
		b.wantRefused("put of a new one", table.Put(b.item("s"), table.IsNew()), it)
		b.wantRefused("update", table.Update(b.key("s"), []table.Action{table.Set("a", "z")}, no), it)
		b.wantRefused("delete", table.Delete(b.key("s"), no), it)
		b.wantItem("stored", b.read("s"), it)
		b.wantRefused("put on nothing", table.Put(b.item("none"), table.IsThere()), nil)
		b.wantRefused("update on nothing", table.Update(b.key("none"), []table.Action{table.Set("a", "z")}, table.IsThere()), nil)
		b.wantRefused("delete on nothing", table.Delete(b.key("none"), no), nil)
		b.wantItem("nothing", b.read("none"), nil)
	}},
	{"OneOfManyCreatesAndEveryIncrementCounts", func(b *bench) {
		const clients, each = 16, 10
		var mu sync.Mutex
		var wg sync.WaitGroup
		created := 0
		for i := range clients {
			wg.Go(func() {
				_, err := b.Write(b.Context(), table.Put(b.item("one", "by", int64(i)), table.IsNew()))
				if err == nil {
					mu.Lock()
					created++
					mu.Unlock()
				} else if table.WasRefused(err) == nil {
					b.Errorf("creating: %v", err)
				}
				for range each {
					if _, err := b.Write(b.Context(), update(b.key("n"), table.Increment("n", 1))); err != nil {
						b.Errorf("counting: %v", err)
					}
				}
			})
		}
		wg.Wait()
		if got, want := created, 1; got != want {
			b.Errorf("created: got %d, want %d", got, want)
		}
		if got, want := b.read("n").Int("n"), int64(clients*each); got != want {
			b.Errorf("counted: got %d, want %d", got, want)
		}
	}},
}

// full has an attribute of each kind.
func (b *bench) full() table.Item {
	return b.item("s", "text", "m", "n", int64(5), "yes", true, "nil", nil,
		"l", []any{int64(1), "x"}, "m", map[string]any{"a": int64(1), "b": map[string]any{"c": "deep"}})
}

var conditions = []guarantee{
	{"ComparisonsHoldAsTheyDoInDynamoDB", func(b *bench) {
		b.put(b.full())
		for _, c := range []struct {
			cond table.Cond
			want bool
		}{
			{table.Cond{}, true},
			{table.Eq("text", "m"), true}, {table.Eq("text", "n"), false},
			{table.Eq("n", int64(5)), true}, {table.Eq("n", int64(6)), false}, {table.Eq("n", "5"), false},
			{table.Eq("yes", true), true}, {table.Eq("yes", false), false},
			{table.Eq("nil", nil), true}, {table.Eq("text", nil), false},
			{table.Eq("l", []any{int64(1), "x"}), true}, {table.Eq("l", []any{"x", int64(1)}), false}, {table.Eq("l", []any{int64(1)}), false},
			{table.Eq("m", map[string]any{"b": map[string]any{"c": "deep"}, "a": int64(1)}), true},
			{table.Eq("m", map[string]any{"a": int64(1)}), false},
			{table.Eq("m.b.c", "deep"), true}, {table.Eq("m.b.none", "deep"), false}, {table.Eq("text.x", "m"), false},
			{table.Eq("none", "m"), false}, {table.Eq("none", nil), false},
			{table.Ne("text", "m"), false}, {table.Ne("text", "n"), true}, {table.Ne("text", int64(1)), true},
			{table.Ne("none", "m"), true}, {table.Ne("m.x.y", int64(1)), true}, {table.Ne("l", []any{}), true},
			{table.Lt("n", int64(5)), false}, {table.Lt("n", int64(6)), true}, {table.Lt("n", "x"), false}, {table.Lt("none", int64(9)), false},
			{table.Le("n", int64(5)), true}, {table.Le("n", int64(4)), false}, {table.Le("none", "z"), false},
			{table.Gt("n", int64(5)), false}, {table.Gt("n", int64(4)), true}, {table.Gt("text", int64(0)), false}, {table.Gt("none", int64(-9)), false},
			{table.Ge("n", int64(5)), true}, {table.Ge("n", int64(6)), false}, {table.Ge("nil", "a"), false},
			{table.Lt("text", "n"), true}, {table.Gt("text", "l"), true}, {table.Ge("text", "m\x00"), false}, {table.Le("text", "M"), false},
			{table.Gt("n", int64(-6)), true}, {table.Lt("n", int64(10)), true},
			{table.Exists("nil"), true}, {table.Exists("m.b"), true}, {table.Exists("none"), false}, {table.Exists("text.x"), false},
			{table.Missing("nil"), false}, {table.Missing("none"), true}, {table.Missing("m.b.x"), true}, {table.Missing("l.x"), true},
			{table.IsThere(), true}, {table.IsNew(), false},
			{table.And(table.IsThere(), table.Eq("n", int64(5))), true}, {table.And(table.IsThere(), table.Eq("n", int64(6))), false},
			{table.Or(table.IsNew(), table.Eq("n", int64(5))), true}, {table.Or(table.IsNew(), table.Eq("n", int64(6))), false},
			{table.And(table.Or(table.IsNew(), table.Ge("n", int64(5))), table.Or(table.And(table.Exists("m"), table.Missing("none")), table.IsNew())), true},
			{table.Or(table.And(table.IsThere(), table.Eq("n", int64(6))), table.And(table.IsThere(), table.IsNew())), false},
			{table.And(table.Cond{}, table.Or(), table.And()), true},
		} {
			_, err := b.Write(b.Context(), table.Put(b.full(), c.cond))
			if err != nil && table.WasRefused(err) == nil {
				b.Errorf("%+v: got error %v", c.cond, err)
			} else if got := err == nil; got != c.want {
				b.Errorf("%+v: got %v, want %v", c.cond, got, c.want)
			}
		}
	}},
	{"ConditionsAreOfTheItemBeforeTheWrite", func(b *bench) {
		b.put(b.item("s", "n", int64(1)))
		b.write(table.Put(b.item("s", "n", int64(2)), table.Eq("n", int64(1))))
		b.write(table.Update(b.key("s"), []table.Action{table.Set("n", int64(3))}, table.Eq("n", int64(2))))
		b.wantItem("stored", b.read("s"), b.item("s", "n", int64(3)))
	}},
	{"ImpossibleConditionsAreBad", func(b *bench) {
		for _, c := range []table.Cond{
			table.Lt("n", true), table.Ge("n", nil), table.Gt("n", []any{}), table.Le("n", map[string]any{}),
			table.Eq("", "x"), table.Exists("a."), table.Eq("n", 1.5), table.Eq("n", "\xff"), {Kind: 99, Path: "n", Value: "x"},
			{Kind: table.CondAnd}, {Kind: table.CondOr, Subs: []table.Cond{table.IsNew()}},
		} {
			b.wantBad(fmt.Sprintf("%+v", c), table.Put(b.item("s"), c))
		}
	}},
}

var actions = []guarantee{
	{"ActionsDoWhatTheySay", func(b *bench) {
		b.put(b.full())
		got := b.write(update(b.key("s"),
			table.Set("text", "new"), table.Set("m.b.d", []any{}), table.Increment("n", -7), table.Increment("m.x", 3),
			table.Copy("copied", "m.b"), table.Default("yes", false), table.Default("m.y", "set"), table.Remove("l"), table.Remove("none"), table.Remove("m.none"),
		))
		want := b.item("s", "text", "new", "n", int64(-2), "yes", true, "nil", nil,
			"copied", map[string]any{"c": "deep"},
			"m", map[string]any{"a": int64(1), "x": int64(3), "y": "set", "b": map[string]any{"c": "deep", "d": []any{}}})
		b.wantItem("answer", got, want)
		b.wantItem("stored", b.read("s"), want)
	}},
	{"RightHandSidesAreReadBeforeAnyChange", func(b *bench) {
		b.put(b.item("s", "a", "A", "b", "B", "h", map[string]any{"n": int64(9)}))
		b.write(update(b.key("s"), table.Copy("a", "b"), table.Copy("b", "a")))
		got := b.write(update(b.key("s"), table.Copy("p", "h"), table.Set("h", map[string]any{"n": int64(0)}), table.Increment("total", 1)))
		b.wantItem("answer", got, b.item("s", "a", "B", "b", "A", "total", int64(1),
			"h", map[string]any{"n": int64(0)}, "p", map[string]any{"n": int64(9)}))
	}},
	{"RemovingFromNothingIsNoError", func(b *bench) {
		if _, err := b.Write(b.Context(), update(b.key("none"), table.Remove("a"))); err != nil {
			b.Error(err)
		}
	}},
	{"ActionsThatCannotBeAreBadAndChangeNothing", func(b *bench) {
		it := b.put(b.full())
		for name, list := range map[string][]table.Action{
			"same path twice":           {table.Set("a", "x"), table.Remove("a")},
			"path and one below":        {table.Set("m", "x"), table.Set("m.a", "x")},
			"one below and path":        {table.Remove("m.b.c"), table.Increment("m", 1)},
			"missing parent":            {table.Set("none.a", "x")},
			"missing parent, remove":    {table.Remove("none.a")},
			"missing parent, increment": {table.Increment("m.none.a", 1)},
			"missing parent, default":   {table.Default("none.a", "x")},
			"parent is text":            {table.Set("text.a", "x")},
			"parent is a list":          {table.Set("l.a", "x")},
			"increment of text":         {table.Increment("text", 1)},
			"increment of null":         {table.Increment("nil", 1)},
			"increment of a map":        {table.Increment("m", 1)},
			"copy of nothing":           {table.Copy("a", "none")},
			"partition key":             {table.Set("pk", "x")},
			"sort key":                  {table.Remove("sk")},
			"below a key":               {table.Set("sk.a", "x")},
			"no name":                   {table.Set("", "x")},
			"empty name":                {table.Set("m..a", "x")},
			"float":                     {table.Set("a", 1.5)},
			"not UTF-8":                 {table.Set("a", "\xff")},
			"no such kind":              {{Kind: 99, Path: "a"}},
			"increment by text":         {{Kind: table.ActIncrement, Path: "a", Value: "x"}},
			"index key that is none":    {table.Set("list_pk", int64(1))},
			"empty index key":           {table.Set("spare_sk", "")},
			"index key of a counter":    {table.Increment("list_pk", 1)},
			"none":                      {},
		} {
			b.wantBad(name, update(b.key("s"), list...))
		}
		b.wantItem("stored", b.read("s"), it)
	}},
	{"RefusalCountsBeforeWhatTheItemMakesImpossible", func(b *bench) {
		b.wantRefused("missing parent", table.Update(b.key("s"), []table.Action{table.Set("q.n", int64(1))}, table.IsThere()), nil)
		it := b.put(b.item("s", "a", "x"))
		b.wantRefused("missing parent", table.Update(b.key("s"), []table.Action{table.Set("q.n", int64(1))}, table.Eq("a", "y")), it)
		b.wantRefused("wrong type", table.Update(b.key("s"), []table.Action{table.Increment("a", 1)}, table.Eq("a", "y")), it)
	}},
}

var faults = []guarantee{
	{"BadItemsAreBadAndLeaveNothing", func(b *bench) {
		for name, it := range map[string]table.Item{
			"empty sort key":         b.item(""),
			"no sort key":            {"pk": b.partition},
			"no partition key":       {"sk": "s"},
			"key that is a number":   {"pk": b.partition, "sk": int64(1)},
			"long sort key":          b.item(strings.Repeat("s", 1025)),
			"long partition key":     {"pk": strings.Repeat("p", 2049), "sk": "s"},
			"key that is not UTF-8":  b.item("s\xff"),
			"over 400 KB":            b.item("s", "bulk", strings.Repeat("x", 400<<10)),
			"index key of a number":  b.item("s", "list_pk", int64(1), "list_sk", "s"),
			"empty index key":        b.item("s", "list_pk", "p", "list_sk", ""),
			"null index key":         b.item("s", "spare_pk", nil),
			"long index key":         b.item("s", "list_pk", "p", "list_sk", strings.Repeat("s", 1025)),
			"int that is not int64":  b.item("s", "n", 1),
			"list of strings":        b.item("s", "l", []string{"x"}),
			"item within an item":    b.item("s", "m", table.Item{}),
			"float in a map":         b.item("s", "m", map[string]any{"f": 0.5}),
			"text that is not UTF-8": b.item("s", "t", "\xff"),
		} {
			b.wantBad(name, table.Put(it))
		}
		b.wantSorts("stored", b.query(table.Query{}), false)
	}},
	{"ItemOf400KBIsStored", func(b *bench) {
		it := b.item("s", "b", "")
		size := len("pk") + len(b.partition) + len("sk") + len("s") + len("b")
		it["b"] = strings.Repeat("x", 400<<10-size)
		b.put(it)
		b.wantBad("a byte more", update(b.key("s"), table.Set("c", "")))
		b.wantItem("stored", b.read("s"), it)
	}},
	{"NestingIsBounded", func(b *bench) {
		nest := func(levels int) any {
			var v any = "x"
			for range levels {
				v = []any{v}
			}
			return v
		}
		b.put(b.item("s", "v", nest(31)))
		b.wantBad("too deep", table.Put(b.item("t", "v", nest(33))))
	}},
	{"CheckAndUnknownKindsAreNoSingleWrites", func(b *bench) {
		b.put(b.item("s"))
		b.wantBad("check", table.Check(b.key("s"), table.IsThere()))
		b.wantBad("zero", table.Write{Key: b.key("s")})
	}},
	{"EmptyKeysAreBad", func(b *bench) {
		b.wantBad("update", update(b.key(""), table.Set("a", "x")))
		b.wantBad("delete", table.Delete(table.Key{Sort: "s"}))
	}},
}
