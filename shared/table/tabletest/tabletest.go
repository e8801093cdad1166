// Package tabletest tests engines of package table. [Run] is the suite that every engine
// must pass, and [RunStreams] is the suite for streams of changes. [Same] compares two
// engines on random operations. [Faulty] is a table that fails on demand, and [Watched]
// reports which DynamoDB actions are used.
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

// guarantee is one tested statement of package table's documentation.
type guarantee struct {
	name string
	test func(f *fixture)
}

// fixture is the table and the partition that the test of one guarantee uses.
type fixture struct {
	*testing.T
	table.Table
	partition string
}

// Run tests that a table keeps every guarantee. open returns a table of [Schema]. It is
// called once, because each guarantee has a partition of its own.
func Run(t *testing.T, open func(t *testing.T) table.Table) {
	t.Helper()
	tb := open(t)
	for _, list := range [][]guarantee{reads, queries, writes, conditions, actions, faults, transactions} {
		for _, g := range list {
			t.Run(g.name, func(t *testing.T) {
				t.Parallel()
				g.test(&fixture{t, tb, "P#" + g.name})
			})
		}
	}
}

// key returns the key of an item in the guarantee's partition.
func (f *fixture) key(sort string) table.Key { return table.Key{Partition: f.partition, Sort: sort} }

// item returns an item in the guarantee's partition; attrs alternates names and values.
func (f *fixture) item(sort string, attrs ...any) table.Item {
	it := table.Item{table.PartitionAttr: f.partition, table.SortAttr: sort}
	for i := 0; i < len(attrs); i += 2 {
		it[attrs[i].(string)] = attrs[i+1]
	}
	return it
}

// list adds an item to the index "list", in the guarantee's partition.
func (f *fixture) list(it table.Item, sort string) table.Item {
	it["list_pk"], it["list_sk"] = f.partition, sort
	return it
}

func (f *fixture) write(w table.Write) table.Item {
	f.Helper()
	it, err := f.Write(f.Context(), w)
	if err != nil {
		f.Fatalf("writing %v: %v", w.Target(), err)
	}
	return it
}

func (f *fixture) put(it table.Item) table.Item {
	f.Helper()
	return f.write(table.Put(it))
}

func (f *fixture) read(sort string) table.Item {
	f.Helper()
	it, err := f.Get(f.Context(), f.key(sort), true)
	if err != nil {
		f.Fatalf("reading %s: %v", sort, err)
	}
	return it
}

func (f *fixture) query(q table.Query) table.Page {
	f.Helper()
	if q.Partition == "" {
		q.Partition = f.partition
	}
	page, err := f.Query(f.Context(), q)
	if err != nil {
		f.Fatalf("querying %+v: %v", q, err)
	}
	return page
}

// wantItem compares two items. A nil item differs from an empty one.
func (f *fixture) wantItem(what string, got, want table.Item) {
	f.Helper()
	if !reflect.DeepEqual(got, want) {
		f.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// wantSorts compares the sort keys of a page, and its More.
func (f *fixture) wantSorts(what string, page table.Page, more bool, want ...string) {
	f.Helper()
	got := []string{}
	for _, it := range page.Items {
		got = append(got, it.Str(table.SortAttr))
	}
	if strings.Join(got, " ") != strings.Join(want, " ") || page.More != more {
		f.Errorf("%s: got %q more %v, want %q more %v", what, got, page.More, want, more)
	}
}

// wantOnIndex is wantSorts for a query of an index. It retries for a minute, because
// indexes are eventually consistent.
func (f *fixture) wantOnIndex(what string, q table.Query, want ...string) {
	f.Helper()
	for range 3000 {
		page := f.query(q)
		if len(page.Items) == len(want) {
			f.wantSorts(what, page, false, want...)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	f.wantSorts(what, f.query(q), false, want...)
}

// wantConditionFailed requires that the condition of a write fails and returns the stored item.
func (f *fixture) wantConditionFailed(what string, w table.Write, stored table.Item) {
	f.Helper()
	got, err := f.Write(f.Context(), w)
	r := table.AsConditionFailed(err)
	if r == nil {
		f.Errorf("%s: got %v and error %v, want a failed condition", what, got, err)
		return
	}
	f.wantItem(what+": stored item", r.Item, stored)
}

// wantBad requires that a write fails with [table.ErrBadWrite].
func (f *fixture) wantBad(what string, w table.Write) {
	f.Helper()
	if _, err := f.Write(f.Context(), w); !errors.Is(err, table.ErrBadWrite) {
		f.Errorf("%s: got error %v, want ErrBadWrite", what, err)
	}
}

func update(k table.Key, actions ...table.Action) table.Write { return table.Update(k, actions) }
