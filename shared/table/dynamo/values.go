package dynamo

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"statgate/shared/table"
)

// encode converts a value of an item to DynamoDB's type. A string that is not UTF-8 is an
// error, because JSON would silently change it, even in a key.
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
			return nil, fmt.Errorf("%w: strings must be UTF-8", table.ErrBadWrite)
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
	return nil, fmt.Errorf("%w: unsupported type %T", table.ErrBadWrite, v)
}

func encodeMap(v map[string]any) (map[string]types.AttributeValue, error) {
	m := make(map[string]types.AttributeValue, len(v))
	for name := range v {
		if !utf8.ValidString(name) {
			return nil, fmt.Errorf("%w: names must be UTF-8", table.ErrBadWrite)
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

// decodeItem returns nil if m has no attributes, because an item has at least its key. If
// an item cannot be decoded, the error wraps [table.ErrUnavailable].
func decodeItem(m map[string]types.AttributeValue) (table.Item, error) {
	it, err := Decode(m)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", table.ErrUnavailable, err)
	}
	return it, nil
}

// Decode converts an item of DynamoDB or of its streams; it returns nil if m is empty.
// Types that Statgate never writes are errors: binary values, sets, and numbers that
// are not int64. The errors name attributes and types but quote no value, which may
// be a customer's.
func Decode(m map[string]types.AttributeValue) (table.Item, error) {
	if len(m) == 0 {
		return nil, nil
	}
	return decodeMap(m)
}

func decodeMap(attrs map[string]types.AttributeValue) (map[string]any, error) {
	m := make(map[string]any, len(attrs))
	for name, attr := range attrs {
		v, err := decode(attr)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		m[name] = v
	}
	return m, nil
}

// decode reads numbers as int64; the SDK's attributevalue decodes them as floats.
func decode(attr types.AttributeValue) (any, error) {
	switch attr := attr.(type) {
	case *types.AttributeValueMemberNULL:
		return nil, nil
	case *types.AttributeValueMemberBOOL:
		return attr.Value, nil
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(attr.Value, 10, 64)
		if err != nil {
			return nil, errors.New("number is not an int64")
		}
		return n, nil
	case *types.AttributeValueMemberS:
		return attr.Value, nil
	case *types.AttributeValueMemberL:
		l := make([]any, len(attr.Value))
		for i := range attr.Value {
			v, err := decode(attr.Value[i])
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i, err)
			}
			l[i] = v
		}
		return l, nil
	case *types.AttributeValueMemberM:
		return decodeMap(attr.Value)
	}
	return nil, errors.New("unsupported type: " + unsupported(attr))
}

func unsupported(attr types.AttributeValue) string {
	switch attr.(type) {
	case *types.AttributeValueMemberB:
		return "binary"
	case *types.AttributeValueMemberBS:
		return "binary set"
	case *types.AttributeValueMemberNS:
		return "number set"
	case *types.AttributeValueMemberSS:
		return "string set"
	}
	return "unknown"
}
