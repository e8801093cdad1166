package tabletest

import (
	"errors"
	"fmt"
	"sync"

	"statgate/shared/table"
)

func (f *fixture) transact(ws ...table.Write) error { return f.Transact(f.Context(), ws) }

var transactions = []guarantee{
	{"TransactionAppliesAllWrites", func(f *fixture) {
		f.put(f.item("update", "n", int64(1)))
		f.put(f.item("delete"))
		check := f.put(f.item("check", "v", int64(7)))
		err := f.transact(
			table.Put(f.item("put", "a", "x"), table.IsNew()),
			table.Update(f.key("update"), []table.Action{table.Increment("n", 1)}, table.Eq("n", int64(1))),
			table.Delete(f.key("delete"), table.IsThere()),
			table.Check(f.key("check"), table.Eq("v", int64(7))),
			table.Check(f.key("none"), table.IsNew()),
		)
		if err != nil {
			f.Fatal(err)
		}
		f.wantItem("put", f.read("put"), f.item("put", "a", "x"))
		f.wantItem("update", f.read("update"), f.item("update", "n", int64(2)))
		f.wantItem("delete", f.read("delete"), nil)
		f.wantItem("check", f.read("check"), check)
		f.wantItem("none", f.read("none"), nil)
	}},
	{"CancellationReturnsTheStoredItemsOfFailedConditionsAndChangesNothing", func(f *fixture) {
		f.put(f.item("a", "n", int64(1)))
		err := f.transact(
			table.Put(f.item("new")),
			table.Update(f.key("a"), []table.Action{table.Increment("n", 1)}, table.Eq("n", int64(2))),
			table.Delete(f.key("a2")),
			table.Check(f.key("none"), table.IsThere()),
			table.Put(f.item("b"), table.IsNew()),
		)
		c := table.AsCanceled(err)
		if c == nil || len(c.Reasons) != 5 {
			f.Fatalf("got %v, want a cancellation with 5 reasons", err)
		}
		for i, want := range []bool{false, true, false, true, false} {
			if got := c.At(i) != nil; got != want {
				f.Errorf("reason %d: got %v, want %v", i, got, want)
			}
		}
		f.wantItem("stored item of write 1", c.At(1).Item, f.item("a", "n", int64(1)))
		f.wantItem("stored item of write 3", c.At(3).Item, nil)
		f.wantSorts("stored", f.query(table.Query{Consistent: true}), false, "a")
		f.wantItem("unchanged", f.read("a"), f.item("a", "n", int64(1)))
	}},
	{"TransactionAcceptsUpTo100Writes", func(f *fixture) {
		var ws []table.Write
		for i := range 100 {
			ws = append(ws, table.Put(f.item(fmt.Sprintf("%03d", i))))
		}
		if err := f.transact(append(ws, table.Put(f.item("100")))...); !errors.Is(err, table.ErrBadWrite) {
			f.Errorf("101 writes: got %v, want ErrBadWrite", err)
		}
		f.wantSorts("after 101", f.query(table.Query{Consistent: true}), false)
		if err := f.transact(ws...); err != nil {
			f.Fatal(err)
		}
		if got, want := len(f.query(table.Query{Consistent: true}).Items), 100; got != want {
			f.Errorf("got %d items, want %d", got, want)
		}
	}},
	{"InvalidTransactionsFailAndChangeNothing", func(f *fixture) {
		one := table.Put(f.item("one"))
		for name, ws := range map[string][]table.Write{
			"no writes":               {},
			"same item twice":         {one, table.Check(f.key("one"), table.IsNew())},
			"check without condition": {one, table.Check(f.key("two"))},
			"missing parent":          {one, update(f.key("two"), table.Set("q.n", "x"))},
			"wrong type":              {one, update(f.key("two"), table.Set("list_pk", int64(1)))},
			"no actions":              {one, update(f.key("two"))},
			"empty key":               {one, table.Delete(f.key(""))},
			"overlap":                 {one, update(f.key("two"), table.Set("a", "x"), table.Set("a.b", "x"))},
			"unknown kind":            {one, {Key: f.key("two")}},
		} {
			if err := f.transact(ws...); !errors.Is(err, table.ErrBadWrite) {
				f.Errorf("%s: got %v, want ErrBadWrite", name, err)
			}
		}
		f.wantSorts("stored", f.query(table.Query{Consistent: true}), false)
	}},
	{"BadWriteTakesPrecedenceOverFailedConditionsOfOtherWritesButNotItsOwn", func(f *fixture) {
		failing := table.Put(f.item("no"), table.IsThere())
		badActions := []table.Action{table.Set("q.n", "x")}
		for i, ws := range [][]table.Write{{failing, update(f.key("a"), badActions...)}, {update(f.key("a"), badActions...), failing}} {
			if err := f.transact(ws...); !errors.Is(err, table.ErrBadWrite) {
				f.Errorf("order %d: got %v, want ErrBadWrite", i, err)
			}
		}
		err := f.transact(failing, table.Update(f.key("a"), badActions, table.IsThere()))
		if c := table.AsCanceled(err); c == nil || c.At(0) == nil || c.At(1) == nil {
			f.Errorf("both conditions fail: got %v, want a cancellation by both", err)
		}
	}},
	{"TransactionsUpdateIndexes", func(f *fixture) {
		f.put(f.list(f.item("a"), "1"))
		f.put(f.list(f.item("b"), "2"))
		err := f.transact(
			update(f.key("a"), table.Set("list_sk", "3")), table.Delete(f.key("b")), table.Put(f.list(f.item("c"), "0")),
		)
		if err != nil {
			f.Fatal(err)
		}
		f.wantOnIndex("index", table.Query{Index: "list"}, "c", "a")
	}},
	{"ConcurrentTransactionsAreSerializable", func(f *fixture) {
		const clients, each = 8, 5
		f.put(f.item("from", "n", int64(clients*each)))
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				for done := 0; done < each; {
					err := f.transact(
						table.Update(f.key("from"), []table.Action{table.Increment("n", -1)}, table.Gt("n", int64(0))),
						table.Update(f.key("to"), []table.Action{table.Increment("n", 1)}),
					)
					if err == nil {
						done++
					} else if !errors.Is(err, table.ErrConflict) {
						f.Errorf("moving one: %v", err)
						return
					}
				}
			})
		}
		wg.Wait()
		if from, to := f.read("from").Int("n"), f.read("to").Int("n"); from != 0 || to != clients*each {
			f.Errorf("got %d and %d, want 0 and %d", from, to, clients*each)
		}
	}},
}
