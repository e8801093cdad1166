// Package queue is webhooks' deliveries in SQS.
package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"statgate/shared/boot"
	"statgate/shared/webhooks"
)

// batch is how many messages one request takes (SQS).
const batch = 10

// Queue is a queue by its URL.
type Queue struct {
	client *sqs.Client
	url    string
}

// Open returns the queue that the function's environment names (WEBHOOK_QUEUE).
func Open(f *boot.Function) *Queue { return New(f.AWS, f.Need("WEBHOOK_QUEUE")) }

// New returns the queue of a URL.
func New(cfg aws.Config, url string) *Queue { return &Queue{sqs.NewFromConfig(cfg), url} }

// Send implements [webhooks.Queue]. Where it fails some may have been sent.
func (q *Queue) Send(ctx context.Context, due ...webhooks.Due) error {
	for len(due) > 0 {
		n := min(batch, len(due))
		entries := make([]types.SendMessageBatchRequestEntry, n)
		for i, d := range due[:n] {
			raw, err := json.Marshal(d)
			if err != nil {
				return fmt.Errorf("queue: writing a delivery: %w", err)
			}
			entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(raw))}
		}
		out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries})
		if err != nil {
			return fmt.Errorf("queue: sending: %w", err)
		}
		if len(out.Failed) > 0 {
			return fmt.Errorf("queue: %d of %d messages were not taken: %s", len(out.Failed), n, aws.ToString(out.Failed[0].Code))
		}
		due = due[n:]
	}
	return nil
}

// Hide keeps a message that was received from being received again for a time, in
// whole seconds and at most 12 hours.
func (q *Queue) Hide(ctx context.Context, message events.SQSMessage, lasts time.Duration) error {
	seconds := int32((lasts + time.Second - 1) / time.Second)
	if _, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: &message.ReceiptHandle, VisibilityTimeout: seconds,
	}); err != nil {
		return fmt.Errorf("queue: hiding a message: %w", err)
	}
	return nil
}
