// Package table is the part of DynamoDB that Statgate uses, as a small interface: items
// under a partition key and a sort key, conditional writes that return the
// stored item when they are refused, queries in sort order, and transactions.
//
// Two engines implement it: table/dynamo (AWS) and table/local (one file on a
// laptop). table/tabletest has the test suite that both must pass. Domain
// packages write their logic once, against this package, and import no SDK.
//
// Values in an [Item] are string, int64, bool, nil, []any and map[string]any,
// nested as needed. There are no floats: fractions are computed on read.
package table

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Attribute names that every item may carry.
const (
	PartitionAttr = "pk"  // string, partition key
	SortAttr      = "sk"  // string, sort key
	TTLAttr       = "ttl" // int64, epoch seconds; DynamoDB deletes the item some time later, so readers check it
)

// Key addresses one item.
type Key struct{ Partition, Sort string }

// Item maps attribute names to values, "pk" and "sk" included.
type Item map[string]any

// Key returns the item's key.
func (it Item) Key() Key { return Key{it.Str(PartitionAttr), it.Str(SortAttr)} }

// Str returns a top-level string attribute; "" if it is absent.
func (it Item) Str(attr string) string { s, _ := it[attr].(string); return s }

// Int returns a top-level number attribute; 0 if it is absent.
func (it Item) Int(attr string) int64 { n, _ := it[attr].(int64); return n }

// Bool returns a top-level boolean attribute; false if it is absent.
func (it Item) Bool(attr string) bool { b, _ := it[attr].(bool); return b }

// Map returns a top-level map attribute; nil if it is absent.
func (it Item) Map(attr string) map[string]any { m, _ := it[attr].(map[string]any); return m }

