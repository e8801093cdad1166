package stack

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsbudgets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/api"
	"statgate/shared/telemetry"
)

// Watch configures alarms, budget and access logs.
type Watch struct {
	Email      string // address that receives the alarms; "" shows them on the console only
	BudgetUSD  int    // dollars per month for the whole account; 0 for no budget
	AccessLogs bool   // whether API Gateway logs each request, without its query
}

// metric returns one of our metrics, summed over five minutes. The reason selects refusals
// with that reason; "" selects all.
func (d *deployment) metric(m telemetry.Metric, reason string) awscloudwatch.Metric {
	dimensions := map[string]*string{"environment": jsii.String(d.props.Environment)}
	label := ""
	if reason != "" {
		dimensions["reason"], label = jsii.String(reason), reason // distinguishes the lines of a graph
	}
	return d.metricOf(*d.stack.StackName(), m.Name, "Sum", label, dimensions)
}

func (d *deployment) metricOf(namespace, name, statistic, label string, dimensions map[string]*string) awscloudwatch.Metric {
	props := &awscloudwatch.MetricProps{
		Namespace: jsii.String(namespace), MetricName: jsii.String(name), Statistic: jsii.String(statistic),
		DimensionsMap: &dimensions, Period: awscdk.Duration_Minutes(jsii.Number(5)),
	}
	if label != "" {
		props.Label = jsii.String(label)
	}
	return awscloudwatch.NewMetric(props)
}

// apiMetric returns a metric of the REST API's stage.
func (d *deployment) apiMetric(name, statistic, label string) awscloudwatch.Metric {
	return d.metricOf("AWS/ApiGateway", name, statistic, label, map[string]*string{
		"ApiName": d.stack.StackName(), "Stage": jsii.String(d.props.Environment),
	})
}

func (d *deployment) tableMetric(table *string, name string) awscloudwatch.Metric {
	return d.metricOf("AWS/DynamoDB", name, "Sum", name+" "+*table, map[string]*string{"TableName": table})
}

// formula returns an expression over metrics. With the prefix m, the expression refers to
// them as m0, m1 and so on. Formulas in one graph need different prefixes.
func formula(expression, label, prefix string, of ...awscloudwatch.Metric) awscloudwatch.MathExpression {
	using := map[string]awscloudwatch.IMetric{}
	for i, m := range of {
		using[prefix+strconv.Itoa(i)] = m
	}
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: jsii.String(expression), Label: jsii.String(label), UsingMetrics: &using,
		Period: awscdk.Duration_Minutes(jsii.Number(5)),
	})
}

// sum returns the sum of metrics, some of which may have no data.
func sum(label, prefix string, of ...awscloudwatch.Metric) awscloudwatch.MathExpression {
	return formula(`SUM(METRICS("`+prefix+`"))`, label, prefix, of...)
}

// alarm describes a CloudWatch alarm. It fires if the metric is above the threshold in each
// of the consecutive periods of five minutes.
type alarm struct {
	name, description string
	metric            awscloudwatch.IMetric
	threshold         float64
	periods           int
}

// maxAlarmMetrics is how many metrics the formula of an alarm may refer to. CloudWatch does
// not raise this limit. The formula of a graph may refer to 500.
const maxAlarmMetrics = 10

// numbered returns the name of part i of an alarm on more metrics than one can have: the
// first has the plain name, and the others follow as Name2, Name3 and so on.
func numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + strconv.Itoa(i+1)
}

// minCalls is how many calls in five minutes an alarm about a share of them requires.
const minCalls = 100

