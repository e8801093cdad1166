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

	"statgate/shared/api"
	"statgate/shared/telemetry"
)

// alarmed are the alarms by name, without the stack's.
func (t template) alarmed() map[string]resource {
	found := map[string]resource{}
	for _, a := range t.of("AWS::CloudWatch::Alarm") {
		name, _ := a.Properties["AlarmName"].(string)
		found[strings.TrimPrefix(name, "Statgate-")] = a
	}
	return found
}

func TestEveryAlarmTellsSomebodyOnlyWhereThereIsAnAddress(t *testing.T) {
	for name, told := range map[string]bool{"statgate": false, "balla": false, "statgate with everything": true} {
		made := synthesised(t, name)
		alarms := made.alarmed()
		want := []string{"AuthorizerFailures", "FunctionThrottles", "GateFailures", "RefusedPermission", "RefusedQuota", "RefusedSecret", "ServerErrors", "TableThrottles"}
		if name != "balla" { // which has no webhooks
			want = append(want, "DeadLetters", "StreamAge")
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
			if (len(actions) == 1) != told {
				t.Errorf("%s: %s: got actions %v, told %v", name, id, actions, told)
			}
			if a.Properties["TreatMissingData"] != "notBreaching" || a.Properties["AlarmDescription"] == nil {
				t.Errorf("%s: %s: got %v", name, id, a.Properties)
			}
		}
		if got := len(made.of("AWS::SNS::Topic")); (got == 1) != told {
			t.Errorf("%s: got %d topics", name, got)
		}
	}
}

func TestAlarmsReadTheMetricsThatTheFunctionsWrite(t *testing.T) {
	made := synthesised(t, "statgate")
	for _, f := range made.of("AWS::Lambda::Function") {
		if got := dig(f.Properties, "Environment", "Variables", "METRICS_NAMESPACE"); got != "Statgate" {
			t.Errorf("got namespace %v, want the stack's name", got)
		}
	}
	written := map[string]bool{}
	for _, m := range telemetry.All {
		written[m.Name] = true
	}
	ours := regexp.MustCompile(`"MetricName":"(\w+)","Namespace":"Statgate"`) // neighbours, as JSON has names in order
	alarms, _ := json.Marshal(made.of("AWS::CloudWatch::Alarm"))
	found := ours.FindAllSubmatch(alarms, -1)
	for _, m := range found {
		if !written[string(m[1])] {
			t.Errorf("an alarm reads %s, which nobody writes", m[1])
		}
	}
	if len(found) < 8 {
		t.Errorf("got %d of our own metrics in alarms", len(found))
	}
	failures := made.alarmed()["AuthorizerFailures"].Properties
	if failures["MetricName"] != "AuthorizerFailed" || failures["Namespace"] != "Statgate" {
		t.Errorf("got %v: a refusal is an error of the function too, so that Lambda's count will not do", failures)
	}
}

func TestThrottlesOfEveryTableAndOfEveryFunctionThatAnswersCallsAreAlarmedOf(t *testing.T) {
	made := synthesised(t, "statgate")
	throttled := fmt.Sprint(made.alarmed()["FunctionThrottles"].Properties)
	for id := range made.of("AWS::Lambda::Function") {
		if worker := isWorker(id); strings.Contains(throttled, id) == worker {
			t.Errorf("of %s: got alarmed %v, want %v", id, worker, !worker)
		}
	}
	watched := map[string]bool{}
	metrics, _ := made.alarmed()["TableThrottles"].Properties["Metrics"].([]any)
	for _, m := range metrics {
		of := dig(m, "MetricStat", "Metric")
		watched[fmt.Sprint(dig(of, "MetricName"), " ", dig(of, "Dimensions", 0, "Value", "Ref"))] = true
	}
	for id := range made.of("AWS::DynamoDB::Table") {
		for _, kind := range []string{"ReadThrottleEvents ", "WriteThrottleEvents "} {
			if !watched[kind+id] {
				t.Errorf("nobody hears of %s%s", kind, id)
			}
		}
	}
}

func TestADashboardShowsEveryMetricOfOurs(t *testing.T) {
	made := synthesised(t, "statgate")
	body, _ := json.Marshal(made.only(t, "AWS::CloudWatch::Dashboard").Properties["DashboardBody"])
	for _, m := range telemetry.All {
		if !strings.Contains(string(body), `\"`+m.Name+`\"`) {
			t.Errorf("the dashboard does not show %s", m.Name)
		}
	}
}

