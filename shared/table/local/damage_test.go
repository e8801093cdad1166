package local

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"statgate/shared/table"
)

var things = table.Schema{Name: "things", Indexes: []string{"list"}, Streams: true}

// logged collects the lines of a DB's log.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// checkOneLine fails the test unless exactly one line was logged, without a stack trace.
func (l *logged) checkOneLine(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if text := l.b.String(); strings.Count(text, "\n") != 1 || strings.Contains(text, "goroutine ") || !strings.Contains(text, "refused") {
		t.Errorf("logged %q, want one line that says that writes are refused", text)
	}
}

func openThings(t testing.TB, path string) (*DB, *logged) {
	t.Helper()
	db, err := Open(path, things)
	if err != nil {
		t.Fatal(err)
	}
	l := &logged{}
	db.Log = slog.New(slog.NewJSONHandler(l, nil))
	return db, l
}

func thing(n int) table.Item {
	return table.Item{"pk": fmt.Sprintf("p%03d", n%50), "sk": fmt.Sprintf("s%06d", n), "n": int64(n),
		"text": strings.Repeat("x", 100+n%300), "list_pk": "L", "list_sk": fmt.Sprintf("%06d", n)}
}

// putAll writes the things first to last concurrently and returns those whose writes were
// acknowledged.
func putAll(t testing.TB, db *DB, first, last int) (acknowledged []int) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			for n := first + worker; n <= last; n += 16 {
				_, err := db.Table("things").Write(context.Background(), table.Put(thing(n)))
				if err == nil {
					mu.Lock()
					acknowledged = append(acknowledged, n)
					mu.Unlock()
				} else if !errors.Is(err, table.ErrUnavailable) || strings.Contains(err.Error(), "goroutine ") {
					t.Errorf("got %v, want an error that says that the store is unavailable", err)
				}
			}
		})
	}
	all.Wait()
	return acknowledged
}

// checkStored fails the test for each thing that reads otherwise than it was written. It
// returns the number of things that cannot be read.
func checkStored(t *testing.T, db *DB, numbers []int) (unreadable int) {
	t.Helper()
	for _, n := range numbers {
		it, err := db.Table("things").Get(t.Context(), thing(n).Key(), true)
		switch {
		case err != nil:
			unreadable++
		case it == nil || !equal(map[string]any(it), map[string]any(thing(n))):
			t.Fatalf("the acknowledged item %d reads as %v", n, it)
		}
	}
	return unreadable
}

func TestPanicInABatchFailsEveryWaitingWriteAndAllLaterOnes(t *testing.T) {
	t.Parallel()
	db, l := openThings(t, filepath.Join(t.TempDir(), "statgate.db"))
	putAll(t, db, 0, 0)
	for _, err := range inOneBatchWithAPanic(db, 20) {
		if err == nil {
			t.Error("a write was acknowledged although its transaction panicked")
		}
	}
	if acknowledged := putAll(t, db, 100, 120); len(acknowledged) > 0 {
		t.Errorf("acknowledged %v after the failure", acknowledged)
	}
	if unreadable := checkStored(t, db, []int{0}); unreadable > 0 {
		t.Error("reads do not go on")
	}
	if w, ok := db.Table("things").(table.Writable); !ok || !errors.Is(w.Writable(), table.ErrUnavailable) {
		t.Error("the table says that it accepts writes")
	}
	l.checkOneLine(t)
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	db, _ = openThings(t, db.path)
	defer db.Close()
	if acknowledged := putAll(t, db, 100, 120); len(acknowledged) != 21 {
		t.Errorf("an undamaged file that is opened again accepts %d writes, want 21", len(acknowledged))
	}
}

// inOneBatchWithAPanic makes n writes, of which one panics, in one transaction, and
// returns the result of each.
func inOneBatchWithAPanic(db *DB, n int) []error {
	running, release := make(chan struct{}), make(chan struct{})
	results := make([]error, n)
	var all sync.WaitGroup
	all.Go(func() { // holds the turn until the others wait
		_ = db.commits.do(func(*bolt.Tx) (bool, error) { close(running); <-release; return false, nil })
	})
	<-running
	for i := range n {
		all.Go(func() {
			defer func() { // without a recovery in do, the goroutine that commits panics itself
				if r := recover(); r != nil {
					results[i] = errors.New("panicked")
				}
			}()
			if i == n/2 {
				results[i] = db.commits.do(func(*bolt.Tx) (bool, error) { panic("page 5 is another one") })
				return
			}
			_, results[i] = db.Table("things").Write(context.Background(), table.Put(thing(i+1)))
		})
	}
	for db.commits.waiting() < n {
		runtime.Gosched()
	}
	close(release)
	all.Wait()
	return results
}

