package importdata

import (
	"context"
	"sync"
	"time"

	"statgate/shared/table"
)

// paced is a table that limits writes per second, so that an import does not use up the
// account's write capacity.
type paced struct {
	table.Table
	pause time.Duration // between two writes

	mutex sync.Mutex
	next  time.Time
}

func (p *paced) Write(ctx context.Context, w table.Write) (table.Item, error) {
	if err := p.wait(ctx, 1); err != nil {
		return nil, err
	}
	return p.Table.Write(ctx, w)
}

func (p *paced) Transact(ctx context.Context, ws []table.Write) error {
	if err := p.wait(ctx, len(ws)); err != nil {
		return err
	}
	return p.Table.Transact(ctx, ws)
}

// wait reserves the next n writes and waits until their turn.
func (p *paced) wait(ctx context.Context, n int) error {
	p.mutex.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	turn := p.next
	p.next = turn.Add(time.Duration(n) * p.pause)
	p.mutex.Unlock()
	select {
	case <-time.After(time.Until(turn)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
