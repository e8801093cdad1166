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
	// batchRecords is the maximum number of changes in one call of a reader.
	batchRecords = 100
	// answerRecords is the maximum number of records in one answer of DynamoDB.
	answerRecords = 1000
	// idle is the pause between two requests for a shard. DynamoDB allows five per second
	// and shard.
	idle = 200 * time.Millisecond
	// skew is how far a record's time may be behind the time of this machine. Clocks
	// differ, and DynamoDB Local reports whole minutes.
	skew = 2 * time.Minute
)

// shard is one shard of a stream, and the position up to which it was read.
type shard struct {
	id, parent string
	closed     bool // whether it had ended when it was first listed
	done       bool // whether it was read to its end

	start        types.ShardIteratorType // position to start from if after is empty
	after        string                  // sequence number of the last record that the reader accepted
	iterator     string                  // position to read next; "" must be requested first
	iteratorTime time.Time               // when the iterator was requested
	since        time.Time               // skip records before this time: they were made before Open
}

// readShard reads a shard to its end, or until ctx ends.
func (s *Stream) readShard(ctx context.Context, sh *shard, read table.Reader, log *slog.Logger) {
	for ended := false; !ended && ctx.Err() == nil; {
		full := false
		err := table.RetryUntilDone(ctx, log.With("shard", sh.id), "processing a table's changes", func() (err error) {
			full, ended, err = s.deliver(ctx, sh, read)
			return err
		})
		if err != nil || full || ended {
			continue
		}
		_ = retry.Sleep(ctx, idle) // the loop checks ctx
	}
}

// deliver passes the next changes of a shard to the reader. full means that more records
// are likely to follow. After an error, the next call starts after the last change that
// the reader accepted.
func (s *Stream) deliver(ctx context.Context, sh *shard, read table.Reader) (full, ended bool, err error) {
	if sh.iterator == "" {
		if err := s.requestIterator(ctx, sh); err != nil {
			return false, sh.expired(err), sh.prepareRetry(err)
		}
	}
	requested := time.Now()
	out, err := s.client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: &sh.iterator, Limit: aws.Int32(answerRecords)})
	if err != nil {
		return false, sh.expired(err), sh.prepareRetry(fmt.Errorf("reading records: %w", err))
	}
	records := slices.DeleteFunc(out.Records, func(r types.Record) bool { return recordTime(r).Before(sh.since) })
	for batch := range slices.Chunk(records, batchRecords) {
		changes, bad := decodeRecords(batch)
		if len(changes) > 0 {
			if err := read(ctx, changes); err != nil {
				return false, false, sh.prepareRetry(fmt.Errorf("reader failed: %w", err))
			}
			sh.after = aws.ToString(batch[len(changes)-1].Dynamodb.SequenceNumber)
		}
		if bad != nil {
			return false, false, sh.prepareRetry(bad)
		}
	}
	sh.iterator, sh.iteratorTime = aws.ToString(out.NextShardIterator), requested
	return len(out.Records) == answerRecords, out.NextShardIterator == nil, nil
}

// requestIterator requests the iterator for the position up to which the shard was read.
func (s *Stream) requestIterator(ctx context.Context, sh *shard) error {
	in := &dynamodbstreams.GetShardIteratorInput{StreamArn: &s.arn, ShardId: &sh.id, ShardIteratorType: sh.start}
	if sh.after != "" {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &sh.after
	}
	requested := time.Now()
	out, err := s.client.GetShardIterator(ctx, in)
	if err != nil {
		return fmt.Errorf("requesting an iterator of shard %s: %w", sh.id, err)
	}
	sh.iterator, sh.iteratorTime = aws.ToString(out.ShardIterator), requested
	return nil
}

// expired reports whether an error says that DynamoDB no longer has the shard.
func (sh *shard) expired(err error) bool {
	var gone *types.ResourceNotFoundException
	return errors.As(err, &gone)
}

// prepareRetry prepares a shard for the next attempt and returns err. It returns nil if the
// shard has expired, because a retry cannot succeed.
func (sh *shard) prepareRetry(err error) error {
	if sh.expired(err) {
		return nil
	}
	var iteratorExpired *types.ExpiredIteratorException
	var trimmed *types.TrimmedDataAccessException
	switch {
	case errors.As(err, &trimmed): // the next record is older than a day
		sh.iterator, sh.after, sh.start = "", "", types.ShardIteratorTypeTrimHorizon
	case sh.after != "":
		sh.iterator = ""
	case errors.As(err, &iteratorExpired): // after 15 minutes in which the reader accepted nothing
		if sh.start == types.ShardIteratorTypeLatest {
			// The latest position has moved meanwhile. Start from the beginning, and skip
			// records from before the original position.
			sh.start, sh.since = types.ShardIteratorTypeTrimHorizon, sh.iteratorTime.Add(-skew)
		}
		sh.iterator = ""
	}
	return err
}
