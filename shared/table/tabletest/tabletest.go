// Package tabletest holds what every engine of package table must do: one suite
// of guarantees ([Run]), one for what is told of changes ([RunStreams]), one
// property that compares two engines on random operations ([Same]), and a table
// that fails on demand ([Faulty]).
package tabletest

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"statgate/shared/table"
)

// Schema is the table that [Run] and [Same] work on.
var Schema = table.Schema{Name: "contract", Indexes: []string{"list", "spare"}}

// guarantee is one sentence of package table's documentation.
type guarantee struct {
	name string
	test func(b *bench)
}

// bench is a guarantee under test: the table, and a partition of its own.
type bench struct {
	*testing.T
	table.Table
	partition string
}

// Run tests that a table keeps every guarantee. open makes a table of [Schema];
// it is called once, as each guarantee works in partitions of its own.
func Run(t *testing.T, open func(t *testing.T) table.Table) {
	t.Helper()
	tb := open(t)
	for _, list := range [][]guarantee{reads, queries, writes, conditions, actions, faults, transactions} {
		for _, g := range list {
			t.Run(g.name, func(t *testing.T) {
				t.Parallel()
				g.test(&bench{t, tb, "P#" + g.name})
			})
		}
	}
}

// key addresses an item of the guarantee's own partition.
func (b *bench) key(sort string) table.Key { return table.Key{Partition: b.partition, Sort: sort} }

// item makes an item of the guarantee's own partition of names and values.
func (b *bench) item(sort string, attrs ...any) table.Item {
	it := table.Item{table.PartitionAttr: b.partition, table.SortAttr: sort}
	for i := 0; i < len(attrs); i += 2 {
		it[attrs[i].(string)] = attrs[i+1]
	}
	return it
}

// list places an item in the index "list", in a partition of the guarantee's own.
func (b *bench) list(it table.Item, sort string) table.Item {
	it["list_pk"], it["list_sk"] = b.partition, sort
	return it
}

func (b *bench) write(w table.Write) table.Item {
	b.Helper()
	it, err := b.Write(b.Context(), w)
	if err != nil {
		b.Fatalf("writing %v: %v", w.Target(), err)
	}
	return it
}

func (b *bench) put(it table.Item) table.Item {
	b.Helper()
	return b.write(table.Put(it))
}

func (b *bench) read(sort string) table.Item {
	b.Helper()
	it, err := b.Get(b.Context(), b.key(sort), true)
	if err != nil {
		b.Fatalf("reading %s: %v", sort, err)
	}
	return it
}

func (b *bench) query(q table.Query) table.Page {
	b.Helper()
	if q.Partition == "" {
		q.Partition = b.partition
	}
	page, err := b.Query(b.Context(), q)
	if err != nil {
		b.Fatalf("querying %+v: %v", q, err)
	}
	return page
}

// wantItem compares items; nil and empty differ.
func (b *bench) wantItem(what string, got, want table.Item) {
	b.Helper()
	if !reflect.DeepEqual(got, want) {
		b.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// wantSorts compares the sort keys of a page, and whether more follow.
func (b *bench) wantSorts(what string, page table.Page, more bool, want ...string) {
	b.Helper()
	got := []string{}
	for _, it := range page.Items {
		got = append(got, it.Str(table.SortAttr))
	}
	if strings.Join(got, " ") != strings.Join(want, " ") || page.More != more {
		b.Errorf("%s: got %q more %v, want %q more %v", what, got, page.More, want, more)
	}
}

// wantOnIndex is wantSorts for an index, which may lag behind.
func (b *bench) wantOnIndex(what string, q table.Query, want ...string) {
	b.Helper()
	for range 50 {
		page := b.query(q)
		if len(page.Items) == len(want) {
			b.wantSorts(what, page, false, want...)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.wantSorts(what, b.query(q), false, want...)
}

// wantRefused requires that a write is refused with what stood there.
func (b *bench) wantRefused(what string, w table.Write, stood table.Item) {
	b.Helper()
	got, err := b.Write(b.Context(), w)
	r := table.WasRefused(err)
	if r == nil {
		b.Errorf("%s: got %v and error %v, want a refusal", what, got, err)
		return
	}
	b.wantItem(what+": what stood there", r.Item, stood)
}

// wantBad requires that a write is called bad.
func (b *bench) wantBad(what string, w table.Write) {
	b.Helper()
	if _, err := b.Write(b.Context(), w); !errors.Is(err, table.ErrBadWrite) {
		b.Errorf("%s: got error %v, want ErrBadWrite", what, err)
	}
}

func update(k table.Key, actions ...table.Action) table.Write { return table.Update(k, actions) }
