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

func TestInsistingPausesEverLongerUpToHalfAMinuteAndSaysWhy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		var tries []time.Duration
		start := time.Now()
		err := table.Insist(t.Context(), slog.New(slog.NewTextHandler(&said, nil)), "reading", func() error {
			tries = append(tries, time.Since(start))
			if len(tries) <= 11 {
				return errors.New("no answer")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		const tenth = 100 * time.Millisecond
		for i, want := range map[int]time.Duration{0: 0, 1: tenth, 2: 3 * tenth, 3: 7 * tenth, 9: 511 * tenth, 10: 811 * tenth, 11: 1111 * tenth} {
			if got := tries[i]; got != want {
				t.Errorf("try %d: got it after %v, want %v", i, got, want)
			}
		}
		if got, want := strings.Count(said.String(), `level=ERROR msg="reading failed and is tried again" cause="no answer"`), 11; got != want {
			t.Errorf("got %d lines of the log, want %d:\n%s", got, want, &said)
		}
	})
}

func TestInsistingEndsWithTheContextAndDoesNotCallThatAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		log := slog.New(slog.NewTextHandler(&said, nil))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		err := table.Insist(ctx, log, "reading", func() error { return errors.New("no answer") })
		if got, want := time.Since(start), time.Minute; !errors.Is(err, context.DeadlineExceeded) || got != want {
			t.Errorf("got %v after %v, want the deadline after %v", err, got, want)
		}
		said.Reset()
		err = table.Insist(ctx, log, "reading", func() error { return ctx.Err() })
		if !errors.Is(err, context.DeadlineExceeded) || said.Len() > 0 {
			t.Errorf("got %v and the log %q, want the deadline and none", err, &said)
		}
	})
}
