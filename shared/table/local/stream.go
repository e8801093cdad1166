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

// A table's stream is a bucket that is made when the first reader registers: the
// records by their number, the number that each reader reads next, and an id that
// tells this stream from one of the same name in another file.
var (
	recordsBucket = []byte("records")
	readersBucket = []byte("readers")
	streamID      = []byte("id")
)

const (
	// batchRecords is how many changes a reader is told at once, at most.
	batchRecords = 100
	// trimAge is when DynamoDB drops a record, read or not.
	trimAge = 24 * time.Hour
)

// Stream is the changes of one table for one reader.
type Stream struct {
	table  *localTable
	reader string
}

// Stream registers a reader of a table's changes under a name, once for the life of
// the file: from the first time on every change is recorded in the transaction
// that makes it, and kept until each reader has read it, or for 24 hours as
// DynamoDB does. It fails where the table's schema has no stream.
func (db *DB) Stream(tableName, reader string) (*Stream, error) {
	t, opened := db.tables[tableName]
	switch {
	case !opened || !t.schema.Streams:
		return nil, fmt.Errorf("local: table %q has no stream", tableName)
	case reader == "":
		return nil, fmt.Errorf("local: a reader of table %s needs a name", tableName)
	}
	// Before the commit: another write may follow it at once. Where the commit
	// fails writes look in vain for a stream.
	t.recording.Store(true)
	s := &Stream{t, reader}
	if err := db.commits.do(s.register); err != nil {
		return nil, t.lost("registering "+reader+" as a reader of", err)
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
	return true, readers.Put([]byte(s.reader), number(records.Sequence()+1))
}

// Follow tells read every change that was made since the reader registered and
// that it has not taken yet, up to 100 at a time, in the order of the writes, and
// waits for more. What read took is not told again once that is saved. Where it
// fails, or the process ends before that, the same changes come again, perhaps
// with newer ones behind them. It returns nil when ctx ends, and an error where
// the file was closed or this reader is following already.
func (s *Stream) Follow(ctx context.Context, read table.Reader, log *slog.Logger) error {
	const doing = "following"
	wake, err := s.table.listen(s.reader)
	if err != nil {
		return s.table.fail(doing, err)
	}
	defer s.table.leave(s.reader)
	within, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.table.db.closed, func() { cancel(errClosed) })()
	log = log.With("table", s.table.schema.Name, "reader", s.reader)
	for within.Err() == nil {
		more := false
		err := table.Insist(within, log, "handing on a table's changes", func() (err error) {
			more, err = s.handOn(within, read)
			if s.table.db.closed.Err() != nil {
				cancel(errClosed) // a file that is closed is no failure to log
			}
			return err
		})
		if err != nil || more {
			continue
		}
		select {
		case <-within.Done():
		case <-wake:
		}
	}
	if errors.Is(context.Cause(within), errClosed) {
		return s.table.lost(doing, errClosed)
	}
	return nil
}

// handOn tells read what comes next and saves that it took it; more is false
// where there was nothing.
func (s *Stream) handOn(ctx context.Context, read table.Reader) (more bool, err error) {
	changes, from, next, err := s.unread()
	if err != nil || next == from {
		return false, err
	}
	if len(changes) > 0 {
		if err := read(ctx, changes); err != nil {
			return false, fmt.Errorf("the reader: %w", err)
		}
	}
	return true, s.save(next)
}

// unread returns the next changes for the reader, the number that it is to read
// from, and the one after those. Records that are too old are passed over.
func (s *Stream) unread() (changes []table.Change, from, next uint64, err error) {
	oldest := s.table.db.Clock().Add(-trimAge)
	err = s.table.db.bolt.View(func(tx *bolt.Tx) error {
		stream := tx.Bucket(s.table.stream)
		id := s.table.schema.Name + "-" + string(stream.Get(streamID))
		from = binary.BigEndian.Uint64(stream.Bucket(readersBucket).Get([]byte(s.reader)))
		next = from
		c := stream.Bucket(recordsBucket).Cursor()
		for key, raw := c.Seek(number(from)); key != nil && len(changes) < batchRecords; key, raw = c.Next() {
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

// save keeps that the reader has read all before next, and drops what nobody is
// to read any more.
func (s *Stream) save(next uint64) error {
	err := s.table.db.commits.do(func(tx *bolt.Tx) (bool, error) {
		stream := tx.Bucket(s.table.stream)
		readers := stream.Bucket(readersBucket)
		if err := readers.Put([]byte(s.reader), number(next)); err != nil {
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

// trim drops records from the front, at most so many: those with a number below
// least and those from before oldest.
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
			return fmt.Errorf("dropping a record: %w", err)
		}
	}
	return nil
}

// record appends what the step does to the table's stream, in the transaction of
// the step. A table that nobody reads has no stream, and an item that stays equal
// no record.
func (s *step) record() error {
	if !s.in.recording.Load() {
		return nil
	}
	stream := s.in.tx.Bucket(s.in.stream)
	if stream == nil {
		return nil
	}
	if s.was != nil && s.stored != nil {
		was, err := decodeItem(s.was)
		if err != nil {
			return err
		}
		if equal(map[string]any(was), map[string]any(s.answer)) {
			return nil
		}
	}
	records, now := stream.Bucket(recordsBucket), s.in.db.Clock()
	// Two for the one that comes: the stream of a reader that is gone for good
	// shrinks to a day's records, and no write has much to do for it.
	if err := trim(records, 0, now.Add(-trimAge), 2); err != nil {
		return err
	}
	n, err := records.NextSequence()
	if err != nil {
		return fmt.Errorf("numbering a record: %w", err)
	}
	if err := records.Put(number(n), encodeRecord(now, s.was, s.stored)); err != nil {
		return fmt.Errorf("storing a record: %w", err)
	}
	s.in.tx.OnCommit(s.in.wake)
	return nil
}

// A record at rest is its time (varint, milliseconds), the length of the item
// before the write and that item, and the item after it, as they are stored
// themselves; no bytes are no item.
func encodeRecord(at time.Time, was, stored []byte) []byte {
	b := make([]byte, 0, 2*binary.MaxVarintLen64+len(was)+len(stored))
	b = binary.AppendVarint(b, at.UnixMilli())
	b = binary.AppendUvarint(b, uint64(len(was)))
	return append(append(b, was...), stored...)
}

// recordTime reads when a record was written.
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
			return table.Change{}, fmt.Errorf("item before: %w", err)
		}
	}
	if items = items[size:]; len(items) > 0 {
		if change.New, err = decodeItem(items); err != nil {
			return table.Change{}, fmt.Errorf("item after: %w", err)
		}
	}
	return change, nil
}

// number is how a record's number is stored: so that bytes sort as numbers do.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// listen has commits that change the table wake a follower.
func (t *localTable) listen(reader string) (wake <-chan struct{}, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.followers[reader] != nil {
		return nil, fmt.Errorf("reader %s is following already", reader)
	}
	c := make(chan struct{}, 1)
	t.followers[reader] = c
	return c, nil
}

func (t *localTable) leave(reader string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.followers, reader)
}

// wake tells the followers that there is something to read.
func (t *localTable) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.followers {
		select {
		case c <- struct{}{}:
		default: // it has been told
		}
	}
}
