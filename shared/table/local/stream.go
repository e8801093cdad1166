package local

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"time"

	bolt "go.etcd.io/bbolt"

	"statgate/shared/table"
)

// A table's stream is a bucket, created when the first reader registers. It has the
// records by number, the number of the next record for each reader, and an id. The id
// makes record ids differ from those of a table with the same name in another file.
var (
	recordsBucket = []byte("records")
	readersBucket = []byte("readers")
	streamID      = []byte("id")
)

const (
	// batchRecords is the maximum number of changes in one call of a reader.
	batchRecords = 100
	// trimAge is the age at which DynamoDB deletes a record, read or not.
	trimAge = 24 * time.Hour
)

// Stream is the changes of one table for one reader.
type Stream struct {
	table  *localTable
	reader string
}

// Stream registers a reader of a table's changes under a name. The registration lasts
// as long as the file. After the first registration, the transaction that makes a change
// also records it. A record is kept until all readers have read it, but at most 24 hours,
// as in DynamoDB. Stream fails if the table's schema has no stream.
func (db *DB) Stream(tableName, reader string) (*Stream, error) {
	t, opened := db.tables[tableName]
	switch {
	case !opened || !t.schema.Streams:
		return nil, fmt.Errorf("local: table %q has no stream", tableName)
	case reader == "":
		return nil, fmt.Errorf("local: reader of table %s: the name must not be empty", tableName)
	}
	// Set before the commit, because another write may follow the commit immediately. If
	// the commit fails, writes find no stream bucket and record nothing.
	t.recording.Store(true)
	s := &Stream{t, reader}
	if err := db.commits.do(s.register); err != nil {
		return nil, t.unavailable("registering "+reader+" as a reader of", err)
	}
	return s, nil
}

func (s *Stream) register(tx *bolt.Tx) (changed bool, err error) {
	stream, err := tx.CreateBucketIfNotExists(s.table.stream)
	if err != nil {
		return false, fmt.Errorf("creating the stream: %w", err)
	}
	records, err := stream.CreateBucketIfNotExists(recordsBucket)
	if err != nil {
		return false, fmt.Errorf("creating the stream: %w", err)
	}
	readers, err := stream.CreateBucketIfNotExists(readersBucket)
	if err != nil {
		return false, fmt.Errorf("creating the stream: %w", err)
	}
	if stream.Get(streamID) == nil {
		if err := stream.Put(streamID, []byte(rand.Text()[:12])); err != nil {
			return false, fmt.Errorf("naming the stream: %w", err)
		}
	}
	if readers.Get([]byte(s.reader)) != nil {
		return false, nil
	}
	return true, readers.Put([]byte(s.reader), encodeNumber(records.Sequence()+1))
}

// Follow calls read with the changes since the reader's position, up to 100 at a time,
// in the order of the writes, and waits for more. When read succeeds, Follow saves the
// position, and does not pass these changes again. If read fails, or the process ends
// before the position is saved, read gets the same changes again, possibly with newer
// changes after them. Follow returns nil when ctx ends. It returns an error if the file
// was closed, if it refuses writes, so that no position can be saved, or if another Follow
// call uses the same reader.
func (s *Stream) Follow(ctx context.Context, read table.Reader, log *slog.Logger) error {
	const doing = "following"
	wake, err := s.table.addFollower(s.reader)
	if err != nil {
		return s.table.fail(doing, err)
	}
	defer s.table.removeFollower(s.reader)
	followCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.table.db.closed, func() { cancel(errClosed) })()
	log = log.With("table", s.table.schema.Name, "reader", s.reader)
	for followCtx.Err() == nil {
		more := false
		err := table.RetryUntilDone(followCtx, log, "processing a table's changes", func() (err error) {
			more, err = s.deliver(followCtx, read)
			if s.table.db.closed.Err() != nil {
				cancel(errClosed) // closing the file is not logged as a failure
			} else if refused := s.table.db.refused(); refused != nil {
				cancel(refused)
			}
			return err
		})
		if err != nil || more {
			continue
		}
		select {
		case <-followCtx.Done():
		case <-wake:
		}
	}
	if cause := context.Cause(followCtx); errors.Is(cause, errClosed) || errors.Is(cause, errRefused) {
		return s.table.unavailable(doing, cause)
	}
	return nil
}

// deliver passes the next batch of changes to read and saves the position. more is false
// if there was no record to read.
func (s *Stream) deliver(ctx context.Context, read table.Reader) (more bool, err error) {
	changes, from, next, err := s.nextBatch()
	if err != nil || next == from {
		return false, err
	}
	if len(changes) > 0 {
		if err := read(ctx, changes); err != nil {
			return false, fmt.Errorf("reader failed: %w", err)
		}
	}
	return true, s.savePosition(next)
}

// nextBatch returns the next changes for the reader, the number of the first record that
// it looked at, and the number after the last one. It skips records older than trimAge.
func (s *Stream) nextBatch() (changes []table.Change, from, next uint64, err error) {
	oldest := s.table.db.Clock().Add(-trimAge)
	err = s.table.db.view(func(tx *bolt.Tx) error {
		stream := tx.Bucket(s.table.stream)
		id := s.table.schema.Name + "-" + string(stream.Get(streamID))
		from = binary.BigEndian.Uint64(stream.Bucket(readersBucket).Get([]byte(s.reader)))
		next = from
		c := stream.Bucket(recordsBucket).Cursor()
		for key, raw := c.Seek(encodeNumber(from)); key != nil && len(changes) < batchRecords; key, raw = c.Next() {
			n := binary.BigEndian.Uint64(key)
			next = n + 1
			if recordTime(raw).Before(oldest) {
				continue
			}
			change, err := decodeRecord(raw)
			if err != nil {
				return fmt.Errorf("record %d: %w", n, err)
			}
			change.ID = fmt.Sprintf("%s-%d", id, n)
			changes = append(changes, change)
		}
		return nil
	})
	return changes, from, next, err
}

