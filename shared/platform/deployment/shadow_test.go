package deployment_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"sync"

	"statgate/shared/table"
)

// shadow is a table that remembers the items that were written through it.
type shadow struct {
	table.Table
	mu    sync.Mutex
	items map[table.Key]table.Item
}

func newShadow(of table.Table) *shadow { return &shadow{Table: of, items: map[table.Key]table.Item{}} }

// Write implements [table.Table].
func (s *shadow) Write(ctx context.Context, w table.Write) (table.Item, error) {
	it, err := s.Table.Write(ctx, w)
	if err != nil {
		return it, err
	}
	return it, s.remember(ctx, w)
}

// Transact implements [table.Table].
func (s *shadow) Transact(ctx context.Context, ws []table.Write) error {
	if err := s.Table.Transact(ctx, ws); err != nil {
		return err
	}
	return s.remember(ctx, ws...)
}

func (s *shadow) remember(ctx context.Context, ws ...table.Write) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range ws {
		it, err := s.Get(context.WithoutCancel(ctx), w.Target(), true)
		if err != nil {
			return err
		}
		if it == nil {
			delete(s.items, w.Target())
		} else {
			s.items[w.Target()] = it
		}
	}
	return nil
}

// facts are the items of a deployment, by table and key.
type facts map[string]map[table.Key]table.Item

// snapshot returns the items of the tables now.
func snapshot(of map[string]*shadow) facts {
	now := facts{}
	for name, s := range of {
		s.mu.Lock()
		now[name] = maps.Clone(s.items)
		s.mu.Unlock()
	}
	return now
}

// kindOf returns the kind of a fact's key, without ids. It returns "" for an item that is
// no fact: a counter of the gate, a stored answer, or the expectation of a token. They may
// be written before the facts.
func kindOf(k table.Key) string {
	kind, _, _ := strings.Cut(k.Partition, "#")
	sort, _, _ := strings.Cut(k.Sort, "#")
	switch kind {
	case "GATE", "USAGE", "IDEMPOTENCY", "SETTING":
		return ""
	case "AUDIT", "ACTOR", "TARGET": // an entry, and its copies per query
		return "AUDIT"
	case "ORG", "KEY", "SECRET", "WEBHOOKS", "WEBHOOK", "APPLICATION", "COUNT", "MATCH", "CONTEST":
		if sort == "TOKENS" {
			return ""
		}
		return kind + " " + sort
	}
	return kind // the sort key is an id
}

// since summarises how facts changed: the number of items that were added, changed and
// removed, by the kinds of their keys. Ids differ from call to call, so that two changes
// of the same kind have the same summary. An entry of an audit trail counts if audited.
func (f facts) since(before facts, audited bool) string {
	counts := map[string]int{}
	for name := range f {
		count := func(what string, k table.Key) {
			if kind := kindOf(k); kind != "" && (audited || kind != "AUDIT") {
				counts[what+" "+name+" "+kind]++
			}
		}
		for k, it := range f[name] {
			if old, there := before[name][k]; !there {
				count("added", k)
			} else if !reflect.DeepEqual(old, it) {
				count("changed", k)
			}
		}
		for k := range before[name] {
			if _, there := f[name][k]; !there {
				count("removed", k)
			}
		}
	}
	return fmt.Sprint(counts) // maps print in the order of their keys
}
