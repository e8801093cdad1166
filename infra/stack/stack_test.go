package stack_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"statgate/infra/stack"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/platform/edge"
	"statgate/shared/table"
)

// maxResources leaves room below CloudFormation's limit of 500.
const maxResources = 450

func TestStackStaysBelowCloudFormationsLimit(t *testing.T) {
	eachVariant(t, func(t *testing.T, tmpl template) {
		if got := len(tmpl.Resources); got >= maxResources {
			t.Errorf("got %d resources, want fewer than %d", got, maxResources)
		}
		t.Logf("%d resources", len(tmpl.Resources))
	})
}

// grant is one action on one resource, by its short name.
type grant struct{ action, resource string }

// grantsOf returns the permissions of a function's role.
func grantsOf(t *testing.T, tmpl template, function string) []grant {
	t.Helper()
	var all []grant
	for _, p := range tmpl.of("AWS::IAM::Policy") {
		role, _ := dig(p.Properties, "Roles", 0, "Ref").(string)
		if !strings.HasPrefix(role, title(function)+"Role") {
			continue
		}
		statements, _ := dig(p.Properties, "PolicyDocument", "Statement").([]any)
		for _, s := range statements {
			if got := dig(s, "Effect"); got != "Allow" {
				t.Errorf("%s: got effect %v", function, got)
			}
			for _, action := range list(dig(s, "Action")) {
				for _, r := range list(dig(s, "Resource")) {
					all = append(all, grant{action.(string), short(r)})
				}
			}
		}
	}
	sort.Slice(all, func(i, j int) bool { return fmt.Sprint(all[i]) < fmt.Sprint(all[j]) })
	return all
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

var hashed = regexp.MustCompile(`(Table|Logs|Api|Edge|Queue)[0-9A-F]{8}`)

// ofStream is the suffix of a table's stream in short names.
var ofStream = map[any]string{"StreamArn": "/stream"}

// short flattens an ARN. References become their logical ids without the hashes.
func short(r any) string {
	switch v := r.(type) {
	case string:
		return v
	case map[string]any:
		if ref, ok := v["Ref"].(string); ok {
			return hashed.ReplaceAllString(strings.TrimPrefix(ref, "AWS::"), "$1")
		}
		if of, ok := v["Fn::GetAtt"].([]any); ok {
			return hashed.ReplaceAllString(of[0].(string), "$1") + ofStream[of[1]]
		}
		var parts []string
		for _, part := range list(dig(v, "Fn::Join", 1)) {
			parts = append(parts, short(part))
		}
		return strings.Join(parts, "")
	}
	return fmt.Sprint(r)
}

// wantSource is what Lambda needs in a worker's role to read the worker's source.
var wantSource = map[api.Source][]grant{
	api.StatsStream: {
		{"dynamodb:DescribeStream", "StatsTable/stream"}, {"dynamodb:GetRecords", "StatsTable/stream"}, {"dynamodb:GetShardIterator", "StatsTable/stream"},
		{"dynamodb:ListStreams", "*"}, {"sqs:SendMessage", "ChangesDeadQueue"},
	},
	api.WebhookQueue: {
		{"sqs:ReceiveMessage", "WebhooksQueue"}, {"sqs:DeleteMessage", "WebhooksQueue"}, {"sqs:GetQueueAttributes", "WebhooksQueue"},
	},
	api.ReplayQueue: {
		{"sqs:ReceiveMessage", "ReplaysQueue"}, {"sqs:DeleteMessage", "ReplaysQueue"}, {"sqs:GetQueueAttributes", "ReplaysQueue"},
	},
}

// wanted are the grants that the tables of routes and workers require.
type wanted map[grant]bool

var peppers = grant{"secretsmanager:GetSecretValue", "arn:Partition:secretsmanager:Region:AccountId:secret:Statgate-peppers-??????"}

func (w wanted) on(name string, schema table.Schema, actions ...api.Action) {
	for _, a := range actions {
		w[grant{"dynamodb:" + string(a), name}] = true
		for _, index := range schema.Indexes {
			if a == api.Query {
				w[grant{"dynamodb:Query", name + "/index/" + index}] = true
			}
		}
	}
}

// tables adds the grants that routes and workers have in common.
func (w wanted) tables(keys, stats []api.Action, secrets, sends bool) {
	w.on("KeysTable", table.Keys, keys...)
	w.on("StatsTable", table.Stats, stats...)
	if secrets {
		w[peppers] = true
	}
	if sends {
		w[grant{"sqs:SendMessage", "WebhooksQueue"}] = true
	}
}

// steps adds what sending steps of replays needs.
func (w wanted) steps(plays bool) {
	if plays {
		w[grant{"sqs:SendMessage", "ReplaysQueue"}] = true
	}
}

func (w wanted) route(c *contract.Contract, r api.Route) {
	w.tables(r.Keys, r.Stats, r.Secrets, r.Sends)
	w.steps(r.Plays)
	if !r.Open {
		w.on("KeysTable", table.Keys, api.GateActions...)
	}
	if r.Probes {
		w.on("KeysTable", table.Keys, api.GetItem)
		w.on("StatsTable", table.Stats, api.GetItem)
	}
	if r.Flushes {
		w[grant{"apigateway:DELETE", "arn:Partition:apigateway:Region::/restapis/Api/stages/" + c.Environments[0] + "/cache/authorizers"}] = true
	}
}

func wantGrants(c *contract.Contract, function string) []grant {
	want := wanted{
		{"logs:CreateLogStream", title(function) + "Logs"}: true, {"logs:PutLogEvents", title(function) + "Logs"}: true,
		{"xray:PutTraceSegments", "*"}: true, {"xray:PutTelemetryRecords", "*"}: true,
	}
	if function == stack.Authorizer {
		want.tables([]api.Action{api.GetItem, api.BatchGetItem, api.UpdateItem}, nil, true, false)
	}
	for _, r := range api.For(c) {
		if r.Function == function {
			want.route(c, r)
		}
	}
	for _, w := range api.WorkersFor(c) {
		if w.Function == function {
			want.tables(w.Keys, w.Stats, w.Secrets, w.Sends)
			want.steps(w.Plays)
			for _, g := range wantSource[w.Source] {
				want[g] = true
			}
		}
	}
	var all []grant
	for g := range want {
		all = append(all, g)
	}
	sort.Slice(all, func(i, j int) bool { return fmt.Sprint(all[i]) < fmt.Sprint(all[j]) })
	return all
}

func TestEachFunctionHasExactlyTheGrantsOfItsRoutes(t *testing.T) {
	eachContract(t, func(t *testing.T, c *contract.Contract, tmpl template) {
		functions := map[string]bool{stack.Authorizer: true}
		for _, r := range api.For(c) {
			functions[r.Function] = true
		}
		for _, w := range api.WorkersFor(c) {
			functions[w.Function] = true
		}
		for name := range functions {
			got, want := grantsOf(t, tmpl, name), wantGrants(c, name)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s:\n got %v\nwant %v", name, got, want)
			}
		}
		if got, want := len(tmpl.of("AWS::IAM::Role")), len(functions); got != want {
			t.Errorf("got %d roles, want one per function: %d", got, want)
		}
		for id, r := range tmpl.of("AWS::IAM::Role") {
			if r.Properties["ManagedPolicyArns"] != nil || r.Properties["Policies"] != nil {
				t.Errorf("%s has managed or inline policies", id)
			}
		}
	})
}