func TestFollowEndsWithAnErrorWhenWritesAreRefused(t *testing.T) {
	t.Parallel()
	db, l := openThings(t, filepath.Join(t.TempDir(), "statgate.db"))
	defer db.Close()
	s, err := db.Stream("things", "reader")
	if err != nil {
		t.Fatal(err)
	}
	putAll(t, db, 0, 0)
	err = s.Follow(t.Context(), func(context.Context, []table.Change) error {
		inOneBatchWithAPanic(db, 2) // the position of this batch can no longer be saved
		return nil
	}, db.Log)
	if !errors.Is(err, table.ErrUnavailable) {
		t.Errorf("got %v, want an error that says that the store is unavailable", err)
	}
	l.checkOneLine(t)
}

// waiting returns the number of jobs that wait for a turn.
func (c *committer) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

func TestWritesToAFileThatIsCutOffWhileOpenAreNeverAcknowledged(t *testing.T) {
	t.Parallel()
	for _, kept := range []float64{0, 0.0001, 0.3, 0.9} {
		t.Run(fmt.Sprint(kept), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "statgate.db")
			db, l := openThings(t, path)
			putAll(t, db, 0, 999)
			size := highWater(t, db)
			if err := os.Truncate(path, int64(float64(size)*kept)); err != nil {
				t.Fatal(err)
			}
			if acknowledged := putAll(t, db, 1000, 1300); len(acknowledged) > 0 {
				t.Errorf("acknowledged %d writes", len(acknowledged))
			}
			checkStored(t, db, []int{0, 500, 999})
			if _, err := db.Table("things").Query(t.Context(), table.Query{Partition: "p001"}); err != nil && !errors.Is(err, table.ErrUnavailable) {
				t.Errorf("query: got %v, want an error that says that the store is unavailable", err)
			}
			l.checkOneLine(t)
			_ = db.Close()
			if _, err := Open(path, things); err == nil {
				t.Error("the file was opened again, want an error")
			}
		})
	}
}

// highWater returns the size of the part of the file that is in use.
func highWater(t *testing.T, db *DB) (size int64) {
	t.Helper()
	if err := db.view(func(tx *bolt.Tx) error { size = tx.Size(); return nil }); err != nil {
		t.Fatal(err)
	}
	return size
}

func TestWritesThatMeetDamagedPagesAreNeverLost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test's choice of pages
			path := filepath.Join(t.TempDir(), "statgate.db")
			db, l := openThings(t, path)
			before := putAll(t, db, 0, 999)
			pages := highWater(t, db) / db.pageSize
			garbage := make([]byte, db.pageSize)
			for range 1 + pages/4 {
				for i := range garbage {
					garbage[i] = byte(random.Uint32())
				}
				damage(t, path, (metaPages+random.Int64N(pages-metaPages))*db.pageSize, garbage)
			}
			after := putAll(t, db, 1000, 2000)
			refused := db.refused() != nil
			checkStored(t, db, after)
			if refused {
				l.checkOneLine(t)
			}
			_ = db.Close()
			db, err := Open(path, things)
			if err != nil {
				return // the damage is found, and nothing more is lost
			}
			defer db.Close()
			if checkStored(t, db, append(before, after...)) > 0 {
				t.Error("the file was opened with damaged items")
			}
		})
	}
}

// Most numbers of pages would take more memory than a machine has, which ends the process.
// The test takes a small one, and reads in the log who met it: the check, or a panic of
// bbolt after it freed pages that do not exist.
func TestWritesAfterTheListOfFreePagesIsDamagedAreRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "statgate.db")
	db, l := openThings(t, path)
	defer db.Close()
	before := putAll(t, db, 0, 99)
	v := verifier{file: db.file, pageBytes: uint64(db.pageSize)} //nolint:gosec // a small number
	m, err := v.meta()
	if err != nil {
		t.Fatal(err)
	}
	more := binary.NativeEndian.AppendUint32(nil, 1<<16)
	damage(t, path, int64(m.freelist*v.pageBytes)+pageHeaderBytes-int64(len(more)), more) //nolint:gosec // a small number
	if acknowledged := putAll(t, db, 100, 120); len(acknowledged) > 0 {
		t.Errorf("acknowledged %d writes", len(acknowledged))
	}
	if unreadable := checkStored(t, db, before); unreadable > 0 {
		t.Errorf("%d items cannot be read", unreadable)
	}
	l.checkOneLine(t)
	if text := l.b.String(); !strings.Contains(text, "does not exist") {
		t.Errorf("logged %q, want a page that does not exist", text)
	}
}

// damage overwrites a part of a file.
func damage(t testing.TB, path string, at int64, with []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(with, at); err != nil {
		t.Fatal(err)
	}
}