// alarms returns the alarms. docs/operations.md says what to do about each.
func (d *deployment) alarms(functions map[string]awslambda.Function) []alarm {
	list := []alarm{
		{"ServerErrors", "API Gateway answers requests with 5xx", d.apiMetric("5XXError", "Sum", ""), 4, 2},
		{"GateFailures", "The gate cannot check requests, which are answered with 503", d.metric(telemetry.GateFailed, ""), 4, 2},
		// Lambda's own Errors metric includes refusals, as these are errors of the handler.
		{"AuthorizerFailures", "The authorizer cannot check keys, and API Gateway answers 503", d.metric(telemetry.AuthorizerFailed, ""), 4, 2},
		{"TableThrottles", "DynamoDB throttles the keys table or the stats table", d.tableThrottles(), 0, 2},
	}
	for i, part := range slices.Collect(slices.Chunk(d.throttles(functions), maxAlarmMetrics)) {
		list = append(list, alarm{numbered("FunctionThrottles", i), "Lambda has no free instance for requests", sum("throttled calls", "f", part...), 0, 1})
	}
	refused := map[string]string{
		"secret":     "Many requests are refused for an invalid key (401): look for a revoked, expired or guessed key",
		"permission": "Many requests are refused for a missing permission (403)",
		"quota":      "Many requests are refused for their quota (429)",
	}
	for _, reason := range sorted(refused) {
		list = append(list, alarm{"Refused" + title(reason), refused[reason], d.refusals(reason), 20, 3})
	}
	if d.replays != nil {
		dead := d.queueMetric(d.replays.dead, "ApproximateNumberOfMessagesVisible", "") // with a label it would be metric math
		list = append(list, alarm{"StoppedReplays", "Replays have stopped: their steps were moved to a dead-letter queue", dead, 0, 1})
	}
	if d.unread == nil {
		return list
	}
	return append(list,
		alarm{"StreamAge", "Changes of the data wait over a minute before they reach webhooks and the change feed", d.streamAge(functions), 60_000, 2},
		alarm{"DeadLetters", "Webhook deliveries, or changes of the data, were moved to a dead-letter queue", d.deadLetters(), 0, 1})
}

// streamAge returns the age of the last processed changes, in milliseconds.
func (d *deployment) streamAge(functions map[string]awslambda.Function) awscloudwatch.Metric {
	var reader *string
	for _, w := range d.workers {
		if w.Source == api.StatsStream {
			reader = functions[w.Function].FunctionName()
		}
	}
	return d.metricOf("AWS/Lambda", "IteratorAge", "Maximum", "", map[string]*string{"FunctionName": reader})
}

// queueMetric returns the maximum of a metric of a queue.
func (d *deployment) queueMetric(queue awssqs.Queue, name, label string) awscloudwatch.Metric {
	return d.metricOf("AWS/SQS", name, "Maximum", label, map[string]*string{"QueueName": queue.QueueName()})
}

// deadLetters returns the number of messages in the dead-letter queues.
func (d *deployment) deadLetters() awscloudwatch.IMetric {
	var queues []awscloudwatch.Metric
	if d.webhooks != nil {
		queues = append(queues, d.queueMetric(d.webhooks.dead, "ApproximateNumberOfMessagesVisible", "deliveries"))
	}
	queues = append(queues, d.queueMetric(d.unread, "ApproximateNumberOfMessagesVisible", "changes"))
	return sum("dead letters", "q", queues...)
}

// refusals returns the percentage of requests that are refused for a reason. It is 0 up to
// minCalls requests.
func (d *deployment) refusals(reason string) awscloudwatch.IMetric {
	metrics := []awscloudwatch.Metric{d.metric(telemetry.Admitted, ""), d.metric(telemetry.Refused, reason)}
	refused := "FILL(m1,0)"
	switch reason {
	case "secret": // the authorizer refuses most of these
		metrics = append(metrics, d.metric(telemetry.Unauthorized, ""))
		refused += "+FILL(m2,0)"
	case "permission": // a suspended owner is a 403 too
		metrics = append(metrics, d.metric(telemetry.Refused, "standing"))
		refused += "+FILL(m2,0)"
	}
	share := fmt.Sprintf("IF(FILL(m0,0)+%[1]s > %[2]d, 100*(%[1]s)/(FILL(m0,0)+%[1]s), 0)", refused, minCalls)
	return formula(share, "% of calls", "m", metrics...)
}

