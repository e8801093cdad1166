// Package stream follows the stream of a DynamoDB table by polling, in a long-running
// process that uses DynamoDB or DynamoDB Local. On AWS, Lambda does this for a deployment;
// no Lambda function links this package.
//
// A stream consists of shards. A shard is read in order. A shard ends when it is split or
// old, and child shards continue it. Children are read after their parent, so that the
// changes of an item stay in order.
package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"statgate/shared/table"
)

// refreshEvery is the interval of listing the shards if none has ended.
const refreshEvery = 10 * time.Second

// Stream follows the changes of one table from the time it was opened. Its position is in
// the memory of this process only.
type Stream struct {
	client    *dynamodbstreams.Client
	table     string
	arn       string
	shards    map[string]*shard // by id
	disabled  bool
	following atomic.Bool
}

// Open opens the latest stream of a table at its current end: [Stream.Follow] gets the
// changes that are made from now on. The stream uses the client's endpoint and
// credentials. It is an error if the table has no stream of new and old images.
func Open(ctx context.Context, client *dynamodb.Client, tableName string) (*Stream, error) {
	fail := func(err error) (*Stream, error) {
		return nil, fmt.Errorf("stream: opening the stream of table %s: %w", tableName, err)
	}
	out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &tableName})
	if err != nil {
		return fail(fmt.Errorf("describing the table: %w", err))
	}
	spec := out.Table.StreamSpecification
	if out.Table.LatestStreamArn == nil || spec == nil || spec.StreamEnabled == nil || !*spec.StreamEnabled {
		return fail(errors.New("the table has no stream"))
	}
	if view := spec.StreamViewType; view != dynamotypes.StreamViewTypeNewAndOldImages {
		return fail(fmt.Errorf("the stream's view type is %s, want %s", view, dynamotypes.StreamViewTypeNewAndOldImages))
	}
	o := client.Options()
	s := &Stream{
		client: dynamodbstreams.New(dynamodbstreams.Options{
			Region: o.Region, Credentials: o.Credentials, BaseEndpoint: o.BaseEndpoint, HTTPClient: o.HTTPClient,
		}),
		table: tableName, arn: *out.Table.LatestStreamArn, shards: map[string]*shard{},
	}
	if err := s.refresh(ctx); err != nil {
		return fail(err)
	}
	for _, sh := range s.shards {
		if sh.done = sh.closed; sh.done {
			continue
		}
		sh.start = types.ShardIteratorTypeLatest
		if err := s.requestIterator(ctx, sh); err != nil {
			return fail(err)
		}
	}
	return s, nil
}

// Follow calls read with every change since the stream was opened, up to 100 at a time, and
// waits for more. Calls of read do not overlap. If read fails, it gets the same changes
// again, possibly with newer changes after them; changes of other shards do not wait for
// that. Follow returns nil when ctx ends. It returns an error if the stream no longer
// exists or was disabled, or if another Follow call is running.
func (s *Stream) Follow(ctx context.Context, read table.Reader, log *slog.Logger) error {
	if !s.following.CompareAndSwap(false, true) {
		return fmt.Errorf("stream: another reader follows the stream of table %s", s.table)
	}
	defer s.following.Store(false)
	log = log.With("table", s.table)
	read = oneAtATime(read)
	reading, ended := map[*shard]bool{}, make(chan *shard)
	var readers sync.WaitGroup
	defer readers.Wait()
	for {
		for _, sh := range s.ready() {
			if reading[sh] {
				continue
			}
			reading[sh] = true
			readers.Go(func() {
				s.readShard(ctx, sh, read, log)
				select {
				case ended <- sh:
				case <-ctx.Done():
				}
			})
		}
		timer := time.NewTimer(refreshEvery)
		select {
		case <-ctx.Done():
		case sh := <-ended:
			sh.done = true
			delete(reading, sh)
		case <-timer.C:
		}
		timer.Stop()
		if streamErr := s.refreshUntilDone(ctx, log); ctx.Err() != nil {
			return nil
		} else if streamErr != nil && len(reading) == 0 {
			return fmt.Errorf("stream: following table %s: %w", s.table, streamErr)
		}
	}
}

// oneAtATime returns a reader that serializes calls from different shards.
func oneAtATime(read table.Reader) table.Reader {
	var mu sync.Mutex
	return func(ctx context.Context, changes []table.Change) error {
		mu.Lock()
		defer mu.Unlock()
		return read(ctx, changes)
	}
}

// ready returns the shards that may be read: those that are not done, and whose parent is
// done or no longer in the stream.
func (s *Stream) ready() []*shard {
	var list []*shard
	for _, sh := range s.shards {
		if parent := s.shards[sh.parent]; !sh.done && (parent == nil || parent.done) {
			list = append(list, sh)
		}
	}
	return list
}

// refreshUntilDone lists the shards and retries failures. It returns an error if the
// stream can have no new shards.
func (s *Stream) refreshUntilDone(ctx context.Context, log *slog.Logger) (streamErr error) {
	_ = table.RetryUntilDone(ctx, log, "listing the shards of a table's stream", func() error {
		err := s.refresh(ctx)
		var gone *types.ResourceNotFoundException
		if errors.As(err, &gone) {
			streamErr, err = gone, nil
		}
		return err
	})
	if streamErr == nil && s.disabled && len(s.ready()) == 0 {
		streamErr = errors.New("the stream was disabled")
	}
	return streamErr
}

// refresh updates s.shards from the stream. New shards are read from their beginning. Shards
// that were read and are no longer in the stream are removed.
func (s *Stream) refresh(ctx context.Context) error {
	listed := map[string]types.Shard{}
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: &s.arn}
	for {
		out, err := s.client.DescribeStream(ctx, in)
		if err != nil {
			return fmt.Errorf("describing the stream: %w", err)
		}
		s.disabled = out.StreamDescription.StreamStatus == types.StreamStatusDisabled
		for _, sh := range out.StreamDescription.Shards {
			listed[*sh.ShardId] = sh
		}
		if in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			break
		}
	}
	for id, l := range listed {
		if s.shards[id] != nil {
			continue
		}
		sh := &shard{id: id, start: types.ShardIteratorTypeTrimHorizon}
		if l.ParentShardId != nil {
			sh.parent = *l.ParentShardId
		}
		sh.closed = l.SequenceNumberRange != nil && l.SequenceNumberRange.EndingSequenceNumber != nil
		s.shards[id] = sh
	}
	for id, sh := range s.shards {
		if _, kept := listed[id]; !kept && sh.done {
			delete(s.shards, id)
		}
	}
	return nil
}
