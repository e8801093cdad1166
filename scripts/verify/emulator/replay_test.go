package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"statgate/shared/table"
)

// streamReplayed: Lambda tells a worker of all changes a second time.
func (i *incident) streamReplayed() {
	l := i.listen()
	begun := time.Now()
	match := l.match()
	l.awaits(1, match, "match.created")
	i.Logf("a change was told after %s", time.Since(begun).Round(time.Millisecond))
	i.want(http.StatusOK, l.secret, "PATCH", "/football/matches/"+match, `{"status":"live"}`)
	l.delivered(l.awaits(1, match, "match.updated"), 1)
	deliveries, counts := l.deliveries(), i.totals()
	if n := i.replay(); n < 2 {
		i.Fatalf("the stream has %d changes of which webhooks are told, want those that were made", n)
	}
	if now := i.totals(); !maps.Equal(now, counts) {
		i.Errorf("the keys have made %v calls, want %v", now, counts)
	}
	l.delivered(l.awaits(1, l.match(), "match.created"), 1)
	for _, kind := range []string{"match.created", "match.updated"} {
		l.cameBetween(1, 1, match, kind)
	}
	now := l.deliveries()
	for event, was := range deliveries {
		if !reflect.DeepEqual(now[event], was) {
			i.Errorf("the delivery %+v is %+v now", was, now[event])
		}
	}
	i.noneDead()
}

// totals are how many calls each key of the demo's organisation has made.
func (i *incident) totals() map[string]int {
	i.Helper()
	all := map[string]int{}
	rows, _ := i.want(http.StatusOK, i.demo.Operator, "GET", "/keys?state=active&limit=100&org="+i.demo.Org, "").body["data"].([]any)
	for _, row := range rows {
		id, _ := row.(map[string]any)["id"].(string)
		all[id] = i.total(id)
	}
	if len(all) < 2 {
		i.Fatalf("got the keys %v, want the organisation's", all)
	}
	return all
}

// replay tells the deployed fanout all changes that the stream has and that its
// mapping lets pass, as it was told them before, and returns how many those are.
func (i *incident) replay() (changes int) {
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
		i.tell(batch[:n])
		batch = batch[n:]
	}
	return changes
}

// tell invokes fanout as the mapping does. It must handle every change.
func (i *incident) tell(records []events.DynamoDBEventRecord) {
	i.Helper()
	event, err := json.Marshal(events.DynamoDBEvent{Records: records})
	if err != nil {
		i.Fatal(err)
	}
	said, err := lambda.NewFromConfig(i.emulator.config()).Invoke(i.ctx(), &lambda.InvokeInput{
		FunctionName: aws.String(i.target.stack + "-fanout"), Payload: event,
	})
	if err != nil {
		i.Fatal(err)
	}
	var answer events.DynamoDBEventResponse
	if err := json.Unmarshal(said.Payload, &answer); said.FunctionError != nil || err != nil || len(answer.BatchItemFailures) > 0 {
		i.Fatalf("%d changes told again: got %s, %v, want all handled", len(records), said.Payload, err)
	}
}

// changes are the records of the stats table's stream, oldest first, as Lambda hands
// them on.
func (i *incident) changes() (all []events.DynamoDBEventRecord) {
	i.Helper()
	client := dynamodbstreams.NewFromConfig(i.emulator.config())
	arn, err := i.stream(i.ctx(), i.stack)
	if err != nil {
		i.Fatal(err)
	}
	told, err := client.DescribeStream(i.ctx(), &dynamodbstreams.DescribeStreamInput{StreamArn: &arn})
	if err != nil {
		i.Fatal(err)
	}
	for _, shard := range told.StreamDescription.Shards {
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
			if len(page.Records) == 0 { // the end of a shard that is still written
				break
			}
			for _, r := range page.Records {
				all = append(all, i.handedOn(r, arn))
			}
			next = page.NextShardIterator
		}
	}
	return all
}

// handedOn is a record as Lambda hands it on.
func (i *incident) handedOn(r streamtypes.Record, stream string) events.DynamoDBEventRecord {
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

func (i *incident) image(item map[string]streamtypes.AttributeValue) map[string]events.DynamoDBAttributeValue {
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

// value is of the kinds that the tables have.
func (i *incident) value(v streamtypes.AttributeValue) events.DynamoDBAttributeValue {
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
	i.Fatalf("got an attribute of the kind %T, which no table has", v)
	return events.NewNullAttribute()
}
