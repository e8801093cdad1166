package names

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"statgate/shared/table"
)

// Bounds of what one search reads. They do not depend on the size of the table.
const (
	maxQueryBytes = 200 // longer text finds nothing
	maxRead       = 200 // index items that a search reads
	maxFound      = 50  // objects that a search returns
	maxProbed     = 4   // words of a misspelt name that are looked for
	probed        = 20  // index items per query for such a word
	maxNear       = 15  // objects per such word
)

// Object is a stored object with the names by which it is found.
type Object[T any] struct {
	Value T
	Names []string
}

// Kind finds objects of one kind.
type Kind[T any] struct {
	Index     Index
	Partition string // of the objects; their sort keys are their ids
	Object    func(table.Item) (Object[T], error)
}

// Find returns the object with the id q, and objects with a name in which words begin with
// q, regardless of case and accents. It reads at most 200 index items with one query, and
// the 50 objects with the shortest names among them. The result has further objects, whose
// names have changed: select by [Matching].
func (k Kind[T]) Find(ctx context.Context, t table.Table, q string) ([]Object[T], error) {
	ids, err := k.Index.find(ctx, t, q)
	if err != nil {
		return nil, fmt.Errorf("names: searching %s: %w", k.Partition, err)
	}
	if table.Storable(q, maxQueryBytes) {
		ids = append(ids, q)
	}
	return k.read(ctx, t, ids)
}

// Near returns objects that have a word close to one of the first four words of q. For each
// of these words, it makes four queries of at most 20 index items and reads the 15 objects
// with the closest words: at most 320 index items and 60 objects. Select by [Closest].
func (k Kind[T]) Near(ctx context.Context, t table.Table, q string) ([]Object[T], error) {
	ids, err := k.Index.near(ctx, t, q)
	if err != nil {
		return nil, fmt.Errorf("names: looking for names in %s: %w", k.Partition, err)
	}
	return k.read(ctx, t, ids)
}

// read returns the objects that exist among ids, each once, in the order of ids.
func (k Kind[T]) read(ctx context.Context, t table.Table, ids []string) ([]Object[T], error) {
	ids = distinct(ids)
	keys := make([]table.Key, len(ids))
	for i, id := range ids {
		keys[i] = table.Key{Partition: k.Partition, Sort: id}
	}
	items, err := table.BatchGetConfirmed(ctx, t, keys, false)
	if err != nil {
		return nil, fmt.Errorf("names: reading %d objects of %s: %w", len(keys), k.Partition, err)
	}
	all := make([]Object[T], len(items))
	for i, it := range items {
		if all[i], err = k.Object(it); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// find returns the ids of the objects with the shortest texts that begin with q.
func (x Index) find(ctx context.Context, t table.Table, q string) ([]string, error) {
	text := queryKey(q)
	if text == "" {
		return nil, nil
	}
	low, high := table.Prefix(text)
	page, err := t.Query(ctx, table.Query{Partition: x.Partition(text), Low: low, High: high, Limit: maxRead})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(page.Items, func(a, b table.Item) int {
		return cmp.Compare(len(textOf(a)), len(textOf(b)))
	})
	ids := idsOf(page.Items)
	return ids[:min(len(ids), maxFound)], nil
}

// near returns the ids of the objects whose words are closest to those of q.
func (x Index) near(ctx context.Context, t table.Table, q string) ([]string, error) {
	var probes []probe
	for text := queryKey(q); text != "" && len(probes) < maxProbed; {
		probes = append(probes, probe{text: text})
		_, text, _ = strings.Cut(text, " ")
	}
	group, ctx := errgroup.WithContext(ctx)
	for i := range probes {
		group.Go(func() error { return probes[i].read(ctx, t, x) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var ids []string
	for _, p := range probes {
		found := idsOf(p.items)
		ids = append(ids, found[:min(len(found), maxNear)]...)
	}
	return ids, nil
}

// probe looks for the first word of a text, which is followed by the rest of the query.
type probe struct {
	text  string
	items []table.Item // the closest first
}

// read reads the index items before and after the text, and before and after its first
// word in the index of reversed words.
func (p *probe) read(ctx context.Context, t table.Table, x Index) error {
	word, _, _ := strings.Cut(p.text, " ")
	back := reversed(word)
	type hit struct {
		item     table.Item
		distance int
	}
	var hits []hit
	for _, q := range []table.Query{
		{Partition: x.Partition(p.text), Low: p.text},
		{Partition: x.Partition(p.text), High: p.text, Descending: true},
		{Partition: x.words(back), Low: back},
		{Partition: x.words(back), High: back, Descending: true},
	} {
		q.Limit = probed
		page, err := t.Query(ctx, q)
		if err != nil {
			return err
		}
		for _, it := range page.Items {
			text := textOf(it)
			if q.Partition == x.words(back) {
				text = reversed(text)
			}
			first, _, _ := strings.Cut(text, " ")
			hits = append(hits, hit{it, 1000*wordDistance(word, first) + distance(p.text, text)})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return a.distance - b.distance })
	for _, h := range hits {
		p.items = append(p.items, h.item)
	}
	return nil
}

// Matching returns the values of objects with a name in which words begin with q, at most
// limit: those with the name q first, then those with a name that begins with q, then the
// shorter names.
func Matching[T any](q string, list []Object[T], limit int) []T {
	text := queryKey(q)
	return best(list, limit, func(name string) (int, bool) {
		key := Key(name)
		at := strings.Index(" "+key, " "+text)
		switch {
		case text == "" || at < 0:
			return 0, false
		case key == text:
			return 0, true
		case at == 0:
			return 1000 + len(key), true
		}
		return 2000 + len(key), true
	})
}

// best returns the values of the objects that have a name with a rank, the lowest first.
func best[T any](list []Object[T], limit int, rank func(name string) (int, bool)) []T {
	type ranked struct {
		value T
		rank  int
	}
	var all []ranked
	for _, o := range list {
		lowest, ok := 0, false
		for _, name := range o.Names {
			if n, fits := rank(name); fits && (!ok || n < lowest) {
				lowest, ok = n, true
			}
		}
		if ok {
			all = append(all, ranked{o.Value, lowest})
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	out := []T{}
	for _, one := range all[:max(0, min(len(all), limit))] {
		out = append(out, one.value)
	}
	return out
}

// queryKey returns the key of a text from a request, "" if no name is as long.
func queryKey(q string) string {
	if !table.Storable(q, maxQueryBytes) {
		return ""
	}
	return Key(q)
}

// textOf returns the text of an index item.
func textOf(it table.Item) string {
	text, _, _ := strings.Cut(it.Str(table.SortAttr), "#")
	return text
}

func idsOf(items []table.Item) []string {
	ids := make([]string, len(items))
	for i, it := range items {
		ids[i] = it.Str("id")
	}
	return distinct(ids)
}

// distinct returns each text once, in the order of the first.
func distinct(list []string) []string {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(slices.Clone(list), func(text string) bool {
		old := seen[text]
		seen[text] = true
		return old
	})
}
