// Package fanout is a stand-in.
package fanout

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
)

// Handle sends each record's id on.
func Handle(send func(ctx context.Context, body string) error, log *slog.Logger) func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		for _, r := range e.Records {
			log.Info("change", "event", r.EventID, "pk", r.Change.Keys["pk"].String())
			if err := send(ctx, r.EventID); err != nil {
				return events.DynamoDBEventResponse{}, err
			}
		}
		return events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}, nil
	}
}