// throttles returns the throttles of each function that serves requests. Lambda retries a
// throttled worker, so its throttles show as the age of its queue or stream.
func (d *deployment) throttles(functions map[string]awslambda.Function) []awscloudwatch.Metric {
	var all []awscloudwatch.Metric
	for _, name := range sorted(functions) {
		if slices.ContainsFunc(d.workers, func(w api.Worker) bool { return w.Function == name }) {
			continue
		}
		all = append(all, d.metricOf("AWS/Lambda", "Throttles", "Sum", name, map[string]*string{"FunctionName": functions[name].FunctionName()}))
	}
	return all
}

// tableThrottles returns the throttled requests of both tables. A throttled index
// throttles the writes of its table.
func (d *deployment) tableThrottles() awscloudwatch.IMetric {
	var all []awscloudwatch.Metric
	for _, table := range []*string{d.data.keys.TableName(), d.data.stats.TableName()} {
		all = append(all, d.tableMetric(table, "ReadThrottleEvents"), d.tableMetric(table, "WriteThrottleEvents"))
	}
	return sum("throttled requests", "t", all...)
}

// newAlarms creates the alarms, and the topic that sends them to the email address.
func (d *deployment) newAlarms(functions map[string]awslambda.Function) {
	var notify awscloudwatch.IAlarmAction
	if d.props.Watch.Email != "" {
		topic := awssns.NewTopic(d.stack, jsii.String("Alarms"), &awssns.TopicProps{
			TopicName: d.named("alarms"), EnforceSSL: jsii.Bool(true),
		})
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(d.props.Watch.Email), nil))
		notify = awscloudwatchactions.NewSnsAction(topic)
	}
	for _, a := range d.alarms(functions) {
		if _, single := a.metric.(awscloudwatch.Metric); !single && d.props.Endpoint != "" {
			continue // emulators do not support alarms on formulas
		}
		created := awscloudwatch.NewAlarm(d.stack, jsii.String(a.name+"Alarm"), &awscloudwatch.AlarmProps{
			AlarmName: d.named(a.name), AlarmDescription: jsii.String(a.description),
			Metric: a.metric, Threshold: jsii.Number(a.threshold), EvaluationPeriods: jsii.Number(a.periods),
			ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD,
			TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING, // there were no requests
		})
		if notify != nil {
			created.AddAlarmAction(notify)
		}
	}
}

// newBudget creates a budget that sends a mail at 80 % of the monthly amount, and when the
// forecast for the month exceeds it. The budget covers the whole account: a budget for the
// stack alone would need cost allocation tags, which are enabled by hand.
func (d *deployment) newBudget() {
	if d.props.Watch.BudgetUSD == 0 {
		return
	}
	notify := func(kind string, percent float64) *awsbudgets.CfnBudget_NotificationWithSubscribersProperty {
		return &awsbudgets.CfnBudget_NotificationWithSubscribersProperty{
			Notification: &awsbudgets.CfnBudget_NotificationProperty{
				NotificationType: jsii.String(kind), ComparisonOperator: jsii.String("GREATER_THAN"),
				Threshold: jsii.Number(percent), ThresholdType: jsii.String("PERCENTAGE"),
			},
			Subscribers: &[]any{&awsbudgets.CfnBudget_SubscriberProperty{
				SubscriptionType: jsii.String("EMAIL"), Address: jsii.String(d.props.Watch.Email),
			}},
		}
	}
	awsbudgets.NewCfnBudget(d.stack, jsii.String("Budget"), &awsbudgets.CfnBudgetProps{
		Budget: &awsbudgets.CfnBudget_BudgetDataProperty{
			BudgetName: d.named("monthly"), BudgetType: jsii.String("COST"), TimeUnit: jsii.String("MONTHLY"),
			BudgetLimit: &awsbudgets.CfnBudget_SpendProperty{Amount: jsii.Number(d.props.Watch.BudgetUSD), Unit: jsii.String("USD")},
		},
		NotificationsWithSubscribers: &[]any{notify("ACTUAL", 80), notify("FORECASTED", 100)},
	})
}
