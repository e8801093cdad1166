package local

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"statgate/shared/table"
)

// Limits of DynamoDB.
const (
	maxPartitionBytes = 2048
	maxSortBytes      = 1024
	maxItemBytes      = 400 << 10
	maxDepth          = 32
	maxTransaction    = 100
)

// bad returns an error that wraps [table.ErrBadWrite].
func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %w", table.ErrBadWrite, fmt.Errorf(format, args...))
}

// checkWrite rejects writes that are invalid for every stored item.
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
	return bad("unknown kind of write: %d", w.Op)
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
		return bad("%s: must not be empty", what)
	case len(s) > maxBytes:
		return bad("%s: must have at most %d bytes, got %d", what, maxBytes, len(s))
	case !utf8.ValidString(s):
		return bad("%s: must be UTF-8", what)
	}
	return nil
}

// checkItem rejects items that a put cannot store.
func (t *localTable) checkItem(it table.Item) error {
	for name, v := range it {
		if err := checkValue(v, 1); err != nil {
			return bad("attribute %s: %w", name, err)
		}
	}
	return t.checkStored(it)
}

// checkStored rejects items that cannot be stored although each value is valid: wrong
// index keys, and items over 400 KB. An update can produce them from valid values.
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
		return bad("item: must have at most %d bytes, got %d", maxItemBytes, n)
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
		return bad("index attribute %s: must be a string, got a %T", attr, v)
	}
	return checkKeyPart("index attribute "+attr, s, maxBytes)
}

func checkValue(v any, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("must not be nested deeper than %d levels", maxDepth)
	}
	switch v := v.(type) {
	case nil, bool, int64:
		return nil
	case string:
		if !utf8.ValidString(v) {
			return errors.New("strings must be UTF-8")
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
				return errors.New("names must be UTF-8")
			}
			if err := checkValue(e, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("unsupported type %T", v)
}

func checkPath(path string) error {
	if path == "" || path[0] == '.' || path[len(path)-1] == '.' || strings.Contains(path, "..") {
		return bad("path %q: has an empty name", path)
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
		return bad("unknown kind of condition: %d", c.Kind)
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
	return bad("condition on %s: a %T cannot be ordered", c.Path, c.Value)
}

// checkCompound rejects compound conditions that [table.And] and [table.Or] never return:
// those with fewer than two terms, and those with an empty term.
func checkCompound(c table.Cond) error {
	if len(c.Subs) < 2 {
		return bad("a compound condition needs at least 2 terms, got %d", len(c.Subs))
	}
	for _, s := range c.Subs {
		if s.Kind == table.CondNone {
			return bad("a compound condition has an empty term")
		}
		if err := checkCond(s); err != nil {
			return err
		}
	}
	return nil
}

func (t *localTable) checkActions(actions []table.Action) error {
	if len(actions) == 0 {
		return bad("an update needs at least one action")
	}
	for i, a := range actions {
		if err := checkPath(a.Path); err != nil {
			return err
		}
		if top, _, _ := strings.Cut(a.Path, "."); top == table.PartitionAttr || top == table.SortAttr {
			return bad("%s: the key cannot be changed", top)
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

// checkIndexAction rejects actions that give an index attribute an invalid value for
// every stored item. A copy depends on the item, so checkStored checks its result.
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
			return bad("%s: cannot increment by a %T", a.Path, a.Value)
		}
		return nil
	case table.ActSet, table.ActDefault:
		if err := checkValue(a.Value, 1); err != nil {
			return bad("%s: %w", a.Path, err)
		}
		return nil
	}
	return bad("%s: unknown kind of action: %d", a.Path, a.Kind)
}

// overlap reports whether two paths are equal or one is below the other.
func overlap(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return strings.HasPrefix(b, a) && (len(a) == len(b) || b[len(a)] == '.')
}

// sizeOfMap and sizeOf compute bytes by "DynamoDB item sizes and formats" of the DynamoDB
// developer guide. A name or string counts its bytes. A number counts 1 byte per two
// digits, plus 1. Null and booleans count 1. A list or map counts 3, plus 1 per element.
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
