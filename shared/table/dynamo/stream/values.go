package stream

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"statgate/shared/table"
)

// recordTime is about when a record was written; DynamoDB tells whole seconds.
func recordTime(r types.Record) time.Time {
	return aws.ToTime(r.Dynamodb.ApproximateCreationDateTime).UTC()
}

// understand converts records up to the first that it cannot.
func understand(records []types.Record) ([]table.Change, error) {
	changes := make([]table.Change, 0, len(records))
	for _, r := range records {
		c := table.Change{ID: aws.ToString(r.EventID), Time: recordTime(r)}
		var err error
		if c.Old, err = item(r.Dynamodb.OldImage); err != nil {
			return changes, fmt.Errorf("record %s: item before: %w", c.ID, err)
		}
		if c.New, err = item(r.Dynamodb.NewImage); err != nil {
			return changes, fmt.Errorf("record %s: item after: %w", c.ID, err)
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// item converts an image as table/dynamo does an item, whose SDK has types of its
// own; nil for no attributes.
func item(image map[string]types.AttributeValue) (table.Item, error) {
	if len(image) == 0 {
		return nil, nil
	}
	return mapping(image)
}

func mapping(attrs map[string]types.AttributeValue) (map[string]any, error) {
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
func value(attr types.AttributeValue) (any, error) {
	switch attr := attr.(type) {
	case *types.AttributeValueMemberNULL:
		return nil, nil
	case *types.AttributeValueMemberBOOL:
		return attr.Value, nil
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(attr.Value, 10, 64)
		if err != nil {
			return nil, errors.New("a number that is no int64")
		}
		return n, nil
	case *types.AttributeValueMemberS:
		return attr.Value, nil
	case *types.AttributeValueMemberL:
		l := make([]any, len(attr.Value))
		for i := range attr.Value {
			v, err := value(attr.Value[i])
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i, err)
			}
			l[i] = v
		}
		return l, nil
	case *types.AttributeValueMemberM:
		return mapping(attr.Value)
	}
	return nil, fmt.Errorf("a value of type %T", attr)
}
