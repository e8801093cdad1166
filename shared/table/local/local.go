// Package local is the table engine for one machine. It stores all tables of a
// deployment in one bbolt file, which one process locks. For tests and for servers
// that should leave no data, [OpenMemory] uses a temporary file.
//
// It returns the same answers and errors as DynamoDB; table/tabletest compares the
// two. A table has one bucket of encoded items and one bucket per index, which are
// updated in the same transaction. Writes that arrive during a commit share the next
// commit, so that concurrent clients do not each wait for a disk sync. A table whose
// changes have a reader also has a bucket of change records (see [DB.Stream]).
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"statgate/shared/table"
)

// metaPages is the number of pages at the front of a file that name its root.
const metaPages = 2

// lockTimeout is how long Open waits for another process to release the file.
const lockTimeout = 500 * time.Millisecond

// DB is a set of tables in one file.
type DB struct {
	// Clock returns the time of stream records. Set it before the first use.
	Clock func() time.Time
	// Log gets a line when the file fails and writes are refused from then on. Set it
	// before the first use; the default is [slog.Default].
	Log *slog.Logger

	bolt     *bolt.DB
	path     string
	file     *os.File // bbolt's, to read its size; nil if the file is temporary
	pageSize int64
	refusal  atomic.Pointer[error] // why writes are refused; nil if they are not
	lost     atomic.Bool           // whether bbolt's locks are lost, so that nothing may call it
	commits  *committer
	tables   map[string]*localTable
	tempPath string          // file to remove on Close; "" if the file stays
	closed   context.Context // canceled by Close
	closing  context.CancelFunc
}

var errClosed = errors.New("the file was closed")

// Open opens or creates the file at path with the tables of schemas. It fills
// indexes that are new to the file and drops indexes that no schema names. Every
// write is on disk when it returns. If another process has the file open, Open fails
// after half a second. It reads the whole file, and fails if the file is not one of
// Statgate's, is cut off or is damaged.
func Open(path string, schemas ...table.Schema) (*DB, error) {
	if err := create(path, schemas); err != nil {
		return nil, fmt.Errorf("local: creating %s: %w", path, err)
	}
	if err := inspect(path, schemas); err != nil {
		return nil, fmt.Errorf("local: %s %w", path, err)
	}
	b, file, err := openBolt(path, &bolt.Options{Timeout: lockTimeout, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return nil, fmt.Errorf("local: %s %w", path, err)
	}
	return newDB(&DB{bolt: b, path: path, file: file}, schemas)
}

// OpenMemory opens tables that last until Close. They are in a temporary file that
// is never synced. Where the system allows it, the file is unlinked as soon as it is
// open, so that a killed process leaves no file.
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
	return newDB(&DB{bolt: b, path: "in memory", tempPath: path}, schemas)
}

func newDB(db *DB, schemas []table.Schema) (*DB, error) {
	db.Clock, db.Log, db.pageSize = time.Now, slog.Default(), int64(db.bolt.Info().PageSize)
	db.commits, db.tables = newCommitter(db), map[string]*localTable{}
	db.closed, db.closing = context.WithCancel(context.Background())
	for _, s := range schemas {
		db.tables[s.Name] = newTable(db, s)
	}
	if err := db.commits.do(db.prepare); err != nil {
		return nil, errors.Join(fmt.Errorf("local: preparing tables: %w", err), db.Close())
	}
	return db, nil
}

// Table returns the table of that name. It panics if Open did not get such a schema,
// because that is a bug in the program.
func (db *DB) Table(name string) table.Table {
	t, ok := db.tables[name]
	if !ok {
		panic(fmt.Sprintf("local: table %q: not opened", name))
	}
	return t
}

// Close ends all [Stream.Follow] calls, waits for transactions in progress and closes
// the file. If bbolt lost its locks, the file stays open until the process ends.
func (db *DB) Close() error {
	db.closing()
	err := errDamaged
	if !db.lost.Load() {
		err = guarded(db.bolt.Close)
	}
	if db.tempPath != "" {
		err = errors.Join(err, os.Remove(db.tempPath))
		db.tempPath = ""
	}
	if err != nil {
		return fmt.Errorf("local: closing: %w", err)
	}
	return nil
}

// prepare creates the buckets of every table and makes its indexes match the schema.
func (db *DB) prepare(tx *bolt.Tx) (changed bool, err error) {
	for _, t := range db.tables {
		if _, err := tx.CreateBucketIfNotExists(t.bucket); err != nil {
			return false, fmt.Errorf("table %s: %w", t.schema.Name, err)
		}
		t.recording.Store(t.schema.Streams && tx.Bucket(t.stream) != nil)
		if err := t.dropUnnamedIndexes(tx); err != nil {
			return false, fmt.Errorf("table %s: %w", t.schema.Name, err)
		}
		for i := range t.indexes {
			if err := t.fillIndex(tx, &t.indexes[i]); err != nil {
				return false, fmt.Errorf("index %s of table %s: %w", t.indexes[i].name, t.schema.Name, err)
			}
		}
	}
	return true, nil
}

// dropUnnamedIndexes deletes indexes that are no longer in the schema. Writes would
// not update them, so they would be stale if a later schema named them again.
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

// fillIndex creates an index that the file does not have, from the stored items.
func (t *localTable) fillIndex(tx *bolt.Tx, ix *index) error {
	if tx.Bucket(ix.bucket) != nil {
		return nil
	}
	b, err := tx.CreateBucket(ix.bucket)
	if err != nil {
		return fmt.Errorf("creating the index: %w", err)
	}
	return tx.Bucket(t.bucket).ForEach(func(key, raw []byte) error {
		it, err := decodeItem(raw)
		if err != nil {
			return fmt.Errorf("filling the index: %w", err)
		}
		if at := ix.position(it); at != nil {
			return b.Put(append(at, key...), nil)
		}
		return nil
	})
}
