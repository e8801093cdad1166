package stack_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"statgate/infra/stack"
	"statgate/shared/api"
	"statgate/shared/telemetry"
)

// alarms returns the alarms by name, without the prefix of the stack's name.
func (t template) alarms() map[string]resource {
	found := map[string]resource{}
	for _, a := range t.of("AWS::CloudWatch::Alarm") {
		name, _ := a.Properties["AlarmName"].(string)
		found[strings.TrimPrefix(name, "Statgate-")] = a
	}
	return found
}

func TestAlarmsNotifyOnlyIfThereIsAnAddress(t *testing.T) {
	for name, notifies := range map[string]bool{"statgate": false, "balla": false, "statgate with everything": true} {
		tmpl := synthesised(t, name)
		alarms := tmpl.alarms()
		want := []string{"AuthorizerFailures", "FunctionThrottles", "GateFailures", "RefusedPermission", "RefusedQuota", "RefusedSecret", "ServerErrors", "TableThrottles"}
		if name != "balla" { // which has no webhooks, and no more than ten functions that serve requests
			want = append(want, "DeadLetters", "StreamAge", "StoppedReplays", "FunctionThrottles2")
		}
		for _, a := range want {
			if _, ok := alarms[a]; !ok {
				t.Errorf("%s: there is no alarm %s", name, a)
			}
		}
		if len(alarms) != len(want) {
			t.Errorf("%s: got %d alarms, want %d", name, len(alarms), len(want))
		}
		for id, a := range alarms {
			actions, _ := a.Properties["AlarmActions"].([]any)
			if (len(actions) == 1) != notifies {
				t.Errorf("%s: %s: got actions %v, want any: %v", name, id, actions, notifies)
			}
			if a.Properties["TreatMissingData"] != "notBreaching" || a.Properties["AlarmDescription"] == nil {
				t.Errorf("%s: %s: got %v", name, id, a.Properties)
			}
		}
		if got := len(tmpl.of("AWS::SNS::Topic")); (got == 1) != notifies {
			t.Errorf("%s: got %d topics", name, got)
		}
	}
}

func TestAlarmsReadTheMetricsThatTheFunctionsWrite(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	for _, f := range tmpl.of("AWS::Lambda::Function") {
		if got := dig(f.Properties, "Environment", "Variables", "METRICS_NAMESPACE"); got != "Statgate" {
			t.Errorf("got namespace %v, want the stack's name", got)
		}
	}
	written := map[string]bool{}
	for _, m := range telemetry.All {
		written[m.Name] = true
	}
	ours := regexp.MustCompile(`"MetricName":"(\w+)","Namespace":"Statgate"`) // adjacent, as JSON sorts names
	alarms, _ := json.Marshal(tmpl.of("AWS::CloudWatch::Alarm"))
	found := ours.FindAllSubmatch(alarms, -1)
	for _, m := range found {
		if !written[string(m[1])] {
			t.Errorf("an alarm reads %s, which no function writes", m[1])
		}
	}
	if len(found) < 8 {
		t.Errorf("got %d of our own metrics in alarms", len(found))
	}
	failures := tmpl.alarms()["AuthorizerFailures"].Properties
	if failures["MetricName"] != "AuthorizerFailed" || failures["Namespace"] != "Statgate" {
		t.Errorf("got %v, want our own metric, as Lambda's Errors metric includes refusals", failures)
	}
}

func TestThrottlesOfTablesAndOfFunctionsThatServeRequestsHaveAlarms(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	throttled := fmt.Sprint(tmpl.alarms()["FunctionThrottles"].Properties, tmpl.alarms()["FunctionThrottles2"].Properties)
	for id := range tmpl.of("AWS::Lambda::Function") {
		if worker := isWorker(id); strings.Contains(throttled, id) == worker {
			t.Errorf("%s: got in the alarm %v, want %v", id, worker, !worker)
		}
	}
	watched := map[string]bool{}
	metrics, _ := tmpl.alarms()["TableThrottles"].Properties["Metrics"].([]any)
	for _, m := range metrics {
		of := dig(m, "MetricStat", "Metric")
		watched[fmt.Sprint(dig(of, "MetricName"), " ", dig(of, "Dimensions", 0, "Value", "Ref"))] = true
	}
	for id := range tmpl.of("AWS::DynamoDB::Table") {
		for _, kind := range []string{"ReadThrottleEvents ", "WriteThrottleEvents "} {
			if !watched[kind+id] {
				t.Errorf("no alarm reads %s%s", kind, id)
			}
		}
	}
}

