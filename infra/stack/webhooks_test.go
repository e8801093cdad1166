package stack_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"statgate/infra/stack"
	"statgate/shared/api"
)

const otherStream = "arn:aws:dynamodb:eu-west-1:123456789012:table/restored-stats/stream/2026-01-01T00:00:00.000"

// mapping returns the event source mapping of a function, or an empty resource.
func (t template) mapping(function string) resource {
	for _, r := range t.of("AWS::Lambda::EventSourceMapping") {
		if name, _ := dig(r.Properties, "FunctionName", "Ref").(string); strings.HasPrefix(name, title(function)+"Function") {
			return r
		}
	}
	return resource{}
}

// queue returns a queue by its name without the stack's, or an empty resource.
func (t template) queue(name string) resource {
	for _, r := range t.of("AWS::SQS::Queue") {
		if r.Properties["QueueName"] == "Statgate-"+name {
			return r
		}
	}
	return resource{}
}

// checkProperties compares properties of a resource. References become short names.
func checkProperties(t *testing.T, what string, r resource, want map[string]any) {
	t.Helper()
	got := map[string]any{}
	for name := range want {
		got[name] = r.Properties[name]
		if reference, ok := got[name].(map[string]any); ok && reference["Fn::GetAtt"] != nil {
			got[name] = short(reference)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func TestWorkersAreDeployedIfTheContractNeedsThem(t *testing.T) {
	for name := range variants {
		props := stack.Props{Contract: presetOf(t, variants[name].preset)}
		variants[name].change(&props)
		tmpl, workers := synthesised(t, name), api.WorkersFor(props.Contract)
		mapped := len(tmpl.of("AWS::Lambda::EventSourceMapping"))
		queues := 0
		for _, w := range workers {
			queues += map[api.Source]int{api.StatsStream: 1, api.WebhookQueue: 2, api.ReplayQueue: 2}[w.Source] // dead letters included
		}
		if got := len(tmpl.of("AWS::SQS::Queue")); mapped != len(workers) || got != queues {
			t.Errorf("%s: got %d mappings and %d queues for %d workers, want %d queues", name, mapped, got, len(workers), queues)
		}
	}
	if len(api.WorkersFor(presetOf(t, "statgate"))) == 0 || len(api.WorkersFor(presetOf(t, "balla"))) != 0 {
		t.Error("this test needs a preset with workers and one without")
	}
}

// TestADeploymentWithOneOfWebhooksAndTheChangeFeedHasNothingOfTheOther removes the operations of
// each from the contract.
func TestADeploymentWithOneOfWebhooksAndTheChangeFeedHasNothingOfTheOther(t *testing.T) {
	for function, want := range map[string]struct {
		queues                  int
		keys, stats, sqs, unset string
	}{
		api.Webhooks: {1, "", "BatchGetItem PutItem Query", "SendMessage", "KEYS_TABLE WEBHOOK_QUEUE"},
		api.Changes:  {3, "PutItem Query", "BatchGetItem", "SendMessage SendMessage", ""},
	} {
		c := *presetOf(t, "statgate")
		c.Operations, c.NoReplays = maps.Clone(c.Operations), true
		for _, r := range api.Routes {
			if r.Function == function {
				delete(c.Operations, r.Operation)
			}
		}
		tmpl := synth(t, "Statgate", stack.Props{Contract: &c, Environment: "live", Arch: "arm64"})
		if got := len(tmpl.of("AWS::SQS::Queue")); got != want.queues {
			t.Errorf("without %s: got %d queues, want %d", function, got, want.queues)
		}
		if got, want := tmpl.mapping("deliver").Type != "", function == api.Changes; got != want || tmpl.mapping("fanout").Type == "" {
			t.Errorf("without %s: deliver is mapped: %v, want %v, and fanout", function, got, want)
		}
		on := map[string][]string{}
		for _, g := range grantsOf(t, tmpl, "fanout") {
			store, action, _ := strings.Cut(g.action, ":")
			for _, name := range []string{"KeysTable", "StatsTable"} {
				if g.resource == name {
					store = name
				}
			}
			on[store] = append(on[store], action)
		}
		for store, want := range map[string]string{"KeysTable": want.keys, "StatsTable": want.stats, "sqs": want.sqs} {
			slices.Sort(on[store])
			if got := strings.Join(on[store], " "); got != want {
				t.Errorf("without %s: fanout may do %q on %s, want %q", function, got, store, want)
			}
		}
		for id, f := range tmpl.of("AWS::Lambda::Function") {
			vars, _ := dig(f.Properties, "Environment", "Variables").(map[string]any)
			for _, name := range strings.Fields(want.unset) {
				if strings.HasPrefix(id, "FanoutFunction") && vars[name] != nil {
					t.Errorf("without %s: fanout has the variable %s", function, name)
				}
			}
		}
	}
}

func TestChangesAreReadFromTheOldestAndRetriedFor23Hours(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	mapping := tmpl.mapping("fanout")
	checkProperties(t, "the mapping", mapping, map[string]any{
		"EventSourceArn": "StatsTable/stream", "StartingPosition": "TRIM_HORIZON", "BatchSize": 100.0, "MaximumBatchingWindowInSeconds": 0.0,
		"FunctionResponseTypes": []any{"ReportBatchItemFailures"}, "BisectBatchOnFunctionError": true,
		"MaximumRetryAttempts": -1.0, "MaximumRecordAgeInSeconds": 82800.0,
	})
	if got := short(dig(mapping.Properties, "DestinationConfig", "OnFailure", "Destination")); got != "ChangesDeadQueue" {
		t.Errorf("given-up changes go to %s, want ChangesDeadQueue", got)
	}
}

func TestOnlyChangesThatCanMakeEventsOfTheContractInvokeTheFunction(t *testing.T) {
	for name, prefix := range map[string]string{"statgate": "MATCH#", "teambattles": "CONTEST#"} {
		pattern, _ := dig(synthesised(t, name).mapping("fanout").Properties, "FilterCriteria", "Filters", 0, "Pattern").(string)
		if want := `{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"` + prefix + `"}]}}}}`; pattern != want {
			t.Errorf("%s: got %s, want %s", name, pattern, want)
		}
	}
}

func TestReceivedDeliveryIsHiddenForSixTimesTheFunctionsTimeout(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	checkProperties(t, "the queue", tmpl.queue("webhooks"), map[string]any{
		"SqsManagedSseEnabled": true, "MessageRetentionPeriod": 4 * 86400.0,
		"RedrivePolicy": map[string]any{"deadLetterTargetArn": dig(tmpl.queue("webhooks").Properties, "RedrivePolicy", "deadLetterTargetArn"), "maxReceiveCount": 50.0},
	})
	if got := short(dig(tmpl.queue("webhooks").Properties, "RedrivePolicy", "deadLetterTargetArn")); got != "WebhooksDeadQueue" {
		t.Errorf("failed deliveries go to %s, want WebhooksDeadQueue", got)
	}
	for id, f := range tmpl.of("AWS::Lambda::Function") {
		seconds, _ := f.Properties["Timeout"].(float64)
		if got, _ := tmpl.queue("webhooks").Properties["VisibilityTimeout"].(float64); strings.HasPrefix(id, "DeliverFunction") && (seconds == 0 || got < 6*seconds) {
			t.Errorf("got a visibility timeout of %g s for a function timeout of %g s", got, seconds)
		}
	}
	checkProperties(t, "the mapping", tmpl.mapping("deliver"), map[string]any{
		"EventSourceArn": "WebhooksQueue", "BatchSize": 10.0, "FunctionResponseTypes": []any{"ReportBatchItemFailures"},
		"ScalingConfig": map[string]any{"MaximumConcurrency": 10.0},
	})
	for _, name := range []string{"webhooks-dead", "changes-dead"} {
		checkProperties(t, name, tmpl.queue(name), map[string]any{"SqsManagedSseEnabled": true, "MessageRetentionPeriod": 14 * 86400.0, "RedrivePolicy": nil})
	}
}

func TestEveryQueueRequiresTLS(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	refusing := map[string]bool{}
	for _, p := range tmpl.of("AWS::SQS::QueuePolicy") {
		statement, _ := dig(p.Properties, "PolicyDocument", "Statement", 0).(map[string]any)
		condition, _ := json.Marshal(statement["Condition"])
		if statement["Effect"] == "Deny" && string(condition) == `{"Bool":{"aws:SecureTransport":"false"}}` {
			queue, _ := dig(p.Properties, "Queues", 0, "Ref").(string)
			refusing[queue] = true
		}
	}
	for id := range tmpl.of("AWS::SQS::Queue") {
		if !refusing[id] {
			t.Errorf("%s accepts requests without TLS", id)
		}
	}
}

func TestDeliverConcurrencyIsLimitedByFlagAndReservation(t *testing.T) {
	for _, c := range []struct{ limit, reserved, want int }{{0, 0, 10}, {40, 0, 40}, {40, 25, 25}, {4, 25, 4}, {10, 1, 2}} {
		tmpl := synth(t, "Statgate", stack.Props{Contract: presetOf(t, "statgate"), Environment: "live", Arch: "arm64",
			Concurrency: c.reserved, WebhookConcurrency: c.limit})
		got := dig(tmpl.mapping("deliver").Properties, "ScalingConfig", "MaximumConcurrency")
		if got != float64(c.want) {
			t.Errorf("limit %d, %d reserved: got %v, want %d", c.limit, c.reserved, got, c.want)
		}
	}
}

func TestSendersHaveTheQueueAndOnlyEmulatorsAllowPrivateAddresses(t *testing.T) {
	c := presetOf(t, "statgate")
	sends := map[string]bool{"deliver": true} // deliver postpones messages by sending them again
	for _, r := range api.For(c) {
		sends[r.Function] = sends[r.Function] || r.Sends
	}
	for _, w := range api.WorkersFor(c) {
		sends[w.Function] = sends[w.Function] || w.Sends
	}
	for where, tmpl := range map[string]template{"AWS": synthesised(t, "statgate"), "an emulator": synthesised(t, "statgate on an emulator")} {
		for id, f := range tmpl.of("AWS::Lambda::Function") {
			name := strings.ToLower(id[:strings.Index(id, "Function")])
			vars, _ := dig(f.Properties, "Environment", "Variables").(map[string]any)
			if got := vars["WEBHOOK_QUEUE"] != nil; got != sends[name] {
				t.Errorf("%s on %s: got the queue %v, want %v", name, where, got, sends[name])
			}
			if got, want := vars["WEBHOOK_PRIVATE"] == "true", (name == "deliver" || name == "webhooks") && where != "AWS"; got != want {
				t.Errorf("%s on %s: got private addresses %v, want %v", name, where, got, want)
			}
		}
	}
}

func TestStreamOfAnExistingTableIsReadByItsARNOrNotAtAll(t *testing.T) {
	named := referring(t, stack.Existing{Stats: "restored-stats", StatsStream: otherStream})
	if got := dig(named.mapping("fanout").Properties, "EventSourceArn"); got != otherStream {
		t.Errorf("got %v, want %s", got, otherStream)
	}
	read := 0
	for _, g := range grantsOf(t, named, "fanout") {
		if strings.HasPrefix(g.action, "dynamodb:") && g.resource == otherStream {
			read++
		}
	}
	if read != 3 {
		t.Errorf("got %d actions granted on the stream, want 3", read)
	}
	unknown := referring(t, stack.Existing{Adopt: true})
	if got := unknown.mapping("fanout"); got.Type != "" {
		t.Errorf("got the mapping %v without a stream", got.Properties)
	}
	if unknown.mapping("deliver").Type == "" {
		t.Error("without a stream, deliver must still be mapped, for redeliveries")
	}
	for _, g := range grantsOf(t, unknown, "fanout") {
		if strings.HasPrefix(g.action, "dynamodb:") && strings.Contains(g.action, "Stream") {
			t.Errorf("got %v without a stream", g)
		}
	}
}
