package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"statgate/shared/table"
)

// streamReplayed tests that fanout ignores changes that Lambda delivers a second time.
func (i *faultTest) streamReplayed() {
	l := i.addWebhook()
	begun := time.Now()
	match := l.match()
	l.waitForAttempts(1, match, "match.created")
	i.Logf("a change was delivered after %s", time.Since(begun).Round(time.Millisecond))
	i.want(http.StatusOK, l.secret, "PATCH", "/football/matches/"+match, `{"status":"live"}`)
	l.delivered(l.waitForAttempts(1, match, "match.updated"), 1)
	fed := l.fed(match, 2)
	deliveries, counts := l.deliveries(), i.requestCounts()
	if n := i.replay(); n < 2 {
		i.Fatalf("the stream has %d changes of matches, want at least the two of this test", n)
	}
	if now := i.requestCounts(); !maps.Equal(now, counts) {
		i.Errorf("the request counts of the keys are %v, want %v", now, counts)
	}
	l.delivered(l.waitForAttempts(1, l.match(), "match.created"), 1)
	if now := l.fed(match, 2); len(fed) != 2 || !slices.Equal(now, fed) {
		i.Errorf("the change feed had %v of the match, and has %v after the repeat", fed, now)
	}
	for _, kind := range []string{"match.created", "match.updated"} {
		l.attemptsBetween(1, 1, match, kind)
	}
	now := l.deliveries()
	for event, was := range deliveries {
		if !reflect.DeepEqual(now[event], was) {
			i.Errorf("the delivery %+v is now %+v", was, now[event])
		}
	}
	i.deadLettersEmpty()
}

// requestCounts returns the request count of each key of the demo organisation, by id.
func (i *faultTest) requestCounts() map[string]int {
	i.Helper()
	all := map[string]int{}
	rows, _ := i.want(http.StatusOK, i.demo.Operator, "GET", "/keys?state=active&limit=100&org="+i.demo.Org, "").body["data"].([]any)
	for _, row := range rows {
		id, _ := row.(map[string]any)["id"].(string)
		all[id] = i.requestCount(id)
	}
	if len(all) < 2 {
		i.Fatalf("got the keys %v, want at least two", all)
	}
	return all
}

// replay invokes the deployed fanout again with all changes of the stream that pass the
// filter of its event source mapping. It returns the number of changes.
func (i *faultTest) replay() (changes int) {
	i.Helper()
	var batch []events.DynamoDBEventRecord
	for _, r := range i.changes() {
		if partition := r.Change.Keys[table.PartitionAttr].String(); strings.HasPrefix(partition, "MATCH#") {
			batch = append(batch, r)
		}
	}
	changes = len(batch)
	for len(batch) > 0 {
		n := min(len(batch), 100)
		i.invokeFanout(batch[:n])
		batch = batch[n:]
	}
	return changes
}

// invokeFanout invokes fanout as the mapping does. It must accept every change.
func (i *faultTest) invokeFanout(records []events.DynamoDBEventRecord) {
	i.Helper()
	event, err := json.Marshal(events.DynamoDBEvent{Records: records})
	if err != nil {
		i.Fatal(err)
	}
	result, err := lambda.NewFromConfig(i.emulator.config()).Invoke(i.ctx(), &lambda.InvokeInput{
		FunctionName: aws.String(i.target.stack + "-fanout"), Payload: event,
	})
	if err != nil {
		i.Fatal(err)
	}
	var answer events.DynamoDBEventResponse
	if err := json.Unmarshal(result.Payload, &answer); result.FunctionError != nil || err != nil || len(answer.BatchItemFailures) > 0 {
		i.Fatalf("%d replayed changes: got %s, %v, want no failure", len(records), result.Payload, err)
	}
}

// changes returns the records of the stats table's stream, oldest first, in Lambda's
// form.
func (i *faultTest) changes() (all []events.DynamoDBEventRecord) {
	i.Helper()
	client := dynamodbstreams.NewFromConfig(i.emulator.config())
	arn, err := i.stream(i.ctx(), i.stack)
	if err != nil {
		i.Fatal(err)
	}
	described, err := client.DescribeStream(i.ctx(), &dynamodbstreams.DescribeStreamInput{StreamArn: &arn})
	if err != nil {
		i.Fatal(err)
	}
	for _, shard := range described.StreamDescription.Shards {
		at, err := client.GetShardIterator(i.ctx(), &dynamodbstreams.GetShardIteratorInput{
			StreamArn: &arn, ShardId: shard.ShardId, ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			i.Fatal(err)
		}
		for next := at.ShardIterator; next != nil; {
			page, err := client.GetRecords(i.ctx(), &dynamodbstreams.GetRecordsInput{ShardIterator: next})
			if err != nil {
				i.Fatal(err)
			}
			if len(page.Records) == 0 { // the end of an open shard
				break
			}
			for _, r := range page.Records {
				all = append(all, i.toLambda(r, arn))
			}
			next = page.NextShardIterator
		}
	}
	return all
}

// toLambda returns a record in Lambda's form.
func (i *faultTest) toLambda(r streamtypes.Record, stream string) events.DynamoDBEventRecord {
	i.Helper()
	change := events.DynamoDBStreamRecord{
		Keys: i.image(r.Dynamodb.Keys), NewImage: i.image(r.Dynamodb.NewImage), OldImage: i.image(r.Dynamodb.OldImage),
		SequenceNumber: aws.ToString(r.Dynamodb.SequenceNumber), SizeBytes: aws.ToInt64(r.Dynamodb.SizeBytes),
		StreamViewType: string(r.Dynamodb.StreamViewType),
	}
	if at := r.Dynamodb.ApproximateCreationDateTime; at != nil {
		change.ApproximateCreationDateTime = events.SecondsEpochTime{Time: *at}
	}
	return events.DynamoDBEventRecord{
		AWSRegion: aws.ToString(r.AwsRegion), EventID: aws.ToString(r.EventID), EventName: string(r.EventName),
		EventSource: aws.ToString(r.EventSource), EventVersion: aws.ToString(r.EventVersion), EventSourceArn: stream, Change: change,
	}
}

// image converts an item, which may be nil.
func (i *faultTest) image(item map[string]streamtypes.AttributeValue) map[string]events.DynamoDBAttributeValue {
	i.Helper()
	if item == nil {
		return nil
	}
	image := map[string]events.DynamoDBAttributeValue{}
	for name, v := range item {
		image[name] = i.value(v)
	}
	return image
}

// value converts an attribute of one of the types that the tables use.
func (i *faultTest) value(v streamtypes.AttributeValue) events.DynamoDBAttributeValue {
	i.Helper()
	switch v := v.(type) {
	case *streamtypes.AttributeValueMemberS:
		return events.NewStringAttribute(v.Value)
	case *streamtypes.AttributeValueMemberN:
		return events.NewNumberAttribute(v.Value)
	case *streamtypes.AttributeValueMemberBOOL:
		return events.NewBooleanAttribute(v.Value)
	case *streamtypes.AttributeValueMemberNULL:
		return events.NewNullAttribute()
	case *streamtypes.AttributeValueMemberM:
		return events.NewMapAttribute(i.image(v.Value))
	case *streamtypes.AttributeValueMemberL:
		list := []events.DynamoDBAttributeValue{}
		for _, one := range v.Value {
			list = append(list, i.value(one))
		}
		return events.NewListAttribute(list)
	}
	i.Fatalf("got an attribute of the type %T, which no table uses", v)
	return events.NewNullAttribute()
}
