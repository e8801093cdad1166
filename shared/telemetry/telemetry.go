// Package telemetry makes a function's log line carry its metrics and the trace
// that it belongs to.
//
// Metrics travel in CloudWatch's embedded format: a line of JSON that says which
// of its own fields are metrics. So a request has one line, and a metric costs no
// call to AWS. Dimensions are few and closed (the environment, the function, the
// reason of a refusal): each combination is a metric that is paid for by the
// month, and none names a key, an organisation or a path.
package telemetry

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// A Metric is a field of a log line that CloudWatch counts.
type Metric struct {
	Name string
	Unit string   // CloudWatch's
	By   []string // dimensions beside the environment, of which each has a field in the line
}

// The metrics. Their fields in the line have the same names.
var (
	Admitted         = Metric{Name: "Admitted", Unit: "Count"}                         // calls that the gate let pass
	Refused          = Metric{Name: "Refused", Unit: "Count", By: []string{"reason"}}  // calls that the gate refused
	GateFailed       = Metric{Name: "GateFailed", Unit: "Count"}                       // calls that the gate could not judge
	GateTime         = Metric{Name: "GateTime", Unit: "Milliseconds"}                  // what the gate took
	StaleCallers     = Metric{Name: "StaleCallers", Unit: "Count"}                     // callers read again, as their key had changed
	Failed           = Metric{Name: "Failed", Unit: "Count", By: []string{"function"}} // answers of 500 and above
	Authorized       = Metric{Name: "Authorized", Unit: "Count"}                       // secrets that the authorizer knew
	Unauthorized     = Metric{Name: "Unauthorized", Unit: "Count"}                     // secrets that it refused
	AuthorizerFailed = Metric{Name: "AuthorizerFailed", Unit: "Count"}                 // secrets that it could not check
	AuthorizerTime   = Metric{Name: "AuthorizerTime", Unit: "Milliseconds"}            // what a check took
	Delivered        = Metric{Name: "Delivered", Unit: "Count"}                        // webhooks' deliveries that were taken
	DeliveryFailed   = Metric{Name: "DeliveryFailed", Unit: "Count"}                   // attempts of them that were not
	DeliveryGivenUp  = Metric{Name: "DeliveryGivenUp", Unit: "Count"}                  // deliveries whose last attempt was not
)

// All lists the metrics, for the dashboard and the documents.
var All = []Metric{Admitted, Refused, GateFailed, GateTime, StaleCallers, Failed, Authorized, Unauthorized, AuthorizerFailed, AuthorizerTime, Delivered, DeliveryFailed, DeliveryGivenUp}

// Reasons are what Refused may have for its reason: the first part of a condition.
var Reasons = []string{"secret", "permission", "standing", "quota"}

// Reason is a condition's first part: "secret" of "secret.expired".
func Reason(condition string) string {
	reason, _, _ := strings.Cut(condition, ".")
	return reason
}

// Value is what a metric has in one line.
type Value struct {
	Metric
	Number float64
}

// Recorder adds metrics to log lines. A nil one adds nothing: outside AWS nobody
// reads them.
type Recorder struct {
	namespace   string
	environment string
	function    string
}

// New returns the recorder of a function; without a namespace there is none.
func New(namespace, environment, function string) *Recorder {
	if namespace == "" {
		return nil
	}
	return &Recorder{namespace: namespace, environment: environment, function: function}
}

// Append adds the values and what makes metrics of them to a line's fields. The
// line must have the fields of their dimensions that are not the recorder's own:
// "reason" for Refused.
func (r *Recorder) Append(line []slog.Attr, now time.Time, values ...Value) []slog.Attr {
	if r == nil || len(values) == 0 {
		return line
	}
	line = append(line, slog.String("environment", r.environment), slog.String("function", r.function))
	for _, v := range values {
		line = append(line, slog.Float64(v.Name, v.Number))
	}
	return append(line, slog.Group("_aws",
		slog.Int64("Timestamp", now.UnixMilli()),
		slog.Any("CloudWatchMetrics", r.directives(values))))
}

// directives is written by hand: it is made for every request, of texts that are
// all ours and need no escaping. Neighbours with the same dimensions share one.
func (r *Recorder) directives(values []Value) json.RawMessage {
	b := append(make([]byte, 0, 512), '[')
	for i, v := range values {
		if i > 0 && slices.Equal(v.By, values[i-1].By) {
			b = append(b, ',')
		} else {
			if i > 0 {
				b = append(b, "]},"...)
			}
			b = append(append(append(b, `{"Namespace":"`...), r.namespace...), `","Dimensions":[["environment"]`...)
			for _, d := range v.By {
				b = append(append(append(b, `,["environment","`...), d...), `"]`...)
			}
			b = append(b, `],"Metrics":[`...)
		}
		b = append(append(append(b, `{"Name":"`...), v.Name...), `","Unit":"`...)
		b = append(append(b, v.Unit...), `"}`...)
	}
	return append(b, "]}]"...)
}

// Trace is the root of the X-Ray trace that a Lambda invocation belongs to, and ""
// elsewhere. The authorizer's call and the function's for one request have the same.
func Trace(ctx context.Context) string {
	header, _ := ctx.Value("x-amzn-trace-id").(string) // aws-lambda-go's name for it
	for part := range strings.SplitSeq(header, ";") {
		if root, ok := strings.CutPrefix(strings.TrimSpace(part), "Root="); ok {
			return root
		}
	}
	return ""
}
