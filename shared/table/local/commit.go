package local

import (
	"fmt"
	"sync"

	bolt "go.etcd.io/bbolt"
)

// job is one write. run looks, decides and changes; it reports a refusal by
// itself, and returns an error only where the file failed it.
type job struct {
	run  func(tx *bolt.Tx) (changed bool, err error)
	done chan struct{}
	err  error
}

// committer runs jobs in the order in which they come, all that are waiting in
// one transaction. There is no timer: a single client never waits for company,
// and a crowd gathers while the commit before it syncs.
type committer struct {
	bolt  *bolt.DB
	turn  chan struct{} // holds a token while a goroutine commits
	mu    sync.Mutex
	queue []*job
}

func newCommitter(b *bolt.DB) *committer {
	return &committer{bolt: b, turn: make(chan struct{}, 1)}
}

// do returns when the job is committed.
func (c *committer) do(run func(tx *bolt.Tx) (bool, error)) error {
	j := &job{run: run, done: make(chan struct{})}
	c.mu.Lock()
	c.queue = append(c.queue, j)
	c.mu.Unlock()
	select {
	case <-j.done:
		return j.err
	case c.turn <- struct{}{}:
	}
	defer func() { <-c.turn }()
	select {
	case <-j.done: // by the turn before; whoever waits takes the next
		return j.err
	default:
	}
	c.mu.Lock()
	batch := c.queue
	c.queue = nil
	c.mu.Unlock()
	err := c.commit(batch)
	for _, b := range batch {
		b.err = err
		close(b.done)
	}
	return err
}

// commit runs a batch in one transaction, all or none of it. Where nothing
// changed (every condition refused) there is nothing to sync.
func (c *committer) commit(batch []*job) error {
	tx, err := c.bolt.Begin(true)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it only says so
	changed := false
	for _, j := range batch {
		did, err := j.run(tx)
		if err != nil {
			return fmt.Errorf("running a transaction: %w", err)
		}
		changed = changed || did
	}
	if !changed {
		return nil
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}
