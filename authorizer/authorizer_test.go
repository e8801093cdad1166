package authorizer_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/authorizer"
	"statgate/shared/api"
)

func TestTwoKeysInTwoSpellingsOfOneHeaderAreRefused(t *testing.T) {
	t.Parallel()
	asked := 0
	a := authorizer.New(load(t, "statgate"), func(context.Context, string) (*api.Caller, error) {
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
