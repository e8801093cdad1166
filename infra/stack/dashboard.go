package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/telemetry"
)

// newDashboard creates a dashboard that shows first what clients see and then the causes.
func (d *deployment) newDashboard(functions map[string]awslambda.Function) {
	board := awscloudwatch.NewDashboard(d.stack, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{DashboardName: d.stack.StackName()})
	board.AddWidgets(
		graph("Requests", "requests per 5 minutes", d.apiMetric("Count", "Sum", "all"), d.apiMetric("4XXError", "Sum", "4xx"), d.apiMetric("5XXError", "Sum", "5xx")),
		graph("Latency", "ms", d.apiMetric("Latency", "p50", "p50"), d.apiMetric("Latency", "p99", "p99")),
		graph("Gate", "requests per 5 minutes", d.metric(telemetry.Admitted, ""), d.metric(telemetry.Refused, ""),
			d.metric(telemetry.GateFailed, ""), d.metric(telemetry.StaleCallers, ""), d.metric(telemetry.Failed, "")),
	)
	var refused []awscloudwatch.IMetric
	for _, reason := range telemetry.Reasons {
		refused = append(refused, d.metric(telemetry.Refused, reason))
	}
	board.AddWidgets(
		graph("Refused requests by reason", "requests per 5 minutes", refused...),
		graph("Gate latency", "ms", d.timing(telemetry.GateTime, "p50"), d.timing(telemetry.GateTime, "p99")),
		graph("Authorizer", "checks per 5 minutes", d.metric(telemetry.Authorized, ""), d.metric(telemetry.Unauthorized, ""), d.metric(telemetry.AuthorizerFailed, "")),
	)
	board.AddWidgets(
		graph("Authorizer latency", "ms", d.timing(telemetry.AuthorizerTime, "p50"), d.timing(telemetry.AuthorizerTime, "p99")),
		graph("Function duration", "ms, p99", d.eachFunction(functions, "Duration", "p99")...),
		graph("Concurrent executions", "", d.eachFunction(functions, "ConcurrentExecutions", "Maximum")...),
	)
	board.AddWidgets(
		graph("Throttles", "per 5 minutes", sum("throttled calls", "f", d.throttles(functions)...), d.tableThrottles()),
		graph("DynamoDB read units", "per 5 minutes", d.consumed("ConsumedReadCapacityUnits")...),
		graph("DynamoDB write units", "per 5 minutes", d.consumed("ConsumedWriteCapacityUnits")...),
	)
	if d.unread == nil {
		return
	}
	board.AddWidgets(
		graph("Age of changes", "ms", d.streamAge(functions)),
		graph("Dead letters", "messages", d.deadLetters()),
	)
	if d.webhooks == nil {
		return
	}
	board.AddWidgets(
		graph("Webhooks: age of oldest delivery", "s", d.queueMetric(d.webhooks.queue, "ApproximateAgeOfOldestMessage", "deliveries")),
		graph("Webhooks: attempts", "deliveries", d.metric(telemetry.Delivered, ""), d.metric(telemetry.DeliveryFailed, ""), d.metric(telemetry.DeliveryGivenUp, "")),
	)
}

// timing returns a percentile of a metric in milliseconds.
func (d *deployment) timing(m telemetry.Metric, percentile string) awscloudwatch.IMetric {
	return d.metricOf(*d.stack.StackName(), m.Name, percentile, percentile, map[string]*string{"environment": jsii.String(d.props.Environment)})
}

// eachFunction returns a metric of AWS/Lambda for each function.
func (d *deployment) eachFunction(functions map[string]awslambda.Function, metric, statistic string) []awscloudwatch.IMetric {
	var all []awscloudwatch.IMetric
	for _, name := range sorted(functions) {
		all = append(all, d.metricOf("AWS/Lambda", metric, statistic, name, map[string]*string{"FunctionName": functions[name].FunctionName()}))
	}
	return all
}

// consumed returns a capacity metric for both tables.
func (d *deployment) consumed(metric string) []awscloudwatch.IMetric {
	return []awscloudwatch.IMetric{d.tableMetric(d.data.keys.TableName(), metric), d.tableMetric(d.data.stats.TableName(), metric)}
}

// graph returns a graph of a third of the dashboard's width.
func graph(title, axis string, metrics ...awscloudwatch.IMetric) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Title: jsii.String(title), Left: &metrics, Width: jsii.Number(8), Height: jsii.Number(6),
		LeftYAxis: &awscloudwatch.YAxisProps{Label: jsii.String(axis), Min: jsii.Number(0), ShowUnits: jsii.Bool(false)},
	})
}
