package tabletest

import (
	"fmt"
	"strings"
	"sync"

	"statgate/shared/table"
)

var writes = []guarantee{
	{"PutReplacesTheWholeItem", func(f *fixture) {
		f.put(f.item("s", "a", "old", "b", "old"))
		want := f.item("s", "a", "new")
		f.wantItem("answer", f.put(want), want)
		f.wantItem("stored", f.read("s"), want)
	}},
	{"UpdateReturnsTheNewItemAndCreatesAMissingOne", func(f *fixture) {
		f.wantItem("created", f.write(update(f.key("s"), table.Set("a", "x"))), f.item("s", "a", "x"))
		want := f.item("s", "a", "x", "n", int64(2))
		f.wantItem("changed", f.write(update(f.key("s"), table.Increment("n", 2))), want)
		f.wantItem("stored", f.read("s"), want)
	}},
	{"DeleteReturnsTheDeletedItemAndAcceptsAMissingOne", func(f *fixture) {
		it := f.put(f.item("s", "a", "x"))
		f.wantItem("answer", f.write(table.Delete(f.key("s"))), it)
		f.wantItem("stored", f.read("s"), nil)
		f.wantItem("again", f.write(table.Delete(f.key("s"))), nil)
	}},
	{"FailedConditionReturnsTheStoredItemAndChangesNothing", func(f *fixture) {
		it := f.put(f.item("s", "a", "x"))
		failing := table.Eq("a", "y")
		f.wantConditionFailed("put", table.Put(f.item("s"), failing), it)
		f.wantConditionFailed("put of a new item", table.Put(f.item("s"), table.IsNew()), it)
		f.wantConditionFailed("update", table.Update(f.key("s"), []table.Action{table.Set("a", "z")}, failing), it)
		f.wantConditionFailed("delete", table.Delete(f.key("s"), failing), it)
		f.wantItem("stored", f.read("s"), it)
		f.wantConditionFailed("put on a missing item", table.Put(f.item("none"), table.IsThere()), nil)
		f.wantConditionFailed("update on a missing item", table.Update(f.key("none"), []table.Action{table.Set("a", "z")}, table.IsThere()), nil)
		f.wantConditionFailed("delete on a missing item", table.Delete(f.key("none"), failing), nil)
		f.wantItem("missing item", f.read("none"), nil)
	}},
	{"ConcurrentWritersCreateOnceAndLoseNoIncrement", func(f *fixture) {
		const clients, each = 16, 10
		var mu sync.Mutex
		var wg sync.WaitGroup
		created := 0
		for i := range clients {
			wg.Go(func() {
				_, err := f.Write(f.Context(), table.Put(f.item("one", "by", int64(i)), table.IsNew()))
				if err == nil {
					mu.Lock()
					created++
					mu.Unlock()
				} else if table.AsConditionFailed(err) == nil {
					f.Errorf("creating: %v", err)
				}
				for range each {
					if _, err := f.Write(f.Context(), update(f.key("n"), table.Increment("n", 1))); err != nil {
						f.Errorf("counting: %v", err)
					}
				}
			})
		}
		wg.Wait()
		if got, want := created, 1; got != want {
			f.Errorf("created: got %d, want %d", got, want)
		}
		if got, want := f.read("n").Int("n"), int64(clients*each); got != want {
			f.Errorf("counted: got %d, want %d", got, want)
		}
	}},
}

// full returns an item with an attribute of each kind.
func (f *fixture) full() table.Item {
	return f.item("s", "text", "m", "n", int64(5), "yes", true, "nil", nil,
		"l", []any{int64(1), "x"}, "m", map[string]any{"a": int64(1), "b": map[string]any{"c": "deep"}})
}

