package tabletest

import (
	"context"

	"statgate/shared/table"
)

// Watched is a table that reports which DynamoDB actions each call needs, by their IAM
// names, before it passes the call to the table that it wraps.
type Watched struct {
	Table table.Table
	// OnUse is called for every action, possibly from several goroutines concurrently. For
	// a write, partition is the item's; for a read it is "".
	OnUse func(ctx context.Context, action, partition string)
}

var _ table.Table = Watched{}

// writeActions maps each kind of write to its IAM action.
var writeActions = map[table.Op]string{
	table.OpPut: "PutItem", table.OpUpdate: "UpdateItem", table.OpDelete: "DeleteItem", table.OpCheck: "ConditionCheckItem",
}

// Get implements [table.Table].
func (w Watched) Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error) {
	w.OnUse(ctx, "GetItem", "")
	return w.Table.Get(ctx, key, consistent)
}

// BatchGet implements [table.Table]. Without keys, no request is sent to DynamoDB.
func (w Watched) BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error) {
	if len(keys) > 0 {
		w.OnUse(ctx, "BatchGetItem", "")
	}
	return w.Table.BatchGet(ctx, keys, consistent)
}

// Query implements [table.Table].
func (w Watched) Query(ctx context.Context, q table.Query) (table.Page, error) {
	w.OnUse(ctx, "Query", "")
	return w.Table.Query(ctx, q)
}

// Write implements [table.Table].
func (w Watched) Write(ctx context.Context, one table.Write) (table.Item, error) {
	w.OnUse(ctx, writeActions[one.Op], one.Target().Partition)
	return w.Table.Write(ctx, one)
}

// Transact implements [table.Table]. IAM checks the action of each write of a transaction. A
// check of a condition writes no partition.
func (w Watched) Transact(ctx context.Context, ws []table.Write) error {
	for _, one := range ws {
		written := one.Target().Partition
		if one.Op == table.OpCheck {
			written = ""
		}
		w.OnUse(ctx, writeActions[one.Op], written)
	}
	return w.Table.Transact(ctx, ws)
}
