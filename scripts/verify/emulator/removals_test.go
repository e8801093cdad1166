package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"statgate/shared/platform/outputs"
)

const statsStream = "arn:aws:dynamodb:us-east-1:000000000000:table/S-stats/stream/2026-01-01T00:00:00.000"

// workerRole returns the role of a worker that reads the stream, and its stack.
func workerRole(t *testing.T) (role, outputs.Stack) {
	t.Helper()
	r := role{function: "fanout", name: "S-fanout"}
	err := json.Unmarshal([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem"],"Resource":"arn:aws:dynamodb:us-east-1:000000000000:table/S-keys"},
		{"Effect":"Allow","Action":"dynamodb:Query","Resource":["arn:aws:dynamodb:us-east-1:000000000000:table/S-keys","arn:aws:dynamodb:us-east-1:000000000000:table/S-keys/index/list"]},
		{"Effect":"Allow","Action":["dynamodb:ListStreams","xray:PutTraceSegments"],"Resource":"*"},
		{"Effect":"Allow","Action":["dynamodb:DescribeStream","dynamodb:GetRecords"],"Resource":"`+statsStream+`"},
		{"Effect":"Allow","Action":"sqs:SendMessage","Resource":["arn:aws:sqs:us-east-1:000000000000:S-webhooks","arn:aws:sqs:us-east-1:000000000000:S-changes-dead"]}]}`), &r.document)
	if err != nil {
		t.Fatal(err)
	}
	return r, outputs.Stack{Name: "S", KeysTable: "S-keys", StatsTable: "S-stats", Peppers: "S-peppers"}
}

func TestEachActionOnEachStoreIsAGrantAndIsRemovedAlone(t *testing.T) {
	t.Parallel()
	r, s := workerRole(t)
	all := r.grants(s)
	want := []grant{{"fanout", "dynamodb:GetItem", "keys"}, {"fanout", "dynamodb:PutItem", "keys"}, {"fanout", "dynamodb:Query", "keys"},
		{"fanout", "dynamodb:ListStreams", "streams"}, {"fanout", "dynamodb:DescribeStream", "stream"}, {"fanout", "dynamodb:GetRecords", "stream"},
		{"fanout", "sqs:SendMessage", "dead changes"}, {"fanout", "sqs:SendMessage", "queue"}}
	if !reflect.DeepEqual(all, want) {
		t.Fatalf("got %v, want %v", all, want)
	}
	for i, lost := range all {
		left := role{function: r.function}
		raw, err := json.Marshal(r.without(s, lost)) // as IAM stores it
		if err == nil {
			err = json.Unmarshal(raw, &left.document)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, want := left.grants(s), append(append([]grant{}, all[:i]...), all[i+1:]...); !reflect.DeepEqual(got, want) {
			t.Errorf("without %s: got %v, want %v", lost, got, want)
		}
		if !strings.Contains(string(raw), "xray:PutTraceSegments") {
			t.Errorf("without %s the grants on other resources are gone, too: %s", lost, raw)
		}
	}
}

func TestSendMessageIncludesBatchesAndIsRemovedWithThem(t *testing.T) {
	t.Parallel()
	r, s := workerRole(t)
	widened := role{function: r.function}
	raw, err := json.Marshal(r.withSendBatch()) // as IAM stores it
	if err == nil {
		err = json.Unmarshal(raw, &widened.document)
	}
	if err != nil || !strings.Contains(string(raw), sendBatchAction) {
		t.Fatalf("got %s, %v, want %s in it", raw, err, sendBatchAction)
	}
	if got, want := widened.grants(s), r.grants(s); !reflect.DeepEqual(got, want) {
		t.Errorf("got the grants %v, want %v", got, want)
	}
	if again := widened.withSendBatch(); again != nil {
		t.Errorf("got %v, want that nothing is missing", again)
	}
	left, err := json.Marshal(widened.without(s, grant{"fanout", sendAction, "queue"}))
	if err != nil || strings.Contains(string(left), "S-webhooks") || !strings.Contains(string(left), "S-changes-dead") {
		t.Errorf("got %s, %v, want no grant on the queue, and all others", left, err)
	}
}

func TestPolicyForAnotherStreamIsNotWidened(t *testing.T) {
	t.Parallel()
	r, _ := workerRole(t)
	widened, err := onAnyStream(r.document, statsStream)
	raw, _ := json.Marshal(widened)
	if err != nil || strings.Contains(string(raw), "/stream/") {
		t.Errorf("got %s, %v, want no ARN of a stream", raw, err)
	}
	if _, err := onAnyStream(r.document, statsStream+"1"); err == nil {
		t.Error("got no error for a policy that allows another stream")
	}
}