func TestAuthorizerUpdatesOnlySecrets(t *testing.T) {
	eachContract(t, func(t *testing.T, _ *contract.Contract, tmpl template) {
		if n := bounded(t, tmpl, "AuthorizerRole", "dynamodb:UpdateItem", "SECRET#*"); n == 0 {
			t.Error("the authorizer has no statement for UpdateItem")
		}
	})
}

// partitionsOf returns the partitions that a function of a contract writes, by table.
func partitionsOf(c *contract.Contract, function string) map[string][]string {
	all := map[string][]string{}
	add := func(p api.Partitions) {
		all["KeysTable"] = append(all["KeysTable"], p.Keys...)
		all["StatsTable"] = append(all["StatsTable"], p.Stats...)
	}
	for _, r := range api.For(c) {
		if r.Function == function {
			add(r.Partitions())
		}
	}
	for _, w := range api.WorkersFor(c) {
		if w.Function == function {
			add(w.Partitions())
		}
	}
	if function == stack.Authorizer {
		all["KeysTable"] = []string{"SECRET#*"}
	}
	for name, patterns := range all {
		slices.Sort(patterns)
		all[name] = slices.Compact(patterns)
	}
	return all
}

// TestEachFunctionWritesOnlyThePartitionsOfItsOperations checks every statement that allows a
// write of an item. A statement without the Null guard would also allow a request that has no
// partition.
func TestEachFunctionWritesOnlyThePartitionsOfItsOperations(t *testing.T) {
	writes := []string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
	eachContract(t, func(t *testing.T, c *contract.Contract, tmpl template) {
		statements := 0
		for id, p := range tmpl.of("AWS::IAM::Policy") {
			function := strings.ToLower(strings.Split(id, "Role")[0])
			all, _ := dig(p.Properties, "PolicyDocument", "Statement").([]any)
			for _, s := range all {
				if !slices.ContainsFunc(list(dig(s, "Action")), func(a any) bool { return slices.Contains(writes, a.(string)) }) {
					continue
				}
				statements++
				for _, r := range list(dig(s, "Resource")) {
					want := condition(partitionsOf(c, function)[short(r)])
					if got := dig(s, "Condition"); !reflect.DeepEqual(got, any(want)) {
						t.Errorf("%s on %s:\n got %v\nwant %v", function, short(r), got, want)
					}
				}
			}
		}
		if statements < 5 {
			t.Errorf("got %d statements that allow writes", statements)
		}
	})
}

