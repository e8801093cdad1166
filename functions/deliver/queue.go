package deliver

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/webhooks"
)

// Hide keeps a message of the queue from being received for a time.
type Hide func(ctx context.Context, message events.SQSMessage, lasts time.Duration) error

// hiddenAtMost is how long a queue hides a message (SQS: 12 h from when it was received).
const hiddenAtMost = 12*time.Hour - time.Minute

// Handle serves messages of the queue, all at once. Those that want another attempt
// stay in the queue, hidden until then.
func (s *Sender) Handle(hide Hide) func(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
		var mu sync.Mutex
		answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		var group sync.WaitGroup
		for _, message := range ev.Records {
			group.Go(func() {
				if s.message(ctx, message, hide) {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
			})
		}
		group.Wait()
		return answer, nil
	}
}

// message tells whether the queue may forget a message.
func (s *Sender) message(ctx context.Context, message events.SQSMessage, hide Hide) bool {
	var d webhooks.Due
	if err := json.Unmarshal([]byte(message.Body), &d); err != nil || d.Webhook == "" || d.Delivery == "" {
		s.Log.Error("a message of the queue is no delivery", "message", message.MessageId, "cause", err)
		return false // it ends in the queue of dead letters, where somebody can look at it
	}
	again, err := s.Deliver(ctx, d)
	if err != nil {
		s.Log.Error("a delivery could not be attempted", "webhook", d.Webhook, "delivery", d.Delivery, "cause", err)
		again = retryOfStore
	}
	if again == 0 {
		return true
	}
	if err := hide(ctx, message, min(again, hiddenAtMost)); err != nil {
		// It comes again when the queue's own time is over, which is no harm.
		s.Log.Warn("a message could not be hidden", "delivery", d.Delivery, "cause", err)
	}
	return false
}
