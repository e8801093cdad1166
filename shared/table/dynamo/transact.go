package dynamo

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"statgate/shared/table"
)

// returnOld requests the stored item if the condition of a write fails.
const returnOld = types.ReturnValuesOnConditionCheckFailureAllOld

// transactItems converts writes to the items of a DynamoDB transaction.
func (t *Table) transactItems(ws []table.Write) ([]types.TransactWriteItem, error) {
	if len(ws) == 0 {
		return nil, fmt.Errorf("%w: a transaction needs at least one write", table.ErrBadWrite)
	}
	items := make([]types.TransactWriteItem, len(ws))
	seen := make(map[table.Key]bool, len(ws))
	for i, w := range ws {
		if k := w.Target(); seen[k] { // DynamoDB Local accepts a second write if it is a check
			return nil, fmt.Errorf("%w: write %d: another write is on the same item %q", table.ErrBadWrite, i, k)
		} else {
			seen[k] = true
		}
		var err error
		switch w.Op {
		case table.OpPut:
			items[i].Put, err = t.transactPut(w)
		case table.OpUpdate:
			items[i].Update, err = t.transactUpdate(w)
		case table.OpDelete:
			items[i].Delete, err = t.transactDelete(w)
		case table.OpCheck:
			items[i].ConditionCheck, err = t.transactCheck(w)
		default:
			err = fmt.Errorf("%w: unknown kind of write: %d", table.ErrBadWrite, w.Op)
		}
		if err != nil {
			return nil, fmt.Errorf("write %d: %w", i, err)
		}
	}
	return items, nil
}

func (t *Table) transactPut(w table.Write) (*types.Put, error) {
	if err := t.checkIndexKeys(w.Item, nil); err != nil {
		return nil, err
	}
	item, err := encodeMap(w.Item)
	if err != nil {
		return nil, err
	}
	var x expression
	cond := x.condition(w.If)
	return &types.Put{
		TableName: &t.name, Item: item, ConditionExpression: cond,
		ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValuesOnConditionCheckFailure: returnOld,
	}, x.err
}

func (t *Table) transactUpdate(w table.Write) (*types.Update, error) {
	key, err := encodeKey(w.Key)
	if err != nil {
		return nil, err
	}
	if err := t.checkIndexKeys(nil, w.Actions); err != nil {
		return nil, err
	}
	var x expression
	change, cond := x.update(w.Actions), x.condition(w.If)
	return &types.Update{
		TableName: &t.name, Key: key, UpdateExpression: change, ConditionExpression: cond,
		ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValuesOnConditionCheckFailure: returnOld,
	}, x.err
}

// checkIndexKeys rejects index attributes that cannot be keys. DynamoDB rejects them too,
// but in a transaction it reports failed conditions first, and DynamoDB Local accepts some
// of them. Only DynamoDB can check the result of a copy.
func (t *Table) checkIndexKeys(it table.Item, actions []table.Action) error {
	for attr, maxBytes := range t.indexKeys {
		if v, found := it[attr]; found {
			if err := checkIndexKey(attr, v, maxBytes); err != nil {
				return err
			}
		}
	}
	for _, a := range actions {
		maxBytes, found := t.indexKeys[a.Path]
		if !found || a.Kind == table.ActRemove || a.Kind == table.ActCopy {
			continue
		}
		if err := checkIndexKey(a.Path, a.Value, maxBytes); err != nil {
			return err
		}
	}
	return nil
}

func checkIndexKey(attr string, v any, maxBytes int) error {
	if s, ok := v.(string); !ok || s == "" || len(s) > maxBytes {
		return fmt.Errorf("%w: index attribute %s: must be a string of 1 to %d bytes", table.ErrBadWrite, attr, maxBytes)
	}
	return nil
}

func (t *Table) transactDelete(w table.Write) (*types.Delete, error) {
	key, err := encodeKey(w.Key)
	if err != nil {
		return nil, err
	}
	var x expression
	cond := x.condition(w.If)
	return &types.Delete{
		TableName: &t.name, Key: key, ConditionExpression: cond,
		ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValuesOnConditionCheckFailure: returnOld,
	}, x.err
}

func (t *Table) transactCheck(w table.Write) (*types.ConditionCheck, error) {
	key, err := encodeKey(w.Key)
	if err != nil {
		return nil, err
	}
	var x expression
	cond := x.condition(w.If)
	if cond == nil {
		return nil, fmt.Errorf("%w: a check needs a condition", table.ErrBadWrite)
	}
	return &types.ConditionCheck{
		TableName: &t.name, Key: key, ConditionExpression: cond,
		ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValuesOnConditionCheckFailure: returnOld,
	}, x.err
}