func TestDashboardShowsEveryMetric(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	body, _ := json.Marshal(tmpl.only(t, "AWS::CloudWatch::Dashboard").Properties["DashboardBody"])
	for _, m := range telemetry.All {
		if !strings.Contains(string(body), `\"`+m.Name+`\"`) {
			t.Errorf("the dashboard does not show %s", m.Name)
		}
	}
}

func TestBudgetIsOptional(t *testing.T) {
	if got := len(synthesised(t, "statgate").of("AWS::Budgets::Budget")); got != 0 {
		t.Errorf("got %d budgets by default", got)
	}
	budget := synthesised(t, "statgate with everything").only(t, "AWS::Budgets::Budget").Properties
	if got := dig(budget, "Budget", "BudgetLimit"); !reflect.DeepEqual(got, any(map[string]any{"Amount": 50.0, "Unit": "USD"})) {
		t.Errorf("got %v, want 50 USD", got)
	}
	if got := dig(budget, "NotificationsWithSubscribers", 0, "Subscribers", 0, "Address"); got != "ops@example.com" {
		t.Errorf("got recipient %v", got)
	}
}

func TestAccessLogsAreOptionalAndCannotContainAKey(t *testing.T) {
	plain := synthesised(t, "statgate")
	for _, kind := range []string{"AWS::ApiGateway::Account"} {
		if got := len(plain.of(kind)); got != 0 {
			t.Errorf("got %d of %s by default, which would change the whole account", got, kind)
		}
	}
	if got := plain.only(t, "AWS::ApiGateway::Stage").Properties["AccessLogSetting"]; got != nil {
		t.Errorf("got %v by default", got)
	}
	tmpl := synthesised(t, "statgate with everything")
	format, _ := dig(tmpl.only(t, "AWS::ApiGateway::Stage").Properties, "AccessLogSetting", "Format").(string)
	var line map[string]string
	if err := json.Unmarshal([]byte(format), &line); err != nil {
		t.Fatal(err)
	}
	for field, value := range line {
		if regexp.MustCompile(`(?i)path$|query|header|protocol|identity\.apiKey|requestOverride|authorizer\.secret`).MatchString(value) && value != "$context.resourcePath" {
			t.Errorf("%s: %s may contain a key", field, value)
		}
	}
	account := tmpl.only(t, "AWS::ApiGateway::Account")
	if account.DeletionPolicy != "Retain" {
		t.Errorf("got deletion policy %q, want the account's role to be retained", account.DeletionPolicy)
	}
}

func TestNoStageLogsRequestsInFull(t *testing.T) {
	eachVariant(t, func(t *testing.T, tmpl template) {
		for _, s := range tmpl.of("AWS::ApiGateway::Stage") {
			settings, _ := s.Properties["MethodSettings"].([]any)
			for _, m := range settings {
				if dig(m, "DataTraceEnabled") == true || dig(m, "LoggingLevel") != nil {
					t.Errorf("got %v, but execution logs contain headers and query strings", m)
				}
			}
		}
	})
}

func TestOperationsPageNamesEveryMetricAndAlarm(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range telemetry.All {
		if !strings.Contains(string(page), "| `"+m.Name+"` |") {
			t.Errorf("docs/operations.md has no row for the metric %s", m.Name)
		}
	}
	for name := range synthesised(t, "statgate").alarms() {
		if !strings.Contains(string(page), "| `"+name+"` |") {
			t.Errorf("docs/operations.md has no row for the alarm %s", name)
		}
	}
}

// isWorker reports whether a logical id is that of a worker.
func isWorker(id string) bool {
	return slices.ContainsFunc(api.Workers, func(w api.Worker) bool { return strings.HasPrefix(id, title(w.Function)+"Function") })
}

func TestStreamAgeAndDeadLettersHaveAlarmsAndGraphs(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	age := tmpl.alarms()["StreamAge"].Properties
	of, _ := dig(age, "Dimensions", 0, "Value", "Ref").(string)
	got := []any{age["Namespace"], age["MetricName"], age["Statistic"], age["Threshold"], age["EvaluationPeriods"], strings.HasPrefix(of, "FanoutFunction")}
	if want := []any{"AWS/Lambda", "IteratorAge", "Maximum", 60000.0, 2.0, true}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	dead := tmpl.alarms()["DeadLetters"].Properties
	watched, _ := json.Marshal(dead["Metrics"])
	board, _ := json.Marshal(tmpl.only(t, "AWS::CloudWatch::Dashboard").Properties["DashboardBody"])
	for id := range tmpl.of("AWS::SQS::Queue") {
		if !strings.Contains(string(board), id) {
			t.Errorf("the dashboard does not show %s", id)
		}
		if strings.HasPrefix(id, "Replays") {
			continue // have an alarm of their own
		}
		if got, want := strings.Contains(string(watched), id), !strings.HasPrefix(id, "WebhooksQueue"); got != want {
			t.Errorf("%s: got in the alarm %v, want %v", id, got, want)
		}
	}
	if dead["Threshold"] != 0.0 || !strings.Contains(string(watched), "ApproximateNumberOfMessagesVisible") || !strings.Contains(string(board), "IteratorAge") {
		t.Errorf("got %v and %s", dead, board)
	}
}

