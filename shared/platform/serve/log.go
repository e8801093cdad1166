package serve

import (
	"context"
	"log/slog"
	"time"

	"statgate/shared/api"
	"statgate/shared/telemetry"
)

// log writes the one line of a request. It names ids, never secrets, and no
// query string, which may hold one.
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
	if c.caller != nil {
		attrs = append(attrs, slog.String("key", c.caller.Key), slog.String("org", c.caller.Org))
	}
	level := slog.LevelInfo
	if err != nil {
		failed := api.AsError(err)
		attrs = append(attrs, slog.String("condition", failed.Condition), slog.String("reason", telemetry.Reason(failed.Condition)))
		if status >= 500 {
			level = slog.LevelError
			attrs = append(attrs, slog.Any("cause", failed.Cause))
		}
	}
	if f.Metrics != nil {
		var room [4]telemetry.Value
		attrs = f.Metrics.Append(attrs, c.request.Now, c.passage.measured(room[:0], c.admit.Stale, status)...)
	}
	f.Log.LogAttrs(ctx, level, "request", attrs...)
}

// measured are the metrics of a call: what the gate made of it, and whether the
// answer was a failure of ours.
func (p passage) measured(values []telemetry.Value, stale bool, status int) []telemetry.Value {
	if p.asked {
		outcome := telemetry.Admitted
		if p.err != nil {
			outcome = telemetry.Refused
			if condition := api.AsError(p.err).Condition; condition == api.Unavailable || condition == api.Internal {
				outcome = telemetry.GateFailed
			}
		}
		values = append(values, telemetry.Value{Metric: outcome, Number: 1},
			telemetry.Value{Metric: telemetry.GateTime, Number: float64(p.took.Microseconds()) / 1000})
	}
	if stale {
		values = append(values, telemetry.Value{Metric: telemetry.StaleCallers, Number: 1})
	}
	if status >= 500 {
		values = append(values, telemetry.Value{Metric: telemetry.Failed, Number: 1})
	}
	return values
}
