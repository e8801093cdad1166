package tabletest

import (
	"context"

	"statgate/shared/table"
)

// Lagging is a table whose eventually consistent reads do not find anything, like a replica
// that lags behind every write. Indexes do not lag.
type Lagging struct{ table.Table }

// Get implements [table.Table].
func (l Lagging) Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error) {
	if !consistent {
		return nil, nil
	}
	return l.Table.Get(ctx, key, true)
}

// BatchGet implements [table.Table].
func (l Lagging) BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error) {
	if !consistent {
		return nil, nil
	}
	return l.Table.BatchGet(ctx, keys, true)
}

// Query implements [table.Table].
func (l Lagging) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if !q.Consistent && q.Index == "" {
		return table.Page{}, nil
	}
	return l.Table.Query(ctx, q)
}
