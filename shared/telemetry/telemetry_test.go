package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"testing"
	"time"

	"statgate/shared/telemetry"
)

var now = time.UnixMilli(1_800_000_000_123)

func TestLineDeclaresItsMetrics(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := telemetry.New("Statgate", "live", "Statgate-keys")
	line := r.Append([]slog.Attr{slog.String("reason", "quota")}, now,
		telemetry.Value{Metric: telemetry.Refused, Number: 1}, telemetry.Value{Metric: telemetry.GateTime, Number: 1.25})
	slog.New(slog.NewJSONHandler(&out, nil)).LogAttrs(t.Context(), slog.LevelInfo, "request", line...)
	var got struct {
		Refused, GateTime             float64
		Reason, Environment, Function string
		AWS                           struct {
			Timestamp         int64
			CloudWatchMetrics json.RawMessage
		} `json:"_aws"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Refused != 1 || got.GateTime != 1.25 || got.Reason != "quota" || got.Environment != "live" || got.Function != "Statgate-keys" || got.AWS.Timestamp != now.UnixMilli() {
		t.Errorf("got %s", out.String())
	}
	want := `[{"Namespace":"Statgate","Dimensions":[["environment"],["environment","reason"]],"Metrics":[{"Name":"Refused","Unit":"Count"}]},` +
		`{"Namespace":"Statgate","Dimensions":[["environment"]],"Metrics":[{"Name":"GateTime","Unit":"Milliseconds"}]}]`
	if string(got.AWS.CloudWatchMetrics) != want {
		t.Errorf("got  %s\nwant %s", got.AWS.CloudWatchMetrics, want)
	}
}

func TestRecorderWithoutANamespaceAddsNothing(t *testing.T) {
	t.Parallel()
	line := []slog.Attr{slog.Int("status", 200)}
	if got := telemetry.New("", "live", "f").Append(line, now, telemetry.Value{Metric: telemetry.Admitted, Number: 1}); len(got) != 1 {
		t.Errorf("got %v, want %v", got, line)
	}
}

func TestTraceIsTheRootOfTheInvocationsHeader(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1": "1-5759e988-bd862e3fe1be46a994272793",
		"Self=1-aa; Root=1-bb": "1-bb",
		"Parent=1":             "",
		"":                     "",
	} {
		ctx := context.WithValue(t.Context(), "x-amzn-trace-id", header) //nolint:staticcheck // aws-lambda-go's key is a string
		if got := telemetry.Trace(ctx); got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
	if got := telemetry.Trace(t.Context()); got != "" {
		t.Errorf("outside Lambda: got %q", got)
	}
}

// BenchmarkLine writes the log line of a request with and without metrics.
func BenchmarkLine(b *testing.B) {
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	for name, r := range map[string]*telemetry.Recorder{"without": nil, "with": telemetry.New("Statgate", "live", "Statgate-keys")} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				line := append(make([]slog.Attr, 0, 20), slog.String("request_id", "r"), slog.Int("status", 200), slog.String("key", "key_1"))
				line = r.Append(line, now, telemetry.Value{Metric: telemetry.Admitted, Number: 1}, telemetry.Value{Metric: telemetry.GateTime, Number: 1.25})
				log.LogAttrs(b.Context(), slog.LevelInfo, "request", line...)
			}
		})
	}
}
