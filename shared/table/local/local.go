// Package local is the table engine of one machine: every table of a deployment
// in one bbolt file, which one process holds, or in memory for tests and for a
// server that should leave nothing behind.
//
// It answers as DynamoDB does, faults included; table/tabletest compares the two.
// Each table is a bucket of encoded items and a bucket for each index, kept in
// the same transaction. Writes that arrive while a commit is under way share the
// next one, so that parallel clients do not wait for a disk sync each. A table
// that has a reader of its changes has a bucket of them too (see [DB.Stream]).
package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"statgate/shared/table"
)

// lockTimeout is how long Open waits for a process that is just letting go.
const lockTimeout = 500 * time.Millisecond

// DB is a set of tables in one file.
type DB struct {
	// Clock dates the changes that streams tell; it is set before the first use.
	Clock func() time.Time

	bolt    *bolt.DB
	commits *committer
	tables  map[string]*localTable
	scratch string          // file to remove on Close, "" where the file is to stay
	closed  context.Context // ends with Close
	closing context.CancelFunc
}

var errClosed = errors.New("the file was closed")

// Open opens or creates the file at path with the tables of schemas. Indexes
// that are new to the file are filled, indexes that no schema names are dropped.
// Every write is on disk when it returns.
func Open(path string, schemas ...table.Schema) (*DB, error) {
	b, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockTimeout, FreelistType: bolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("local: %s is in use by another process", path)
	}
	if err != nil {
		return nil, fmt.Errorf("local: opening %s: %w", path, err)
	}
	return newDB(b, "", schemas)
}

// OpenMemory opens tables that last until Close. They live in a temporary file
// that is never synced and, where the system allows it, has no name any more,
// so that a killed process leaves nothing.
func OpenMemory(schemas ...table.Schema) (*DB, error) {
	f, err := os.CreateTemp("", "statgate-*.db")
	if err != nil {
		return nil, fmt.Errorf("local: making a temporary file: %w", err)
	}
	path := f.Name()
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("local: making a temporary file: %w", err)
	}
	b, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout: lockTimeout, FreelistType: bolt.FreelistMapType,
		NoSync: true, NoFreelistSync: true, NoGrowSync: true,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("local: opening %s: %w", path, err), os.Remove(path))
	}
	if runtime.GOOS != "windows" && os.Remove(path) == nil {
		path = ""
	}
	return newDB(b, path, schemas)
}

func newDB(b *bolt.DB, scratch string, schemas []table.Schema) (*DB, error) {
	db := &DB{Clock: time.Now, bolt: b, commits: newCommitter(b), tables: map[string]*localTable{}, scratch: scratch}
	db.closed, db.closing = context.WithCancel(context.Background())
	for _, s := range schemas {
		db.tables[s.Name] = newTable(db, s)
	}
	if err := b.Update(db.prepare); err != nil {
		return nil, errors.Join(fmt.Errorf("local: preparing tables: %w", err), db.Close())
	}
	return db, nil
}

// Table returns the table of that name. It panics where Open was given no such
// schema: a mistake in the program, not in its input.
func (db *DB) Table(name string) table.Table {
	t, ok := db.tables[name]
	if !ok {
		panic(fmt.Sprintf("local: no table %q was opened", name))
	}
	return t
}

// Close ends those who follow streams, waits for what is under way and lets go of the file.
func (db *DB) Close() error {
	db.closing()
	err := db.bolt.Close()
	if db.scratch != "" {
		err = errors.Join(err, os.Remove(db.scratch))
		db.scratch = ""
	}
	if err != nil {
		return fmt.Errorf("local: closing: %w", err)
	}
	return nil
}

// prepare makes the buckets of every table and brings its indexes up to the schema.
func (db *DB) prepare(tx *bolt.Tx) error {
	for _, t := range db.tables {
		if _, err := tx.CreateBucketIfNotExists(t.bucket); err != nil {
			return fmt.Errorf("table %s: %w", t.schema.Name, err)
		}
		t.recording.Store(t.schema.Streams && tx.Bucket(t.stream) != nil)
		if err := t.dropUnnamedIndexes(tx); err != nil {
			return fmt.Errorf("table %s: %w", t.schema.Name, err)
		}
		for i := range t.indexes {
			if err := t.fillIndex(tx, &t.indexes[i]); err != nil {
				return fmt.Errorf("index %s of table %s: %w", t.indexes[i].name, t.schema.Name, err)
			}
		}
	}
	return nil
}

// dropUnnamedIndexes forgets indexes that are no longer in the schema: they would
// be stale, should they ever come back.
func (t *localTable) dropUnnamedIndexes(tx *bolt.Tx) error {
	named := map[string]bool{}
	for _, ix := range t.indexes {
		named[string(ix.bucket)] = true
	}
	var stale []string
	prefix := indexBucket(t.schema.Name, "")
	err := tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
		if strings.HasPrefix(string(name), string(prefix)) && !named[string(name)] {
			stale = append(stale, string(name))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("listing indexes: %w", err)
	}
	for _, name := range stale {
		if err := tx.DeleteBucket([]byte(name)); err != nil {
			return fmt.Errorf("dropping index %q: %w", name, err)
		}
	}
	return nil
}

// fillIndex makes an index that the file lacks from the items that are there.
func (t *localTable) fillIndex(tx *bolt.Tx, ix *index) error {
	if tx.Bucket(ix.bucket) != nil {
		return nil
	}
	b, err := tx.CreateBucket(ix.bucket)
	if err != nil {
		return fmt.Errorf("creating: %w", err)
	}
	return tx.Bucket(t.bucket).ForEach(func(key, raw []byte) error {
		it, err := decodeItem(raw)
		if err != nil {
			return fmt.Errorf("filling: %w", err)
		}
		if at := ix.position(it); at != nil {
			return b.Put(append(at, key...), nil)
		}
		return nil
	})
}