func TestABudgetIsMadeWhereDollarsAreNamed(t *testing.T) {
	if got := len(synthesised(t, "statgate").of("AWS::Budgets::Budget")); got != 0 {
		t.Errorf("got %d budgets that nobody asked for", got)
	}
	budget := synthesised(t, "statgate with everything").only(t, "AWS::Budgets::Budget").Properties
	if got := dig(budget, "Budget", "BudgetLimit"); !reflect.DeepEqual(got, any(map[string]any{"Amount": 50.0, "Unit": "USD"})) {
		t.Errorf("got %v, want 50 USD", got)
	}
	if got := dig(budget, "NotificationsWithSubscribers", 0, "Subscribers", 0, "Address"); got != "ops@example.com" {
		t.Errorf("got %v told", got)
	}
}

func TestAccessLogsAreAskedForAndHoldNothingThatCanBeAKey(t *testing.T) {
	plain := synthesised(t, "statgate")
	for _, kind := range []string{"AWS::ApiGateway::Account"} {
		if got := len(plain.of(kind)); got != 0 {
			t.Errorf("got %d of %s, which is the account's, without being asked", got, kind)
		}
	}
	if got := plain.only(t, "AWS::ApiGateway::Stage").Properties["AccessLogSetting"]; got != nil {
		t.Errorf("got %v without being asked", got)
	}
	made := synthesised(t, "statgate with everything")
	format, _ := dig(made.only(t, "AWS::ApiGateway::Stage").Properties, "AccessLogSetting", "Format").(string)
	var line map[string]string
	if err := json.Unmarshal([]byte(format), &line); err != nil {
		t.Fatal(err)
	}
	for field, value := range line {
		if regexp.MustCompile(`(?i)path$|query|header|protocol|identity\.apiKey|requestOverride|authorizer\.secret`).MatchString(value) && value != "$context.resourcePath" {
			t.Errorf("%s: %s may hold a key", field, value)
		}
	}
	account := made.only(t, "AWS::ApiGateway::Account")
	if account.DeletionPolicy != "Retain" {
		t.Errorf("the account's role goes with the stack: %q", account.DeletionPolicy)
	}
}

func TestNoStageLogsRequestsInFull(t *testing.T) {
	eachVariant(t, func(t *testing.T, made template) {
		for _, s := range made.of("AWS::ApiGateway::Stage") {
			settings, _ := s.Properties["MethodSettings"].([]any)
			for _, m := range settings {
				if dig(m, "DataTraceEnabled") == true || dig(m, "LoggingLevel") != nil {
					t.Errorf("got %v: execution logs have headers and query strings", m)
				}
			}
		}
	})
}

// The page is for whoever is woken by an alarm.
func TestThePageForOperatorsNamesEveryMetricAndAlarm(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range telemetry.All {
		if !strings.Contains(string(page), "| `"+m.Name+"` |") {
			t.Errorf("docs/operations.md has no row for the metric %s", m.Name)
		}
	}
	for name := range synthesised(t, "statgate").alarmed() {
		if !strings.Contains(string(page), "| `"+name+"` |") {
			t.Errorf("docs/operations.md has no row for the alarm %s", name)
		}
	}
}

// isWorker tells of a function's logical id whether no call reaches it.
func isWorker(id string) bool {
	return slices.ContainsFunc(api.Workers, func(w api.Worker) bool { return strings.HasPrefix(id, title(w.Function)+"Function") })
}

func TestChangesThatWaitAndWhatIsGivenUpAreAlarmedOfAndShown(t *testing.T) {
	made := synthesised(t, "statgate")
	age := made.alarmed()["StreamAge"].Properties
	of, _ := dig(age, "Dimensions", 0, "Value", "Ref").(string)
	got := []any{age["Namespace"], age["MetricName"], age["Statistic"], age["Threshold"], age["EvaluationPeriods"], strings.HasPrefix(of, "FanoutFunction")}
	if want := []any{"AWS/Lambda", "IteratorAge", "Maximum", 60000.0, 2.0, true}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	dead := made.alarmed()["DeadLetters"].Properties
	watched, _ := json.Marshal(dead["Metrics"])
	board, _ := json.Marshal(made.only(t, "AWS::CloudWatch::Dashboard").Properties["DashboardBody"])
	for id := range made.of("AWS::SQS::Queue") {
		if !strings.Contains(string(board), id) {
			t.Errorf("the dashboard does not show %s", id)
		}
		if got, want := strings.Contains(string(watched), id), !strings.HasPrefix(id, "WebhooksQueue"); got != want {
			t.Errorf("%s: got alarmed of its messages %v, want %v", id, got, want)
		}
	}
	if dead["Threshold"] != 0.0 || !strings.Contains(string(watched), "ApproximateNumberOfMessagesVisible") || !strings.Contains(string(board), "IteratorAge") {
		t.Errorf("got %v and %s", dead, board)
	}
}
