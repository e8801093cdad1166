package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"statgate/authorizer"
	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// maxOverhead is the target for the time that the authorizer and the gate add to their
// store calls, as a fraction of it.
const maxOverhead = 0.15

// overhead measures the authorizer and the gate against the same store calls alone, on
// each engine.
func overhead(ctx context.Context, s sizes) ([]figure, error) {
	untaped := func() *tape { return nil }
	return withDynamo(ctx, untaped, func(on opener) ([]figure, error) { return overheadOn(ctx, on, s) })
}

func overheadOn(ctx context.Context, on opener, s sizes) ([]figure, error) {
	e, err := on.open()
	if err != nil {
		return nil, err
	}
	defer e.close()
	w, err := newFixture(ctx, e, stoppedClock())
	if err != nil {
		return nil, err
	}
	secret, err := w.key(ctx, readScopes...)
	if err != nil {
		return nil, err
	}
	caller, err := w.Keys.Authenticate(ctx, secret)
	if err != nil {
		return nil, err
	}
	var all []figure
	for _, sub := range []struct {
		name string
		on   func(table.Table) func(context.Context) error
	}{
		{"authorizer", w.authorizing(secret)},
		{"gate", w.admitting(caller)},
	} {
		p, err := newWorkload(ctx, e.keys, sub.on)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", sub.name, err)
		}
		m, err := compare(ctx, s, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", sub.name, err)
		}
		all = append(all, m.figures(sub.name+", "+on.name, p.calls)...)
	}
	return all, nil
}

// authorizing returns a function that makes one call of the Lambda authorizer in a warm
// instance, including its log line.
func (w *fixture) authorizing(secret string) func(table.Table) func(context.Context) error {
	return func(on table.Table) func(context.Context) error {
		store := keys.New(keys.Options{Table: on, Gates: gate.New(on, w.clock), Peppers: w.peppers,
			Contract: w.contract, Environment: w.contract.Environments[0], Now: w.clock})
		auth := authorizer.New(w.contract, w.contract.HTTPTransports(), store.Authenticate, w.clock, slog.New(slog.NewJSONHandler(io.Discard, nil)))
		event := events.APIGatewayCustomAuthorizerRequestTypeRequest{
			Type: "REQUEST", HTTPMethod: "GET", Path: "/v1/football/matches", Resource: "/v1/football/matches",
			MethodArn: "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/live/GET/v1/football/matches",
			Headers: map[string]string{"Authorization": "Bearer " + secret, "Accept": "application/json",
				"User-Agent": "curl/8.5.0", "Host": "abcdef1234.execute-api.eu-west-1.amazonaws.com", "X-Forwarded-For": "192.0.2.1"},
			MultiValueHeaders: map[string][]string{"Authorization": {"Bearer " + secret}, "Accept": {"application/json"},
				"User-Agent": {"curl/8.5.0"}, "Host": {"abcdef1234.execute-api.eu-west-1.amazonaws.com"}, "X-Forwarded-For": {"192.0.2.1"}},
			RequestContext: events.APIGatewayCustomAuthorizerRequestTypeRequestContext{RequestID: "8b5b7a3e-5f2b-4c55-9e0a-1d2c3b4a5f60", Stage: "live"},
		}
		return func(ctx context.Context) error {
			_, err := auth.Handle(ctx, event)
			return err
		}
	}
}

// admitting returns a function that admits one request at the gate of a warm instance.
// The quota is raised, because a benchmark makes more requests than any plan allows.
func (w *fixture) admitting(c *api.Caller) func(table.Table) func(context.Context) error {
	unlimited := *c
	unlimited.Limits = map[string]contract.Budget{}
	for name, b := range c.Limits {
		b.Limit = 1 << 40
		unlimited.Limits[name] = b
	}
	route, _ := api.Find("listMatches")
	return func(on table.Table) func(context.Context) error {
		g := gate.New(on, w.clock)
		g.Resolver, g.Scopes = w.Keys, w.contract.Scopes
		return func(ctx context.Context) error {
			_, err := g.Admit(ctx, &unlimited, route, contract.Requests)
			return err
		}
	}
}
