package local

import (
	"errors"
	"fmt"
	"sync"

	bolt "go.etcd.io/bbolt"
)

// errUndecided is the error of a job whose batch ended without a result.
var errUndecided = errors.New("the transaction was abandoned")

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
	db    *DB
	turn  chan struct{} // full while a goroutine commits
	mu    sync.Mutex
	queue []*job
}

func newCommitter(db *DB) *committer {
	return &committer{db: db, turn: make(chan struct{}, 1)}
}

// do runs a job and returns when its transaction is committed or has failed.
func (c *committer) do(run func(tx *bolt.Tx) (bool, error)) error {
	j := &job{run: run, done: make(chan struct{}), err: errUndecided}
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
	default:
		c.runBatch()
	}
	return j.err
}

// runBatch commits the waiting jobs and gives all of them the result. However it ends, no
// job is left waiting, and none succeeds unless its transaction was committed.
func (c *committer) runBatch() {
	c.mu.Lock()
	batch := c.queue
	c.queue = nil
	c.mu.Unlock()
	err := errUndecided
	defer func() {
		for _, j := range batch {
			j.err = err
			close(j.done)
		}
	}()
	err = c.commit(batch)
}

// commit runs a batch of jobs in one transaction. If a job fails or panics, all jobs of
// the batch fail. If no job changed anything, commit rolls back instead of syncing.
func (c *committer) commit(batch []*job) error {
	if err := c.db.refused(); err != nil {
		return err
	}
	tx, err := c.db.begin(true)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer c.db.end(tx)
	if err := c.db.checkSize(tx.Size()); err != nil {
		return c.db.noteDamage(err)
	}
	changed := false
	err = guarded(func() (err error) {
		changed, err = runAll(tx, batch)
		return err
	})
	if err != nil {
		return c.db.noteDamage(fmt.Errorf("running a transaction: %w", err))
	}
	if !changed {
		return nil
	}
	if err := c.db.checkFreelist(); err != nil {
		return c.db.noteDamage(err)
	}
	txid := tx.ID()
	if err := guarded(tx.Commit); err != nil {
		c.db.end(tx)
		c.db.noteFailedCommit(txid, err)
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// runAll runs the jobs in a transaction until one fails.
func runAll(tx *bolt.Tx, batch []*job) (changed bool, err error) {
	for _, j := range batch {
		jobChanged, err := j.run(tx)
		if err != nil {
			return false, err
		}
		changed = changed || jobChanged
	}
	return changed, nil
}
