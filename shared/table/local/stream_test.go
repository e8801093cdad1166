package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

// streamed is the schema of these tests.
var streamed = tabletest.StreamSchema

func TestFilePassesTheStreamSuite(t *testing.T) {
	t.Parallel()
	tabletest.RunStreams(t, func(t *testing.T) tabletest.Streamed {
		db := open(t, filepath.Join(t.TempDir(), "stream.db"))
		return tabletest.Streamed{Table: db.Table(streamed.Name), Open: func(reader string) (tabletest.Stream, error) {
			return db.Stream(streamed.Name, reader)
		}}
	})
}

func open(t testing.TB, path string) *local.DB {
	t.Helper()
	db, err := local.Open(path, streamed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func stream(t testing.TB, db *local.DB, reader string) *local.Stream {
	t.Helper()
	s, err := db.Stream(streamed.Name, reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// putNumbers writes the numbers first to last to one item, one after the other.
func putNumbers(t testing.TB, db *local.DB, first, last int) {
	t.Helper()
	for n := first; n <= last; n++ {
		write(t, db.Table(streamed.Name), table.Put(item("p", "s", "n", int64(n))))
	}
}

func numbers(changes []table.Change) []int64 {
	var list []int64
	for _, c := range changes {
		list = append(list, c.New.Int("n"))
	}
	return list
}

func sequence(first, last int64) []int64 {
	var list []int64
	for n := first; n <= last; n++ {
		list = append(list, n)
	}
	return list
}

// receive follows the stream until the reader gets a change with the number last, and
// returns all changes that it got. The reader accepts each batch, except that it fails on
// the last one if failLast is set.
func receive(t testing.TB, s *local.Stream, last int64, failLast bool) []table.Change {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var received []table.Change
	err := s.Follow(ctx, func(_ context.Context, changes []table.Change) error {
		received = append(received, changes...)
		if received[len(received)-1].New.Int("n") < last {
			return nil
		}
		cancel()
		if failLast {
			return errors.New("not now")
		}
		return nil
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return received
}

func TestReopenedStreamContinuesAtTheReadersPosition(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "stream.db")
	db := open(t, path)
	s := stream(t, db, "reader")
	putNumbers(t, db, 1, 150)
	first := receive(t, s, 150, true)
	if got, want := numbers(first), sequence(1, 150); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, path)
	putNumbers(t, db, 151, 151) // before the reader follows again
	again := receive(t, stream(t, db, "reader"), 151, false)
	if got, want := numbers(again), sequence(101, 151); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v: the reader accepted 100 and failed on 50", got, want)
	}
	for i, c := range first[100:] {
		if got, want := again[i].ID, c.ID; got != want || !again[i].Time.Equal(c.Time) {
			t.Errorf("got %s of %v, want %s of %v", got, again[i].Time, want, c.Time)
		}
	}
}

// childVariable makes this test binary a reader that is killed while it reads a batch.
const childVariable = "STATGATE_TEST_CHILD"

func TestKilledReaderGetsTheSameChangesAgain(t *testing.T) {
	t.Parallel()
	if path := os.Getenv(childVariable); path != "" {
		db := open(t, path)
		s := stream(t, db, "reader")
		putNumbers(t, db, 1, 3)
		err := s.Follow(t.Context(), func(_ context.Context, changes []table.Change) error {
			for _, c := range changes {
				fmt.Printf("received=%s\n", c.ID)
			}
			proc, _ := os.FindProcess(os.Getpid())
			_ = proc.Kill()
			select {}
		}, slog.Default())
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "stream.db")
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), childVariable+"="+path)
	out, err := cmd.Output()
	if err == nil {
		t.Fatalf("child: got no error and output %q, want it to be killed", out)
	}
	db := open(t, path)
	received := receive(t, stream(t, db, "reader"), 3, false)
	if got, want := numbers(received), sequence(1, 3); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, c := range received {
		if !strings.Contains(string(out), "received="+c.ID+"\n") {
			t.Errorf("got id %s, want one of those that the killed reader got:\n%s", c.ID, out)
		}
	}
}

func TestRecordsAreDeletedWhenAllReadersHaveReadThem(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "stream.db"))
	one, two := stream(t, db, "one"), stream(t, db, "two")
	putNumbers(t, db, 1, 250)
	want := func(what string, want int) {
		t.Helper()
		if got := db.Records(streamed.Name); got != want {
			t.Errorf("%s: got %d records, want %d", what, got, want)
		}
	}
	want("unread", 250)
	receive(t, one, 250, false)
	want("read by one of two", 250)
	receive(t, two, 250, true)
	want("the other failed on the last 50", 50)
	receive(t, two, 250, false)
	want("read by both", 0)
}

