package tabletest

import (
	"context"

	"statgate/shared/table"
)

// Watched is a table that tells which DynamoDB actions it is asked for, in the
// words of IAM, before it does what the table within does.
type Watched struct {
	Table table.Table
	// OnUse is told of every action; it may be called from several goroutines.
	OnUse func(ctx context.Context, action string)
}

var _ table.Table = Watched{}

// asked are IAM's names of the writes.
var asked = map[table.Op]string{
	table.OpPut: "PutItem", table.OpUpdate: "UpdateItem", table.OpDelete: "DeleteItem", table.OpCheck: "ConditionCheckItem",
}

// Get implements [table.Table].
func (w Watched) Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error) {
	w.OnUse(ctx, "GetItem")
	return w.Table.Get(ctx, key, consistent)
}

// BatchGet implements [table.Table]. DynamoDB is not asked for nothing.
func (w Watched) BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error) {
	if len(keys) > 0 {
		w.OnUse(ctx, "BatchGetItem")
	}
	return w.Table.BatchGet(ctx, keys, consistent)
}

// Query implements [table.Table].
func (w Watched) Query(ctx context.Context, q table.Query) (table.Page, error) {
	w.OnUse(ctx, "Query")
	return w.Table.Query(ctx, q)
}

// Write implements [table.Table].
func (w Watched) Write(ctx context.Context, one table.Write) (table.Item, error) {
	w.OnUse(ctx, asked[one.Op])
	return w.Table.Write(ctx, one)
}

// Transact implements [table.Table]. A transaction needs the actions of its items.
func (w Watched) Transact(ctx context.Context, ws []table.Write) error {
	for _, one := range ws {
		w.OnUse(ctx, asked[one.Op])
	}
	return w.Table.Transact(ctx, ws)
}
