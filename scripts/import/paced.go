package main

import (
	"context"
	"sync"
	"time"

	"statgate/shared/table"
)

// paced is a table that takes at most so many writes a second: an import must not
// use up what an account's other tables need.
type paced struct {
	table.Table
	pause time.Duration // from one write to the next

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

// wait takes the place of n writes in the line.
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
