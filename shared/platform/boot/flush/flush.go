// Package flush flushes the authorizer cache of a deployment's stage.
package flush

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"

	"statgate/shared/api"
	"statgate/shared/platform/boot"
)

const (
	// minInterval is the shortest time between two flushes of one instance, as API
	// Gateway's control plane allows an account few calls a second.
	minInterval = 5 * time.Second
	// timeout limits what a flush adds to the duration of a request.
	timeout = time.Second
)

// Flusher flushes the cache on a best-effort basis.
type Flusher struct {
	flush func(context.Context) error
	ttl   time.Duration
	clock func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	last time.Time
}

// New returns the flusher of the stage in the function's environment (REST_API,
// STAGE), whose policies are cached for AUTHORIZER_TTL seconds.
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

// Flush asks API Gateway to drop its cached policies, at most once in 5 s. It returns
// the time when they have certainly expired. As a flush may fail, and takes a while if
// it succeeds, that is now plus the cache's TTL, rounded up to a whole second.
func (f *Flusher) Flush(ctx context.Context) time.Time {
	now := f.clock()
	if f.ttl == 0 { // nothing is cached
		return now
	}
	if f.due(now) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		if err := f.flush(ctx); err != nil {
			f.log.WarnContext(ctx, "flushing the authorizer cache failed", "cause", err)
		}
	}
	return time.Unix(api.WholeSecond(now.Add(f.ttl)), 0)
}

// due reports whether minInterval has passed since the last flush, and if so records
// a new one.
func (f *Flusher) due(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.last.IsZero() && now.Sub(f.last) < minInterval {
		return false
	}
	f.last = now
	return true
}