// TestPoliciesOnAnEmulatorDoNotRequireThePartition holds because an emulator has no
// dynamodb:LeadingKeys and would refuse every write.
func TestPoliciesOnAnEmulatorDoNotRequireThePartition(t *testing.T) {
	for id, p := range synthesised(t, "statgate on an emulator").of("AWS::IAM::Policy") {
		statements, _ := dig(p.Properties, "PolicyDocument", "Statement").([]any)
		for _, s := range statements {
			if dig(s, "Condition", "Null") != nil {
				t.Errorf("%s: got condition %v", id, dig(s, "Condition"))
			}
		}
	}
}

// condition is the condition of a statement that is limited to partitions.
func condition(patterns []string) map[string]any {
	values := make([]any, len(patterns))
	for i, p := range patterns {
		values[i] = p
	}
	return map[string]any{
		"ForAllValues:StringLike": map[string]any{"dynamodb:LeadingKeys": values},
		"Null":                    map[string]any{"dynamodb:LeadingKeys": "false"},
	}
}

// TestFunctionsThatTalkToStrangersCannotWriteKeysOrSecrets names the partitions that matter
// most. The function deliver calls hosts of customers.
func TestFunctionsThatTalkToStrangersCannotWriteKeysOrSecrets(t *testing.T) {
	c := presetOf(t, "statgate")
	for _, function := range []string{"deliver", "fanout", "webhooks", "leagues", "teams", "players", "matches", "audit"} {
		for _, pattern := range partitionsOf(c, function)["KeysTable"] {
			for _, partition := range []string{"KEY#key_1", "SECRET#s", "ORG#org_1", "DEPLOYMENT"} {
				if api.WritesTo(pattern, partition) {
					t.Errorf("%s may write %s by the pattern %s", function, partition, pattern)
				}
			}
		}
	}
}

// TestOpenFunctionReadsOnlyTheProbePartition checks the function that needs no key. If the
// contract has a readiness check, it may read a partition that is always empty.
func TestOpenFunctionReadsOnlyTheProbePartition(t *testing.T) {
	eachContract(t, func(t *testing.T, c *contract.Contract, tmpl template) {
		_, probes := c.Operations["getReady"]
		if n := bounded(t, tmpl, "DocsRole", "dynamodb:GetItem", api.Probe); (n > 0) != probes {
			t.Errorf("got %d statements for GetItem, want any: %t", n, probes)
		}
	})
}

