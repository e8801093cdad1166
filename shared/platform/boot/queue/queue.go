// Package queue sends webhook deliveries to SQS.
package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"statgate/shared/feed/webhooks"
	"statgate/shared/platform/boot"
)

const (
	batchSize       = 10      // SQS's limit on messages per request
	maxDelaySeconds = 15 * 60 // SQS's limit on a message's delay
	concurrency     = 8       // concurrent requests
)

// Queue sends messages to one SQS queue.
type Queue struct {
	client *sqs.Client
	url    string
	clock  func() time.Time
}

// Open returns the queue in the function's environment (WEBHOOK_QUEUE).
func Open(f *boot.Function) *Queue { return New(f.AWS, f.Need("WEBHOOK_QUEUE"), f.Clock) }

// New returns the queue with a URL.
func New(cfg aws.Config, url string, clock func() time.Time) *Queue {
	return &Queue{sqs.NewFromConfig(cfg), url, clock}
}

// Send implements [webhooks.Queue]. If it fails, some of the messages may have been sent.
func (q *Queue) Send(ctx context.Context, deliveries ...webhooks.QueuedDelivery) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for batch := range slices.Chunk(deliveries, batchSize) {
		group.Go(func() error { return q.send(ctx, batch) })
	}
	return group.Wait()
}

// send sends a batch. The message group is the organisation. SQS uses it for fair
// queues: if one organisation's messages occupy more than their share of the
// receivers, the messages of others are received first.
func (q *Queue) send(ctx context.Context, batch []webhooks.QueuedDelivery) error {
	entries := make([]types.SendMessageBatchRequestEntry, len(batch))
	for i, d := range batch {
		raw, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("queue: encoding a delivery: %w", err)
		}
		entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(raw)),
			MessageGroupId: &d.Org, DelaySeconds: q.delay(d)}
	}
	out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		return fmt.Errorf("queue: sending a batch: %w", err)
	}
	if len(out.Failed) > 0 {
		return fmt.Errorf("queue: %d of %d messages were refused: %s", len(out.Failed), len(batch), aws.ToString(out.Failed[0].Code))
	}
	return nil
}

// delay returns the delay of a message in seconds. A delivery that is due later than
// SQS's limit is received early, and its receiver sends it again.
func (q *Queue) delay(d webhooks.QueuedDelivery) int32 {
	return int32(min(max(d.NotBefore-q.clock().Unix(), 0), maxDelaySeconds))
}
