package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"statgate/shared/retry"
	"statgate/shared/table"
)

const (
	// batchRecords is how many changes a reader is told at once, at most.
	batchRecords = 100
	// answerRecords is what DynamoDB gives at once, at most.
	answerRecords = 1000
	// idle is the pause before a shard is asked again. DynamoDB answers five times a
	// second for each.
	idle = 200 * time.Millisecond
	// skew is what a record's time may be behind this machine's: clocks differ, and
	// DynamoDB Local tells whole minutes.
	skew = 2 * time.Minute
)

// shard is one part of a stream, and how far it was read.
type shard struct {
	id, parent string
	closed     bool // it had ended when it was first seen
	done       bool // all that is to be read of it has been

	start    types.ShardIteratorType // where to begin while nothing was read
	after    string                  // sequence number of the last record that a reader took
	iterator string                  // where to read on; "" has to be asked for
	aimed    time.Time               // when the iterator was got
	since    time.Time               // older records were there before the stream was opened
}

// walk reads a shard to its end, or until ctx ends.
func (s *Stream) walk(ctx context.Context, sh *shard, read table.Reader, log *slog.Logger) {
	for ended := false; !ended && ctx.Err() == nil; {
		full := false
		err := table.Insist(ctx, log.With("shard", sh.id), "handing on a table's changes", func() (err error) {
			full, ended, err = s.handOn(ctx, sh, read)
			return err
		})
		if err != nil || full || ended {
			continue
		}
		_ = retry.Sleep(ctx, idle) // the loop ends with ctx
	}
}

// handOn tells the reader what comes next in a shard; full where there is surely
// more. After an error it is called again, and begins after what the reader took.
func (s *Stream) handOn(ctx context.Context, sh *shard, read table.Reader) (full, ended bool, err error) {
	if sh.iterator == "" {
		if err := s.aim(ctx, sh); err != nil {
			return false, sh.lost(err), sh.setBack(err)
		}
	}
	asked := time.Now()
	out, err := s.client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: &sh.iterator, Limit: aws.Int32(answerRecords)})
	if err != nil {
		return false, sh.lost(err), sh.setBack(fmt.Errorf("reading records: %w", err))
	}
	records := slices.DeleteFunc(out.Records, func(r types.Record) bool { return recordTime(r).Before(sh.since) })
	for batch := range slices.Chunk(records, batchRecords) {
		changes, bad := understand(batch)
		if len(changes) > 0 {
			if err := read(ctx, changes); err != nil {
				return false, false, sh.setBack(fmt.Errorf("the reader: %w", err))
			}
			sh.after = aws.ToString(batch[len(changes)-1].Dynamodb.SequenceNumber)
		}
		if bad != nil {
			return false, false, sh.setBack(bad)
		}
	}
	sh.iterator, sh.aimed = aws.ToString(out.NextShardIterator), asked
	return len(out.Records) == answerRecords, out.NextShardIterator == nil, nil
}

// aim asks for the iterator that goes on where the shard was read to.
func (s *Stream) aim(ctx context.Context, sh *shard) error {
	in := &dynamodbstreams.GetShardIteratorInput{StreamArn: &s.arn, ShardId: &sh.id, ShardIteratorType: sh.start}
	if sh.after != "" {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &sh.after
	}
	asked := time.Now()
	out, err := s.client.GetShardIterator(ctx, in)
	if err != nil {
		return fmt.Errorf("finding the place in shard %s: %w", sh.id, err)
	}
	sh.iterator, sh.aimed = aws.ToString(out.ShardIterator), asked
	return nil
}

// lost tells that DynamoDB keeps the shard no longer.
func (sh *shard) lost(err error) bool {
	var gone *types.ResourceNotFoundException
	return errors.As(err, &gone)
}

// setBack prepares a shard for another try, and returns the error that made it
// needed. Nothing is to be tried again on a shard that is lost.
func (sh *shard) setBack(err error) error {
	if sh.lost(err) {
		return nil
	}
	var expired *types.ExpiredIteratorException
	var trimmed *types.TrimmedDataAccessException
	switch {
	case errors.As(err, &trimmed): // what it was to read next is older than a day
		sh.iterator, sh.after, sh.start = "", "", types.ShardIteratorTypeTrimHorizon
	case sh.after != "":
		sh.iterator = ""
	case errors.As(err, &expired): // a quarter of an hour, and nothing taken in it
		if sh.start == types.ShardIteratorTypeLatest {
			// The present end is another by now, so it begins before the one that was meant.
			sh.start, sh.since = types.ShardIteratorTypeTrimHorizon, sh.aimed.Add(-skew)
		}
		sh.iterator = ""
	}
	return err
}