// bounded checks that every statement of a role for one action is limited to partitions
// that match a pattern. It returns the number of statements.
func bounded(t *testing.T, tmpl template, role, action, pattern string) (statements int) {
	t.Helper()
	for _, p := range tmpl.of("AWS::IAM::Policy") {
		holder, _ := dig(p.Properties, "Roles", 0, "Ref").(string)
		all, _ := dig(p.Properties, "PolicyDocument", "Statement").([]any)
		for _, s := range all {
			if strings.HasPrefix(holder, role) && dig(s, "Action") == action {
				statements++
				want := condition([]string{pattern})
				if got := dig(s, "Condition"); !reflect.DeepEqual(got, any(want)) {
					t.Errorf("got condition %v, want %v", got, want)
				}
			}
		}
	}
	return statements
}

// unbounded are the actions that have no resource in IAM.
var unbounded = map[string]bool{
	`["xray:PutTelemetryRecords","xray:PutTraceSegments"]`:                        true,
	`["dynamodb:ListStreams","xray:PutTelemetryRecords","xray:PutTraceSegments"]`: true,
}

func TestOnlyXRayAndListStreamsAreGrantedOnAllResources(t *testing.T) {
	eachContract(t, func(t *testing.T, _ *contract.Contract, tmpl template) {
		for id, p := range tmpl.of("AWS::IAM::Policy") {
			statements, _ := dig(p.Properties, "PolicyDocument", "Statement").([]any)
			for _, s := range statements {
				for _, r := range list(dig(s, "Resource")) {
					actions, _ := json.Marshal(dig(s, "Action"))
					if strings.Contains(short(r), "*") && !unbounded[string(actions)] {
						t.Errorf("%s allows %s on %s", id, actions, short(r))
					}
				}
				for _, a := range list(dig(s, "Action")) {
					if strings.Contains(a.(string), "*") {
						t.Errorf("%s allows %v", id, a)
					}
				}
			}
		}
	})
}

// TestPeppersRootIsGeneratedOnceAndRetained fixes the secret's id and properties. Any change
// would make CloudFormation generate a new root, and every key would be refused.
func TestPeppersRootIsGeneratedOnceAndRetained(t *testing.T) {
	eachContract(t, func(t *testing.T, _ *contract.Contract, tmpl template) {
		found := tmpl.of("AWS::SecretsManager::Secret")
		if got, want := len(found), 1; got != want {
			t.Fatalf("got %d secrets, want %d", got, want)
		}
		secret, ok := found["Peppers166B5FE0"]
		if !ok {
			t.Fatalf("got logical ids %v, want Peppers166B5FE0, as another id would be another secret", found)
		}
		got, _ := json.Marshal(secret.Properties["GenerateSecretString"])
		want := `{"ExcludePunctuation":true,"GenerateStringKey":"root","IncludeSpace":false,"PasswordLength":64,"SecretStringTemplate":"{\"current\":\"1\"}"}`
		if string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got, want := secret.Properties["Name"], "Statgate-peppers"; got != want {
			t.Errorf("got name %v, want %s", got, want)
		}
		checkRetained(t, "the peppers", secret)
	})
}

func checkRetained(t *testing.T, what string, r resource) {
	t.Helper()
	if r.DeletionPolicy != "RetainExceptOnCreate" || r.UpdateReplacePolicy != "Retain" {
		t.Errorf("%s: got deletion %q and replacement %q, want both retained", what, r.DeletionPolicy, r.UpdateReplacePolicy)
	}
}

func TestTablesAreRetainedRecoverableAndHaveTheirIndexes(t *testing.T) {
	eachContract(t, func(t *testing.T, _ *contract.Contract, tmpl template) {
		byName := map[any]resource{}
		for _, r := range tmpl.of("AWS::DynamoDB::Table") {
			byName[r.Properties["TableName"]] = r
		}
		for _, schema := range []table.Schema{table.Keys, table.Stats} {
			r, ok := byName["Statgate-"+schema.Name]
			if !ok {
				t.Errorf("there is no table %s", schema.Name)
				continue
			}
			checkRetained(t, schema.Name, r)
			for _, want := range []struct {
				at    []any
				value any
			}{
				{[]any{"BillingMode"}, "PAY_PER_REQUEST"},
				{[]any{"PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"}, true},
				{[]any{"TimeToLiveSpecification", "AttributeName"}, "ttl"},
				{[]any{"SSESpecification", "SSEEnabled"}, true},
				{[]any{"DeletionProtectionEnabled"}, true},
				{[]any{"StreamSpecification", "StreamViewType"}, streamOf[schema.Name]},
			} {
				if got := dig(r.Properties, want.at...); got != want.value {
					t.Errorf("%s: %v: got %v, want %v", schema.Name, want.at, got, want.value)
				}
			}
			checkIndexes(t, schema, r)
		}
	})
}

