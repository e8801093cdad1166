package local

import (
	"errors"
	"fmt"
	"runtime/debug"
	"syscall"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// errDamaged is the error of a transaction that panicked or faulted. bbolt panics on
// pages that contradict each other, and a read of a page beyond the end of the file is a
// memory fault.
var errDamaged = errors.New("the data file is damaged")

// errRefused is the error of writes after the file was found damaged, or after a commit
// failed in a way that leaves its result unknown.
var errRefused = errors.New("writes are refused since an earlier failure")

// guarded calls f and turns a panic or a memory fault into an error. The error has no
// stack trace.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errDamaged, r)
		}
	}()
	return f()
}

// view runs read in a read transaction.
func (db *DB) view(read func(tx *bolt.Tx) error) error {
	tx, err := db.begin(false)
	if err != nil {
		return err
	}
	defer db.end(tx)
	return db.noteDamage(guarded(func() error { return read(tx) }))
}

// begin starts a transaction. If bbolt panics while it starts one, it keeps its locks, so
// nothing may use it again.
func (db *DB) begin(writable bool) (tx *bolt.Tx, err error) {
	if db.lost.Load() {
		return nil, errDamaged
	}
	if err := db.checkSize(metaPages * db.pageSize); err != nil {
		return nil, db.noteDamage(err)
	}
	err = guarded(func() (err error) {
		tx, err = db.bolt.Begin(writable)
		return err
	})
	if errors.Is(err, errDamaged) {
		db.lost.Store(true)
	}
	return tx, db.noteDamage(err)
}

// end ends a transaction. After a commit it does nothing.
func (db *DB) end(tx *bolt.Tx) {
	if tx.DB() == nil {
		return
	}
	if err := guarded(tx.Rollback); err != nil {
		db.lost.Store(true) // the transaction holds bbolt's locks for ever
		_ = db.noteDamage(err)
	}
}

// checkSize fails if the file has less than atLeast bytes. It prevents a fault in
// bbolt's own code, and writes that would fill the gap with zeros.
func (db *DB) checkSize(atLeast int64) error {
	if db.file == nil {
		return nil
	}
	info, err := db.file.Stat()
	if err != nil {
		return fmt.Errorf("reading the size of the file: %w", err)
	}
	if info.Size() < atLeast {
		return cutOff(info.Size(), atLeast)
	}
	return nil
}

// checkFreelist fails if the page that lists the free pages is damaged. A commit frees as
// many pages as that page's header says belong to it, and bbolt does not check the header:
// a damaged one can make it allocate memory for four billion pages.
func (db *DB) checkFreelist() error {
	if db.file == nil {
		return nil
	}
	v := verifier{file: db.file, pageBytes: uint64(db.pageSize)} //nolint:gosec // a small number
	m, err := v.meta()
	if err != nil {
		return err
	}
	v.pages = m.pages
	_, err = v.header(m.freelist, freelistPage)
	return err
}

func cutOff(size, want int64) error {
	return fmt.Errorf("%w: it is cut off: it has %d bytes, want at least %d", errDamaged, size, want)
}

// noteDamage makes the DB refuse writes if err says that the file is damaged, and
// returns err. A write on top of damage could destroy what can still be read.
func (db *DB) noteDamage(err error) error {
	if errors.Is(err, errDamaged) || errors.Is(err, errCorrupt) {
		db.refuseWrites(err)
	}
	return err
}

// refuseWrites makes all further writes fail until the file is opened again. It logs the
// first cause.
func (db *DB) refuseWrites(cause error) {
	if db.refusal.CompareAndSwap(nil, &cause) {
		db.Log.Error("writes to the data file are refused until the process restarts", "file", db.path, "cause", cause)
	}
}

// Writable implements [table.Writable].
func (t *localTable) Writable() error {
	if err := t.db.refused(); err != nil {
		return t.unavailable("writing to", err)
	}
	return nil
}

// refused returns an error if writes are refused.
func (db *DB) refused() error {
	if cause := db.refusal.Load(); cause != nil {
		return fmt.Errorf("%w: %w", errRefused, *cause)
	}
	return nil
}

// noteFailedCommit decides what a failed commit means for later writes. The commit's
// transaction had the number txid. Writes go on only if the file is certain to be as it
// was before: bbolt undid the transaction, and the system call that failed was not a
// write or a sync, or failed because there is no space. After another failed sync, the
// kernel may count data as written that is not on the disk.
func (db *DB) noteFailedCommit(txid int, err error) {
	var errno syscall.Errno
	switch {
	case errors.Is(err, errDamaged):
		db.refuseWrites(err)
	case db.isVisible(txid):
		db.refuseWrites(fmt.Errorf("a commit failed after it became visible: %w", err))
	case errors.As(err, &errno) && !isFull(errno):
		db.refuseWrites(err)
	}
}

// isVisible reports whether readers may see the transaction with the number txid.
func (db *DB) isVisible(txid int) bool {
	tx, err := db.begin(false)
	if err != nil {
		return true
	}
	defer db.end(tx)
	return tx.ID() >= txid
}

// isFull reports whether a write failed because the disk, a quota or the process's limit
// has no space left.
func isFull(err error) bool {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, bolterrors.ErrMaxSizeReached} {
		if errors.Is(err, full) {
			return true
		}
	}
	return false
}
