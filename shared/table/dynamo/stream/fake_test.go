package stream_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"statgate/shared/table/dynamo/connect"
)

// fake is a DynamoDB server whose shards the test controls. DynamoDB Local has one shard
// for hours, which only time closes.
type fake struct {
	*testing.T
	client *dynamodb.Client

	mu     sync.Mutex
	view   string
	status string
	shards []*fakeShard
	// fault returns the code of the error to answer with; "" for a normal answer.
	fault    func(operation string, in request) string
	requests []string // operations; for GetShardIterator also the iterator type
}

type fakeShard struct {
	id, parent string
	closed     bool
	records    []map[string]any
}

// request is the input of the stream operations.
type request struct {
	ShardID           string `json:"ShardId"`
	ShardIteratorType string
	SequenceNumber    string
	ShardIterator     string // shard:position:number of the iterator
	Limit             int

	ExclusiveStartShardID string `json:"ExclusiveStartShardId"`
}

func newFake(t *testing.T, shards ...*fakeShard) *fake {
	t.Helper()
	f := &fake{T: t, view: "NEW_AND_OLD_IMAGES", status: "ENABLED", shards: shards}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	var err error
	if f.client, err = connect.Client(t.Context(), server.URL); err != nil {
		t.Fatal(err)
	}
	return f
}

// change calls do while no request is served, so that do can change the server's data.
func (f *fake) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

// add appends the numbers first to last to a shard, as new items with the current time.
func (f *fake) add(sh *fakeShard, first, last int) {
	for n := first; n <= last; n++ {
		sh.records = append(sh.records, record(n, time.Now(), fmt.Sprintf(`{"N":"%d"}`, n)))
	}
}

// record returns the record of a new item with the attribute n. n is also its sequence
// number.
func record(n int, at time.Time, value string) map[string]any {
	return map[string]any{"eventID": fmt.Sprintf("event-%d", n), "eventName": "INSERT", "dynamodb": map[string]any{
		"ApproximateCreationDateTime": at.Unix(), "SequenceNumber": strconv.Itoa(n),
		"NewImage": map[string]any{"pk": map[string]any{"S": "p"}, "sk": map[string]any{"S": "s"}, "n": json.RawMessage(value)},
	}}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var in request
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		f.Errorf("reading a request: %v", err)
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	f.requests = append(f.requests, strings.TrimSpace(operation+" "+in.ShardIteratorType))
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	var answer any
	code := ""
	if f.fault != nil {
		code = f.fault(operation, in)
	}
	if code != "" {
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": "m"}
	} else {
		answer = f.answer(operation, in)
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		f.Errorf("answering: %v", err)
	}
}

func (f *fake) answer(operation string, in request) any {
	switch operation {
	case "DescribeTable":
		return map[string]any{"Table": map[string]any{
			"LatestStreamArn": "arn", "StreamSpecification": map[string]any{"StreamEnabled": true, "StreamViewType": f.view},
		}}
	case "DescribeStream":
		return map[string]any{"StreamDescription": f.describe(in)}
	case "GetShardIterator":
		return map[string]any{"ShardIterator": f.iterator(in.ShardID, f.position(in))}
	case "GetRecords":
		return f.read(in)
	}
	f.Errorf("unexpected operation %q", operation)
	return nil
}

// describe answers with one shard per page.
func (f *fake) describe(in request) map[string]any {
	at := slices.IndexFunc(f.shards, func(sh *fakeShard) bool { return sh.id == in.ExclusiveStartShardID }) + 1
	out := map[string]any{"StreamArn": "arn", "StreamStatus": f.status, "Shards": []any{}}
	if at == len(f.shards) {
		return out
	}
	sh, numbers := f.shards[at], map[string]any{"StartingSequenceNumber": "0"}
	if sh.closed {
		numbers["EndingSequenceNumber"] = "9"
	}
	one := map[string]any{"ShardId": sh.id, "SequenceNumberRange": numbers}
	if sh.parent != "" {
		one["ParentShardId"] = sh.parent
	}
	out["Shards"], out["LastEvaluatedShardId"] = []any{one}, sh.id
	return out
}

func (f *fake) shard(id string) *fakeShard {
	return f.shards[slices.IndexFunc(f.shards, func(sh *fakeShard) bool { return sh.id == id })]
}

// iterator returns a unique iterator, as DynamoDB does.
func (f *fake) iterator(id string, position int) string {
	return fmt.Sprintf("%s:%d:%d", id, position, len(f.requests))
}

func (f *fake) position(in request) int {
	sh := f.shard(in.ShardID)
	switch in.ShardIteratorType {
	case "LATEST":
		return len(sh.records)
	case "AFTER_SEQUENCE_NUMBER":
		return 1 + slices.IndexFunc(sh.records, func(r map[string]any) bool {
			return r["dynamodb"].(map[string]any)["SequenceNumber"] == in.SequenceNumber
		})
	}
	return 0
}

func (f *fake) read(in request) any {
	parts := strings.Split(in.ShardIterator, ":")
	sh := f.shard(parts[0])
	from, err := strconv.Atoi(parts[1])
	if err != nil {
		f.Errorf("iterator %q: %v", in.ShardIterator, err)
	}
	to := min(from+in.Limit, len(sh.records))
	out := map[string]any{"Records": sh.records[from:to]}
	if !sh.closed || to < len(sh.records) {
		out["NextShardIterator"] = f.iterator(sh.id, to)
	}
	return out
}
