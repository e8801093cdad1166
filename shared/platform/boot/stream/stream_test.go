package stream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/platform/boot/stream"
	"statgate/shared/table"
)

// changes returns a batch as Lambda sends it.
func changes(t *testing.T) events.DynamoDBEvent {
	t.Helper()
	raw, err := os.ReadFile("testdata/changes.json")
	if err != nil {
		t.Fatal(err)
	}
	var event events.DynamoDBEvent
	if err := json.Unmarshal(raw, &event); err != nil {
		t.Fatal(err)
	}
	return event
}

// handle handles a batch with a reader that returns fails. It returns what was read,
// the handler's response or error, and the log.
func handle(t *testing.T, event events.DynamoDBEvent, fails error) (got []table.Change, answer, logged string) {
	t.Helper()
	var log bytes.Buffer
	read := func(_ context.Context, changes []table.Change) error {
		got = append(got, changes...)
		return fails
	}
	out, err := stream.Handle(read, slog.New(slog.NewTextHandler(&log, nil)))(t.Context(), event)
	if err != nil {
		return got, err.Error(), log.String()
	}
	raw, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return got, string(raw), log.String()
}

const (
	nothingFailed = `{"batchItemFailures":[]}`
	wholeBatch    = "the batch failed and is retried"
)

func failedFrom(number string) string {
	return fmt.Sprintf(`{"batchItemFailures":[{"itemIdentifier":"%s"}]}`, number)
}

func TestReaderReceivesWhatLambdaSent(t *testing.T) {
	t.Parallel()
	got, answer, logged := handle(t, changes(t), nil)
	first := table.Item{"pk": "MATCH#m_1", "sk": "MATCH", "status": "scheduled", "version": int64(1)}
	second := table.Item{
		"pk": "MATCH#m_1", "sk": "MATCH", "status": "live", "version": int64(9223372036854775807), "public": true, "winner": nil,
		"goals": []any{int64(45), "own", map[string]any{"minute": int64(-3)}},
		"score": map[string]any{"home": int64(1), "away": int64(0), "none": map[string]any{}}, "tags": []any{}, "note": "",
	}
	at := func(second int) time.Time { return time.Date(2026, 3, 1, 12, 0, second, 0, time.UTC) }
	want := []table.Change{
		{ID: "c4ca4238a0b923820dcc509a6f75849b", Time: at(1), New: first},
		{ID: "c81e728d9d4c2f636f067f89cc14862c", Time: at(2), Old: first, New: second},
		{ID: "eccbc87e4b5ce2fe28308fd9f2a7baf3", Time: at(3), Old: second},
		{ID: "a87ff679a2f3e71d9181a67b7542122c", Time: at(4), Old: table.Item{"pk": "IDEMPOTENCY#o_1", "sk": "k", "ttl": int64(1772366400)}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
	if answer != nothingFailed || logged != "" {
		t.Errorf("got %s and the log %q, want %s and none", answer, logged, nothingFailed)
	}
}

func TestFailedReaderRetriesTheWholeBatchAndLogsTheCauseOnce(t *testing.T) {
	t.Parallel()
	got, answer, logged := handle(t, changes(t), errors.New("the queue\ndoes not answer"))
	if got, want := len(got), 4; got != want {
		t.Errorf("got %d changes, want %d", got, want)
	}
	if want := wholeBatch; answer != want {
		t.Errorf("got %s, want %s", answer, want)
	}
	for _, want := range []string{"level=ERROR", `reading the changes: the queue\ndoes not answer`, "table/Statgate-stats/stream", "from=100000000000000000001", "records=4"} {
		if !strings.Contains(logged, want) {
			t.Errorf("got the log %q, want %q in it", logged, want)
		}
	}
	if got, want := strings.Count(logged, "\n"), 1; got != want {
		t.Errorf("got %d lines of the log, want %d", got, want)
	}
}

func TestInvalidRecordIsNamedAndTheRecordsBeforeItAreRead(t *testing.T) {
	t.Parallel()
	for attr, want := range map[string]string{
		`{"B":"AAEqQQ=="}`:    "attribute odd: unsupported type: binary",
		`{"BS":["AAEqQQ=="]}`: "attribute odd: unsupported type: binary set",
		`{"NS":["1"]}`:        "attribute odd: unsupported type: number set",
		`{"SS":["x"]}`:        "attribute odd: unsupported type: string set",
		`{"N":"1.5"}`:         "attribute odd: number is not an int64",
		`{"L":[{"N":"1"},{"N":"9223372036854775808"}]}`: "attribute odd: element 1: number is not an int64",
		`{"M":{"deep":{"SS":["x"]}}}`:                   "attribute odd: attribute deep: unsupported type: string set",
	} {
		for _, image := range []string{"old image", "new image"} {
			event := changes(t)
			var odd events.DynamoDBAttributeValue
			if err := json.Unmarshal([]byte(attr), &odd); err != nil {
				t.Fatal(err)
			}
			if event.Records[1].Change.NewImage["odd"] = odd; image == "old image" {
				event.Records[1].Change.OldImage["odd"] = odd
			}
			got, answer, logged := handle(t, event, nil)
			if got, want := len(got), 1; got != want {
				t.Errorf("%s: got %d changes, want the %d before it", attr, got, want)
			}
			if want := failedFrom("100000000000000000002"); answer != want {
				t.Errorf("%s: got %s, want %s", attr, answer, want)
			}
			if want := "record c81e728d9d4c2f636f067f89cc14862c: " + image + ": " + want; !strings.Contains(logged, want) {
				t.Errorf("%s: got the log %q, want %q in it", attr, logged, want)
			}
		}
	}
}

func TestFailedReaderBeforeAnInvalidRecordRetriesTheWholeBatch(t *testing.T) {
	t.Parallel()
	event := changes(t)
	event.Records[1].Change.NewImage["odd"] = events.NewBinaryAttribute(nil)
	if _, answer, _ := handle(t, event, errors.New("not now")); answer != wholeBatch {
		t.Errorf("got %s, want %s", answer, wholeBatch)
	}
}

func TestRecordWithoutImagesIsAnError(t *testing.T) {
	t.Parallel()
	event := changes(t)
	event.Records[0].Change.NewImage = nil
	got, answer, logged := handle(t, event, nil)
	if len(got) != 0 || answer != wholeBatch || !strings.Contains(logged, "must have new and old images") {
		t.Errorf("got %v, %s and the log %q, want a failure that says why", got, answer, logged)
	}
}

func TestEmptyBatchIsNotRead(t *testing.T) {
	t.Parallel()
	got, answer, _ := handle(t, events.DynamoDBEvent{}, errors.New("not now"))
	if len(got) != 0 || answer != nothingFailed {
		t.Errorf("got %v and %s, want none and %s", got, answer, nothingFailed)
	}
}
