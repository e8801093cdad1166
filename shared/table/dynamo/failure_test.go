package dynamo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/tabletest"
)

// reply is an answer of a scripted DynamoDB that DynamoDB Local never gives.
type reply struct {
	status int
	body   string
}

func fault(code string) reply {
	return reply{http.StatusBadRequest, fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"m"}`, code)}
}

func canceled(codes ...string) reply {
	var reasons []string
	for _, c := range codes {
		reasons = append(reasons, fmt.Sprintf(`{"Code":%q}`, c))
	}
	return reply{http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"m","CancellationReasons":[` + strings.Join(reasons, ",") + `]}`}
}

var done = reply{http.StatusOK, `{}`}

// scripted is a server that answers with replies in order, and then repeats the last one.
type scripted struct {
	mu       sync.Mutex
	replies  []reply
	requests []map[string]any
	onServe  func() // called for each request
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, _ := io.ReadAll(r.Body)
	var request map[string]any
	_ = json.Unmarshal(raw, &request)
	s.requests = append(s.requests, request)
	if s.onServe != nil {
		s.onServe()
	}
	next := s.replies[0]
	if len(s.replies) > 1 {
		s.replies = s.replies[1:]
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(next.status)
	_, _ = io.WriteString(w, next.body)
}

func script(t *testing.T, replies ...reply) (*dynamo.Table, *scripted) {
	t.Helper()
	s := &scripted{replies: replies}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	client, err := connect.Client(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return dynamo.New(client, "things", tabletest.Schema), s
}

var (
	key   = table.Key{Partition: "p", Sort: "s"}
	count = table.Update(key, []table.Action{table.Increment("n", 1)})
)

func TestConflictsOfSingleWritesAreRetried(t *testing.T) {
	t.Parallel()
	tb, s := script(t, fault("TransactionConflictException"), fault("TransactionConflictException"), done)
	if _, err := tb.Write(t.Context(), count); err != nil {
		t.Fatal(err)
	}
	if got, want := len(s.requests), 3; got != want {
		t.Errorf("got %d requests, want %d", got, want)
	}
}

func TestLastingConflictsAreReported(t *testing.T) {
	t.Parallel()
	tb, s := script(t, fault("TransactionConflictException"))
	if _, err := tb.Write(t.Context(), count); !errors.Is(err, table.ErrConflict) {
		t.Errorf("write: got %v, want ErrConflict", err)
	}
	if got, want := len(s.requests), 8; got != want {
		t.Errorf("write: got %d requests, want %d", got, want)
	}
	tb, _ = script(t, canceled("None", "TransactionConflict"))
	if err := tb.Transact(t.Context(), []table.Write{count}); !errors.Is(err, table.ErrConflict) {
		t.Errorf("transaction: got %v, want ErrConflict", err)
	}
}

func TestRetriesEndWithTheContext(t *testing.T) {
	t.Parallel()
	tb, s := script(t, fault("TransactionConflictException"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.onServe = func() {
		if len(s.requests) == 2 {
			cancel()
		}
	}
	_, err := tb.Write(ctx, count)
	if err == nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if got, want := len(s.requests), 2; got != want {
		t.Errorf("got %d requests, want %d: none after the context has ended", got, want)
	}
}

func TestTransactionInProgressIsRetriedWithItsToken(t *testing.T) {
	t.Parallel()
	tb, s := script(t, fault("TransactionInProgressException"), canceled("TransactionConflict"), done)
	if err := tb.Transact(t.Context(), []table.Write{count}); err != nil {
		t.Fatal(err)
	}
	var tokens []any
	for _, r := range s.requests {
		tokens = append(tokens, r["ClientRequestToken"])
	}
	if len(tokens) < 3 || tokens[0] != tokens[len(tokens)-2] || tokens[0] == tokens[len(tokens)-1] {
		t.Errorf("got tokens %v, want the same token until the cancellation, then another", tokens)
	}
}

func TestErrorsOfDynamoDBAreClassified(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reply reply
		want  error
	}{
		"throughput":    {fault("ProvisionedThroughputExceededException"), table.ErrThrottled},
		"throttling":    {fault("ThrottlingException"), table.ErrThrottled},
		"request limit": {fault("RequestLimitExceeded"), table.ErrThrottled},
		"validation":    {fault("ValidationException"), table.ErrBadWrite},
		"no table":      {fault("ResourceNotFoundException"), table.ErrUnavailable},
		"no permission": {fault("AccessDeniedException"), table.ErrUnavailable},
		"server error":  {reply{http.StatusInternalServerError, `{"__type":"InternalServerError"}`}, table.ErrUnavailable},
		"not JSON":      {reply{http.StatusOK, `<html>`}, table.ErrUnavailable},
		"not a number":  {reply{http.StatusOK, `{"Attributes":{"n":{"N":"1.5"}}}`}, table.ErrUnavailable},
		"foreign type":  {reply{http.StatusOK, `{"Attributes":{"n":{"SS":["x"]}}}`}, table.ErrUnavailable},
		"cancel, bad":   {canceled("ConditionalCheckFailed", "ValidationError"), table.ErrBadWrite},
		"cancel, slow":  {canceled("ThrottlingError", "None"), table.ErrThrottled},
		"cancel, other": {canceled("None", "SomethingNew"), table.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tb, _ := script(t, c.reply)
			_, err := tb.Write(t.Context(), count)
			if strings.HasPrefix(name, "cancel") {
				err = tb.Transact(t.Context(), []table.Write{count})
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestFailedConditionTakesPrecedenceOverConflictsOfTheSameTransaction(t *testing.T) {
	t.Parallel()
	tb, s := script(t, canceled("TransactionConflict", "ConditionalCheckFailed"))
	c := table.AsCanceled(tb.Transact(t.Context(), []table.Write{count}))
	if c == nil || c.At(0) != nil || c.At(1) == nil {
		t.Errorf("got %+v, want a cancellation by write 1", c)
	}
	if got, want := len(s.requests), 1; got != want {
		t.Errorf("got %d requests, want %d", got, want)
	}
}

func TestUnreachableServerIsUnavailable(t *testing.T) {
	t.Parallel()
	client, err := connect.Client(t.Context(), "http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = dynamo.New(client, "things", tabletest.Schema).Get(ctx, key, true)
	if !errors.Is(err, table.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

func TestUnprocessedKeysAreRequestedAgain(t *testing.T) {
	t.Parallel()
	one := `{"pk":{"S":"p"},"sk":{"S":"s"}}`
	unprocessed := `"UnprocessedKeys":{"things":{"Keys":[` + one + `]}}`
	tb, s := script(t,
		reply{http.StatusOK, `{"Responses":{"things":[{"pk":{"S":"p"},"sk":{"S":"t"}}]},` + unprocessed + `}`},
		reply{http.StatusOK, `{` + unprocessed + `}`},
		reply{http.StatusOK, `{"Responses":{"things":[` + one + `]}}`})
	items, err := tb.BatchGet(t.Context(), []table.Key{key, {Partition: "p", Sort: "t"}}, true)
	if err != nil || len(items) != 2 || items[0].Key() != key {
		t.Errorf("got %v, %v, want both items in order", items, err)
	}
	if got, want := len(s.requests), 3; got != want {
		t.Errorf("got %d requests, want %d", got, want)
	}
	tb, _ = script(t, reply{http.StatusOK, `{` + unprocessed + `}`})
	if _, err := tb.BatchGet(t.Context(), []table.Key{key}, true); !errors.Is(err, table.ErrThrottled) {
		t.Errorf("always unprocessed: got %v, want ErrThrottled", err)
	}
}

func TestQueryReadsPagesUntilOneItemPastTheLimit(t *testing.T) {
	t.Parallel()
	page := func(sort string) reply {
		k := fmt.Sprintf(`{"pk":{"S":"p"},"sk":{"S":%q}}`, sort)
		return reply{http.StatusOK, `{"Items":[` + k + `],"LastEvaluatedKey":` + k + `}`}
	}
	tb, s := script(t, page("a"), reply{http.StatusOK, `{"Items":[],"LastEvaluatedKey":{"pk":{"S":"p"},"sk":{"S":"b"}}}`}, page("c"), page("d"))
	got, err := tb.Query(t.Context(), table.Query{Partition: "p", Limit: 2})
	if err != nil || len(got.Items) != 2 || !got.More {
		t.Errorf("got %+v, %v, want two items and More", got, err)
	}
	if got, want := len(s.requests), 4; got != want {
		t.Errorf("got %d requests, want %d", got, want)
	}
}

func TestNamesAreAlwaysPlaceholders(t *testing.T) {
	t.Parallel()
	tb, s := script(t, done)
	_, err := tb.Write(t.Context(), table.Update(key, []table.Action{table.Increment("total", 1), table.Remove("name.size")},
		table.And(table.Or(table.Missing("q.n"), table.Lt("q.n", int64(3))), table.Eq("v", int64(1)))))
	if err != nil {
		t.Fatal(err)
	}
	r := s.requests[0]
	if got, want := r["UpdateExpression"], "SET #0 = if_not_exists(#0, :0) + :1 REMOVE #1.#2"; got != want {
		t.Errorf("update: got %v, want %v", got, want)
	}
	if got, want := r["ConditionExpression"], "(attribute_not_exists(#3.#4) OR #3.#4 < :2) AND #5 = :3"; got != want {
		t.Errorf("condition: got %v, want %v", got, want)
	}
	if _, asked := r["ReturnConsumedCapacity"]; asked {
		t.Error("the request asks for the consumed capacity, want it only if it is observed")
	}
}

func TestCapacityUnitsAreReportedForEveryMethod(t *testing.T) {
	t.Parallel()
	client, err := connect.Client(t.Context(), endpoint(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := dynamo.CreateTables(t.Context(), client, t.Name(), tabletest.Schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dropTables(t, client, t.Name()) })
	if err := dynamo.CreateTables(t.Context(), client, t.Name(), tabletest.Schema); err != nil {
		t.Errorf("creating again: %v", err)
	}
	reads, writes := map[string]float64{}, map[string]float64{}
	tb := dynamo.New(client, t.Name()+tabletest.Schema.Name, tabletest.Schema, dynamo.WithUnits(func(op string, read, write float64) {
		reads[op] += read
		writes[op] += write
	}))
	it := table.Item{"pk": "p", "sk": "s", "list_pk": "l", "list_sk": "s"}
	_, e1 := tb.Write(t.Context(), table.Put(it))
	_, e2 := tb.Write(t.Context(), count)
	e3 := tb.Transact(t.Context(), []table.Write{count})
	_, e4 := tb.Get(t.Context(), key, true)
	_, e5 := tb.BatchGet(t.Context(), []table.Key{key}, false)
	_, e6 := tb.Query(t.Context(), table.Query{Partition: "p", Consistent: true})
	_, e7 := tb.Write(t.Context(), table.Delete(key))
	if err := errors.Join(e1, e2, e3, e4, e5, e6, e7); err != nil {
		t.Fatal(err)
	}
	for _, op := range []string{"PutItem", "UpdateItem", "TransactWriteItems", "DeleteItem"} {
		if writes[op] < 1 {
			t.Errorf("%s: got %v write units, want at least 1", op, writes[op])
		}
	}
	for op, want := range map[string]float64{"GetItem": 1, "BatchGetItem": 0.5, "Query": 1} {
		if got := reads[op]; got != want {
			t.Errorf("%s: got %v read units, want %v", op, got, want)
		}
	}
	t.Logf("units: reads %v, writes %v", reads, writes)
}

func dropTables(t *testing.T, client *dynamodb.Client, prefix string) {
	if err := dynamo.DropTables(context.Background(), client, prefix, tabletest.Schema); err != nil {
		t.Error(err)
	}
}
