// Package stream starts the Lambda functions that read a table's stream.
package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/platform/boot"
	"statgate/shared/table"
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

// item converts an image as table/dynamo does an item; nil for no attributes.
func item(image map[string]events.DynamoDBAttributeValue) (table.Item, error) {
	if len(image) == 0 {
		return nil, nil
	}
	return mapping(image)
}

func mapping(attrs map[string]events.DynamoDBAttributeValue) (map[string]any, error) {
	m := make(map[string]any, len(attrs))
	for name, attr := range attrs {
		v, err := value(attr)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		m[name] = v
	}
	return m, nil
}

// value converts what Statgate writes. The error of a number leaves it out: it
// may be a customer's.
func value(attr events.DynamoDBAttributeValue) (any, error) {
	switch attr.DataType() {
	case events.DataTypeNull:
		return nil, nil
	case events.DataTypeBoolean:
		return attr.Boolean(), nil
	case events.DataTypeNumber:
		n, err := attr.Int64()
		if err != nil {
			return nil, errors.New("a number that is no int64")
		}
		return n, nil
	case events.DataTypeString:
		return attr.String(), nil
	case events.DataTypeList:
		l := make([]any, len(attr.List()))
		for i, e := range attr.List() {
			v, err := value(e)
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i, err)
			}
			l[i] = v
		}
		return l, nil
	case events.DataTypeMap:
		return mapping(attr.Map())
	}
	return nil, fmt.Errorf("a value of type %s", unwritten[attr.DataType()])
}

// unwritten are the types that no table of ours has.
var unwritten = map[events.DynamoDBDataType]string{
	events.DataTypeBinary: "binary", events.DataTypeBinarySet: "binary set",
	events.DataTypeNumberSet: "number set", events.DataTypeStringSet: "string set",
}
