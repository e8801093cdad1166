package deliver

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/webhooks"
)

// Later puts a delivery into the queue once more, to be received after a time, or
// sooner where the queue cannot wait as long.
type Later func(ctx context.Context, d webhooks.Due, after time.Duration) error

// Handle serves messages of the queue, all at once. For those that want another
// attempt a new message waits in the queue. A message that was received and only
// hidden would count among those that SQS lets be under way, 120,000 of a queue: one
// customer's that wait for hours could stop the deliveries to all.
func (s *Sender) Handle(later Later) func(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
		var mu sync.Mutex
		answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		var group sync.WaitGroup
		for _, message := range ev.Records {
			group.Go(func() {
				if s.message(ctx, message, later) {
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

// message tells whether the queue may forget a message. One that it may not comes
// again when the queue's own time is over, and in the end is set aside where somebody
// can look at it.
func (s *Sender) message(ctx context.Context, message events.SQSMessage, later Later) bool {
	var d webhooks.Due
	if err := json.Unmarshal([]byte(message.Body), &d); err != nil || d.Webhook == "" || d.Delivery == "" {
		s.Log.Error("a message of the queue is no delivery", "message", message.MessageId, "cause", err)
		return false
	}
	again := time.Unix(d.NotBefore, 0).Sub(s.Clock()) // where it is early the table need not be asked
	if again <= 0 {
		var err error
		if again, err = s.Deliver(ctx, d); err != nil {
			s.Log.Error("a delivery could not be attempted", "webhook", d.Webhook, "delivery", d.Delivery, "cause", err)
			return false
		}
		d.NotBefore = s.Clock().Add(again).Unix()
	}
	if again <= 0 {
		return true
	}
	if err := later(ctx, d, again); err != nil {
		s.Log.Error("a delivery could not be put off", "webhook", d.Webhook, "delivery", d.Delivery, "cause", err)
		return false
	}
	return true
}