// Texts returns the strings of a top-level list attribute; empty if it is absent.
// Elements of other types are skipped.
func (it Item) Texts(attr string) []string {
	values, _ := it[attr].([]any)
	texts := make([]string, 0, len(values))
	for _, v := range values {
		if text, ok := v.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// List returns texts as the value of an attribute.
func List(texts []string) []any {
	values := make([]any, len(texts))
	for i, text := range texts {
		values[i] = text
	}
	return values
}

// At returns the value at a dotted path ("q.n.r"); nil if it is absent.
func (it Item) At(path string) any {
	var at any = map[string]any(it)
	for _, name := range strings.Split(path, ".") {
		m, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = m[name]
	}
	return at
}

// Schema is one table: its logical name and its indexes. Index X is a global
// secondary index on the string attributes X_pk and X_sk that projects every
// attribute; an item that lacks one of them is not in the index. Indexes are eventually
// consistent on AWS.
type Schema struct {
	Name    string
	Indexes []string
	Streams bool
}

// Table is one DynamoDB table, or an engine that behaves like one. All methods are safe
// for concurrent use. Any error that is not named here means that the store did not
// answer: a write may or may not have been applied.
type Table interface {
	// Get returns the item, or nil if it does not exist. An eventually
	// consistent read (consistent false) may be stale by some milliseconds.
	Get(ctx context.Context, key Key, consistent bool) (Item, error)
	// BatchGet returns the items that exist among keys (any number), in the order of keys.
	BatchGet(ctx context.Context, keys []Key, consistent bool) ([]Item, error)
	// Query returns one page in sort order.
	Query(ctx context.Context, q Query) (Page, error)
	// Write applies one conditional write and returns the item after it. A delete
	// returns the deleted item, or nil if it did not exist. If the condition does
	// not hold, the error is *ConditionFailed.
	Write(ctx context.Context, w Write) (Item, error)
	// Transact applies all writes or none of them: at most 100, on different items.
	// If a condition does not hold, the error is *Canceled. Conflicts with
	// other transactions are retried with jitter before they are reported.
	Transact(ctx context.Context, ws []Write) error
}

// Writable is a Table that can refuse all writes while it still answers reads.
type Writable interface {
	// Writable returns an error that wraps [ErrUnavailable] if writes are refused.
	Writable() error
}

// Query reads one partition of the table, or of an index, in the order of sort keys.
type Query struct {
	Index      string // "" reads the table itself
	Partition  string
	Low, High  string // inclusive bounds of the sort key; "" is unbounded
	After      string // exclusive: starts after this sort key, in the direction of the query
	Descending bool
	Limit      int  // items at most; 0 reads to the end
	Consistent bool // not supported on an index
}

// Page is the result of a [Query]. More reports whether items follow.
type Page struct {
	Items []Item
	More  bool
}

// Prefix returns the bounds of the sort keys that begin with p.
func Prefix(p string) (low, high string) { return p, p + "\U0010FFFF" }

// Op is the kind of a [Write].
type Op int

// The kinds of writes. Check is for transactions only: a condition without a change.
const (
	OpPut Op = iota + 1
	OpUpdate
	OpDelete
	OpCheck
)

// Write is one change of one item under a condition.
type Write struct {
	Op      Op
	Key     Key      // OpUpdate, OpDelete, OpCheck
	Item    Item     // OpPut
	Actions []Action // OpUpdate
	If      Cond
}

// Target returns the key of the item that the write touches.
func (w Write) Target() Key {
	if w.Op == OpPut {
		return w.Item.Key()
	}
	return w.Key
}

// Put creates or replaces an item.
func Put(it Item, conds ...Cond) Write { return Write{Op: OpPut, Item: it, If: And(conds...)} }

// Update changes attributes of an item, and creates the item if it does not exist.
func Update(k Key, actions []Action, conds ...Cond) Write {
	return Write{Op: OpUpdate, Key: k, Actions: actions, If: And(conds...)}
}

// Delete removes an item. A missing item is not an error.
func Delete(k Key, conds ...Cond) Write { return Write{Op: OpDelete, Key: k, If: And(conds...)} }

// Check tests a condition on an item that the transaction does not change.
func Check(k Key, conds ...Cond) Write { return Write{Op: OpCheck, Key: k, If: And(conds...)} }

// ActionKind is the kind of an [Action].
type ActionKind int

// The kinds of actions. All right-hand sides are read from the item as it was
// before the write, as in DynamoDB.
const (
	ActSet       ActionKind = iota + 1 // SET path = value
	ActIncrement                       // SET path = if_not_exists(path, 0) + value
	ActCopy                            // SET path = from (which must exist)
	ActDefault                         // SET path = if_not_exists(path, value)
	ActRemove                          // REMOVE path
)

// Action is one clause of an update. Paths are dotted ("q.n.r"); the parent of a
// nested path must exist, and no two actions of an update may overlap. Otherwise the
// write fails with [ErrBadWrite].
type Action struct {
	Kind  ActionKind
	Path  string
	Value any
	From  string
}

// Set assigns value.
func Set(path string, value any) Action { return Action{Kind: ActSet, Path: path, Value: value} }

// Increment adds n to a number. An absent number counts as 0.
func Increment(path string, n int64) Action {
	return Action{Kind: ActIncrement, Path: path, Value: n}
}

// Copy assigns the value at another path.
func Copy(path, from string) Action { return Action{Kind: ActCopy, Path: path, From: from} }

// Default assigns value if the path is absent.
func Default(path string, value any) Action {
	return Action{Kind: ActDefault, Path: path, Value: value}
}

// Remove drops the attribute. An absent attribute is not an error.
func Remove(path string) Action { return Action{Kind: ActRemove, Path: path} }

// CondKind is the kind of a [Cond].
type CondKind int

// The kinds of conditions. The zero Cond always holds.
const (
	CondNone CondKind = iota
	CondAnd
	CondOr
	CondEq
	CondNe
	CondLt
	CondLe
	CondGt
	CondGe
	CondExists
	CondMissing
)

// Cond is a condition on the item as it is before the write. Comparing a missing
// attribute, or one of another type, is false (true for CondNe), as in DynamoDB.
type Cond struct {
	Kind  CondKind
	Path  string
	Value any
	Subs  []Cond
}

// And holds if all conditions hold. Zero conditions are dropped.
func And(conds ...Cond) Cond { return join(CondAnd, conds) }

// Or holds if any condition holds. Zero conditions are dropped.
func Or(conds ...Cond) Cond { return join(CondOr, conds) }

func join(kind CondKind, conds []Cond) Cond {
	kept := make([]Cond, 0, len(conds))
	for _, c := range conds {
		if c.Kind != CondNone {
			kept = append(kept, c)
		}
	}
	switch len(kept) {
	case 0:
		return Cond{}
	case 1:
		return kept[0]
	}
	return Cond{Kind: kind, Subs: kept}
}

// Eq holds if the value is present and equal.
func Eq(path string, v any) Cond { return Cond{Kind: CondEq, Path: path, Value: v} }

// Ne holds if the value differs or is absent.
func Ne(path string, v any) Cond { return Cond{Kind: CondNe, Path: path, Value: v} }

// Lt holds if the value is present and smaller.
func Lt(path string, v any) Cond { return Cond{Kind: CondLt, Path: path, Value: v} }

// Le holds if the value is present and not greater.
func Le(path string, v any) Cond { return Cond{Kind: CondLe, Path: path, Value: v} }

// Gt holds if the value is present and greater.
func Gt(path string, v any) Cond { return Cond{Kind: CondGt, Path: path, Value: v} }

// Ge holds if the value is present and not smaller.
func Ge(path string, v any) Cond { return Cond{Kind: CondGe, Path: path, Value: v} }

// Exists holds where the path is present (a nil value is present).
func Exists(path string) Cond { return Cond{Kind: CondExists, Path: path} }

// Missing holds where the path is absent; Missing("pk") is "no such item".
func Missing(path string) Cond { return Cond{Kind: CondMissing, Path: path} }

// IsNew holds if the item does not exist.
func IsNew() Cond { return Missing(PartitionAttr) }

// IsThere holds if the item exists.
func IsThere() Cond { return Exists(PartitionAttr) }

// ConditionFailed is the error of a write whose condition did not hold. Item is the stored
// item (nil if it does not exist), so that no second read is needed.
type ConditionFailed struct{ Item Item }

func (*ConditionFailed) Error() string { return "table: condition does not hold" }

// Canceled is the error of a transaction in which a condition did not hold.
// Reasons has an element for each write; it is nil for a write whose condition held.
type Canceled struct{ Reasons []*ConditionFailed }

func (c *Canceled) Error() string {
	var at []string
	for i, r := range c.Reasons {
		if r != nil {
			at = append(at, fmt.Sprint(i))
		}
	}
	return "table: transaction canceled by the condition of write " + strings.Join(at, ", ")
}

// At returns the failed condition of write i; nil if its condition held.
func (c *Canceled) At(i int) *ConditionFailed {
	if i < 0 || i >= len(c.Reasons) {
		return nil
	}
	return c.Reasons[i]
}

// Errors that callers can distinguish. Each engine wraps its own error in one of them.
var (
	// ErrBadWrite: the write itself is wrong (overlapping paths, missing parent,
	// wrong type, over 100 writes, empty key, item over 400 KB). A bug, never retried.
	ErrBadWrite = errors.New("table: bad write")
	// ErrConflict: other transactions kept touching the same items.
	ErrConflict = errors.New("table: transaction conflict")
	// ErrThrottled: the table throttled the request.
	ErrThrottled = errors.New("table: throttled")
	// ErrUnavailable: no answer, or one that cannot be decoded.
	ErrUnavailable = errors.New("table: unavailable")
)

// AsConditionFailed returns the *ConditionFailed that err wraps; nil if it wraps none.
func AsConditionFailed(err error) *ConditionFailed {
	var r *ConditionFailed
	if errors.As(err, &r) {
		return r
	}
	return nil
}

// AsCanceled returns the *Canceled that err wraps; nil if it wraps none.
func AsCanceled(err error) *Canceled {
	var c *Canceled
	if errors.As(err, &c) {
		return c
	}
	return nil
}
