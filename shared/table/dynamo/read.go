package dynamo

import (
	"context"
	"fmt"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"statgate/shared/table"
)

// maxBatch is the maximum number of keys in one BatchGetItem request.
const maxBatch = 100

// Limits of DynamoDB.
const (
	maxPartitionBytes = 2048
	maxSortBytes      = 1024
)

// BatchGet implements [table.Table].
func (t *Table) BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error) {
	const doing = "reading items of"
	found := make(map[table.Key]map[string]types.AttributeValue, len(keys))
	var distinct []map[string]types.AttributeValue // DynamoDB rejects duplicate keys
	for _, k := range keys {
		if _, again := found[k]; again {
			continue
		}
		e, err := encodeKey(k)
		if err != nil {
			return nil, t.fail(doing, err)
		}
		found[k] = nil
		distinct = append(distinct, e)
	}
	for len(distinct) > 0 {
		n := min(len(distinct), maxBatch)
		if err := t.batch(ctx, distinct[:n], consistent, found); err != nil {
			return nil, t.fail(doing, err)
		}
		distinct = distinct[n:]
	}
	var items []table.Item
	for _, k := range keys {
		it, err := decodeItem(found[k])
		if err != nil {
			return nil, t.fail(doing, err)
		}
		if it != nil {
			items = append(items, it)
		}
	}
	return items, nil
}

// batch reads up to maxBatch keys into found, and repeats the request for unprocessed
// keys. DynamoDB leaves keys out if capacity is short or the answer exceeds 16 MB.
func (t *Table) batch(ctx context.Context, keys []map[string]types.AttributeValue, consistent bool, found map[table.Key]map[string]types.AttributeValue) error {
	for n := 1; ; n++ {
		out, err := t.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems:           map[string]types.KeysAndAttributes{t.name: {Keys: keys, ConsistentRead: &consistent}},
			ReturnConsumedCapacity: t.capacityMode(),
		}, t.options...)
		if err != nil {
			return classify(err)
		}
		if t.units != nil {
			t.observeRead("BatchGetItem", out.ConsumedCapacity...)
		}
		for _, m := range out.Responses[t.name] {
			found[keyOf(m)] = m
		}
		left := out.UnprocessedKeys[t.name].Keys
		switch {
		case len(left) == 0:
			return nil
		case len(left) < len(keys):
			n = 0 // progress: reset the attempts
		case n == maxAttempts:
			return fmt.Errorf("%w: %d keys are still unprocessed", table.ErrThrottled, len(left))
		}
		keys = left
		if err := backoff.Pause(ctx, n+1); err != nil {
			return fmt.Errorf("%w: %d keys are unprocessed: %w", table.ErrUnavailable, len(left), err)
		}
	}
}

func keyOf(m map[string]types.AttributeValue) table.Key {
	text := func(attr string) string {
		if s, ok := m[attr].(*types.AttributeValueMemberS); ok {
			return s.Value
		}
		return ""
	}
	return table.Key{Partition: text(table.PartitionAttr), Sort: text(table.SortAttr)}
}

// Query implements [table.Table].
func (t *Table) Query(ctx context.Context, q table.Query) (table.Page, error) {
	const doing = "querying"
	in, sort, err := t.queryInput(q)
	if err != nil {
		return table.Page{}, t.fail(doing, err)
	}
	var page table.Page
	for in != nil {
		if q.Limit > 0 {
			// One more item shows whether more follow. Another one may be After itself.
			in.Limit = aws.Int32(int32(min(q.Limit-len(page.Items)+2, math.MaxInt32)))
		}
		out, err := t.client.Query(ctx, in, t.options...)
		if err != nil {
			return table.Page{}, t.fail(doing, classify(err))
		}
		if t.units != nil && out.ConsumedCapacity != nil {
			t.observeRead("Query", *out.ConsumedCapacity)
		}
		for _, m := range out.Items {
			it, err := decodeItem(m)
			if err != nil {
				return table.Page{}, t.fail(doing, err)
			}
			if q.After != "" && it.Str(sort) == q.After {
				continue
			}
			if q.Limit > 0 && len(page.Items) == q.Limit {
				page.More = true
				return page, nil
			}
			page.Items = append(page.Items, it)
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil {
			in = nil
		}
	}
	return page, nil
}

// queryInput returns the request and the name of the sort key attribute. The request is
// nil if the bounds exclude every key.
func (t *Table) queryInput(q table.Query) (*dynamodb.QueryInput, string, error) {
	bad := func(format string, args ...any) (*dynamodb.QueryInput, string, error) {
		return nil, "", fmt.Errorf("%w: %w", table.ErrBadWrite, fmt.Errorf(format, args...))
	}
	if q.Limit < 0 {
		return bad("limit: must not be negative, got %d", q.Limit)
	}
	if q.Partition == "" {
		return bad("partition key: must not be empty")
	}
	for _, bound := range []string{q.Low, q.High, q.After} {
		if len(bound) > maxSortBytes {
			return bad("bound: must have at most %d bytes, got %d", maxSortBytes, len(bound))
		}
	}
	partition, sort := table.PartitionAttr, table.SortAttr
	in := &dynamodb.QueryInput{
		TableName: &t.name, ScanIndexForward: aws.Bool(!q.Descending), ConsistentRead: &q.Consistent,
		ReturnConsumedCapacity: t.capacityMode(),
	}
	if q.Index != "" {
		if t.indexKeys[q.Index+"_pk"] == 0 {
			return bad("unknown index %q", q.Index)
		}
		if q.Consistent {
			return bad("index %s: consistent reads are not supported", q.Index)
		}
		in.IndexName = &q.Index
		partition, sort = q.Index+"_pk", q.Index+"_sk"
	}
	var x expression
	in.KeyConditionExpression = x.keyCondition(q, partition, sort)
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = x.names, x.values
	if x.err != nil || in.KeyConditionExpression == nil {
		return nil, "", x.err
	}
	return in, sort, nil
}

// keyCondition returns nil if low is above high, because DynamoDB rejects such a BETWEEN.
func (x *expression) keyCondition(q table.Query, partition, sort string) *string {
	low, high := bounds(q)
	cond := x.name(partition) + " = " + x.value(q.Partition)
	switch {
	case low != "" && high != "":
		cond += " AND " + x.name(sort) + " BETWEEN " + x.value(low) + " AND " + x.value(high)
		if low > high {
			return nil
		}
	case low != "":
		cond += " AND " + x.name(sort) + " >= " + x.value(low)
	case high != "":
		cond += " AND " + x.name(sort) + " <= " + x.value(high)
	}
	return &cond
}

// bounds returns inclusive bounds that respect After. The next key is After and a NUL
// byte. The previous key cannot be expressed, and neither can a next key that would be too
// long. In these cases After itself is returned by DynamoDB, and the caller drops it.
func bounds(q table.Query) (low, high string) {
	low, high = q.Low, q.High
	if q.After == "" {
		return low, high
	}
	if q.Descending {
		if high == "" || q.After < high {
			high = q.After
		}
		return low, high
	}
	next := q.After
	if len(next) < maxSortBytes {
		next += "\x00"
	}
	return max(low, next), high
}