func TestFileWithAFlippedBitIsRefusedOrStillHasEveryAcknowledgedWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "statgate.db")
	db, _ := openThings(t, path)
	if _, err := db.Stream("things", "reader"); err != nil {
		t.Fatal(err)
	}
	acknowledged := putAll(t, db, 0, 599)
	size := highWater(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // a test's choice of bits
	refused := 0
	const trials = 200
	for trial := range trials {
		flipped, at := bytes.Clone(whole), random.Int64N(size)
		if trial%2 == 0 { // the headers and elements of pages are a small part of the file
			at = at - at%int64(os.Getpagesize()) + random.Int64N(80)
		}
		flipped[at] ^= 1 << random.IntN(8)
		if err := os.WriteFile(path, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := Open(path, things)
		if err != nil {
			if refused++; strings.ContainsAny(err.Error(), "\n") {
				t.Fatalf("got %q, want one line", err)
			}
			continue
		}
		if unreadable := checkStored(t, db, acknowledged); unreadable > 0 {
			t.Fatalf("bit flipped in byte %d of page %d: %d items cannot be read", at%4096, at/4096, unreadable)
		}
		page, err := db.Table("things").Query(t.Context(), table.Query{Index: "list", Partition: "L"})
		if err != nil || len(page.Items) != len(acknowledged) {
			t.Fatalf("bit flipped in byte %d of page %d: the index has %d items (%v), want %d", at%4096, at/4096, len(page.Items), err, len(acknowledged))
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if refused < trials/4 {
		t.Errorf("%d of %d damaged files were refused: the damage does not reach the data", refused, trials)
	}
}

// content is what a file has, and a part of the error for it.
type content struct {
	bytes []byte
	want  string
}

// unusable returns contents that a data file must not have, by a name.
func unusable(t *testing.T) map[string]content {
	t.Helper()
	dir := t.TempDir()
	db, _ := openThings(t, filepath.Join(dir, "whole.db"))
	putAll(t, db, 0, 999)
	size := highWater(t, db)
	foreign, err := Open(filepath.Join(dir, "foreign.db"), table.Schema{Name: "another"})
	if err := errors.Join(err, db.Close(), foreign.Close()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(db.path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(foreign.path)
	if err != nil {
		t.Fatal(err)
	}
	const isForeign, isDamaged = "is not a data file of Statgate", "restore it from a backup"
	cases := map[string]content{
		"empty":           {nil, "is empty"},
		"text":            {[]byte("name: x\n"), isForeign},
		"long text":       {bytes.Repeat([]byte("name: x\n"), 10_000), isForeign},
		"zeros":           {make([]byte, 64<<10), isForeign},
		"SQLite":          {append([]byte("SQLite format 3\x00"), make([]byte, 8192)...), isForeign},
		"other tables":    {other, isForeign},
		"first page lost": {append(make([]byte, 4096), whole[4096:]...), isDamaged},
		"half of it lost": {append(bytes.Clone(whole[:size/2]), make([]byte, int64(len(whole))-size/2)...), isDamaged},
	}
	for _, n := range []int64{1, 15, 20, 80, 4095, 4096, 5000, 8191, 8192, 8193, 16384, size / 2, size - 4096, size - 1} {
		want := "cut off"
		if n < 3*4096 {
			want = "" // how the little that is left is named does not matter
		}
		cases[fmt.Sprintf("cut off at %d", n)] = content{whole[:n], want}
	}
	return cases
}

func TestFileOfAnotherKindIsRefusedInOneLineAndKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "statgate.db")
	for name, c := range unusable(t) {
		if err := os.WriteFile(path, c.bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path, things)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want one line with the path and %q", name, err, c.want)
		}
		if kept, err := os.ReadFile(path); err != nil || !bytes.Equal(kept, c.bytes) {
			t.Errorf("%s: the file was changed (%v)", name, err)
		}
	}
	if _, err := Open(filepath.Dir(path), things); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("directory: got %v, want one line", err)
	}
}

func TestItemsOfEarlierReleasesAreRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "statgate.db")
	db, _ := openThings(t, path)
	want := thing(7)
	err := db.commits.do(func(tx *bolt.Tx) (bool, error) {
		raw, err := encodeItem(want)
		if err != nil {
			return false, err
		}
		old := raw[len(checked) : len(raw)-checksumBytes]
		at := newTable(db, things).positions(want)[0]
		return true, errors.Join(tx.Bucket(tableBucket("things")).Put(encodeKey(want.Key()), old),
			tx.Bucket(indexBucket("things", "list")).Put(append(at, encodeKey(want.Key())...), nil))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	db, _ = openThings(t, path)
	defer db.Close()
	if unreadable := checkStored(t, db, []int{7}); unreadable > 0 {
		t.Error("the item cannot be read")
	}
}