func TestUnreadRecordsAreDeletedAfterADay(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "stream.db"))
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	db.Clock = func() time.Time { return now }
	late := stream(t, db, "late")
	stream(t, db, "gone")
	putNumbers(t, db, 1, 10)
	now = now.Add(time.Hour)
	putNumbers(t, db, 11, 15)
	now = now.Add(23*time.Hour + time.Millisecond)
	putNumbers(t, db, 16, 18)
	if got, want := db.Records(streamed.Name), 15-2*3+3; got != want {
		t.Errorf("got %d records, want %d: each write deletes two old records", got, want)
	}
	if got, want := numbers(receive(t, late, 18, false)), sequence(11, 18); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := db.Records(streamed.Name), 8; got != want {
		t.Errorf("got %d records, want the %d that are younger than a day", got, want)
	}
}

func TestTableWithoutReadersRecordsNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "stream.db")
	db := open(t, path)
	putNumbers(t, db, 1, 3)
	if got, want := db.Records(streamed.Name), -1; got != want {
		t.Errorf("got %d records, want no stream (%d)", got, want)
	}
	stream(t, db, "reader")
	putNumbers(t, db, 4, 6)
	if got, want := db.Records(streamed.Name), 3; got != want {
		t.Errorf("got %d records, want %d", got, want)
	}
}

func TestChangesInDifferentFilesHaveDifferentIDs(t *testing.T) {
	t.Parallel()
	var all []string
	for i := range 2 {
		db := open(t, filepath.Join(t.TempDir(), fmt.Sprint(i)))
		s := stream(t, db, "reader")
		putNumbers(t, db, 1, 1)
		all = append(all, receive(t, s, 1, false)[0].ID)
	}
	if all[0] == all[1] || !strings.HasPrefix(all[0], streamed.Name+"-") {
		t.Errorf("got %v, want different ids that begin with the table's name", all)
	}
}

func TestSweepRecordsTheItemsThatItDeletes(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "stream.db"))
	old := item("p", "s", "ttl", int64(1000))
	write(t, db.Table(streamed.Name), table.Put(old))
	s := stream(t, db, "reader")
	if _, err := db.Sweep(time.Unix(2000, 0)); err != nil {
		t.Fatal(err)
	}
	putNumbers(t, db, 1, 1)
	received := receive(t, s, 1, false)
	if len(received) != 2 || received[0].Old.Int("ttl") != 1000 || received[0].New != nil {
		t.Errorf("got %v, want the deletion of the expired item, then a new item", received)
	}
}

func TestReaderGetsChangesWithoutDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // in the bubble, only timers make time pass
		db, err := local.OpenMemory(streamed)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		s := stream(t, db, "reader")
		received := make(chan int)
		go func() {
			_ = s.Follow(t.Context(), func(_ context.Context, changes []table.Change) error {
				received <- len(changes)
				return nil
			}, slog.Default())
		}()
		start := time.Now()
		for n := range 20 {
			synctest.Wait() // until Follow waits for changes
			putNumbers(t, db, n, n)
			if got, want := <-received, 1; got != want {
				t.Errorf("got %d changes, want %d", got, want)
			}
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("the reader got the changes after %v, want no delay", got)
		}
	})
}

func TestStreamErrorsSayWhy(t *testing.T) {
	t.Parallel()
	bare := table.Schema{Name: "bare"}
	db, err := local.OpenMemory(streamed, bare)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct{ table, reader, want string }{
		{bare.Name, "reader", `table "bare" has no stream`},
		{"unknown", "reader", `table "unknown" has no stream`},
		{streamed.Name, "", "reader of table streamed: the name must not be empty"},
	} {
		if _, err := db.Stream(c.table, c.reader); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("reader %q of %s: got %v, want %q", c.reader, c.table, err, c.want)
		}
	}
	s, again := stream(t, db, "reader"), stream(t, db, "reader")
	putNumbers(t, db, 1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err = s.Follow(ctx, func(context.Context, []table.Change) error {
		defer cancel()
		err := again.Follow(ctx, nil, slog.Default())
		if want := "following streamed: reader reader already follows the stream"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("second follower: got %v, want %q", err, want)
		}
		return nil
	}, slog.Default())
	if err != nil {
		t.Error(err)
	}
}

func TestClosingTheFileEndsFollowAndLogsNoFailure(t *testing.T) {
	t.Parallel()
	for _, waiting := range []bool{true, false} {
		db := open(t, filepath.Join(t.TempDir(), "stream.db"))
		s := stream(t, db, "reader")
		putNumbers(t, db, 1, 150)
		var logs bytes.Buffer
		received := 0
		closed := make(chan error, 1)
		err := s.Follow(t.Context(), func(_ context.Context, changes []table.Change) error {
			received += len(changes)
			if waiting && received == 150 {
				time.AfterFunc(20*time.Millisecond, func() { closed <- db.Close() })
			} else if !waiting {
				closed <- db.Close()
			}
			return nil
		}, slog.New(slog.NewTextHandler(&logs, nil)))
		if !errors.Is(err, table.ErrUnavailable) || !strings.Contains(err.Error(), "the file was closed") {
			t.Errorf("waiting %v: got %v, want ErrUnavailable that says that the file was closed", waiting, err)
		}
		if err := <-closed; err != nil || logs.Len() > 0 {
			t.Errorf("waiting %v: got error %v and the log %q, want none", waiting, err, &logs)
		}
	}
}