// savePosition stores that the reader has read all records before next, and deletes the
// records that all readers have read.
func (s *Stream) savePosition(next uint64) error {
	err := s.table.db.commits.do(func(tx *bolt.Tx) (bool, error) {
		stream := tx.Bucket(s.table.stream)
		readers := stream.Bucket(readersBucket)
		if err := readers.Put([]byte(s.reader), encodeNumber(next)); err != nil {
			return false, fmt.Errorf("storing a position: %w", err)
		}
		least := next
		err := readers.ForEach(func(_, position []byte) error {
			least = min(least, binary.BigEndian.Uint64(position))
			return nil
		})
		if err != nil {
			return false, fmt.Errorf("reading positions: %w", err)
		}
		return true, trim(stream.Bucket(recordsBucket), least, s.table.db.Clock().Add(-trimAge), sweepBatch)
	})
	if err != nil {
		return fmt.Errorf("saving the position: %w", err)
	}
	return nil
}

// trim deletes up to most records from the front: those with a number below least, and
// those older than oldest.
func trim(records *bolt.Bucket, least uint64, oldest time.Time, most int) error {
	var drop [][]byte
	c := records.Cursor()
	for key, raw := c.First(); key != nil && len(drop) < most; key, raw = c.Next() {
		if binary.BigEndian.Uint64(key) >= least && !recordTime(raw).Before(oldest) {
			break
		}
		drop = append(drop, key)
	}
	for _, key := range drop {
		if err := records.Delete(key); err != nil {
			return fmt.Errorf("deleting a record: %w", err)
		}
	}
	return nil
}

// record appends the step's change to the table's stream, in the transaction of the step.
// It does nothing if the table has no readers or the item stays equal.
func (s *step) record() error {
	if !s.in.recording.Load() {
		return nil
	}
	stream := s.in.tx.Bucket(s.in.stream)
	if stream == nil {
		return nil
	}
	if s.before != nil && s.after != nil {
		before, err := decodeItem(s.before)
		if err != nil {
			return err
		}
		if equal(map[string]any(before), map[string]any(s.result)) {
			return nil
		}
	}
	records, now := stream.Bucket(recordsBucket), s.in.db.Clock()
	// Each write deletes up to two old records and adds one. So the stream of a reader
	// that never returns shrinks to one day's records, at a small cost per write.
	if err := trim(records, 0, now.Add(-trimAge), 2); err != nil {
		return err
	}
	n, err := records.NextSequence()
	if err != nil {
		return fmt.Errorf("numbering a record: %w", err)
	}
	if err := records.Put(encodeNumber(n), encodeRecord(now, s.before, s.after)); err != nil {
		return fmt.Errorf("storing a record: %w", err)
	}
	s.in.tx.OnCommit(s.in.wakeFollowers)
	return nil
}

// encodeRecord returns a stored record: its time (varint, epoch milliseconds), the length
// of the item before the write, that item, and the item after the write. Items are encoded
// as in the table. An item that does not exist has no bytes.
func encodeRecord(at time.Time, before, after []byte) []byte {
	b := make([]byte, 0, 2*binary.MaxVarintLen64+len(before)+len(after))
	b = binary.AppendVarint(b, at.UnixMilli())
	b = binary.AppendUvarint(b, uint64(len(before)))
	return append(append(b, before...), after...)
}

// recordTime returns the time at which a record was written.
func recordTime(raw []byte) time.Time {
	ms, _ := binary.Varint(raw)
	return time.UnixMilli(ms).UTC()
}

func decodeRecord(raw []byte) (table.Change, error) {
	_, n := binary.Varint(raw)
	if n <= 0 {
		return table.Change{}, errCorrupt
	}
	size, m := binary.Uvarint(raw[n:])
	if m <= 0 || size > uint64(len(raw)-n-m) {
		return table.Change{}, errCorrupt
	}
	change, items := table.Change{Time: recordTime(raw)}, raw[n+m:]
	var err error
	if size > 0 {
		if change.Old, err = decodeItem(items[:size]); err != nil {
			return table.Change{}, fmt.Errorf("decoding the item before the write: %w", err)
		}
	}
	if items = items[size:]; len(items) > 0 {
		if change.New, err = decodeItem(items); err != nil {
			return table.Change{}, fmt.Errorf("decoding the item after the write: %w", err)
		}
	}
	return change, nil
}

// encodeNumber encodes a record's number so that bytes sort like numbers.
func encodeNumber(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// addFollower returns a channel that receives after each commit that changes the table.
// It fails if the reader already follows the stream.
func (t *localTable) addFollower(reader string) (wake <-chan struct{}, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.followers[reader] != nil {
		return nil, fmt.Errorf("reader %s already follows the stream", reader)
	}
	c := make(chan struct{}, 1)
	t.followers[reader] = c
	return c, nil
}

func (t *localTable) removeFollower(reader string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.followers, reader)
}

// wakeFollowers signals all followers that there are new records.
func (t *localTable) wakeFollowers() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.followers {
		select {
		case c <- struct{}{}:
		default: // a signal is already pending
		}
	}
}