// metricsOf returns the ids of the functions whose metrics an alarm's formula refers to, and
// how many metrics it refers to.
func metricsOf(alarm resource) (functions []string, count int) {
	all, _ := alarm.Properties["Metrics"].([]any)
	for _, m := range all {
		if dig(m, "MetricStat") == nil {
			continue
		}
		count++
		if id, ok := dig(m, "MetricStat", "Metric", "Dimensions", 0, "Value", "Ref").(string); ok {
			functions = append(functions, id)
		}
	}
	return functions, count
}

// crowded returns the template of a contract in which some operations, as many as asked for,
// have functions of their own. Their paths exist anyway, so the stack grows by functions
// alone. It restores the route table, so it must not run in parallel with other tests.
func crowded(t *testing.T, functions int) template {
	t.Helper()
	before := api.Routes
	defer func() { api.Routes = before }()
	api.Routes = slices.Clone(before)
	c := presetOf(t, "statgate")
	shared := map[string]bool{} // functions that keep an operation
	moved := 0
	for _, r := range api.For(c) {
		if !shared[r.Function] || moved == functions {
			shared[r.Function] = true
			continue
		}
		i := slices.IndexFunc(api.Routes, func(of api.Route) bool { return of.Operation == r.Operation })
		api.Routes[i].Function = fmt.Sprintf("extra%d", moved)
		moved++
	}
	if moved != functions {
		t.Fatalf("got %d more functions, want %d", moved, functions)
	}
	return synth(t, "Statgate", stack.Props{Contract: c, Environment: "live", Arch: "arm64"})
}

// CloudWatch's limits: metrics of an alarm's formula, metrics of a graph, and widgets of a
// dashboard.
const (
	maxAlarm, maxGraph, maxWidgets = 10, 500, 500
)

func TestNoNumberOfFunctionsExceedsALimitOfCloudWatch(t *testing.T) {
	for _, more := range []int{0, 1, 15} { // 29 functions are near CloudFormation's limit of resources
		tmpl := crowded(t, more)
		watched := map[string]bool{}
		for name, a := range tmpl.alarms() {
			functions, metrics := metricsOf(a)
			if metrics > maxAlarm {
				t.Errorf("%d more functions: %s refers to %d metrics, want at most %d", more, name, metrics, maxAlarm)
			}
			if strings.HasPrefix(name, "FunctionThrottles") {
				for _, id := range functions {
					watched[id] = true
				}
			}
		}
		for id := range tmpl.of("AWS::Lambda::Function") {
			if worker := isWorker(id); watched[id] == worker {
				t.Errorf("%d more functions: %s: got in an alarm of throttles %v, want %v", more, id, watched[id], !worker)
			}
		}
		checkDashboard(t, tmpl)
	}
}

// checkDashboard checks the dashboard against CloudWatch's limits.
func checkDashboard(t *testing.T, tmpl template) {
	t.Helper()
	var body struct {
		Widgets []struct{ Properties struct{ Metrics []any } }
	}
	if err := json.Unmarshal([]byte(joined(tmpl.only(t, "AWS::CloudWatch::Dashboard").Properties["DashboardBody"])), &body); err != nil {
		t.Fatal(err)
	}
	if n := len(body.Widgets); n == 0 || n > maxWidgets {
		t.Errorf("got %d widgets, want 1 to %d", n, maxWidgets)
	}
	for i, w := range body.Widgets {
		if n := len(w.Properties.Metrics); n == 0 || n > maxGraph {
			t.Errorf("widget %d: got %d metrics, want 1 to %d", i, n, maxGraph)
		}
	}
}

// joined returns the text of an Fn::Join. References become their ids.
func joined(v any) string {
	var b strings.Builder
	for _, part := range list(dig(v, "Fn::Join", 1)) {
		b.WriteString(short(part))
	}
	return b.String()
}