var conditions = []guarantee{
	{"ComparisonsHoldAsInDynamoDB", func(f *fixture) {
		f.put(f.full())
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
			_, err := f.Write(f.Context(), table.Put(f.full(), c.cond))
			if err != nil && table.AsConditionFailed(err) == nil {
				f.Errorf("%+v: got error %v", c.cond, err)
			} else if got := err == nil; got != c.want {
				f.Errorf("%+v: got %v, want %v", c.cond, got, c.want)
			}
		}
	}},
	{"ConditionsApplyToTheItemBeforeTheWrite", func(f *fixture) {
		f.put(f.item("s", "n", int64(1)))
		f.write(table.Put(f.item("s", "n", int64(2)), table.Eq("n", int64(1))))
		f.write(table.Update(f.key("s"), []table.Action{table.Set("n", int64(3))}, table.Eq("n", int64(2))))
		f.wantItem("stored", f.read("s"), f.item("s", "n", int64(3)))
	}},
	{"InvalidConditionsFail", func(f *fixture) {
		for _, c := range []table.Cond{
			table.Lt("n", true), table.Ge("n", nil), table.Gt("n", []any{}), table.Le("n", map[string]any{}),
			table.Eq("", "x"), table.Exists("a."), table.Eq("n", 1.5), table.Eq("n", "\xff"), {Kind: 99, Path: "n", Value: "x"},
			{Kind: table.CondAnd}, {Kind: table.CondOr, Subs: []table.Cond{table.IsNew()}},
		} {
			f.wantBad(fmt.Sprintf("%+v", c), table.Put(f.item("s"), c))
		}
	}},
}

var actions = []guarantee{
	{"ActionsChangeTheItemAsDocumented", func(f *fixture) {
		f.put(f.full())
		got := f.write(update(f.key("s"),
			table.Set("text", "new"), table.Set("m.b.d", []any{}), table.Increment("n", -7), table.Increment("m.x", 3),
			table.Copy("copied", "m.b"), table.Default("yes", false), table.Default("m.y", "set"), table.Remove("l"), table.Remove("none"), table.Remove("m.none"),
		))
		want := f.item("s", "text", "new", "n", int64(-2), "yes", true, "nil", nil,
			"copied", map[string]any{"c": "deep"},
			"m", map[string]any{"a": int64(1), "x": int64(3), "y": "set", "b": map[string]any{"c": "deep", "d": []any{}}})
		f.wantItem("answer", got, want)
		f.wantItem("stored", f.read("s"), want)
	}},
	{"RightHandSidesAreReadBeforeAnyChange", func(f *fixture) {
		f.put(f.item("s", "a", "A", "b", "B", "h", map[string]any{"n": int64(9)}))
		f.write(update(f.key("s"), table.Copy("a", "b"), table.Copy("b", "a")))
		got := f.write(update(f.key("s"), table.Copy("p", "h"), table.Set("h", map[string]any{"n": int64(0)}), table.Increment("total", 1)))
		f.wantItem("answer", got, f.item("s", "a", "B", "b", "A", "total", int64(1),
			"h", map[string]any{"n": int64(0)}, "p", map[string]any{"n": int64(9)}))
	}},
	{"RemoveAcceptsAMissingItem", func(f *fixture) {
		if _, err := f.Write(f.Context(), update(f.key("none"), table.Remove("a"))); err != nil {
			f.Error(err)
		}
	}},
	{"InvalidActionsFailAndChangeNothing", func(f *fixture) {
		it := f.put(f.full())
		for name, list := range map[string][]table.Action{
			"same path twice":           {table.Set("a", "x"), table.Remove("a")},
			"path, then one below it":   {table.Set("m", "x"), table.Set("m.a", "x")},
			"path, then one above it":   {table.Remove("m.b.c"), table.Increment("m", 1)},
			"missing parent":            {table.Set("none.a", "x")},
			"missing parent, remove":    {table.Remove("none.a")},
			"missing parent, increment": {table.Increment("m.none.a", 1)},
			"missing parent, default":   {table.Default("none.a", "x")},
			"parent is text":            {table.Set("text.a", "x")},
			"parent is a list":          {table.Set("l.a", "x")},
			"increment of text":         {table.Increment("text", 1)},
			"increment of null":         {table.Increment("nil", 1)},
			"increment of a map":        {table.Increment("m", 1)},
			"copy of an absent path":    {table.Copy("a", "none")},
			"partition key":             {table.Set("pk", "x")},
			"sort key":                  {table.Remove("sk")},
			"below a key":               {table.Set("sk.a", "x")},
			"no name":                   {table.Set("", "x")},
			"empty name":                {table.Set("m..a", "x")},
			"float":                     {table.Set("a", 1.5)},
			"not UTF-8":                 {table.Set("a", "\xff")},
			"unknown kind":              {{Kind: 99, Path: "a"}},
			"increment by text":         {{Kind: table.ActIncrement, Path: "a", Value: "x"}},
			"index key of a number":     {table.Set("list_pk", int64(1))},
			"empty index key":           {table.Set("spare_sk", "")},
			"index key of a counter":    {table.Increment("list_pk", 1)},
			"no actions":                {},
		} {
			f.wantBad(name, update(f.key("s"), list...))
		}
		f.wantItem("stored", f.read("s"), it)
	}},
	{"FailedConditionTakesPrecedenceOverErrorsThatDependOnTheItem", func(f *fixture) {
		f.wantConditionFailed("missing parent", table.Update(f.key("s"), []table.Action{table.Set("q.n", int64(1))}, table.IsThere()), nil)
		it := f.put(f.item("s", "a", "x"))
		f.wantConditionFailed("missing parent", table.Update(f.key("s"), []table.Action{table.Set("q.n", int64(1))}, table.Eq("a", "y")), it)
		f.wantConditionFailed("wrong type", table.Update(f.key("s"), []table.Action{table.Increment("a", 1)}, table.Eq("a", "y")), it)
	}},
}

