package tabletest

import (
	"errors"
	"fmt"
	"sync"

	"statgate/shared/table"
)

func (b *bench) transact(ws ...table.Write) error { return b.Transact(b.Context(), ws) }

var transactions = []guarantee{
	{"TransactionAppliesAllWrites", func(b *bench) {
		b.put(b.item("update", "n", int64(1)))
		b.put(b.item("delete"))
		check := b.put(b.item("check", "v", int64(7)))
		err := b.transact(
			table.Put(b.item("put", "a", "x"), table.IsNew()),
			table.Update(b.key("update"), []table.Action{table.Increment("n", 1)}, table.Eq("n", int64(1))),
			table.Delete(b.key("delete"), table.IsThere()),
			table.Check(b.key("check"), table.Eq("v", int64(7))),
			table.Check(b.key("none"), table.IsNew()),
		)
		if err != nil {
			b.Fatal(err)
		}
		b.wantItem("put", b.read("put"), b.item("put", "a", "x"))
		b.wantItem("update", b.read("update"), b.item("update", "n", int64(2)))
		b.wantItem("delete", b.read("delete"), nil)
		b.wantItem("check", b.read("check"), check)
		b.wantItem("none", b.read("none"), nil)
	}},
	{"CancellationSaysWhichConditionsAndWhatStoodThereAndChangesNothing", func(b *bench) {
		b.put(b.item("a", "n", int64(1)))
		err := b.transact(
			table.Put(b.item("new")),
			table.Update(b.key("a"), []table.Action{table.Increment("n", 1)}, table.Eq("n", int64(2))),
			table.Delete(b.key("a2")),
			table.Check(b.key("none"), table.IsThere()),
			table.Put(b.item("b"), table.IsNew()),
		)
		c := table.WasCanceled(err)
		if c == nil || len(c.Reasons) != 5 {
			b.Fatalf("got %v, want a cancellation with 5 reasons", err)
		}
		for i, want := range []bool{false, true, false, true, false} {
			if got := c.At(i) != nil; got != want {
				b.Errorf("reason %d: got %v, want %v", i, got, want)
			}
		}
		b.wantItem("what stood at 1", c.At(1).Item, b.item("a", "n", int64(1)))
		b.wantItem("what stood at 3", c.At(3).Item, nil)
		b.wantSorts("stored", b.query(table.Query{Consistent: true}), false, "a")
		b.wantItem("unchanged", b.read("a"), b.item("a", "n", int64(1)))
	}},
	{"TransactionTakesUpTo100Writes", func(b *bench) {
		var ws []table.Write
		for i := range 100 {
			ws = append(ws, table.Put(b.item(fmt.Sprintf("%03d", i))))
		}
		if err := b.transact(append(ws, table.Put(b.item("100")))...); !errors.Is(err, table.ErrBadWrite) {
			b.Errorf("101 writes: got %v, want ErrBadWrite", err)
		}
		b.wantSorts("after 101", b.query(table.Query{Consistent: true}), false)
		if err := b.transact(ws...); err != nil {
			b.Fatal(err)
		}
		if got, want := len(b.query(table.Query{Consistent: true}).Items), 100; got != want {
			b.Errorf("got %d items, want %d", got, want)
		}
	}},
	{"TransactionsThatCannotBeAreBadAndChangeNothing", func(b *bench) {
		one := table.Put(b.item("one"))
		for name, ws := range map[string][]table.Write{
			"none":                    {},
			"same item twice":         {one, table.Check(b.key("one"), table.IsNew())},
			"check without condition": {one, table.Check(b.key("two"))},
			"missing parent":          {one, update(b.key("two"), table.Set("q.n", "x"))},
			"wrong type":              {one, update(b.key("two"), table.Set("list_pk", int64(1)))},
			"no actions":              {one, update(b.key("two"))},
			"empty key":               {one, table.Delete(b.key(""))},
			"overlap":                 {one, update(b.key("two"), table.Set("a", "x"), table.Set("a.b", "x"))},
			"unknown kind":            {one, {Key: b.key("two")}},
		} {
			if err := b.transact(ws...); !errors.Is(err, table.ErrBadWrite) {
				b.Errorf("%s: got %v, want ErrBadWrite", name, err)
			}
		}
		b.wantSorts("stored", b.query(table.Query{Consistent: true}), false)
	}},
	{"FaultOfOneWriteCountsBeforeRefusalsOfOthersAndAfterItsOwn", func(b *bench) {
		no := table.Put(b.item("no"), table.IsThere())
		faulty := []table.Action{table.Set("q.n", "x")}
		for i, ws := range [][]table.Write{{no, update(b.key("a"), faulty...)}, {update(b.key("a"), faulty...), no}} {
			if err := b.transact(ws...); !errors.Is(err, table.ErrBadWrite) {
				b.Errorf("order %d: got %v, want ErrBadWrite", i, err)
			}
		}
		err := b.transact(no, table.Update(b.key("a"), faulty, table.IsThere()))
		if c := table.WasCanceled(err); c == nil || c.At(0) == nil || c.At(1) == nil {
			b.Errorf("both refused: got %v, want a cancellation by both", err)
		}
	}},
	{"TransactionsMoveItemsInIndexes", func(b *bench) {
		b.put(b.list(b.item("a"), "1"))
		b.put(b.list(b.item("b"), "2"))
		err := b.transact(
			update(b.key("a"), table.Set("list_sk", "3")), table.Delete(b.key("b")), table.Put(b.list(b.item("c"), "0")),
		)
		if err != nil {
			b.Fatal(err)
		}
		b.wantOnIndex("index", table.Query{Index: "list"}, "c", "a")
	}},
	{"ParallelTransactionsAreSerial", func(b *bench) {
		const clients, each = 8, 5
		b.put(b.item("from", "n", int64(clients*each)))
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				for done := 0; done < each; {
					err := b.transact(
						table.Update(b.key("from"), []table.Action{table.Increment("n", -1)}, table.Gt("n", int64(0))),
						table.Update(b.key("to"), []table.Action{table.Increment("n", 1)}),
					)
					if err == nil {
						done++
					} else if !errors.Is(err, table.ErrConflict) {
						b.Errorf("moving one: %v", err)
						return
					}
				}
			})
		}
		wg.Wait()
		if from, to := b.read("from").Int("n"), b.read("to").Int("n"); from != 0 || to != clients*each {
			b.Errorf("got %d and %d, want 0 and %d", from, to, clients*each)
		}
	}},
}
