package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"statgate/shared/access/gate"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/platform/serve"
	"statgate/shared/telemetry"
)

// staleGate treats every caller as stale and returns err.
type staleGate struct{ err error }

func (g staleGate) Admit(_ context.Context, caller *api.Caller, _ api.Route, _ string) (gate.Admission, error) {
	return gate.Admission{Caller: caller, Stale: true}, g.err
}

func (c staleGate) StillCurrent(context.Context, gate.Admission) error { return nil }

// measured serves one event with metrics enabled and returns its log line, parsed and raw.
func measured(t *testing.T, refusal, failure error) (map[string]any, string) {
	t.Helper()
	var log bytes.Buffer
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	fn, err := serve.New(serve.Options{
		Contract: c, Gate: staleGate{refusal}, Clock: time.Now, Log: slog.New(slog.NewJSONHandler(&log, nil)),
		Metrics:  telemetry.New("Statgate", "live", "Statgate-teams"),
		Handlers: []api.Handler{api.Handle("getTeam", func(context.Context, *api.Request, *input) (string, error) { return "a", failure })},
	})
	if err != nil {
		t.Fatal(err)
	}
	ev := event()
	ctx := context.WithValue(t.Context(), "x-amzn-trace-id", "Root=1-aa;Parent=bb") //nolint:staticcheck // aws-lambda-go's key is a string
	if _, err := fn.Handle(ctx, ev); err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	return line, log.String()
}

func TestLogLineCountsTheOutcomeAtTheGate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refusal, failure error
		want, reason     string
		failed           bool
	}{
		"admitted":                   {nil, nil, "Admitted", "", false},
		"admitted, input refused":    {nil, api.Fail(api.InputField, "no"), "Admitted", "input", false},
		"admitted, store down":       {nil, api.UnavailableError("reading", context.DeadlineExceeded), "Admitted", "unavailable", true},
		"refused for quota":          {api.Fail(api.Quota, "used up"), nil, "Refused", "quota", false},
		"refused for an ended key":   {api.Fail(api.SecretExpired, "expired"), nil, "Refused", "secret", false},
		"refused for its role":       {api.Fail(api.PermissionRole, "no"), nil, "Refused", "permission", false},
		"refused for its standing":   {api.Fail(api.Suspended, "no"), nil, "Refused", "standing", false},
		"the gate's store failed":    {api.UnavailableError("counting", context.DeadlineExceeded), nil, "GateFailed", "unavailable", true},
		"the gate failed internally": {context.Canceled, nil, "GateFailed", "internal", true},
	} {
		line, raw := measured(t, c.refusal, c.failure)
		for _, outcome := range []string{"Admitted", "Refused", "GateFailed"} {
			if _, got := line[outcome]; got != (outcome == c.want) {
				t.Errorf("%s: got %s %v, want %s alone: %s", name, outcome, got, c.want, raw)
			}
		}
		if _, got := line["Failed"]; got != c.failed {
			t.Errorf("%s: got Failed %v, want %v", name, got, c.failed)
		}
		if reason, _ := line["reason"].(string); reason != c.reason {
			t.Errorf("%s: got reason %q, want %q", name, reason, c.reason)
		}
		if line["StaleCallers"] != 1.0 || line["GateTime"] == nil || line["trace"] != "1-aa" || line["_aws"] == nil {
			t.Errorf("%s: got %s, want a stale caller, the gate's time and the trace", name, raw)
		}
		if strings.Contains(raw, "sg_live_secret") || strings.Contains(raw, "Bearer") {
			t.Errorf("%s: the line holds the secret: %s", name, raw)
		}
	}
}

func TestTwoDifferentSecretsAreRefusedEvenWithACachedPolicy(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string]map[string][]string{
		"two transports":            {"Authorization": {"Bearer sg_live_secret"}, "x-api-key": {"b"}},
		"one header given twice":    {"authorization": {"Bearer sg_live_secret", "Bearer b"}},
		"an empty one and another":  {"Authorization": {"Bearer sg_live_secret"}, "X-Api-Key": {""}},
		"the same, in both of them": {"Authorization": {"Bearer sg_live_secret"}, "X-Api-Key": {"sg_live_secret"}},
	} {
		var log bytes.Buffer
		fn, g := function(t, &log, func() (string, error) { return "a", nil })
		ev := event()
		ev.MultiValueHeaders = headers
		r, err := fn.Handle(t.Context(), ev)
		want, admitted := 401, 0
		if name == "the same, in both of them" {
			want, admitted = 200, 1
		}
		if err != nil || r.StatusCode != want || g.admitted != admitted {
			t.Errorf("%s: got %d, %v, %d admitted, want %d and %d", name, r.StatusCode, err, g.admitted, want, admitted)
		}
	}
}