// streamOf has the view type of each table's stream. No worker reads the keys table's changes, so
// it has no stream.
var streamOf = map[string]any{table.Stats.Name: "NEW_AND_OLD_IMAGES"}

func TestTablesMayBeDeletedOnlyIfTheFlagSaysSo(t *testing.T) {
	tmpl := synth(t, "Statgate", stack.Props{Contract: presetOf(t, "balla"), Environment: "live", Arch: "arm64", Unprotected: true})
	for id, r := range tmpl.of("AWS::DynamoDB::Table") {
		if got := r.Properties["DeletionProtectionEnabled"]; got != false {
			t.Errorf("%s: got deletion protection %v, want false", id, got)
		}
	}
}

func checkIndexes(t *testing.T, schema table.Schema, r resource) {
	t.Helper()
	indexes, _ := r.Properties["GlobalSecondaryIndexes"].([]any)
	if got, want := len(indexes), len(schema.Indexes); got != want {
		t.Errorf("%s: got %d indexes, want %d", schema.Name, got, want)
	}
	for i, name := range schema.Indexes {
		got := []any{
			dig(indexes, i, "IndexName"), dig(indexes, i, "Projection", "ProjectionType"),
			dig(indexes, i, "KeySchema", 0, "AttributeName"), dig(indexes, i, "KeySchema", 1, "AttributeName"),
		}
		if want := []any{name, "ALL", name + "_pk", name + "_sk"}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got index %v, want %v", schema.Name, got, want)
		}
	}
}

func TestFunctionsAreTracedAndLogJSONForAMonth(t *testing.T) {
	eachContract(t, func(t *testing.T, c *contract.Contract, tmpl template) {
		functions := tmpl.of("AWS::Lambda::Function")
		for id, f := range functions {
			for _, want := range []struct {
				at    []any
				value any
			}{
				{[]any{"Runtime"}, "provided.al2023"},
				{[]any{"Handler"}, "bootstrap"},
				{[]any{"Architectures", 0}, "arm64"},
				{[]any{"TracingConfig", "Mode"}, "Active"},
				{[]any{"LoggingConfig", "LogFormat"}, "JSON"},
				{[]any{"Environment", "Variables", "AWS_ENDPOINT_URL"}, nil},
			} {
				if got := dig(f.Properties, want.at...); got != want.value {
					t.Errorf("%s: %v: got %v, want %v", id, want.at, got, want.value)
				}
			}
			logs, _ := dig(f.Properties, "LoggingConfig", "LogGroup", "Ref").(string)
			if got := tmpl.Resources[logs].Properties["RetentionInDays"]; got != 30.0 {
				t.Errorf("%s: got logs kept for %v days, want 30", id, got)
			}
		}
		called := len(functions) - len(api.WorkersFor(c))
		if got := len(tmpl.of("AWS::Lambda::Permission")); got != called {
			t.Errorf("got %d permissions to invoke, want one per function that serves requests: %d", got, called)
		}
	})
}

func TestPropsApplyToTheFunctionsAndTheStage(t *testing.T) {
	props := stack.Props{
		Contract: presetOf(t, "statgate"), Environment: "test", Arch: "x86_64", Endpoint: "http://127.0.0.1:4566",
		Concurrency: 7, Rate: 100, Burst: 200,
	}
	tmpl := synth(t, "Statgate", props)
	for id, f := range tmpl.of("AWS::Lambda::Function") {
		got := []any{
			dig(f.Properties, "Architectures", 0), dig(f.Properties, "ReservedConcurrentExecutions"),
			dig(f.Properties, "Environment", "Variables", "AWS_ENDPOINT_URL"), dig(f.Properties, "Environment", "Variables", "ENVIRONMENT"),
		}
		if want := []any{"x86_64", 7.0, "http://127.0.0.1:4566", "test"}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", id, got, want)
		}
	}
	for _, s := range tmpl.of("AWS::ApiGateway::Stage") {
		got := []any{s.Properties["StageName"], dig(s.Properties, "MethodSettings", 0, "ThrottlingRateLimit"), dig(s.Properties, "MethodSettings", 0, "ThrottlingBurstLimit")}
		if want := []any{"test", 100.0, 200.0}; !reflect.DeepEqual(got, want) {
			t.Errorf("stage: got %v, want %v", got, want)
		}
	}
}

