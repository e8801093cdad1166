package local

import (
	"fmt"
	"sync"

	bolt "go.etcd.io/bbolt"
)

// job is one write. run evaluates the condition and makes the change. It reports a
// failed condition through its own variables; an error from run means that the file failed.
type job struct {
	run  func(tx *bolt.Tx) (changed bool, err error)
	done chan struct{}
	err  error
}

// committer runs jobs in the order of arrival. One transaction runs all jobs that are
// waiting. There is no timer: a single client never waits for other clients, and
// concurrent jobs collect while the previous commit syncs.
type committer struct {
	bolt  *bolt.DB
	turn  chan struct{} // full while a goroutine commits
	mu    sync.Mutex
	queue []*job
}

func newCommitter(b *bolt.DB) *committer {
	return &committer{bolt: b, turn: make(chan struct{}, 1)}
}

// do runs a job and returns when its transaction is committed or has failed.
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
	case <-j.done: // the previous turn committed this job; do not start another turn
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

// commit runs a batch of jobs in one transaction. If a job fails, all jobs of the
// batch fail. If no job changed anything, commit rolls back instead of syncing.
func (c *committer) commit(batch []*job) error {
	tx, err := c.bolt.Begin(true)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it returns ErrTxClosed
	changed := false
	for _, j := range batch {
		jobChanged, err := j.run(tx)
		if err != nil {
			return fmt.Errorf("running a transaction: %w", err)
		}
		changed = changed || jobChanged
	}
	if !changed {
		return nil
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}
