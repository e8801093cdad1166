// Package telemetry adds metrics and the trace id to a function's log line.
//
// Metrics use CloudWatch's embedded metric format: a line of JSON that declares which of its
// fields are metrics. So a request has one log line, and a metric needs no call to AWS.
// There are three dimensions with fixed values: environment, function and reason of a
// refusal. AWS charges monthly for each combination, so no dimension is a key, an
// organisation or a path.
package telemetry

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// A Metric is a field of a log line that CloudWatch reads as a metric.
type Metric struct {
	Name string
	Unit string   // a CloudWatch unit
	By   []string // dimensions besides the environment; each is a field of the line
}

// The metrics. Their fields in the line have the same names.
var (
	Admitted         = Metric{Name: "Admitted", Unit: "Count"}                         // requests that the gate admitted
	Refused          = Metric{Name: "Refused", Unit: "Count", By: []string{"reason"}}  // requests that the gate refused
	GateFailed       = Metric{Name: "GateFailed", Unit: "Count"}                       // requests that the gate could not decide on
	GateTime         = Metric{Name: "GateTime", Unit: "Milliseconds"}                  // duration of the gate
	StaleCallers     = Metric{Name: "StaleCallers", Unit: "Count"}                     // callers read again because their key had changed
	Failed           = Metric{Name: "Failed", Unit: "Count", By: []string{"function"}} // answers of 500 and above
	Authorized       = Metric{Name: "Authorized", Unit: "Count"}                       // secrets that the authorizer accepted
	Unauthorized     = Metric{Name: "Unauthorized", Unit: "Count"}                     // secrets that the authorizer refused
	AuthorizerFailed = Metric{Name: "AuthorizerFailed", Unit: "Count"}                 // secrets that the authorizer could not check
	AuthorizerTime   = Metric{Name: "AuthorizerTime", Unit: "Milliseconds"}            // duration of a check
	Delivered        = Metric{Name: "Delivered", Unit: "Count"}                        // deliveries that the receiver accepted
	DeliveryFailed   = Metric{Name: "DeliveryFailed", Unit: "Count"}                   // failed attempts of deliveries
	DeliveryGivenUp  = Metric{Name: "DeliveryGivenUp", Unit: "Count"}                  // deliveries whose last attempt failed
)

// All lists the metrics, for the dashboard and the documents.
var All = []Metric{Admitted, Refused, GateFailed, GateTime, StaleCallers, Failed, Authorized, Unauthorized, AuthorizerFailed, AuthorizerTime, Delivered, DeliveryFailed, DeliveryGivenUp}

// Reasons lists the values of the dimension reason of Refused: first parts of conditions.
var Reasons = []string{"secret", "permission", "standing", "quota"}

// Reason returns a condition's first part: "secret" of "secret.expired".
func Reason(condition string) string {
	reason, _, _ := strings.Cut(condition, ".")
	return reason
}

// Value is the value of a metric in one line.
type Value struct {
	Metric
	Number float64
}

// Recorder adds metrics to log lines. A nil Recorder adds nothing; it is used outside AWS,
// where nothing reads metrics.
type Recorder struct {
	namespace   string
	environment string
	function    string
}

// New returns the recorder of a function; nil if the namespace is empty.
func New(namespace, environment, function string) *Recorder {
	if namespace == "" {
		return nil
	}
	return &Recorder{namespace: namespace, environment: environment, function: function}
}

// Append adds the values, and the declaration that they are metrics, to a line's fields. The
// line must already have the dimensions that the recorder does not add: "reason" for Refused.
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

// directives builds the JSON by hand, because it is built for every request and its texts
// are constants that need no escaping. Neighbours with the same dimensions share a directive.
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

// Trace returns the root id of the X-Ray trace of a Lambda invocation; "" outside Lambda.
// For one request, the authorizer's invocation and the function's have the same id.
func Trace(ctx context.Context) string {
	header, _ := ctx.Value("x-amzn-trace-id").(string) // aws-lambda-go's name for it
	for part := range strings.SplitSeq(header, ";") {
		if root, ok := strings.CutPrefix(strings.TrimSpace(part), "Root="); ok {
			return root
		}
	}
	return ""
}
