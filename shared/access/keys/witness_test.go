package keys_test

import (
	"context"
	"sync/atomic"

	"statgate/shared/table"
)

// moves counts the writes of secrets that succeed, and delays each reader of the secret's
// item until all have read it.
type moves struct {
	table.Table
	waiting   atomic.Int32
	read      chan struct{}
	won, lost atomic.Int32
}

func (m *moves) Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error) {
	it, err := m.Table.Get(ctx, key, consistent)
	if key.Sort == "SECRET" {
		switch left := m.waiting.Add(-1); {
		case left == 0:
			close(m.read)
		case left > 0:
			<-m.read
		}
	}
	return it, err
}

func (m *moves) Write(ctx context.Context, w table.Write) (table.Item, error) {
	it, err := m.Table.Write(ctx, w)
	if w.Target().Sort == "SECRET" {
		if err == nil {
			m.won.Add(1)
		} else if table.AsConditionFailed(err) != nil {
			m.lost.Add(1)
		}
	}
	return it, err
}

// before calls happen before each transaction.
type before struct {
	table.Table
	happen func()
}

func (b before) Transact(ctx context.Context, ws []table.Write) error {
	b.happen()
	return b.Table.Transact(ctx, ws)
}