var faults = []guarantee{
	{"InvalidItemsAreNotStored", func(f *fixture) {
		for name, it := range map[string]table.Item{
			"empty sort key":         f.item(""),
			"no sort key":            {"pk": f.partition},
			"no partition key":       {"sk": "s"},
			"key that is a number":   {"pk": f.partition, "sk": int64(1)},
			"long sort key":          f.item(strings.Repeat("s", 1025)),
			"long partition key":     {"pk": strings.Repeat("p", 2049), "sk": "s"},
			"key that is not UTF-8":  f.item("s\xff"),
			"over 400 KB":            f.item("s", "bulk", strings.Repeat("x", 400<<10)),
			"index key of a number":  f.item("s", "list_pk", int64(1), "list_sk", "s"),
			"empty index key":        f.item("s", "list_pk", "p", "list_sk", ""),
			"null index key":         f.item("s", "spare_pk", nil),
			"long index key":         f.item("s", "list_pk", "p", "list_sk", strings.Repeat("s", 1025)),
			"int that is not int64":  f.item("s", "n", 1),
			"list of strings":        f.item("s", "l", []string{"x"}),
			"item within an item":    f.item("s", "m", table.Item{}),
			"float in a map":         f.item("s", "m", map[string]any{"f": 0.5}),
			"text that is not UTF-8": f.item("s", "t", "\xff"),
		} {
			f.wantBad(name, table.Put(it))
		}
		f.wantSorts("stored", f.query(table.Query{}), false)
	}},
	{"ItemOf400KBIsStored", func(f *fixture) {
		it := f.item("s", "b", "")
		size := len("pk") + len(f.partition) + len("sk") + len("s") + len("b")
		it["b"] = strings.Repeat("x", 400<<10-size)
		f.put(it)
		f.wantBad("one byte more", update(f.key("s"), table.Set("c", "")))
		f.wantItem("stored", f.read("s"), it)
	}},
	{"NestingIsLimitedTo32Levels", func(f *fixture) {
		nest := func(levels int) any {
			var v any = "x"
			for range levels {
				v = []any{v}
			}
			return v
		}
		f.put(f.item("s", "v", nest(31)))
		f.wantBad("too deep", table.Put(f.item("t", "v", nest(33))))
	}},
	{"SingleWriteRejectsChecksAndUnknownKinds", func(f *fixture) {
		f.put(f.item("s"))
		f.wantBad("check", table.Check(f.key("s"), table.IsThere()))
		f.wantBad("zero", table.Write{Key: f.key("s")})
	}},
	{"WritesWithEmptyKeysFail", func(f *fixture) {
		f.wantBad("update", update(f.key(""), table.Set("a", "x")))
		f.wantBad("delete", table.Delete(table.Key{Sort: "s"}))
	}},
}
