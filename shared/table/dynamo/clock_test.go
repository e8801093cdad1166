package dynamo_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"statgate/shared/table"
	"statgate/shared/table/dynamo"
)

func TestEachAnswerTellsTheTimeOfTheStoreRefusalsIncluded(t *testing.T) {
	t.Parallel()
	stated := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	date, status, body := stated.Format(http.TimeFormat), 200, "{}"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", date)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	client := dynamodb.New(dynamodb.Options{BaseEndpoint: &server.URL, Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), Retryer: aws.NopRetryer{}})
	var seen []time.Time
	tb := dynamo.New(client, "keys", table.Keys, dynamo.WithTimes(func(at time.Time) { seen = append(seen, at) }))
	at := table.Key{Partition: "P", Sort: "S"}
	update := table.Update(at, []table.Action{table.Set("n", int64(1))})
	calls := map[string]func(ctx context.Context) error{
		"get":   func(ctx context.Context) error { _, err := tb.Get(ctx, at, true); return err },
		"batch": func(ctx context.Context) error { _, err := tb.BatchGet(ctx, []table.Key{at}, true); return err },
		"query": func(ctx context.Context) error { _, err := tb.Query(ctx, table.Query{Partition: "P"}); return err },
		"put": func(ctx context.Context) error {
			_, err := tb.Write(ctx, table.Put(table.Item{"pk": "P", "sk": "S"}))
			return err
		},
		"update":   func(ctx context.Context) error { _, err := tb.Write(ctx, update); return err },
		"delete":   func(ctx context.Context) error { _, err := tb.Write(ctx, table.Delete(at)); return err },
		"transact": func(ctx context.Context) error { return tb.Transact(ctx, []table.Write{update}) },
	}
	for name, call := range calls {
		for _, answer := range []struct {
			status int
			body   string
		}{{200, "{}"}, {400, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"no"}`}, {500, ""}} {
			status, body, seen = answer.status, answer.body, nil
			err := call(t.Context())
			if len(seen) != 1 || !seen[0].Equal(stated) {
				t.Errorf("%s, %d: got times %v (%v), want %v", name, status, seen, err, stated)
			}
		}
	}
	for _, date = range []string{"soon", ""} {
		status, body, seen = 200, "{}", nil
		if _, err := tb.Get(t.Context(), at, true); err != nil && !errors.Is(err, table.ErrUnavailable) || seen != nil {
			t.Errorf("Date %q: got times %v (%v), want none", date, seen, err)
		}
	}
}
