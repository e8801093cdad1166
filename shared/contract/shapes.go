package contract

import "slices"

// Shapes are the envelopes of answers and the views of objects.
type Shapes struct {
	Error *Node `json:"error"`
	Item  *Node `json:"item"` // nil: the object itself
	List  *Node `json:"list"`
	// Management puts key management's answers into Item and List too.
	Management bool `json:"management,omitempty"`
	// Views give the fields of an object other names and formats. An object without a
	// view keeps its own.
	Views map[string]*Node `json:"views,omitempty"`
}

// Node is a tree of names. Its leaves are slots of an envelope ("$items") or,
// in a view, paths into the object with an optional format ("kickoff_at | epoch").
// There are no conditions, loops or arithmetic.
type Node struct {
	Fields []Field `json:"fields,omitempty"` // an object, in this order
	// Slot fills an envelope's leaf: code, message, details, request_id, item,
	// items, next, total, page, limit, count, more, done, now, now_ms, true; in the
	// envelope of an event id, type, time, time_ms, data.
	Slot string `json:"slot,omitempty"`
	// OmitNull leaves the field out if the slot is null (written "$slot?").
	OmitNull bool     `json:"omit_null,omitempty"`
	Prefix   string   `json:"prefix,omitempty"` // put before a string slot ("req_$request_id")
	Path     string   `json:"path,omitempty"`   // dotted path into the object of a view
	Format   string   `json:"format,omitempty"` // epoch, epoch_ms, replace or code
	Args     []string `json:"args,omitempty"`   // of the format
}

// Field is one name of an object.
type Field struct {
	Name string `json:"name"`
	Node *Node  `json:"node"`
}

// Has reports whether a tree has the slot.
func (n *Node) Has(slot string) bool {
	return n.Slot == slot || slices.ContainsFunc(n.Fields, func(f Field) bool { return f.Node.Has(slot) })
}
