package table_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"statgate/shared/table"
)

func TestRetriesBackOffUpTo30SecondsAndLogEachFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		var attempts []time.Duration
		start := time.Now()
		err := table.RetryUntilDone(t.Context(), slog.New(slog.NewTextHandler(&logs, nil)), "reading", func() error {
			attempts = append(attempts, time.Since(start))
			if len(attempts) <= 11 {
				return errors.New("no answer")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		const tenth = 100 * time.Millisecond
		for i, want := range map[int]time.Duration{0: 0, 1: tenth, 2: 3 * tenth, 3: 7 * tenth, 9: 511 * tenth, 10: 811 * tenth, 11: 1111 * tenth} {
			if got := attempts[i]; got != want {
				t.Errorf("attempt %d: got it after %v, want %v", i, got, want)
			}
		}
		if got, want := strings.Count(logs.String(), `level=ERROR msg="reading failed; retrying" cause="no answer"`), 11; got != want {
			t.Errorf("got %d log lines, want %d:\n%s", got, want, &logs)
		}
	})
}

func TestRetriesEndWithTheContextAndDoNotLogThatAsAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		log := slog.New(slog.NewTextHandler(&logs, nil))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		err := table.RetryUntilDone(ctx, log, "reading", func() error { return errors.New("no answer") })
		if got, want := time.Since(start), time.Minute; !errors.Is(err, context.DeadlineExceeded) || got != want {
			t.Errorf("got %v after %v, want context.DeadlineExceeded after %v", err, got, want)
		}
		logs.Reset()
		err = table.RetryUntilDone(ctx, log, "reading", func() error { return ctx.Err() })
		if !errors.Is(err, context.DeadlineExceeded) || logs.Len() > 0 {
			t.Errorf("got %v and the log %q, want context.DeadlineExceeded and an empty log", err, &logs)
		}
	})
}

func TestPanicOfAnAttemptIsLoggedAndRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		attempts := 0
		err := table.RetryUntilDone(t.Context(), slog.New(slog.NewJSONHandler(&logs, nil)), "reading", func() error {
			if attempts++; attempts == 1 {
				panic("no such record")
			}
			return nil
		})
		if err != nil || attempts != 2 {
			t.Errorf("got %v after %d attempts, want success in the second", err, attempts)
		}
		if got := logs.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "panic: no such record") {
			t.Errorf("logged %q, want one line with the panic", got)
		}
	})
}
