package local

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"statgate/shared/table"
)

// DynamoDB's limits.
const (
	maxPartitionBytes = 2048
	maxSortBytes      = 1024
	maxItemBytes      = 400 << 10
	maxDepth          = 32
	maxTransaction    = 100
)

// bad marks an error as the write's own fault.
func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %w", table.ErrBadWrite, fmt.Errorf(format, args...))
}

// checkWrite finds what is wrong with a write whatever the item is.
func (t *localTable) checkWrite(w table.Write) error {
	if err := checkKey(w.Target()); err != nil {
		return err
	}
	if err := checkCond(w.If); err != nil {
		return err
	}
	switch w.Op {
	case table.OpPut:
		return t.checkItem(w.Item)
	case table.OpUpdate:
		return t.checkActions(w.Actions)
	case table.OpDelete:
		return nil
	case table.OpCheck:
		if w.If.Kind == table.CondNone {
			return bad("a check needs a condition")
		}
		return nil
	}
	return bad("no such kind of write: %d", w.Op)
}

func checkKey(k table.Key) error {
	if err := checkKeyPart("partition key", k.Partition, maxPartitionBytes); err != nil {
		return err
	}
	return checkKeyPart("sort key", k.Sort, maxSortBytes)
}

func checkKeyPart(what, s string, maxBytes int) error {
	switch {
	case s == "":
		return bad("%s is empty", what)
	case len(s) > maxBytes:
		return bad("%s has %d bytes, more than %d", what, len(s), maxBytes)
	case !utf8.ValidString(s):
		return bad("%s is not UTF-8", what)
	}
	return nil
}

// checkItem finds what keeps an item from being stored: before a put, and after an update.
func (t *localTable) checkItem(it table.Item) error {
	for name, v := range it {
		if err := checkValue(v, 1); err != nil {
			return bad("attribute %s: %w", name, err)
		}
	}
	return t.checkStored(it)
}

// checkStored looks at what an update can make wrong of right values.
func (t *localTable) checkStored(it table.Item) error {
	for i := range t.indexes {
		ix := &t.indexes[i]
		if err := checkIndexKey(it, ix.pk, maxPartitionBytes); err != nil {
			return err
		}
		if err := checkIndexKey(it, ix.sk, maxSortBytes); err != nil {
			return err
		}
	}
	if n := sizeOfMap(it); n > maxItemBytes {
		return bad("item has %d bytes, more than %d", n, maxItemBytes)
	}
	return nil
}

func checkIndexKey(it table.Item, attr string, maxBytes int) error {
	v, found := it[attr]
	if !found {
		return nil
	}
	s, ok := v.(string)
	if !ok {
		return bad("index attribute %s is a %T, not a string", attr, v)
	}
	return checkKeyPart("index attribute "+attr, s, maxBytes)
}

