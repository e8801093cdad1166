package stream

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"statgate/shared/table"
	"statgate/shared/table/dynamo"
)

// recordTime returns the approximate time of a write, in whole seconds as DynamoDB reports it.
func recordTime(r types.Record) time.Time {
	return aws.ToTime(r.Dynamodb.ApproximateCreationDateTime).UTC()
}

// decodeRecords converts records to changes, up to the first record that is invalid.
func decodeRecords(records []types.Record) ([]table.Change, error) {
	changes := make([]table.Change, 0, len(records))
	for _, r := range records {
		c := table.Change{ID: aws.ToString(r.EventID), Time: recordTime(r)}
		var err error
		if c.Old, err = item(r.Dynamodb.OldImage); err != nil {
			return changes, fmt.Errorf("record %s: decoding the item before the write: %w", c.ID, err)
		}
		if c.New, err = item(r.Dynamodb.NewImage); err != nil {
			return changes, fmt.Errorf("record %s: decoding the item after the write: %w", c.ID, err)
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// item returns the item of an image; nil if it has no attributes.
func item(image map[string]types.AttributeValue) (table.Item, error) {
	attrs, err := attributevalue.FromDynamoDBStreamsMap(image)
	if err != nil {
		return nil, err
	}
	return dynamo.Decode(attrs)
}
