package authorizer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/authorizer"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/telemetry"
)

func TestFailuresAreCountedSeparatelyFromRefusals(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"Authorized":       nil,
		"Unauthorized":     api.Fail(api.SecretRevoked, "revoked"),
		"AuthorizerFailed": errors.New("the store does not answer"),
	} {
		var log bytes.Buffer
		a := authorizer.New(load(t, "statgate"), []string{contract.Bearer, contract.XAPIKey}, func(context.Context, string) (*api.Caller, error) {
			return &api.Caller{Key: "key_1", Org: "org_1"}, err
		}, time.Now, slog.New(slog.NewJSONHandler(&log, nil)))
		a.Metrics = telemetry.New("Statgate", "live", "Statgate-authorizer")
		ctx := context.WithValue(t.Context(), "x-amzn-trace-id", "Root=1-aa;Parent=bb") //nolint:staticcheck // aws-lambda-go's key is a string
		_, got := a.Handle(ctx, events.APIGatewayCustomAuthorizerRequestTypeRequest{
			MethodArn: stage + "/GET/v1/keys", Headers: map[string]string{"Authorization": "Bearer sg_live_secret"},
		})
		if (got != nil) != (err != nil) {
			t.Errorf("%s: got %v", want, got)
		}
		var line map[string]any
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		for _, outcome := range []string{"Authorized", "Unauthorized", "AuthorizerFailed"} {
			if _, counted := line[outcome]; counted != (outcome == want) {
				t.Errorf("%s: got %s counted: %v", want, outcome, counted)
			}
		}
		if line["AuthorizerTime"] == nil || line["trace"] != "1-aa" || strings.Contains(log.String(), "sg_live_secret") {
			t.Errorf("%s: got %s", want, log.String())
		}
	}
}
