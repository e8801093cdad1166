// Package dynamo is the table engine on Amazon DynamoDB. Under shared/table only this
// folder and dynamolocal, which starts DynamoDB Local for tests, import the AWS SDK.
//
// Expressions are built by hand: the SDK's builder costs start-up time and adds nothing
// to table.Cond and table.Action.
package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"statgate/shared/table"
)

// Table is one DynamoDB table.
type Table struct {
	client    *dynamodb.Client
	name      string
	indexKeys map[string]int // key attribute of an index → maximum bytes of its value
	units     func(op string, read, write float64)
	options   []func(*dynamodb.Options) // of each call
}

var _ table.Table = (*Table)(nil)

// Option changes how a [Table] works.
type Option func(*Table)

// WithUnits calls observe with the capacity units that each request consumed, indexes
// included. A refused write consumes units too, but DynamoDB does not report them.
func WithUnits(observe func(op string, read, write float64)) Option {
	return func(t *Table) { t.units = observe }
}

// New returns the table of that name, which must have the schema's indexes. The
// client's own retries may repeat a write whose answer was lost: a counter then
// counts twice, and the first attempt may make the condition of the second fail.
// Transactions carry a token and have neither problem.
func New(client *dynamodb.Client, tableName string, schema table.Schema, opts ...Option) *Table {
	t := &Table{client: client, name: tableName, indexKeys: make(map[string]int, 2*len(schema.Indexes))}
	for _, name := range schema.Indexes {
		t.indexKeys[name+"_pk"], t.indexKeys[name+"_sk"] = maxPartitionBytes, maxSortBytes
	}
	for _, o := range opts {
		o(t)
	}
	return t
}

func (t *Table) fail(doing string, err error) error {
	return fmt.Errorf("dynamo: %s %s: %w", doing, t.name, err)
}

// capacityMode returns the setting that requests the consumed capacity, if it is observed.
func (t *Table) capacityMode() types.ReturnConsumedCapacity {
	if t.units == nil {
		return ""
	}
	return types.ReturnConsumedCapacityTotal
}

func (t *Table) observeRead(op string, c ...types.ConsumedCapacity) {
	for _, c := range c {
		t.units(op, aws.ToFloat64(c.CapacityUnits), 0)
	}
}

func (t *Table) observeWrite(op string, c *types.ConsumedCapacity) {
	if t.units != nil && c != nil {
		t.units(op, 0, aws.ToFloat64(c.CapacityUnits))
	}
}

// Get implements [table.Table].
func (t *Table) Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error) {
	const doing = "reading an item of"
	k, err := encodeKey(key)
	if err != nil {
		return nil, t.fail(doing, err)
	}
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: k, ConsistentRead: &consistent, ReturnConsumedCapacity: t.capacityMode(),
	}, t.options...)
	if err != nil {
		return nil, t.fail(doing, classify(err))
	}
	if t.units != nil && out.ConsumedCapacity != nil {
		t.observeRead("GetItem", *out.ConsumedCapacity)
	}
	it, err := decodeItem(out.Item)
	if err != nil {
		return nil, t.fail(doing, err)
	}
	return it, nil
}

// Write implements [table.Table].
func (t *Table) Write(ctx context.Context, w table.Write) (table.Item, error) {
	const doing = "writing to"
	var after table.Item
	err := retryConflicts(ctx, func() (err error) {
		switch w.Op {
		case table.OpPut:
			after, err = t.put(ctx, w)
		case table.OpUpdate:
			after, err = t.update(ctx, w)
		case table.OpDelete:
			after, err = t.delete(ctx, w)
		default:
			err = fmt.Errorf("%w: kind %d is not a single write", table.ErrBadWrite, w.Op)
		}
		return err
	})
	if err != nil {
		return nil, t.fail(doing, err)
	}
	return after, nil
}

func (t *Table) put(ctx context.Context, w table.Write) (table.Item, error) {
	p, err := t.transactPut(w)
	if err != nil {
		return nil, err
	}
	out, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &t.name, Item: p.Item, ConditionExpression: p.ConditionExpression,
		ExpressionAttributeNames: p.ExpressionAttributeNames, ExpressionAttributeValues: p.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: p.ReturnValuesOnConditionCheckFailure,
		ReturnConsumedCapacity:              t.capacityMode(),
	}, t.options...)
	if err != nil {
		return nil, classify(err)
	}
	t.observeWrite("PutItem", out.ConsumedCapacity)
	return decodeItem(p.Item) // a copy, so that the result shares no memory with w.Item
}

func (t *Table) update(ctx context.Context, w table.Write) (table.Item, error) {
	u, err := t.transactUpdate(w)
	if err != nil {
		return nil, err
	}
	out, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: u.Key, UpdateExpression: u.UpdateExpression, ConditionExpression: u.ConditionExpression,
		ExpressionAttributeNames: u.ExpressionAttributeNames, ExpressionAttributeValues: u.ExpressionAttributeValues,
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: u.ReturnValuesOnConditionCheckFailure,
		ReturnConsumedCapacity:              t.capacityMode(),
	}, t.options...)
	if err != nil {
		return nil, classify(err)
	}
	t.observeWrite("UpdateItem", out.ConsumedCapacity)
	return decodeItem(out.Attributes)
}

func (t *Table) delete(ctx context.Context, w table.Write) (table.Item, error) {
	d, err := t.transactDelete(w)
	if err != nil {
		return nil, err
	}
	out, err := t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &t.name, Key: d.Key, ConditionExpression: d.ConditionExpression,
		ExpressionAttributeNames: d.ExpressionAttributeNames, ExpressionAttributeValues: d.ExpressionAttributeValues,
		ReturnValues:                        types.ReturnValueAllOld,
		ReturnValuesOnConditionCheckFailure: d.ReturnValuesOnConditionCheckFailure,
		ReturnConsumedCapacity:              t.capacityMode(),
	}, t.options...)
	if err != nil {
		return nil, classify(err)
	}
	t.observeWrite("DeleteItem", out.ConsumedCapacity)
	return decodeItem(out.Attributes)
}

// Transact implements [table.Table].
func (t *Table) Transact(ctx context.Context, ws []table.Write) error {
	const doing = "transaction on"
	items, err := t.transactItems(ws)
	if err != nil {
		return t.fail(doing, err)
	}
	token := rand.Text()
	err = retryConflicts(ctx, func() error {
		out, err := t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
			TransactItems: items, ClientRequestToken: &token, ReturnConsumedCapacity: t.capacityMode(),
		}, t.options...)
		if err == nil {
			t.observeTransaction(out)
			return nil
		}
		// A transaction that is still in progress is repeated with its own token. A
		// canceled one is repeated as a new transaction.
		var inProgress *types.TransactionInProgressException
		if !errors.As(err, &inProgress) {
			token = rand.Text()
		}
		return classify(err)
	})
	if err != nil {
		return t.fail(doing, err)
	}
	return nil
}

func (t *Table) observeTransaction(out *dynamodb.TransactWriteItemsOutput) {
	if t.units == nil {
		return
	}
	for _, c := range out.ConsumedCapacity {
		t.units("TransactWriteItems", aws.ToFloat64(c.ReadCapacityUnits), aws.ToFloat64(c.WriteCapacityUnits))
	}
}