func checkValue(v any, depth int) error {
	if depth > maxDepth {
		return errors.New("nested too deep")
	}
	switch v := v.(type) {
	case nil, bool, int64:
		return nil
	case string:
		if !utf8.ValidString(v) {
			return errors.New("string is not UTF-8")
		}
		return nil
	case []any:
		for _, e := range v {
			if err := checkValue(e, depth+1); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		for name, e := range v {
			if !utf8.ValidString(name) {
				return errors.New("name is not UTF-8")
			}
			if err := checkValue(e, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%T is not a value of an item", v)
}

func checkPath(path string) error {
	if path == "" || path[0] == '.' || path[len(path)-1] == '.' || strings.Contains(path, "..") {
		return bad("path %q has an empty name", path)
	}
	return nil
}

func checkCond(c table.Cond) error {
	switch c.Kind {
	case table.CondNone:
		return nil
	case table.CondAnd, table.CondOr:
		return checkCompound(c)
	}
	if c.Kind < 0 || c.Kind > table.CondMissing {
		return bad("no such kind of condition: %d", c.Kind)
	}
	if err := checkPath(c.Path); err != nil {
		return err
	}
	if c.Kind == table.CondExists || c.Kind == table.CondMissing {
		return nil
	}
	if err := checkValue(c.Value, 1); err != nil {
		return bad("condition on %s: %w", c.Path, err)
	}
	if c.Kind == table.CondEq || c.Kind == table.CondNe {
		return nil
	}
	switch c.Value.(type) {
	case string, int64:
		return nil
	}
	return bad("condition on %s: a %T has no order", c.Path, c.Value)
}

// checkCompound: And and Or of package table leave no empty or lonely parts.
func checkCompound(c table.Cond) error {
	if len(c.Subs) < 2 {
		return bad("a compound condition of %d", len(c.Subs))
	}
	for _, s := range c.Subs {
		if s.Kind == table.CondNone {
			return bad("an empty condition within another")
		}
		if err := checkCond(s); err != nil {
			return err
		}
	}
	return nil
}

func (t *localTable) checkActions(actions []table.Action) error {
	if len(actions) == 0 {
		return bad("an update without actions")
	}
	for i, a := range actions {
		if err := checkPath(a.Path); err != nil {
			return err
		}
		if top, _, _ := strings.Cut(a.Path, "."); top == table.PartitionAttr || top == table.SortAttr {
			return bad("%s is part of the key", top)
		}
		for _, b := range actions[:i] {
			if overlap(a.Path, b.Path) {
				return bad("paths %s and %s overlap", b.Path, a.Path)
			}
		}
		if err := checkOperand(a); err != nil {
			return err
		}
		if err := t.checkIndexAction(a); err != nil {
			return err
		}
	}
	return nil
}

// checkIndexAction refuses what would make an index attribute no key, whatever
// the item is; what a copy makes of it shows only then.
func (t *localTable) checkIndexAction(a table.Action) error {
	if a.Kind == table.ActRemove || a.Kind == table.ActCopy {
		return nil
	}
	for i := range t.indexes {
		ix := &t.indexes[i]
		if a.Path != ix.pk && a.Path != ix.sk {
			continue
		}
		limit := maxSortBytes
		if a.Path == ix.pk {
			limit = maxPartitionBytes
		}
		if err := checkIndexKey(table.Item{a.Path: a.Value}, a.Path, limit); err != nil {
			return err
		}
	}
	return nil
}

func checkOperand(a table.Action) error {
	switch a.Kind {
	case table.ActRemove:
		return nil
	case table.ActCopy:
		return checkPath(a.From)
	case table.ActIncrement:
		if _, ok := a.Value.(int64); !ok {
			return bad("%s: cannot add a %T", a.Path, a.Value)
		}
		return nil
	case table.ActSet, table.ActDefault:
		if err := checkValue(a.Value, 1); err != nil {
			return bad("%s: %w", a.Path, err)
		}
		return nil
	}
	return bad("%s: no such kind of action: %d", a.Path, a.Kind)
}

// overlap tells whether one path is the other or lies below it.
func overlap(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return strings.HasPrefix(b, a) && (len(a) == len(b) || b[len(a)] == '.')
}

// sizeOfMap and sizeOf follow "DynamoDB item sizes and formats" of the
// DynamoDB developer guide: names and strings by bytes, a number a byte for two
// digits and one more, null and boolean one, lists and maps three and one an element.
func sizeOfMap(m map[string]any) int {
	n := 0
	for name, v := range m {
		n += len(name) + sizeOf(v)
	}
	return n
}

func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case int64:
		return sizeOfInt(v)
	case []any:
		n := 3 + len(v)
		for _, e := range v {
			n += sizeOf(e)
		}
		return n
	case map[string]any:
		return 3 + len(v) + sizeOfMap(v)
	}
	return 1
}

func sizeOfInt(v int64) int {
	n := 1
	if v < 0 {
		n = 2
	}
	for u := v; u != 0; u /= 100 {
		n++
	}
	return n
}
