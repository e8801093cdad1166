package table

import (
	"context"
	"log/slog"
	"time"

	"statgate/shared/retry"
)

// untilDoneBackoff sets the pauses of [RetryUntilDone].
var untilDoneBackoff = retry.Backoff{First: 100 * time.Millisecond, Max: 30 * time.Second}

// RetryUntilDone calls attempt until it succeeds, for work on a stream that must not be
// skipped. It logs each failure and pauses 100 ms, then twice as long each time, up
// to 30 s. A panic of attempt is a failure, too. It fails only when ctx ends, with the error of ctx.
func RetryUntilDone(ctx context.Context, log *slog.Logger, doing string, attempt func() error) error {
	for n := 1; ; n++ {
		err := retry.Recovered(attempt)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause := untilDoneBackoff.Delay(n)
		log.ErrorContext(ctx, doing+" failed; retrying", "cause", err, "pause", pause)
		if err := retry.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}
