package stream_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/table"
	"statgate/shared/table/dynamo/stream"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/tabletest"
)

func TestDynamoDBPassesTheStreamSuite(t *testing.T) {
	t.Parallel()
	tabletest.RunStreams(t, func(t *testing.T) tabletest.Streamed {
		tb, client, name := dynamolocal.Streamed(t, tabletest.StreamSchema)
		return tabletest.Streamed{Table: tb, Open: func(string) (tabletest.Stream, error) {
			return stream.Open(t.Context(), client, name)
		}}
	})
}

func TestOpenFailsWithoutAStreamOfNewAndOldImages(t *testing.T) {
	t.Parallel()
	_, client, name := dynamolocal.Streamed(t, table.Schema{Name: "bare"})
	_, err := stream.Open(t.Context(), client, name)
	if want := "table " + name + ": the table has no stream"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("no stream: got %v, want %q", err, want)
	}
	if _, err := stream.Open(t.Context(), client, name+"-not"); err == nil || !strings.Contains(err.Error(), "ResourceNotFound") {
		t.Errorf("no table: got %v, want ResourceNotFoundException", err)
	}
	f := newFake(t)
	f.view = "KEYS_ONLY"
	if _, err := stream.Open(t.Context(), f.client, "things"); err == nil || !strings.Contains(err.Error(), "view type is KEYS_ONLY, want NEW_AND_OLD_IMAGES") {
		t.Errorf("keys only: got %v, want the view type of the stream", err)
	}
}

// testReader is a reader and the changes that it got.
type testReader struct {
	*testing.T
	failOn func(numbers []int64) bool // whether to fail on a batch

	mu      sync.Mutex
	failed  [][]int64
	batches [][]int64
	logs    bytes.Buffer
}

func (r *testReader) read(_ context.Context, changes []table.Change) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var numbers []int64
	for _, c := range changes {
		numbers = append(numbers, c.New.Int("n"))
	}
	if r.failOn != nil && r.failOn(numbers) {
		r.failed = append(r.failed, numbers)
		return errors.New("not now")
	}
	r.batches = append(r.batches, numbers)
	return nil
}

func (r *testReader) received() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Concat(r.batches...)
}

// Write collects the log.
func (r *testReader) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.logs.Write(p)
}

func (r *testReader) log() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.logs.String()
}

func (f *fake) open() *stream.Stream {
	f.Helper()
	s, err := stream.Open(f.Context(), f.client, "things")
	if err != nil {
		f.Fatal(err)
	}
	return s
}

// follow follows a stream until the test ends, or until the returned function is called.
func (f *fake) follow(s *stream.Stream, failOn func([]int64) bool) (r *testReader, stop func()) {
	r = &testReader{T: f.T, failOn: failOn}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Follow(ctx, r.read, slog.New(slog.NewTextHandler(r, nil))) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			f.Errorf("got %v, want no error at the end of the context", err)
		}
	})
	f.Cleanup(stop)
	return r, stop
}

// await waits until is returns true.
func (r *testReader) await(what string, is func() bool) {
	r.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.Fatalf("%s: not after 20 s; got the changes %v and the log %s", what, r.received(), r.log())
		}
	}
}

// want waits for the number of changes in want and compares them.
func (r *testReader) want(want ...int64) {
	r.Helper()
	r.await("changes", func() bool { return len(r.received()) >= len(want) })
	if got := r.received(); !slices.Equal(got, want) {
		r.Errorf("got %v, want %v", got, want)
	}
}

func TestChildShardsAreReadFromTheirBeginningAfterTheirParent(t *testing.T) {
	t.Parallel()
	ended, parent := &fakeShard{id: "ended", closed: true}, &fakeShard{id: "parent", parent: "ended"}
	f := newFake(t, ended, parent)
	f.add(ended, 1, 2)
	f.add(parent, 3, 4)
	s := f.open()
	if want := []string{"DescribeTable", "DescribeStream", "DescribeStream", "DescribeStream", "GetShardIterator LATEST"}; !slices.Equal(f.requests, want) {
		t.Errorf("got requests %v, want %v: none for the shard that has ended", f.requests, want)
	}
	f.add(parent, 5, 6)
	r, _ := f.follow(s, nil)
	r.want(5, 6)
	f.change(func() {
		child, grandchild := &fakeShard{id: "child", parent: "parent", closed: true}, &fakeShard{id: "grandchild", parent: "child"}
		f.shards = []*fakeShard{grandchild, child, parent}
		f.add(grandchild, 20, 21)
		f.add(child, 10, 11)
		f.add(parent, 7, 7)
		parent.closed = true
		slow := true
		f.fault = func(_ string, in request) string {
			if slow && strings.HasPrefix(in.ShardIterator, "child:") { // delays the child, so that the grandchild could overtake it
				slow = false
				return "AccessDeniedException"
			}
			return ""
		}
	})
	r.want(5, 6, 7, 10, 11, 20, 21)
}

