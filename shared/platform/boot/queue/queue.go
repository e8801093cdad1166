// Package queue is webhooks' deliveries in SQS.
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
	batch        = 10      // messages that one request takes (SQS)
	longestDelay = 15 * 60 // seconds, of a message that is sent (SQS)
	atOnce       = 8       // requests side by side
)

// Queue is a queue by its URL.
type Queue struct {
	client *sqs.Client
	url    string
	clock  func() time.Time
}

// Open returns the queue that the function's environment names (WEBHOOK_QUEUE).
func Open(f *boot.Function) *Queue { return New(f.AWS, f.Need("WEBHOOK_QUEUE"), f.Clock) }

// New returns the queue of a URL.
func New(cfg aws.Config, url string, clock func() time.Time) *Queue {
	return &Queue{sqs.NewFromConfig(cfg), url, clock}
}

// Send implements [webhooks.Queue]. Where it fails some may have been sent.
func (q *Queue) Send(ctx context.Context, due ...webhooks.Due) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for some := range slices.Chunk(due, batch) {
		group.Go(func() error { return q.send(ctx, some) })
	}
	return group.Wait()
}

// send sends a batch. The group of a message is its organisation: by that SQS sees
// whose messages take more than their share of the receivers, and hands out those of
// others first (fair queues).
func (q *Queue) send(ctx context.Context, due []webhooks.Due) error {
	entries := make([]types.SendMessageBatchRequestEntry, len(due))
	for i, d := range due {
		raw, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("queue: writing a delivery: %w", err)
		}
		entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(raw)),
			MessageGroupId: &d.Org, DelaySeconds: q.delay(d)}
	}
	out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		return fmt.Errorf("queue: sending: %w", err)
	}
	if len(out.Failed) > 0 {
		return fmt.Errorf("queue: %d of %d messages were not taken: %s", len(out.Failed), len(due), aws.ToString(out.Failed[0].Code))
	}
	return nil
}

// delay is how many seconds a message is to wait. Whoever receives it sooner than it
// is due sends it on.
func (q *Queue) delay(d webhooks.Due) int32 {
	return int32(min(max(d.NotBefore-q.clock().Unix(), 0), longestDelay))
}
