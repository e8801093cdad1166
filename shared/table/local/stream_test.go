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

// streamed is the table of these tests.
var streamed = tabletest.StreamSchema

func TestFileKeepsTheContractOfStreams(t *testing.T) {
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

// count writes numbers from first to last to one item.
func count(t testing.TB, db *local.DB, first, last int) {
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

func upTo(first, last int64) []int64 {
	var list []int64
	for n := first; n <= last; n++ {
		list = append(list, n)
	}
	return list
}

// take follows until the reader was told a change with the number last, and
// returns what it was told. It takes the batches before that one; that one too
// unless refuse has it fail.
func take(t testing.TB, s *local.Stream, last int64, refuse bool) []table.Change {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var told []table.Change
	err := s.Follow(ctx, func(_ context.Context, changes []table.Change) error {
		told = append(told, changes...)
		if told[len(told)-1].New.Int("n") < last {
			return nil
		}
		cancel()
		if refuse {
			return errors.New("not now")
		}
		return nil
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return told
}

func TestStreamGoesOnFromItsReadersPositionWhenTheFileIsOpenedAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "stream.db")
	db := open(t, path)
	s := stream(t, db, "reader")
	count(t, db, 1, 150)
	first := take(t, s, 150, true)
	if got, want := numbers(first), upTo(1, 150); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, path)
	count(t, db, 151, 151) // before the reader is back
	again := take(t, stream(t, db, "reader"), 151, false)
	if got, want := numbers(again), upTo(101, 151); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v: 100 were taken, 50 refused", got, want)
	}
	for i, c := range first[100:] {
		if got, want := again[i].ID, c.ID; got != want || !again[i].Time.Equal(c.Time) {
			t.Errorf("got %s of %v, want %s of %v", got, again[i].Time, want, c.Time)
		}
	}
}

// childVariable makes this test binary a reader that is killed while it is told.
const childVariable = "STATGATE_TEST_CHILD"

func TestReaderThatIsKilledBeforeItsPositionIsSavedIsToldAgain(t *testing.T) {
	t.Parallel()
	if path := os.Getenv(childVariable); path != "" {
		db := open(t, path)
		s := stream(t, db, "reader")
		count(t, db, 1, 3)
		err := s.Follow(t.Context(), func(_ context.Context, changes []table.Change) error {
			for _, c := range changes {
				fmt.Printf("told=%s\n", c.ID)
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
		t.Fatalf("child: got no error and %q, want a kill", out)
	}
	db := open(t, path)
	told := take(t, stream(t, db, "reader"), 3, false)
	if got, want := numbers(told), upTo(1, 3); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, c := range told {
		if !strings.Contains(string(out), "told="+c.ID+"\n") {
			t.Errorf("got id %s, which is not among those that the killed reader was told:\n%s", c.ID, out)
		}
	}
}

func TestRecordsGoWhenTheLastReaderHasReadThem(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "stream.db"))
	one, two := stream(t, db, "one"), stream(t, db, "two")
	count(t, db, 1, 250)
	want := func(what string, want int) {
		t.Helper()
		if got := db.Records(streamed.Name); got != want {
			t.Errorf("%s: got %d records, want %d", what, got, want)
		}
	}
	want("unread", 250)
	take(t, one, 250, false)
	want("read by one of two", 250)
	take(t, two, 250, true)
	want("the last 50 refused by the other", 50)
	take(t, two, 250, false)
	want("read by both", 0)
}

func TestRecordsThatNobodyReadsAreTrimmedAfterADay(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "stream.db"))
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	db.Clock = func() time.Time { return now }
	late := stream(t, db, "late")
	stream(t, db, "gone")
	count(t, db, 1, 10)
	now = now.Add(time.Hour)
	count(t, db, 11, 15)
	now = now.Add(23*time.Hour + time.Millisecond)
	count(t, db, 16, 18)
	if got, want := db.Records(streamed.Name), 15-2*3+3; got != want {
		t.Errorf("got %d records, want %d: each that is written drops two", got, want)
	}
	if got, want := numbers(take(t, late, 18, false)), upTo(11, 18); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := db.Records(streamed.Name), 8; got != want {
		t.Errorf("got %d records, want the %d that are not a day old", got, want)
	}
}

func TestTableThatNobodyReadsRecordsNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "stream.db")
	db := open(t, path)
	count(t, db, 1, 3)
	if got, want := db.Records(streamed.Name), -1; got != want {
		t.Errorf("got %d records, want no stream (%d)", got, want)
	}
	stream(t, db, "reader")
	count(t, db, 4, 6)
	if got, want := db.Records(streamed.Name), 3; got != want {
		t.Errorf("got %d records, want %d", got, want)
	}
}

func TestChangesOfAnotherFileHaveOtherIDs(t *testing.T) {
	t.Parallel()
	var all []string
	for i := range 2 {
		db := open(t, filepath.Join(t.TempDir(), fmt.Sprint(i)))
		s := stream(t, db, "reader")
		count(t, db, 1, 1)
		all = append(all, take(t, s, 1, false)[0].ID)
	}
	if all[0] == all[1] || !strings.HasPrefix(all[0], streamed.Name+"-") {
		t.Errorf("got %v, want ids that begin with the table's name and differ", all)
	}
}

func TestSweepTellsWhatItDrops(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "stream.db"))
	old := item("p", "s", "ttl", int64(1000))
	write(t, db.Table(streamed.Name), table.Put(old))
	s := stream(t, db, "reader")
	if _, err := db.Sweep(time.Unix(2000, 0)); err != nil {
		t.Fatal(err)
	}
	count(t, db, 1, 1)
	told := take(t, s, 1, false)
	if len(told) != 2 || told[0].Old.Int("ttl") != 1000 || told[0].New != nil {
		t.Errorf("got %v, want the item that expired, and then a new one", told)
	}
}

func TestReaderIsToldWithoutAnyDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // in here a timer is all that makes time pass
		db, err := local.OpenMemory(streamed)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		s := stream(t, db, "reader")
		told := make(chan int)
		go func() {
			_ = s.Follow(t.Context(), func(_ context.Context, changes []table.Change) error {
				told <- len(changes)
				return nil
			}, slog.Default())
		}()
		start := time.Now()
		for n := range 20 {
			synctest.Wait() // until it waits for what comes
			count(t, db, n, n)
			if got, want := <-told, 1; got != want {
				t.Errorf("got %d changes, want %d", got, want)
			}
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("got told after %v, want at once", got)
		}
	})
}

func TestStreamSaysWhyItCannotBeFollowed(t *testing.T) {
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
		{streamed.Name, "", "a reader of table streamed needs a name"},
	} {
		if _, err := db.Stream(c.table, c.reader); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("reader %q of %s: got %v, want %q", c.reader, c.table, err, c.want)
		}
	}
	s, again := stream(t, db, "reader"), stream(t, db, "reader")
	count(t, db, 1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err = s.Follow(ctx, func(context.Context, []table.Change) error {
		defer cancel()
		err := again.Follow(ctx, nil, slog.Default())
		if want := "following streamed: reader reader is following already"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("second follower: got %v, want %q", err, want)
		}
		return nil
	}, slog.Default())
	if err != nil {
		t.Error(err)
	}
}

func TestClosingTheFileEndsThoseWhoFollowAndIsNoFailureOfTheirs(t *testing.T) {
	t.Parallel()
	for _, waiting := range []bool{true, false} {
		db := open(t, filepath.Join(t.TempDir(), "stream.db"))
		s := stream(t, db, "reader")
		count(t, db, 1, 150)
		var said bytes.Buffer
		told := 0
		closed := make(chan error, 1)
		err := s.Follow(t.Context(), func(_ context.Context, changes []table.Change) error {
			told += len(changes)
			if waiting && told == 150 {
				time.AfterFunc(20*time.Millisecond, func() { closed <- db.Close() })
			} else if !waiting {
				closed <- db.Close()
			}
			return nil
		}, slog.New(slog.NewTextHandler(&said, nil)))
		if !errors.Is(err, table.ErrUnavailable) || !strings.Contains(err.Error(), "the file was closed") {
			t.Errorf("waiting %v: got %v, want ErrUnavailable, as the file was closed", waiting, err)
		}
		if err := <-closed; err != nil || said.Len() > 0 {
			t.Errorf("waiting %v: got %v and the log %q, want neither", waiting, err, &said)
		}
	}
}
