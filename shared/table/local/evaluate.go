package local

import (
	"fmt"
	"math"
	"strings"

	"statgate/shared/table"
)

// lookup returns the value at a dotted path. A name below a value that is not a map is
// absent.
func lookup(m map[string]any, path string) (v any, found bool) {
	for {
		name, below, nested := strings.Cut(path, ".")
		v, found = m[name]
		if !found || !nested {
			return v, found
		}
		if m, found = v.(map[string]any); !found {
			return nil, false
		}
		path = below
	}
}

// holds reports whether a condition holds for an item; nil means that the item does not
// exist.
func holds(c table.Cond, it table.Item) bool {
	switch c.Kind {
	case table.CondNone:
		return true
	case table.CondAnd:
		for _, s := range c.Subs {
			if !holds(s, it) {
				return false
			}
		}
		return true
	case table.CondOr:
		for _, s := range c.Subs {
			if holds(s, it) {
				return true
			}
		}
		return false
	}
	v, found := lookup(it, c.Path)
	switch c.Kind {
	case table.CondExists:
		return found
	case table.CondMissing:
		return !found
	case table.CondEq:
		return found && equal(v, c.Value)
	case table.CondNe:
		return !found || !equal(v, c.Value)
	}
	return found && ordered(c.Kind, v, c.Value)
}

// ordered reports whether a and b compare as kind requires. Only two strings or two
// numbers have an order; otherwise it returns false.
func ordered(kind table.CondKind, a, b any) bool {
	var order int
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		if !ok {
			return false
		}
		order = strings.Compare(a, b)
	case int64:
		b, ok := b.(int64)
		if !ok {
			return false
		}
		order = compareInts(a, b)
	default:
		return false
	}
	switch kind {
	case table.CondLt:
		return order < 0
	case table.CondLe:
		return order <= 0
	case table.CondGt:
		return order > 0
	}
	return order >= 0
}

func compareInts(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// equal compares two values deeply. Values of different types are not equal.
func equal(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if w, ok := b[k]; !ok || !equal(v, w) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case []any, map[string]any:
		return false // == would panic on these types
	}
	return a == b
}

// clone copies a value deeply, so that the engine shares no map or list with its caller.
func clone(v any) any {
	switch v := v.(type) {
	case []any:
		l := make([]any, len(v))
		for i := range v {
			l[i] = clone(v[i])
		}
		return l
	case map[string]any:
		m := make(map[string]any, len(v))
		for k := range v {
			m[k] = clone(v[k])
		}
		return m
	}
	return v
}

// apply applies the actions to it. It computes all right-hand sides before the first
// change. After an error, the item may be partly changed and must not be used.
func apply(it table.Item, actions []table.Action) error {
	values := make([]any, len(actions))
	for i, a := range actions {
		v, err := result(it, a)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", table.ErrBadWrite, a.Path, err)
		}
		values[i] = v
	}
	for i, a := range actions {
		parent, name := map[string]any(it), a.Path
		if dot := strings.LastIndexByte(a.Path, '.'); dot >= 0 {
			v, _ := lookup(it, a.Path[:dot])
			m, ok := v.(map[string]any)
			if !ok {
				return fmt.Errorf("%w: %s: parent is not a map", table.ErrBadWrite, a.Path)
			}
			parent, name = m, a.Path[dot+1:]
		}
		if a.Kind == table.ActRemove {
			delete(parent, name)
		} else {
			parent[name] = values[i]
		}
	}
	return nil
}

// result returns the right-hand side of an action, computed from the item before the write.
func result(it table.Item, a table.Action) (any, error) {
	switch a.Kind {
	case table.ActSet:
		return clone(a.Value), nil
	case table.ActRemove:
		return nil, nil
	case table.ActCopy:
		v, found := lookup(it, a.From)
		if !found {
			return nil, fmt.Errorf("cannot copy from %s: it is absent", a.From)
		}
		return clone(v), nil
	}
	v, found := lookup(it, a.Path)
	if a.Kind == table.ActDefault {
		if found {
			return v, nil
		}
		return clone(a.Value), nil
	}
	if !found {
		return a.Value, nil
	}
	n, ok := v.(int64)
	by, _ := a.Value.(int64)
	if !ok {
		return nil, fmt.Errorf("cannot increment a %T", v)
	}
	if by > 0 && n > math.MaxInt64-by || by < 0 && n < math.MinInt64-by {
		return nil, fmt.Errorf("%d%+d is not an int64", n, by)
	}
	return n + by, nil
}
