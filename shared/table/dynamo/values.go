package dynamo

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"statgate/shared/table"
)

// encode turns a value of an item into DynamoDB's. Text that is not UTF-8 is
// refused: JSON would silently make another string of it, a key included.
func encode(v any) (types.AttributeValue, error) {
	switch v := v.(type) {
	case nil:
		return &types.AttributeValueMemberNULL{Value: true}, nil
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}, nil
	case int64:
		return &types.AttributeValueMemberN{Value: strconv.FormatInt(v, 10)}, nil
	case string:
		if !utf8.ValidString(v) {
			return nil, fmt.Errorf("%w: text is not UTF-8", table.ErrBadWrite)
		}
		return &types.AttributeValueMemberS{Value: v}, nil
	case []any:
		l := make([]types.AttributeValue, len(v))
		for i := range v {
			e, err := encode(v[i])
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i, err)
			}
			l[i] = e
		}
		return &types.AttributeValueMemberL{Value: l}, nil
	case map[string]any:
		m, err := encodeMap(v)
		if err != nil {
			return nil, err
		}
		return &types.AttributeValueMemberM{Value: m}, nil
	}
	return nil, fmt.Errorf("%w: %T is not a value of an item", table.ErrBadWrite, v)
}

func encodeMap(v map[string]any) (map[string]types.AttributeValue, error) {
	m := make(map[string]types.AttributeValue, len(v))
	for name := range v {
		if !utf8.ValidString(name) {
			return nil, fmt.Errorf("%w: a name is not UTF-8", table.ErrBadWrite)
		}
		e, err := encode(v[name])
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		m[name] = e
	}
	return m, nil
}

func encodeKey(k table.Key) (map[string]types.AttributeValue, error) {
	return encodeMap(map[string]any{table.PartitionAttr: k.Partition, table.SortAttr: k.Sort})
}

// decode is the way back. A type that Statgate never writes is an error.
func decode(v types.AttributeValue) (any, error) {
	switch v := v.(type) {
	case *types.AttributeValueMemberNULL:
		return nil, nil
	case *types.AttributeValueMemberBOOL:
		return v.Value, nil
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(v.Value, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("number %s is no int64", v.Value)
		}
		return n, nil
	case *types.AttributeValueMemberS:
		return v.Value, nil
	case *types.AttributeValueMemberL:
		l := make([]any, len(v.Value))
		for i := range v.Value {
			e, err := decode(v.Value[i])
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i, err)
			}
			l[i] = e
		}
		return l, nil
	case *types.AttributeValueMemberM:
		m, err := decodeItem(v.Value)
		if m == nil && err == nil {
			return map[string]any{}, nil
		}
		return map[string]any(m), err
	}
	return nil, fmt.Errorf("a value of type %T", v)
}

// decodeItem returns nil for no attributes: an item has its key at least.
func decodeItem(m map[string]types.AttributeValue) (table.Item, error) {
	if len(m) == 0 {
		return nil, nil
	}
	it := make(table.Item, len(m))
	for name := range m {
		v, err := decode(m[name])
		if err != nil {
			return nil, fmt.Errorf("%w: attribute %s: %w", table.ErrUnavailable, name, err)
		}
		it[name] = v
	}
	return it, nil
}