func TestReaderGetsAtMost100ChangesAndAFailedBatchAgain(t *testing.T) {
	t.Parallel()
	sh := &fakeShard{id: "shard"}
	f := newFake(t, sh)
	s := f.open()
	f.add(sh, 1, 1250)
	failing := true
	r, _ := f.follow(s, func(numbers []int64) bool {
		fail := failing && numbers[0] == 101
		failing = failing && !fail
		return fail
	})
	var want []int64
	for n := range int64(1250) {
		want = append(want, n+1)
	}
	r.want(want...)
	if got, want := len(r.failed), 1; got != want || len(r.failed[0]) != 100 {
		t.Errorf("got failed batches %v, want the second hundred", r.failed)
	}
	for _, b := range r.batches {
		if len(b) > 100 {
			t.Errorf("got a batch of %d, want 100 at most", len(b))
		}
	}
}

func TestFailingReaderOfOneShardDoesNotDelayOtherShards(t *testing.T) {
	t.Parallel()
	one, two := &fakeShard{id: "one"}, &fakeShard{id: "two"}
	f := newFake(t, one, two)
	s := f.open()
	f.add(one, 1, 1)
	f.add(two, 2, 2)
	r, _ := f.follow(s, func(numbers []int64) bool { return numbers[0] == 1 })
	r.want(2)
	r.await("a second attempt", func() bool { return strings.Count(r.log(), "reader failed: not now") >= 2 })
	for _, want := range []string{"level=ERROR", "table=things", "shard=one"} {
		if got := r.log(); !strings.Contains(got, want) {
			t.Errorf("got the log %s, want %q in it", got, want)
		}
	}
}

func TestReaderGetsChangesOfOneShardAtATime(t *testing.T) {
	t.Parallel()
	f := newFake(t, &fakeShard{id: "one"}, &fakeShard{id: "two"}, &fakeShard{id: "three"})
	s := f.open()
	for i, sh := range f.shards {
		f.add(sh, 1000*i+1, 1000*i+300)
	}
	var running atomic.Int32
	var count atomic.Int32
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err := s.Follow(ctx, func(_ context.Context, changes []table.Change) error {
		if running.Add(1) > 1 {
			t.Error("the reader was called for a second shard during a call")
		}
		time.Sleep(5 * time.Millisecond)
		running.Add(-1)
		if count.Add(int32(len(changes))) == 900 {
			cancel()
		}
		return nil
	}, slog.New(slog.DiscardHandler))
	if got, want := count.Load(), int32(900); err != nil || got != want {
		t.Errorf("got %d changes and %v, want %d", got, err, want)
	}
}

func TestExpiredIteratorIsRequestedAgainWithoutLosingOrRepeatingChanges(t *testing.T) {
	t.Parallel()
	sh := &fakeShard{id: "shard"}
	f := newFake(t, sh)
	sh.records = append(sh.records, record(1, time.Now().Add(-time.Hour), `{"N":"1"}`)) // before the stream was opened
	s := f.open()
	f.add(sh, 2, 3)
	expired := map[string]bool{}
	expire := func(operation string, in request) string { // expires the first iterator permanently
		if operation == "GetRecords" && len(expired) == 0 {
			expired[in.ShardIterator] = true
		}
		if expired[in.ShardIterator] {
			return "ExpiredIteratorException"
		}
		return ""
	}
	f.change(func() { f.fault = expire })
	r, _ := f.follow(s, nil)
	r.want(2, 3)
	f.change(func() {
		clear(expired)
		f.requests = nil
		f.add(sh, 4, 5)
	})
	r.want(2, 3, 4, 5)
	f.change(func() {
		if !slices.Contains(f.requests, "GetShardIterator AFTER_SEQUENCE_NUMBER") {
			t.Errorf("got requests %v, want an iterator after the last accepted change", f.requests)
		}
	})
}

func TestStreamContinuesAtTheOldestRecordIfItsPositionWasTrimmed(t *testing.T) {
	t.Parallel()
	sh := &fakeShard{id: "shard"}
	f := newFake(t, sh)
	s := f.open()
	f.add(sh, 1, 2)
	r, _ := f.follow(s, nil)
	r.want(1, 2)
	f.change(func() {
		trimmed := false
		f.fault = func(operation string, in request) string {
			if operation == "GetRecords" && !trimmed || in.ShardIteratorType == "AFTER_SEQUENCE_NUMBER" {
				trimmed = true
				return "TrimmedDataAccessException"
			}
			return ""
		}
		sh.records = nil
		f.add(sh, 8, 9)
	})
	r.want(1, 2, 8, 9)
}

