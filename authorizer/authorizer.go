// Package authorizer is the Lambda authorizer: secret → caller → policy.
//
// API Gateway caches the policy per secret, so the policy lists every route that
// the key reaches, and nothing is counted here. What changes while a policy is
// cached is the gate's business.
package authorizer

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
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

// Authenticate finds the caller behind a secret. It fails with *api.Error: a
// secret.* condition where the secret is no good, anything else where a store
// did not answer.
type Authenticate func(ctx context.Context, secret string) (*api.Caller, error)

// Authorizer answers API Gateway's REQUEST events.
type Authorizer struct {
	Metrics *telemetry.Recorder // set before the first call; nil: none

	contract     *contract.Contract
	routes       []api.Route
	authenticate Authenticate
	clock        func() time.Time
	log          *slog.Logger
	policies     *lru.Cache[held, events.APIGatewayCustomAuthorizerPolicy]
}

// held is what a policy depends on, beside the routes. Few keys differ in it, and
// making a policy takes longer than all else that the authorizer does itself.
type held struct{ stage, permissions string }

// rememberedPolicies bounds what a warm instance holds: at 8 KB each, 2 MB.
const rememberedPolicies = 256

// New makes an authorizer of a contract's deployment.
func New(c *contract.Contract, find Authenticate, clock func() time.Time, log *slog.Logger) *Authorizer {
	policies, err := lru.New[held, events.APIGatewayCustomAuthorizerPolicy](rememberedPolicies)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &Authorizer{contract: c, routes: keyed(api.For(c)), authenticate: find, clock: clock, log: log, policies: policies}
}

func keyed(routes []api.Route) []api.Route {
	var kept []api.Route
	for _, r := range routes {
		if !r.Open {
			kept = append(kept, r)
		}
	}
	return kept
}

// errUnauthorized is the text that API Gateway turns into its 401; any other
// error becomes AUTHORIZER_FAILURE, which the contract answers as unavailable.
// The capital is not ours: API Gateway compares this very text.
var errUnauthorized = errors.New("Unauthorized")

// Handle answers one event.
func (a *Authorizer) Handle(ctx context.Context, ev events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
	start := a.clock()
	caller, err := a.caller(ctx, ev)
	a.note(ctx, ev, caller, err, start)
	if err != nil {
		if strings.HasPrefix(api.AsError(err).Condition, "secret") {
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

// policy is [Policy], made once for those who may do the same. It is shared and
// must not be changed.
func (a *Authorizer) policy(permissions []string, stage string) events.APIGatewayCustomAuthorizerPolicy {
	same := held{stage, strings.Join(permissions, " ")}
	if p, ok := a.policies.Get(same); ok {
		return p
	}
	p := Policy(a.routes, permissions, stage)
	a.policies.Add(same, p)
	return p
}

func (a *Authorizer) caller(ctx context.Context, ev events.APIGatewayCustomAuthorizerRequestTypeRequest) (*api.Caller, error) {
	h := make(http.Header, len(ev.MultiValueHeaders))
	for name, values := range ev.MultiValueHeaders {
		// One header may come under several spellings: two keys must not pass as one.
		name = http.CanonicalHeaderKey(name)
		h[name] = append(h[name], values...)
	}
	for name, value := range ev.Headers {
		// API Gateway sends the same headers both ways; several values only here above.
		if _, both := ev.MultiValueHeaders[name]; !both {
			h.Add(name, value)
		}
	}
	q := url.Values(ev.MultiValueQueryStringParameters)
	secret, err := transport.Pick(a.contract, transport.HTTP, h, q)
	if err != nil {
		return nil, err
	}
	return a.authenticate(ctx, secret)
}

// note writes the one log line of a check, by ids only.
func (a *Authorizer) note(ctx context.Context, ev events.APIGatewayCustomAuthorizerRequestTypeRequest, c *api.Caller, err error, start time.Time) {
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
		failed := api.AsError(err)
		outcome = telemetry.Unauthorized
		attrs = append(attrs, slog.String("condition", failed.Condition))
		if !strings.HasPrefix(failed.Condition, "secret") {
			// A refusal ends as an error of the function too, so that Lambda's own
			// count of errors says nothing of failures.
			level, outcome = slog.LevelError, telemetry.AuthorizerFailed
			attrs = append(attrs, slog.Any("cause", failed.Cause))
		}
	}
	attrs = a.Metrics.Append(attrs, start,
		telemetry.Value{Metric: outcome, Number: 1}, telemetry.Value{Metric: telemetry.AuthorizerTime, Number: ms})
	a.log.LogAttrs(ctx, level, "authorize", attrs...)
}
