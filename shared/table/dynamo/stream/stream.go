// Package stream follows the stream of a DynamoDB table by polling, in a long-running
// process over DynamoDB or DynamoDB Local. On AWS, Lambda does this for a deployment; no
// Lambda function links this package.
//
// A stream consists of shards. A shard is read in order. A shard that is split or old ends,
// and child shards follow it. Children are read after their parent, so that the changes of
// an item stay in order.
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

// Open finds the latest stream of a table, and its present end: what is written
// from now on is told to whoever follows. The client tells where DynamoDB is. A
// table without a stream of new and old images is an error.
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
		return fail(fmt.Errorf("the stream has %s, not %s", view, dynamotypes.StreamViewTypeNewAndOldImages))
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
		if err := s.aim(ctx, sh); err != nil {
			return fail(err)
		}
	}
	return s, nil
}

// Follow tells read every change since the stream was opened, up to 100 at a
// time, one call after the other, and waits for more. Where read fails the same
// changes come again, perhaps with newer ones behind them; those of other shards
// do not wait for that. It returns nil when ctx ends, and an error where the
// stream is gone, or is followed already.
func (s *Stream) Follow(ctx context.Context, read table.Reader, log *slog.Logger) error {
	if !s.following.CompareAndSwap(false, true) {
		return fmt.Errorf("stream: the stream of table %s is followed already", s.table)
	}
	defer s.following.Store(false)
	log = log.With("table", s.table)
	read = oneAtATime(read)
	walking, ended := map[*shard]bool{}, make(chan *shard)
	var walkers sync.WaitGroup
	defer walkers.Wait()
	for {
		for _, sh := range s.ready() {
			if walking[sh] {
				continue
			}
			walking[sh] = true
			walkers.Go(func() {
				s.walk(ctx, sh, read, log)
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
			delete(walking, sh)
		case <-timer.C:
		}
		timer.Stop()
		if over := s.lookAgain(ctx, log); ctx.Err() != nil {
			return nil
		} else if over != nil && len(walking) == 0 {
			return fmt.Errorf("stream: following table %s: %w", s.table, over)
		}
	}
}

// oneAtATime serializes the calls of a reader by different shards.
func oneAtATime(read table.Reader) table.Reader {
	var mu sync.Mutex
	return func(ctx context.Context, changes []table.Change) error {
		mu.Lock()
		defer mu.Unlock()
		return read(ctx, changes)
	}
}

// ready returns the shards that may be read: those whose parent has been, or is
// older than what the stream keeps.
func (s *Stream) ready() []*shard {
	var list []*shard
	for _, sh := range s.shards {
		if parent := s.shards[sh.parent]; !sh.done && (parent == nil || parent.done) {
			list = append(list, sh)
		}
	}
	return list
}

// lookAgain lists the shards. It returns an error if the stream can have no new ones.
func (s *Stream) lookAgain(ctx context.Context, log *slog.Logger) (over error) {
	_ = table.Insist(ctx, log, "looking for new parts of a table's stream", func() error {
		err := s.refresh(ctx)
		var gone *types.ResourceNotFoundException
		if errors.As(err, &gone) {
			over, err = gone, nil
		}
		return err
	})
	if over == nil && s.disabled && len(s.ready()) == 0 {
		over = errors.New("the stream was disabled")
	}
	return over
}

// refresh brings shards up to what the stream has. New ones are read from their
// beginning; those that were read and are kept no longer are forgotten.
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
