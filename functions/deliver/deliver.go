// Package deliver is a stand-in.
package deliver

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
)

// Handle logs each message.
func Handle(log *slog.Logger) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	return func(_ context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
		for _, m := range e.Records {
			log.Info("delivery", "body", m.Body)
		}
		return events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}, nil
	}
}
