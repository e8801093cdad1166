// Package queue sends messages for workers to SQS.
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

	"statgate/shared/platform/boot"
)

const (
	batchSize       = 10      // SQS's limit on messages per request
	maxDelaySeconds = 15 * 60 // SQS's limit on a message's delay
	concurrency     = 8       // concurrent requests
)

// Message is a message for a worker. It is encoded as JSON.
type Message interface {
	Group() string  // message group, for SQS's fair queues
	Due() time.Time // when the worker is to receive it
}

// Queue sends messages to one SQS queue.
type Queue[M Message] struct {
	client *sqs.Client
	url    string
	clock  func() time.Time
}

// The variables of a function's environment that have the URLs of queues.
const (
	Webhooks = "WEBHOOK_QUEUE"
	Replays  = "REPLAY_QUEUE"
)

// Open returns the queue in a variable of the function's environment.
func Open[M Message](f *boot.Function, variable string) *Queue[M] {
	return New[M](f.AWS, f.Need(variable), f.Clock)
}

// New returns the queue with a URL.
func New[M Message](cfg aws.Config, url string, clock func() time.Time) *Queue[M] {
	return &Queue[M]{sqs.NewFromConfig(cfg), url, clock}
}

// Send sends messages, each with the delay that its time needs. If it fails, some of the messages may have been sent.
func (q *Queue[M]) Send(ctx context.Context, messages ...M) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for batch := range slices.Chunk(messages, batchSize) {
		group.Go(func() error { return q.send(ctx, batch) })
	}
	return group.Wait()
}

// send sends a batch. The message group is the organisation. SQS uses it for fair
// queues: if one organisation's messages occupy more than their share of the
// receivers, the messages of others are received first.
func (q *Queue[M]) send(ctx context.Context, batch []M) error {
	entries := make([]types.SendMessageBatchRequestEntry, len(batch))
	for i, m := range batch {
		raw, err := json.Marshal(m)
		if err != nil {
			return fmt.Errorf("queue: encoding a message: %w", err)
		}
		entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(raw)),
			MessageGroupId: aws.String(m.Group()), DelaySeconds: q.delay(m)}
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

// delay returns the delay of a message in seconds, rounded up. A message that is due later
// than SQS's limit is received early, and its receiver sends it again.
func (q *Queue[M]) delay(m M) int32 {
	left := m.Due().Sub(q.clock())
	return int32(min(max((left+time.Second-1)/time.Second, 0), maxDelaySeconds))
}
