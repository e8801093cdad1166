package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"statgate/shared/retry"
	"statgate/shared/table"
)

// maxAttempts bounds the attempts of a write that conflicts with transactions. With
// the pauses of backoff they take about half a second.
const maxAttempts = 8

var backoff = retry.Backoff{First: 10 * time.Millisecond, Max: 250 * time.Millisecond,
	Random: rand.N[time.Duration], Min: time.Millisecond}

// retryConflicts repeats call while it fails with [table.ErrConflict].
func retryConflicts(ctx context.Context, call func() error) error {
	conflict := func(err error) bool { return errors.Is(err, table.ErrConflict) }
	return backoff.Do(ctx, maxAttempts, conflict, call)
}

// codes maps DynamoDB's error codes and cancellation codes to ours.
var codes = map[string]error{
	"TransactionConflict":              table.ErrConflict,
	"TransactionConflictException":     table.ErrConflict,
	"TransactionInProgressException":   table.ErrConflict,
	"ReplicatedWriteConflictException": table.ErrConflict,

	"ProvisionedThroughputExceeded":          table.ErrThrottled,
	"ProvisionedThroughputExceededException": table.ErrThrottled,
	"ThrottlingError":                        table.ErrThrottled,
	"ThrottlingException":                    table.ErrThrottled,
	"Throttling":                             table.ErrThrottled,
	"RequestLimitExceeded":                   table.ErrThrottled,

	"ValidationError":                          table.ErrBadWrite,
	"ValidationException":                      table.ErrBadWrite,
	"ItemCollectionSizeLimitExceeded":          table.ErrBadWrite,
	"ItemCollectionSizeLimitExceededException": table.ErrBadWrite,
}

// classify converts an error of the SDK to one of package table.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		it, bad := decodeItem(failed.Item)
		if bad != nil {
			return bad
		}
		return &table.ConditionFailed{Item: it}
	}
	var cancel *types.TransactionCanceledException
	if errors.As(err, &cancel) {
		return canceled(cancel)
	}
	var invalid smithy.InvalidParamsError
	if errors.As(err, &invalid) {
		return fmt.Errorf("%w: %w", table.ErrBadWrite, err)
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		if class := codes[api.ErrorCode()]; class != nil {
			return fmt.Errorf("%w: %w", class, err)
		}
	}
	return fmt.Errorf("%w: %w", table.ErrUnavailable, err)
}

// canceled reads the cancellation reasons of a transaction. A bad write takes precedence
// (DynamoDB Local reports nothing else with it). A failed condition is next, because a
// retry would not help. Errors that a retry may resolve come last.
func canceled(cancel *types.TransactionCanceledException) error {
	out := &table.Canceled{Reasons: make([]*table.ConditionFailed, len(cancel.CancellationReasons))}
	conditionFailed := false
	var class error
	for i, r := range cancel.CancellationReasons {
		switch code := deref(r.Code); code {
		case "", "None":
		case "ConditionalCheckFailed":
			it, err := decodeItem(r.Item)
			if err != nil {
				return err
			}
			out.Reasons[i], conditionFailed = &table.ConditionFailed{Item: it}, true
		default:
			class = moreSevere(class, codes[code])
		}
	}
	if conditionFailed && class != table.ErrBadWrite {
		return out
	}
	if class == nil {
		class = table.ErrUnavailable
	}
	return fmt.Errorf("%w: %w", class, cancel)
}

// moreSevere returns the error class that is more important for the decision to retry.
func moreSevere(a, b error) error {
	if b == nil {
		b = table.ErrUnavailable
	}
	for _, class := range []error{table.ErrBadWrite, table.ErrUnavailable, table.ErrThrottled} {
		if a == class || b == class {
			return class
		}
	}
	return b
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
