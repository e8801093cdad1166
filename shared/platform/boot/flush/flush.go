// Package flush empties the authorizer cache of a deployment's stage.
package flush

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"

	"statgate/shared/platform/boot"
)

const (
	// pause is the least time between two flushes of one instance: API Gateway's
	// control plane allows an account few calls a second.
	pause = 5 * time.Second
	// patience is what a flush may add to the call that asked for it.
	patience = time.Second
)

// Flusher empties the cache, as well as may be.
type Flusher struct {
	flush func(context.Context) error
	ttl   time.Duration
	clock func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	last time.Time
}

// New returns the flusher of the stage that the function's environment names
// (REST_API, STAGE), whose policies are cached for AUTHORIZER_TTL seconds.
func New(f *boot.Function) *Flusher {
	client := apigateway.NewFromConfig(f.AWS)
	in := &apigateway.FlushStageAuthorizersCacheInput{}
	api, stage := f.Need("REST_API"), f.Need("STAGE")
	in.RestApiId, in.StageName = &api, &stage
	seconds, err := strconv.Atoi(f.Need("AUTHORIZER_TTL"))
	if err != nil {
		f.Fatal(err)
	}
	return &Flusher{
		flush: func(ctx context.Context) error {
			_, err := client.FlushStageAuthorizersCache(ctx, in)
			return err
		},
		ttl: time.Duration(seconds) * time.Second, clock: f.Clock, log: f.Log,
	}
}

// Flush asks API Gateway to forget its cached policies, at most once in 5 s, and
// returns when they are gone for certain: a flush may fail, and takes a while
// where it does not, so that is when they end by themselves.
func (f *Flusher) Flush(ctx context.Context) time.Time {
	now := f.clock()
	if f.ttl > 0 && f.turn(now) { // nothing is cached otherwise
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := f.flush(ctx); err != nil {
			f.log.WarnContext(ctx, "the authorizer cache was not flushed", "cause", err)
		}
	}
	return now.Add(f.ttl)
}

func (f *Flusher) turn(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.last.IsZero() && now.Sub(f.last) < pause {
		return false
	}
	f.last = now
	return true
}