// TestWithoutAFlagTheStageIsThrottledAndNoFunctionReservesInstances holds because an account
// may have only ten instances, none of which can then be reserved.
func TestWithoutAFlagTheStageIsThrottledAndNoFunctionReservesInstances(t *testing.T) {
	eachContract(t, func(t *testing.T, _ *contract.Contract, tmpl template) {
		stage := tmpl.only(t, "AWS::ApiGateway::Stage").Properties
		settings, _ := stage["MethodSettings"].([]any)
		got := []any{len(settings), dig(settings, 0, "HttpMethod"), dig(settings, 0, "ResourcePath"), dig(settings, 0, "ThrottlingRateLimit"), dig(settings, 0, "ThrottlingBurstLimit")}
		if want := []any{1, "*", "/*", float64(stack.DefaultRate), float64(stack.DefaultBurst)}; !reflect.DeepEqual(got, want) {
			t.Errorf("got method settings %v, want %v", got, want)
		}
		for id, f := range tmpl.of("AWS::Lambda::Function") {
			if got := f.Properties["ReservedConcurrentExecutions"]; got != nil {
				t.Errorf("%s reserves %v instances", id, got)
			}
		}
	})
}

// TestDefaultThrottleLeavesRoomForTheLargestPlan requires ten times the average rate of the
// largest plan, because several organisations share the stage.
func TestDefaultThrottleLeavesRoomForTheLargestPlan(t *testing.T) {
	eachContract(t, func(t *testing.T, c *contract.Contract, _ template) {
		for _, plan := range c.Plans {
			b := plan.Budgets[contract.Requests]
			if b.Window > 0 && float64(b.Limit)/float64(b.Window)*10 > stack.DefaultRate {
				t.Errorf("plan %s allows %d requests in %d s, over a tenth of the default throttle of %d per second", plan.Name, b.Limit, b.Window, stack.DefaultRate)
			}
		}
	})
}

// names returns the physical names of a template, which must be unique in an account.
func names(tmpl template) map[string]bool {
	found := map[string]bool{}
	for _, r := range tmpl.Resources {
		for _, property := range []string{"TableName", "FunctionName", "QueueName", "AlarmName", "LogGroupName", "Name", "RoleName", "PolicyName"} {
			if name, ok := r.Properties[property].(string); ok {
				found[r.Type+" "+name] = true
			}
		}
	}
	return found
}

func TestTwoStacksInOneAccountShareNoName(t *testing.T) {
	c := presetOf(t, "balla")
	other := names(synth(t, "Balla-2", stack.Props{Contract: c, Environment: "live", Arch: "arm64"}))
	for name := range names(synthesised(t, "statgate")) {
		// A policy belongs to its role, whose name CloudFormation generates.
		if other[name] && !strings.HasPrefix(name, "AWS::IAM::Policy ") {
			t.Errorf("both stacks have %s", name)
		}
	}
}

func TestOutputsNameAddressesTablesAndFunctions(t *testing.T) {
	eachContract(t, func(t *testing.T, c *contract.Contract, tmpl template) {
		stage := "https://Api.execute-api.Region.URLSuffix/" + c.Environments[0]
		address := stage
		if edge.Needed(c) {
			address = "https://Edge"
		}
		for name, want := range map[string]string{
			"ApiUrl":         address + c.Base,
			"DocsUrl":        address + "/api-docs",
			"StageUrl":       stage,
			"KeysTableName":  "KeysTable",
			"StatsTableName": "StatsTable",
			"PeppersName":    "Statgate-peppers",
			"ApiId":          "Api",
			"StageName":      c.Environments[0],
			"ContractName":   c.Name,
		} {
			if got := short(tmpl.Outputs[name].Value); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		for id := range tmpl.of("AWS::Lambda::Function") {
			if _, ok := tmpl.Outputs[strings.TrimSuffix(id[:len(id)-8], "Function")+"FunctionName"]; !ok {
				t.Errorf("no output names the function %s", id)
			}
		}
	})
}
