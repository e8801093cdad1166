// Package authorizer is the Lambda authorizer. It finds the caller of a secret and
// returns the caller's policy.
//
// API Gateway caches the policy per secret. So the policy lists every route that the
// key may call, and the authorizer counts nothing. Package gate handles changes of the
// key while its policy is cached.
package authorizer

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	lru "github.com/hashicorp/golang-lru/v2"

	"statgate/shared/access/transport"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/telemetry"
)

// Authenticate returns the caller of a secret. Its errors are *api.Error: a secret.*
// condition if the secret is invalid, another condition if a store did not answer.
type Authenticate func(ctx context.Context, secret string) (*api.Caller, error)

// Authorizer handles API Gateway's REQUEST authorizer events.
type Authorizer struct {
	Metrics *telemetry.Recorder // set before the first call; nil writes no metrics

	transports   []string
	routes       []api.Route
	authenticate Authenticate
	clock        func() time.Time
	logger       *slog.Logger
	policies     *lru.Cache[policyKey, events.APIGatewayCustomAuthorizerPolicy]
}

// policyKey is what a policy depends on, besides the routes. Most API keys share it with
// others, and building a policy takes longer than the rest of the authorizer's own work.
type policyKey struct{ stage, permissions string }

// maxPolicies bounds the policy cache of a warm instance: 2 MB at 8 KB per policy.
const maxPolicies = 256

// New returns an authorizer for a deployment of a contract. The transports are those of
// [transport.Behind].
func New(c *contract.Contract, transports []string, find Authenticate, clock func() time.Time, log *slog.Logger) *Authorizer {
	policies, err := lru.New[policyKey, events.APIGatewayCustomAuthorizerPolicy](maxPolicies)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &Authorizer{transports: transports, routes: protected(api.For(c)), authenticate: find, clock: clock, logger: log, policies: policies}
}

// protected returns the routes that need a key.
func protected(routes []api.Route) []api.Route {
	var list []api.Route
	for _, r := range routes {
		if !r.Open {
			list = append(list, r)
		}
	}
	return list
}

// errUnauthorized makes API Gateway answer 401. It compares the text exactly, so the
// error begins with a capital letter. Any other error becomes AUTHORIZER_FAILURE, which
// the contract answers as unavailable.
var errUnauthorized = errors.New("Unauthorized")

// Handle handles one event.
func (a *Authorizer) Handle(ctx context.Context, ev events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
	start := a.clock()
	caller, err := a.caller(ctx, ev)
	a.log(ctx, ev, caller, err, start)
	if err != nil {
		if strings.HasPrefix(api.ErrorOf(err).Condition, "secret") {
			return events.APIGatewayCustomAuthorizerResponse{}, errUnauthorized
		}
		return events.APIGatewayCustomAuthorizerResponse{}, errors.New("authorizer: the key could not be checked")
	}
	return events.APIGatewayCustomAuthorizerResponse{
		PrincipalID:    caller.Key,
		PolicyDocument: a.policy(caller.Permissions, Stage(ev.MethodArn)),
		Context:        caller.Context(),
	}, nil
}

// policy returns the [Policy] of the permissions, from the cache if possible. The
// policy is shared and must not be modified.
func (a *Authorizer) policy(permissions []string, stage string) events.APIGatewayCustomAuthorizerPolicy {
	key := policyKey{stage, strings.Join(permissions, " ")}
	if p, ok := a.policies.Get(key); ok {
		return p
	}
	p := Policy(a.routes, permissions, stage)
	a.policies.Add(key, p)
	return p
}

// caller picks the secret from the request's headers and query, and authenticates it.
func (a *Authorizer) caller(ctx context.Context, ev events.APIGatewayCustomAuthorizerRequestTypeRequest) (*api.Caller, error) {
	h := transport.Headers(ev.Headers, ev.MultiValueHeaders)
	q := url.Values(ev.MultiValueQueryStringParameters)
	secret, err := transport.Identify(a.transports, h, q)
	if err != nil {
		return nil, err
	}
	return a.authenticate(ctx, secret)
}

// log writes the one log line of a check. The line has ids and never a secret.
func (a *Authorizer) log(ctx context.Context, ev events.APIGatewayCustomAuthorizerRequestTypeRequest, c *api.Caller, err error, start time.Time) {
	ms := float64(a.clock().Sub(start).Microseconds()) / 1000
	attrs := make([]slog.Attr, 0, 16)
	attrs = append(attrs, slog.String("request_id", ev.RequestContext.RequestID), slog.Float64("ms", ms))
	if trace := telemetry.Trace(ctx); trace != "" {
		attrs = append(attrs, slog.String("trace", trace))
	}
	level, outcome := slog.LevelInfo, telemetry.Authorized
	if c != nil {
		attrs = append(attrs, slog.String("key", c.Key), slog.String("org", c.Org))
	}
	if err != nil {
		failed := api.ErrorOf(err)
		outcome = telemetry.Unauthorized
		attrs = append(attrs, slog.String("condition", failed.Condition))
		if !strings.HasPrefix(failed.Condition, "secret") {
			// Refusals are errors of the function too, so Lambda's Errors metric does
			// not tell failures from refusals. This one does.
			level, outcome = slog.LevelError, telemetry.AuthorizerFailed
			attrs = append(attrs, slog.Any("cause", failed.Cause))
		}
	}
	attrs = a.Metrics.Append(attrs, start,
		telemetry.Value{Metric: outcome, Number: 1}, telemetry.Value{Metric: telemetry.AuthorizerTime, Number: ms})
	a.logger.LogAttrs(ctx, level, "authorize", attrs...)
}
