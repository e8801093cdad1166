package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"statgate/shared/platform/outputs"
)

const statsStream = "arn:aws:dynamodb:us-east-1:000000000000:table/S-stats/stream/2026-01-01T00:00:00.000"

// reader is the role of a worker that reads the stream.
func reader(t *testing.T) (role, outputs.Stack) {
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

func TestEachActionOnEachStoreIsAGrantAndIsTakenAwayAlone(t *testing.T) {
	t.Parallel()
	r, s := reader(t)
	all := r.grants(s)
	want := []grant{{"fanout", "dynamodb:GetItem", "keys"}, {"fanout", "dynamodb:PutItem", "keys"}, {"fanout", "dynamodb:Query", "keys"},
		{"fanout", "dynamodb:ListStreams", "streams"}, {"fanout", "dynamodb:DescribeStream", "stream"}, {"fanout", "dynamodb:GetRecords", "stream"},
		{"fanout", "sqs:SendMessage", "dead changes"}, {"fanout", "sqs:SendMessage", "queue"}}
	if !reflect.DeepEqual(all, want) {
		t.Fatalf("got %v, want %v", all, want)
	}
	for i, lost := range all {
		left := role{function: r.function}
		raw, err := json.Marshal(r.without(s, lost)) // as IAM keeps it
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
			t.Errorf("without %s what is on no store is gone too: %s", lost, raw)
		}
	}
}

func TestWhoMaySendAMessageMaySendSeveralAndLosesBothAtOnce(t *testing.T) {
	t.Parallel()
	r, s := reader(t)
	wide := role{function: r.function}
	raw, err := json.Marshal(r.sendingSeveral()) // as IAM keeps it
	if err == nil {
		err = json.Unmarshal(raw, &wide.document)
	}
	if err != nil || !strings.Contains(string(raw), sendSeveral) {
		t.Fatalf("got %s, %v, want %s in it", raw, err, sendSeveral)
	}
	if got, want := wide.grants(s), r.grants(s); !reflect.DeepEqual(got, want) {
		t.Errorf("got the grants %v, want %v", got, want)
	}
	if again := wide.sendingSeveral(); again != nil {
		t.Errorf("got %v, want what it has to be enough", again)
	}
	left, err := json.Marshal(wide.without(s, grant{"fanout", send, "queue"}))
	if err != nil || strings.Contains(string(left), "S-webhooks") || !strings.Contains(string(left), "S-changes-dead") {
		t.Errorf("got %s, %v, want nothing of the queue, and all of the other", left, err)
	}
}

func TestAPolicyThatReadsAnotherStreamIsNotWidened(t *testing.T) {
	t.Parallel()
	r, _ := reader(t)
	wide, err := onAnyStream(r.document, statsStream)
	raw, _ := json.Marshal(wide)
	if err != nil || strings.Contains(string(raw), "/stream/") {
		t.Errorf("got %s, %v, want no stream by name", raw, err)
	}
	if _, err := onAnyStream(r.document, statsStream+"1"); err == nil {
		t.Error("the table has another stream, and nobody says so")
	}
}
