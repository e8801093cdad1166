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

// Handle serves messages of the queue, all at once. For those that want another
// attempt a new message waits in the queue. A message that was received and only
// hidden would count among those that SQS lets be under way, 120,000 of a queue: one
// customer's that wait for hours could stop the deliveries to all.
//
// A message that the queue may not forget comes again when the queue's own time is
// over, and in the end is set aside where somebody can look at it.
func (s *Sender) Handle(queue webhooks.Queue) func(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
		var mu sync.Mutex
		var later []webhooks.Due
		var after []string // the messages that those are of
		answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		keep := func(messages ...string) {
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
					s.Log.Error("a message of the queue could not be handled", "message", message.MessageId, "webhook", d.Webhook, "delivery", d.Delivery, "cause", err)
					keep(message.MessageId)
				case !done:
					later, after = append(later, d), append(after, message.MessageId)
				}
			})
		}
		group.Wait()
		if len(later) == 0 {
			return answer, nil
		}
		if err := queue.Send(ctx, later...); err != nil {
			s.Log.Error("deliveries could not be put off", "messages", len(later), "cause", err)
			keep(after...)
		}
		return answer, nil
	}
}

// message does what a message is for. Where that is not done for good it returns the
// delivery as it is to be sent again.
func (s *Sender) message(ctx context.Context, body string) (d webhooks.Due, done bool, err error) {
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		return d, false, fmt.Errorf("deliver: reading a message: %w", err)
	}
	if d.Webhook == "" || d.Delivery == "" {
		return d, false, errors.New("deliver: a message that names no delivery")
	}
	if d.NotBefore > s.Clock().Unix() {
		return d, false, nil // it is early, and the table need not be asked
	}
	again, err := s.Deliver(ctx, d)
	d.NotBefore = s.Clock().Add(again).Unix()
	return d, again == 0, err
}
