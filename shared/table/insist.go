package table

import (
	"context"
	"log/slog"
	"time"
)

// The pauses of [Insist], each twice as long as the one before it.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 30 * time.Second
)

// Insist does what a stream must not leave out: it tries until try succeeds, with
// pauses that grow, and logs why it did not. It fails when ctx ends, and only
// then, with the error of ctx.
func Insist(ctx context.Context, log *slog.Logger, doing string, try func() error) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := try()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		log.ErrorContext(ctx, doing+" failed and is tried again", "cause", err, "pause", pause)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}
