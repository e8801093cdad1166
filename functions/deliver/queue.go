package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/feed/webhooks"
)

// Handle handles the messages of a batch concurrently. A delivery that needs another
// attempt gets a new message in the queue. If its message were only hidden, it would count
// as in flight, and SQS allows 120,000 messages in flight per queue: one customer's waiting
// deliveries could stop those of all.
//
// A message that fails becomes visible again after the queue's visibility timeout, and
// finally goes to the dead-letter queue.
func (s *Sender) Handle(queue webhooks.Queue) func(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
		var mu sync.Mutex
		var retries []webhooks.QueuedDelivery
		var retried []string // ids of the messages of retries
		answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		fail := func(messages ...string) {
			for _, id := range messages {
				answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
			}
		}
		var group sync.WaitGroup
		for _, message := range ev.Records {
			group.Go(func() {
				d, done, err := s.message(ctx, message.Body)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					s.Log.Error("handling a queue message failed", "message", message.MessageId, "webhook", d.Webhook, "delivery", d.Delivery, "cause", err)
					fail(message.MessageId)
				case !done:
					retries, retried = append(retries, d), append(retried, message.MessageId)
				}
			})
		}
		group.Wait()
		if len(retries) == 0 {
			return answer, nil
		}
		if err := queue.Send(ctx, retries...); err != nil {
			s.Log.Error("queueing deliveries again failed", "messages", len(retries), "cause", err)
			fail(retried...)
		}
		return answer, nil
	}
}

// message handles one message. Unless the delivery is done, it returns the delivery to
// queue again, with its next NotBefore.
func (s *Sender) message(ctx context.Context, body string) (d webhooks.QueuedDelivery, done bool, err error) {
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		return d, false, fmt.Errorf("deliver: reading a message: %w", err)
	}
	if d.Webhook == "" || d.Delivery == "" {
		return d, false, errors.New("deliver: the message names no delivery")
	}
	if d.NotBefore > s.Clock().Unix() {
		return d, false, nil // too early, so there is no need to read the table
	}
	again, err := s.Deliver(ctx, d)
	d.NotBefore = s.Clock().Add(again).Unix()
	return d, again == 0, err
}
