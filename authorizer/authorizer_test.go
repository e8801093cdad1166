package authorizer_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/authorizer"
	"statgate/shared/access/transport"
	"statgate/shared/api"
	"statgate/shared/contract"
)

func TestTwoKeysInTwoSpellingsOfOneHeaderAreRefused(t *testing.T) {
	t.Parallel()
	asked := 0
	a := authorizer.New(load(t, "statgate"), []string{contract.Bearer, contract.XAPIKey}, func(context.Context, string) (*api.Caller, error) {
		asked++
		return &api.Caller{Key: "key_1", Org: "org_1"}, nil
	}, time.Now, slog.New(slog.DiscardHandler))
	handle := func(headers map[string][]string, single map[string]string) error {
		_, err := a.Handle(t.Context(), events.APIGatewayCustomAuthorizerRequestTypeRequest{
			MethodArn: stage + "/GET/v1/keys", MultiValueHeaders: headers, Headers: single,
		})
		return err
	}
	for range 20 { // the order of a map varies
		two := map[string][]string{"Authorization": {"Bearer a"}, "authorization": {"Bearer b"}}
		if handle(two, nil) == nil || handle(nil, map[string]string{"Authorization": "Bearer a", "authorization": "Bearer b"}) == nil {
			t.Fatal("one of two keys was accepted")
		}
	}
	if asked != 0 {
		t.Errorf("asked %d times", asked)
	}
	one := map[string][]string{"authorization": {"Bearer a"}}
	if err := handle(one, map[string]string{"authorization": "Bearer a"}); err != nil || asked != 1 {
		t.Errorf("one key, sent both ways: got %v, asked %d times", err, asked)
	}
}

func TestBehindAnEdgeOnlyOneBearerIsAuthenticated(t *testing.T) {
	t.Parallel()
	asked := 0
	a := authorizer.New(load(t, "scorelytics"), transport.Behind(load(t, "scorelytics"), true), func(context.Context, string) (*api.Caller, error) {
		asked++
		return &api.Caller{Key: "key_1", Org: "org_1"}, nil
	}, time.Now, slog.New(slog.DiscardHandler))
	handle := func(query map[string][]string, headers map[string][]string) error {
		_, err := a.Handle(t.Context(), events.APIGatewayCustomAuthorizerRequestTypeRequest{
			MethodArn: stage + "/GET/v1/keys", MultiValueHeaders: headers, MultiValueQueryStringParameters: query,
		})
		return err
	}
	for name, headers := range map[string]map[string][]string{
		"X-API-Key":               {"Authorization": {"Basic x"}, "X-API-Key": {"a"}},
		"query":                   {"Authorization": {"Basic x"}},
		"a second value":          {"Authorization": {"Basic x", "Bearer a"}},
		"the same value twice":    {"Authorization": {"Bearer a", "Bearer a"}},
		"a value in another case": {"Authorization": {"Basic x"}, "authorization": {"Bearer a"}},
	} {
		if handle(map[string][]string{"api_key": {"a"}}, headers) == nil {
			t.Errorf("%s: the key was accepted, and its policy is cached for the Authorization header", name)
		}
	}
	if asked != 0 {
		t.Errorf("asked %d times, want none", asked)
	}
	if err := handle(nil, map[string][]string{"Authorization": {"Bearer a"}}); err != nil || asked != 1 {
		t.Errorf("one bearer: got %v, asked %d times", err, asked)
	}
}
