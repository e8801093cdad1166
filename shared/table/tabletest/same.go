package tabletest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"statgate/shared/table"
)

// Same tests that two tables of [Schema] give the same answers to the same random
// operations. It compares items, errors, and the stored items of failed conditions. want
// is the reference.
func Same(t *testing.T, want, got table.Table) {
	t.Helper()
	var runs atomic.Int64
	rapid.Check(t, func(r *rapid.T) {
		o := operations{r, fmt.Sprintf("%s#%d#", t.Name(), runs.Add(1))}
		for range rapid.IntRange(5, 40).Draw(r, "operations") {
			w, g := o.apply(want, got)
			if !reflect.DeepEqual(w, g) {
				r.Fatalf("answers differ:\n got %v\nwant %v", g, w)
			}
		}
	})
}

// operations draws random operations on partitions that no other run uses.
type operations struct {
	*rapid.T
	prefix string
}

// outcome is an answer in comparable form.
type outcome struct {
	class  string       // class of the error
	stored []table.Item // stored items of failed conditions
	items  []table.Item
	order  []string // sort keys of the index
	more   bool
}

// apply runs one random operation on both tables.
func (o operations) apply(want, got table.Table) (w, g outcome) {
	var do func(tb table.Table) outcome
	switch o.number(0, 9, "operation") {
	case 0:
		keys := rapid.SliceOfN(rapid.Custom(o.key), 0, 5).Draw(o.T, "keys")
		do = func(tb table.Table) outcome {
			items, err := tb.BatchGet(o.Context(), keys, true)
			return result(err, items...)
		}
	case 1, 2, 3:
		q := o.query()
		do = func(tb table.Table) outcome { return page(o, tb, q) }
	case 4, 5:
		ws := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) table.Write { return operations{r, o.prefix}.write(true) }), 1, 4).Draw(o.T, "transaction")
		do = func(tb table.Table) outcome { return result(tb.Transact(o.Context(), ws)) }
	default:
		write := o.write(false)
		do = func(tb table.Table) outcome {
			it, err := tb.Write(o.Context(), write)
			return result(err, it)
		}
	}
	return do(want), do(got)
}

func result(err error, items ...table.Item) outcome {
	r := outcome{class: class(err), items: items}
	if refused := table.AsConditionFailed(err); refused != nil {
		r.stored = []table.Item{refused.Item}
	}
	if c := table.AsCanceled(err); c != nil {
		for i := range c.Reasons {
			if failed := c.At(i); failed != nil {
				r.stored = append(r.stored, table.Item{"write": i, "item": failed.Item})
			}
		}
	}
	if err != nil {
		r.items = nil
	}
	return r
}

func class(err error) string {
	switch {
	case err == nil:
		return "none"
	case table.AsConditionFailed(err) != nil:
		return "refused"
	case table.AsCanceled(err) != nil:
		return "canceled"
	case errors.Is(err, table.ErrBadWrite):
		return "bad write"
	}
	return err.Error()
}

// page returns the outcome of a query. For an index, it compares the index's sort keys.
// The order of items with the same sort key is undefined, and so is which of them a limit
// cuts off.
func page(o operations, tb table.Table, q table.Query) outcome {
	p, err := tb.Query(o.Context(), q)
	r := result(err, p.Items...)
	r.more = p.More
	if q.Index == "" || err != nil {
		return r
	}
	for _, it := range p.Items {
		r.order = append(r.order, it.Str(q.Index+"_sk"))
	}
	if r.more {
		r.items = nil
	}
	slices.SortFunc(r.items, func(a, b table.Item) int {
		return strings.Compare(a.Str("pk")+"\x00"+a.Str("sk"), b.Str("pk")+"\x00"+b.Str("sk"))
	})
	return r
}

var (
	partitions = []string{"p", "q"}
	sorts      = []string{"a", "a\x00", "a\x00b", "a#1", "a#2", "b", "é", "\U0010FFFF"}
	places     = []string{"1", "1\x00", "2", "3", "é"}
	tops       = []string{"a", "n", "m", "l", "total", "list_pk", "list_sk", "spare_pk", "spare_sk"}
	paths      = []string{"a", "n", "m", "l", "total", "m.x", "m.n", "m.x.y", "m.x.n", "a.x", "list_sk", "spare_sk", "list_pk"}
)

func (o operations) number(low, high int, label string) int {
	return rapid.IntRange(low, high).Draw(o.T, label)
}

func (o operations) one(of []string, label string) string {
	return rapid.SampledFrom(of).Draw(o.T, label)
}