func TestExpiredShardDoesNotBlockItsChildren(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"GetRecords", "GetShardIterator"} {
		parent := &fakeShard{id: "parent"}
		f := newFake(t, parent)
		s := f.open()
		f.fault = func(operation string, in request) string {
			switch {
			case operation == "GetRecords" && strings.HasPrefix(in.ShardIterator, "parent:"):
				if operation == lost {
					return "ResourceNotFoundException"
				}
				return "ExpiredIteratorException"
			case operation == lost && in.ShardID == "parent":
				return "ResourceNotFoundException"
			}
			return ""
		}
		child := &fakeShard{id: "child", parent: "parent"}
		f.add(child, 1, 2)
		f.shards = append(f.shards, child)
		r, stop := f.follow(s, nil)
		r.want(1, 2)
		stop()
	}
}

func TestFollowFailsIfTheStreamEnds(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		change  func(f *fake)
		want    string
		numbers []int64
	}{
		"disabled": {func(f *fake) {
			child := &fakeShard{id: "child", parent: "shard", closed: true}
			f.add(child, 3, 4)
			f.shards = append(f.shards, child)
			f.status, f.shards[0].closed = "DISABLED", true
		}, "the stream was disabled", []int64{1, 2, 3, 4}},
		"table dropped": {func(f *fake) {
			f.fault = func(string, request) string { return "ResourceNotFoundException" }
		}, "ResourceNotFoundException", []int64{1, 2}},
	} {
		f := newFake(t, &fakeShard{id: "shard"})
		s := f.open()
		f.add(f.shards[0], 1, 2)
		r := &testReader{T: t}
		ended := make(chan error, 1)
		go func() { ended <- s.Follow(t.Context(), r.read, slog.New(slog.DiscardHandler)) }()
		r.want(1, 2)
		f.change(func() { c.change(f) })
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), "table things") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %q", what, err, c.want)
			}
		case <-time.After(2 * time.Minute):
			t.Errorf("%s: Follow still runs after 2 minutes", what)
		}
		if got := r.received(); !slices.Equal(got, c.numbers) {
			t.Errorf("%s: got %v, want %v", what, got, c.numbers)
		}
	}
}

func TestFailedRequestsAreRetriedAndLogged(t *testing.T) {
	t.Parallel()
	sh := &fakeShard{id: "shard"}
	f := newFake(t, sh)
	s := f.open()
	failures := 0
	f.fault = func(operation string, _ request) string {
		if failures++; failures <= 2 {
			return "AccessDeniedException"
		}
		return ""
	}
	f.add(sh, 1, 2)
	r, _ := f.follow(s, nil)
	r.want(1, 2)
	if got, want := strings.Count(r.log(), "reading records: "), 2; got != want {
		t.Errorf("got %d failures logged, want %d: %s", got, want, r.log())
	}
}

func TestInvalidRecordIsLoggedAndTheReaderGetsTheRecordsBeforeIt(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`{"B":"AAEqQQ=="}`:                   "attribute n: unsupported type: binary",
		`{"SS":["x"]}`:                       "attribute n: unsupported type: string set",
		`{"N":"1.5"}`:                        "attribute n: number is not an int64",
		`{"L":[{"N":"1e300"}]}`:              "attribute n: element 0: number is not an int64",
		`{"M":{"deep":{"BS":["AAEqQQ=="]}}}`: "attribute n: attribute deep: unsupported type: binary set",
	} {
		sh := &fakeShard{id: "shard"}
		f := newFake(t, sh)
		s := f.open()
		f.add(sh, 1, 2)
		sh.records = append(sh.records, record(3, time.Now(), value))
		r, stop := f.follow(s, nil)
		r.want(1, 2)
		want := "record event-3: decoding the item after the write: " + want
		r.await(want, func() bool { return strings.Count(r.log(), want) >= 2 })
		if got := len(r.received()); got != 2 {
			t.Errorf("%s: got %v, want the records before it once", value, r.received())
		}
		stop()
	}
}

func TestStreamHasOneReaderAtATimeAndTheNextContinuesAtItsPosition(t *testing.T) {
	t.Parallel()
	sh := &fakeShard{id: "shard"}
	f := newFake(t, sh)
	s := f.open()
	f.add(sh, 1, 2)
	r, stop := f.follow(s, nil)
	r.want(1, 2)
	if err := s.Follow(t.Context(), r.read, slog.Default()); err == nil || !strings.Contains(err.Error(), "another reader follows the stream of table things") {
		t.Errorf("got %v, want an error that says that another reader follows the stream", err)
	}
	stop()
	f.change(func() { f.add(sh, 3, 4) })
	r, _ = f.follow(s, nil)
	r.want(3, 4)
}
