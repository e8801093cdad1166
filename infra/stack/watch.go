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

// Watch says who is told of what.
type Watch struct {
	Email      string // is sent the alarms; "" leaves them on the console
	BudgetUSD  int    // dollars a month, of the whole account; 0 for none
	AccessLogs bool   // API Gateway's own line for each request, without its query
}

// metric is one of ours, summed over five minutes; reason is for refusals.
func (d *deployment) metric(m telemetry.Metric, reason string) awscloudwatch.Metric {
	dimensions := map[string]*string{"environment": jsii.String(d.props.Environment)}
	label := ""
	if reason != "" {
		dimensions["reason"], label = jsii.String(reason), reason // in a graph of several
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

// apiMetric is one of the REST API's stage.
func (d *deployment) apiMetric(name, statistic, label string) awscloudwatch.Metric {
	return d.metricOf("AWS/ApiGateway", name, statistic, label, map[string]*string{
		"ApiName": d.stack.StackName(), "Stage": jsii.String(d.props.Environment),
	})
}

func (d *deployment) tableMetric(table *string, name string) awscloudwatch.Metric {
	return d.metricOf("AWS/DynamoDB", name, "Sum", name+" "+*table, map[string]*string{"TableName": table})
}

// formula is an expression of metrics, which it knows as m0, m1 and so on where m
// is their prefix. Formulas of one graph need different ones.
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

// sum adds up metrics, of which some may have no data.
func sum(label, prefix string, of ...awscloudwatch.Metric) awscloudwatch.MathExpression {
	return formula(`SUM(METRICS("`+prefix+`"))`, label, prefix, of...)
}

// alarm is something that somebody should know of.
type alarm struct {
	name, what string
	metric     awscloudwatch.IMetric
	above      float64
	of         int // consecutive periods of five minutes, all of them
}

// enoughCalls is how many calls in five minutes a share is worth an alarm of.
const enoughCalls = 100

// alarms lists them; docs/operations.md says what to do about each.
func (d *deployment) alarms(functions map[string]awslambda.Function) []alarm {
	list := []alarm{
		{"ServerErrors", "API Gateway answered calls with 5xx", d.apiMetric("5XXError", "Sum", ""), 4, 2},
		{"GateFailures", "The gate could not judge calls, which were answered with 503", d.metric(telemetry.GateFailed, ""), 4, 2},
		// Lambda's own count of errors has the refusals too, as a refusal is thrown.
		{"AuthorizerFailures", "The authorizer could not check keys, for which API Gateway answered 503", d.metric(telemetry.AuthorizerFailed, ""), 4, 2},
		{"FunctionThrottles", "Lambda had no instance left for calls", d.throttles(functions), 0, 1},
		{"TableThrottles", "DynamoDB throttled the keys or the stats table", d.tableThrottles(), 0, 2},
	}
	refused := map[string]string{
		"secret":     "Keys are refused more often than usual (401): look for one that leaked, ended or is guessed",
		"permission": "Keys are refused for what they may not do (403) more often than usual",
		"quota":      "Keys are refused for their quota (429) more often than usual",
	}
	for _, reason := range sorted(refused) {
		list = append(list, alarm{"Refused" + title(reason), refused[reason], d.refusals(reason), 20, 3})
	}
	if d.webhooks == nil {
		return list
	}
	return append(list,
		alarm{"StreamAge", "Changes of data wait for over a minute until webhooks are told of them", d.streamAge(functions), 60_000, 2},
		alarm{"DeadLetters", "Deliveries of webhooks, or changes that they are about, were given up", d.deadLetters(), 0, 1})
}

// streamAge is how old the changes are, in milliseconds, that were handled last.
func (d *deployment) streamAge(functions map[string]awslambda.Function) awscloudwatch.Metric {
	var reader *string
	for _, w := range d.workers {
		if w.Source == api.StatsStream {
			reader = functions[w.Function].FunctionName()
		}
	}
	return d.metricOf("AWS/Lambda", "IteratorAge", "Maximum", "", map[string]*string{"FunctionName": reader})
}

func (d *deployment) queueMetric(queue awssqs.Queue, name, label string) awscloudwatch.Metric {
	return d.metricOf("AWS/SQS", name, "Maximum", label, map[string]*string{"QueueName": queue.QueueName()})
}

func (d *deployment) deadLetters() awscloudwatch.IMetric {
	return sum("dead letters", "q",
		d.queueMetric(d.webhooks.dead, "ApproximateNumberOfMessagesVisible", "deliveries"),
		d.queueMetric(d.webhooks.unread, "ApproximateNumberOfMessagesVisible", "changes"))
}

// refusals is a reason's share of all calls, in percent, where there are enough
// calls to speak of one.
func (d *deployment) refusals(reason string) awscloudwatch.IMetric {
	metrics := []awscloudwatch.Metric{d.metric(telemetry.Admitted, ""), d.metric(telemetry.Refused, reason)}
	refused := "FILL(m1,0)"
	switch reason {
	case "secret": // mostly the authorizer's to refuse
		metrics = append(metrics, d.metric(telemetry.Unauthorized, ""))
		refused += "+FILL(m2,0)"
	case "permission": // the owner's standing is a 403 too
		metrics = append(metrics, d.metric(telemetry.Refused, "standing"))
		refused += "+FILL(m2,0)"
	}
	share := fmt.Sprintf("IF(FILL(m0,0)+%[1]s > %[2]d, 100*(%[1]s)/(FILL(m0,0)+%[1]s), 0)", refused, enoughCalls)
	return formula(share, "% of calls", "m", metrics...)
}

// throttles are those of whoever answers calls. A worker that is throttled is called
// again, and its throttles show as the age of what waits.
func (d *deployment) throttles(functions map[string]awslambda.Function) awscloudwatch.IMetric {
	var all []awscloudwatch.Metric
	for _, name := range sorted(functions) {
		if slices.ContainsFunc(d.workers, func(w api.Worker) bool { return w.Function == name }) {
			continue
		}
		all = append(all, d.metricOf("AWS/Lambda", "Throttles", "Sum", name, map[string]*string{"FunctionName": functions[name].FunctionName()}))
	}
	if len(all) > 10 {
		panic("stack: an alarm takes ten metrics; split the throttles of functions") // seen at the first synth
	}
	return sum("throttled calls", "f", all...)
}

// tableThrottles has what happens to the tables themselves; an index that is
// throttled throttles the writes of its table.
func (d *deployment) tableThrottles() awscloudwatch.IMetric {
	var all []awscloudwatch.Metric
	for _, table := range []*string{d.data.keys.TableName(), d.data.stats.TableName()} {
		all = append(all, d.tableMetric(table, "ReadThrottleEvents"), d.tableMetric(table, "WriteThrottleEvents"))
	}
	return sum("throttled requests", "t", all...)
}

// newAlarms makes the alarms, which tell whoever is to be told.
func (d *deployment) newAlarms(functions map[string]awslambda.Function) {
	var tell awscloudwatch.IAlarmAction
	if d.props.Watch.Email != "" {
		topic := awssns.NewTopic(d.stack, jsii.String("Alarms"), &awssns.TopicProps{
			TopicName: d.named("alarms"), EnforceSSL: jsii.Bool(true),
		})
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(d.props.Watch.Email), nil))
		tell = awscloudwatchactions.NewSnsAction(topic)
	}
	for _, a := range d.alarms(functions) {
		if _, single := a.metric.(awscloudwatch.Metric); !single && d.props.Endpoint != "" {
			continue // emulators know alarms of a metric, and none of a formula
		}
		made := awscloudwatch.NewAlarm(d.stack, jsii.String(a.name+"Alarm"), &awscloudwatch.AlarmProps{
			AlarmName: d.named(a.name), AlarmDescription: jsii.String(a.what),
			Metric: a.metric, Threshold: jsii.Number(a.above), EvaluationPeriods: jsii.Number(a.of),
			ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD,
			TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING, // nobody called
		})
		if tell != nil {
			made.AddAlarmAction(tell)
		}
	}
}

// newBudget sends a mail at four fifths of the month's dollars, and when the month
// looks as if it would end above them. AWS counts by account: a share of it would
// need cost allocation tags, which are switched on by hand.
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
