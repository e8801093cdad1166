package serve

import (
	"context"
	"log/slog"
	"time"

	"statgate/shared/api"
	"statgate/shared/telemetry"
)

// log writes the one log line of a request. The line has ids, but never a secret or
// the query string, which may contain one.
func (f *Function) log(ctx context.Context, c *call, status int, err error, took time.Duration) {
	attrs := make([]slog.Attr, 0, 20)
	attrs = append(attrs,
		slog.String("request_id", c.request.ID), slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.Bool("cold", !f.warm.Swap(true)))
	if trace := telemetry.Trace(ctx); trace != "" {
		attrs = append(attrs, slog.String("trace", trace))
	}
	if c.route != nil {
		attrs = append(attrs, slog.String("operation", c.route.Operation))
	}
	if c.message != nil && c.message.Name != "" {
		attrs = append(attrs, slog.String("tool", c.message.Name))
	}
	if c.caller != nil {
		attrs = append(attrs, slog.String("key", c.caller.Key), slog.String("org", c.caller.Org))
	}
	level := slog.LevelInfo
	if err != nil {
		failed := api.ErrorOf(err)
		attrs = append(attrs, slog.String("condition", failed.Condition), slog.String("reason", telemetry.Reason(failed.Condition)))
		if status >= 500 {
			level = slog.LevelError
			attrs = append(attrs, slog.Any("cause", failed.Cause))
		}
	}
	if f.Metrics != nil {
		var room [4]telemetry.Value
		attrs = f.Metrics.Append(attrs, c.request.Now, c.check.metrics(room[:0], c.admit.Stale, status)...)
	}
	f.Log.LogAttrs(ctx, level, "request", attrs...)
}

// metrics appends the metrics of a request to values: the outcome at the gate and
// how long it took, whether the cached caller was stale, and whether the answer is
// a 5xx.
func (g gateCheck) metrics(values []telemetry.Value, stale bool, status int) []telemetry.Value {
	if g.done {
		outcome := telemetry.Admitted
		if g.err != nil {
			outcome = telemetry.Refused
			if condition := api.ErrorOf(g.err).Condition; condition == api.Unavailable || condition == api.Internal {
				outcome = telemetry.GateFailed
			}
		}
		values = append(values, telemetry.Value{Metric: outcome, Number: 1},
			telemetry.Value{Metric: telemetry.GateTime, Number: float64(g.took.Microseconds()) / 1000})
	}
	if stale {
		values = append(values, telemetry.Value{Metric: telemetry.StaleCallers, Number: 1})
	}
	if status >= 500 {
		values = append(values, telemetry.Value{Metric: telemetry.Failed, Number: 1})
	}
	return values
}
