// Package stream starts the Lambda functions that read a table's stream.
package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"statgate/shared/platform/boot"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
)

// Start serves Lambda's batches of a stream. It never returns. The event source
// mapping must have ReportBatchItemFailures, otherwise Lambda treats a failed batch as
// processed.
func Start(f *boot.Function, read table.Reader) { f.Start(Handle(read, f.Log)) }

// errBatch is the error that Lambda receives for a failed batch. The cause is only
// logged.
var errBatch = errors.New("the batch failed and is retried")

// Handle returns the handler of a stream's batches. If the reader fails, the handler
// logs the cause and Lambda retries the whole batch. If a record cannot be decoded, the
// records before it are read and Lambda retries from that record.
func Handle(read table.Reader, log *slog.Logger) func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, event events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		from, err := process(ctx, read, event.Records)
		if err == nil {
			return events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}, nil
		}
		number := event.Records[from].Change.SequenceNumber
		log.ErrorContext(ctx, "a batch of the stream failed and is retried", "cause", err,
			"stream", event.Records[from].EventSourceArn, "from", number, "records", len(event.Records)-from)
		if from == 0 {
			return events.DynamoDBEventResponse{}, errBatch
		}
		return events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{{ItemIdentifier: number}}}, nil
	}
}

// process passes the changes of the records to the reader. On failure it returns the
// index of the record to retry from.
func process(ctx context.Context, read table.Reader, records []events.DynamoDBEventRecord) (from int, err error) {
	changes, invalid := decodeAll(records)
	if len(changes) > 0 {
		if err := read(ctx, changes); err != nil {
			return 0, fmt.Errorf("stream: reading the changes: %w", err)
		}
	}
	return len(changes), invalid
}

// decodeAll converts records to changes, up to the first record that is invalid.
func decodeAll(records []events.DynamoDBEventRecord) ([]table.Change, error) {
	changes := make([]table.Change, 0, len(records))
	for _, r := range records {
		c := table.Change{ID: r.EventID, Time: r.Change.ApproximateCreationDateTime.UTC()}
		var err error
		if c.Old, err = item(r.Change.OldImage); err != nil {
			return changes, fmt.Errorf("stream: record %s: old image: %w", r.EventID, err)
		}
		if c.New, err = item(r.Change.NewImage); err != nil {
			return changes, fmt.Errorf("stream: record %s: new image: %w", r.EventID, err)
		}
		if c.Old == nil && c.New == nil {
			return changes, fmt.Errorf("stream: record %s has no image: the stream must have new and old images", r.EventID)
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// item returns the item of an image; nil if it has no attributes.
func item(image map[string]events.DynamoDBAttributeValue) (table.Item, error) {
	return dynamo.Decode(attributes(image))
}

func attributes(image map[string]events.DynamoDBAttributeValue) map[string]types.AttributeValue {
	m := make(map[string]types.AttributeValue, len(image))
	for name, attr := range image {
		m[name] = attribute(attr)
	}
	return m
}

// attribute converts a value from Lambda's type to the SDK's. Of the types that the
// decoder refuses it keeps the type alone.
func attribute(attr events.DynamoDBAttributeValue) types.AttributeValue {
	switch attr.DataType() {
	case events.DataTypeNull:
		return &types.AttributeValueMemberNULL{Value: true}
	case events.DataTypeBoolean:
		return &types.AttributeValueMemberBOOL{Value: attr.Boolean()}
	case events.DataTypeNumber:
		return &types.AttributeValueMemberN{Value: attr.Number()}
	case events.DataTypeString:
		return &types.AttributeValueMemberS{Value: attr.String()}
	case events.DataTypeList:
		l := make([]types.AttributeValue, len(attr.List()))
		for i, e := range attr.List() {
			l[i] = attribute(e)
		}
		return &types.AttributeValueMemberL{Value: l}
	case events.DataTypeMap:
		return &types.AttributeValueMemberM{Value: attributes(attr.Map())}
	case events.DataTypeBinarySet:
		return &types.AttributeValueMemberBS{}
	case events.DataTypeNumberSet:
		return &types.AttributeValueMemberNS{}
	case events.DataTypeStringSet:
		return &types.AttributeValueMemberSS{}
	}
	return &types.AttributeValueMemberB{}
}