func (o operations) key(r *rapid.T) table.Key {
	o.T = r
	return table.Key{Partition: o.prefix + o.one(partitions, "partition"), Sort: o.one(sorts, "sort")}
}

func (o operations) query() table.Query {
	q := table.Query{
		Index:     o.one([]string{"", "list", "spare"}, "index"),
		Partition: o.prefix + o.one(partitions, "partition"), Descending: o.number(0, 1, "descending") == 1,
		Limit: o.number(0, 4, "limit"),
	}
	bounds := append([]string{"", "", "a\x00a", "a#"}, sorts...)
	if q.Index != "" {
		bounds = append([]string{"", "", "0", "11"}, places...)
	}
	q.Low, q.High, q.After = o.one(bounds, "low"), o.one(bounds, "high"), o.one(bounds, "after")
	return q
}

// value draws a value of the attribute's type, and sometimes one of another type.
func (o operations) value(name string, depth int) any {
	if depth == 0 && o.number(0, 19, "own type") > 0 {
		switch name {
		case "n", "total":
			return int64(o.number(-3, 3, "number"))
		case "list_pk", "spare_pk":
			return o.prefix + o.one(partitions, "index partition")
		case "list_sk", "spare_sk":
			return o.one(places, "index sort")
		case "m":
			return o.mapping(depth + 1)
		}
	}
	kinds := 6
	if depth > 2 {
		kinds = 4
	}
	switch o.number(0, kinds, "kind") {
	case 0:
		return nil
	case 1:
		return o.number(0, 1, "bool") == 1
	case 2, 3:
		return int64(o.number(-3, 3, "number"))
	case 4:
		return o.one([]string{"", "x", "y", "\x00"}, "text")
	case 5:
		l := []any{}
		for range o.number(0, 2, "length") {
			l = append(l, o.value("", depth+1))
		}
		return l
	}
	return o.mapping(depth + 1)
}

func (o operations) mapping(depth int) map[string]any {
	m := map[string]any{}
	for _, name := range []string{"n", "x", "y"} {
		if o.number(0, 2, name) > 0 {
			m[name] = o.value("", depth)
		}
	}
	return m
}

func (o operations) item() table.Item {
	k := o.key(o.T)
	it := table.Item{table.PartitionAttr: k.Partition, table.SortAttr: k.Sort}
	for _, name := range tops {
		if o.number(0, 2, name) > 0 {
			it[name] = o.value(name, 0)
		}
	}
	return it
}

func (o operations) cond(depth int) table.Cond {
	high := 13
	if depth > 1 {
		high = 9
	}
	path := o.one(append([]string{"pk", "none"}, paths...), "path")
	switch kind := o.number(0, high, "condition"); kind {
	case 0, 1:
		return table.Exists(path)
	case 2, 3:
		return table.Missing(path)
	case 4, 5, 6, 7, 8, 9:
		kind := table.CondEq + table.CondKind(kind-4)
		return table.Cond{Kind: kind, Path: path, Value: o.value(path, 0)}
	case 10, 11:
		return table.And(o.cond(depth+1), o.cond(depth+1))
	}
	return table.Or(o.cond(depth+1), o.cond(depth+1), o.cond(depth+1))
}

// action draws an action. It omits copies to index attributes, because DynamoDB Local
// accepts values there that DynamoDB rejects.
func (o operations) action() table.Action {
	path := o.one(paths, "path")
	kind := o.number(0, 7, "action")
	if kind == 7 && strings.Contains(path, "_") {
		kind = 0
	}
	switch kind {
	case 0, 1:
		return table.Set(path, o.value(path, 0))
	case 2, 3:
		return table.Increment(path, int64(o.number(-2, 2, "by")))
	case 4, 5:
		return table.Default(path, o.value(path, 0))
	case 6:
		return table.Remove(path)
	}
	return table.Copy(path, o.one(paths, "from"))
}

func (o operations) write(inTransaction bool) table.Write {
	var c table.Cond
	if o.number(0, 2, "conditional") > 0 {
		c = o.cond(0)
	}
	kinds := 7
	if inTransaction {
		kinds = 8
	}
	switch o.number(0, kinds, "write") {
	case 0, 1, 2:
		return table.Put(o.item(), c)
	case 3:
		return table.Delete(o.key(o.T), c)
	case 8:
		return table.Check(o.key(o.T), c)
	}
	list := make([]table.Action, 0, 4)
	for range o.number(1, 4, "actions") {
		list = append(list, o.action())
	}
	return table.Update(o.key(o.T), list, c)
}
