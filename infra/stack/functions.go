package stack

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/api"
	"statgate/shared/table"
)

const (
	memoryMB = 512 // a third of a core; the init phase always has a whole one
	// timeoutSeconds is less than API Gateway's 29. It is more than the 25 that a change
	// of a key may take if its store does not answer: stopping such a change in between
	// would leave it written without an answer.
	timeoutSeconds = 28
)

// access is what one function may do: the union over its routes, or a worker's row.
type access struct {
	Keys, Stats []api.Action // sorted by name, without duplicates
	// Writes are the partitions to which the writing actions are limited.
	Writes   api.Partitions
	Peppers  bool // read the secret with the peppers
	Flushes  bool // flush the authorizer cache
	Probes   bool // read the probe partition of both tables
	Sends    bool // send to the webhooks queue
	Receives bool // receive from the webhooks queue
	Plays    bool // send to the queue of replays
	// ReceivesSteps is receiving from the queue of replays.
	ReceivesSteps bool
	MCP           bool         // serve the Model Context Protocol
	Console       bool         // serve the console, and sign in with OpenID Connect if that is configured
	Streams       []api.Action // on the stats table's stream
}

// authorizerAccess returns what the authorizer may do. It only writes the MAC of a
// secret, if the secret is under an older pepper or was imported without one.
func authorizerAccess() access {
	return access{Keys: []api.Action{api.BatchGetItem, api.GetItem, api.UpdateItem}, Writes: api.Partitions{Keys: []string{"SECRET#*"}}, Peppers: true}
}

// accessOf returns what each function may do, by its routes or its row of the workers.
func accessOf(routes []api.Route, workers []api.Worker) map[string]access {
	functions := map[string]access{}
	for _, r := range routes {
		n := functions[r.Function]
		if !r.Open {
			n.Keys = union(n.Keys, api.GateActions)
		}
		n.Keys = union(n.Keys, r.Keys)
		n.Stats = union(n.Stats, r.Stats)
		written := r.Partitions()
		n.Writes = api.Partitions{Keys: union(n.Writes.Keys, written.Keys), Stats: union(n.Writes.Stats, written.Stats)}
		n.Peppers = n.Peppers || r.Secrets
		n.Flushes = n.Flushes || r.Flushes
		n.Probes = n.Probes || r.Probes
		n.Sends = n.Sends || r.Sends
		n.Plays = n.Plays || r.Plays
		n.MCP = n.MCP || r.Operation == api.CallMCP
		n.Console = n.Console || r.Function == api.Console
		functions[r.Function] = n
	}
	for _, w := range workers {
		written := w.Partitions()
		functions[w.Function] = access{
			Keys: union(w.Keys, nil), Stats: union(w.Stats, nil), Peppers: w.Secrets,
			Writes: api.Partitions{Keys: union(written.Keys, nil), Stats: union(written.Stats, nil)},
			Sends:  w.Sends, Receives: w.Source == api.WebhookQueue,
			Plays: w.Plays, ReceivesSteps: w.Source == api.ReplayQueue, Streams: union(w.Streams, nil),
		}
	}
	return functions
}

// union returns the elements of both lists, sorted and without duplicates.
func union[T ~string](a, b []T) []T {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// newFunctions creates the functions of routes, the workers and the authorizer. It returns
// them by name.
func (d *deployment) newFunctions(rest awsapigateway.RestApi) map[string]awslambda.Function {
	needed := accessOf(d.routes, d.workers)
	needed[Authorizer] = authorizerAccess()
	functions := map[string]awslambda.Function{}
	for _, name := range sorted(needed) {
		functions[name] = d.newFunction(name, needed[name], rest)
	}
	return functions
}

func (d *deployment) newFunction(name string, n access, rest awsapigateway.RestApi) awslambda.Function {
	bundle := d.props.Bundles[name]
	logs := d.newLogs(name)
	role := awsiam.NewRole(d.stack, jsii.String(title(name)+"Role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.Sprintf("Permissions of the function %s", name),
	})
	logs.GrantWrite(role)
	d.grant(role, n, rest)
	props := &awslambda.FunctionProps{
		FunctionName: d.named(name),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: d.architecture(),
		Handler:      jsii.String("bootstrap"),
		Code: awslambda.Code_FromAsset(jsii.String(bundle.Dir), &awss3assets.AssetOptions{
			AssetHash: jsii.String(bundle.Hash), AssetHashType: awscdk.AssetHashType_CUSTOM,
		}),
		Role:                  role,
		Environment:           d.variables(n, rest),
		MemorySize:            jsii.Number(memoryMB),
		Timeout:               awscdk.Duration_Seconds(jsii.Number(timeoutSeconds)),
		Tracing:               awslambda.Tracing_ACTIVE, // the account's X-Ray rules select the samples
		LogGroup:              logs,
		LoggingFormat:         awslambda.LoggingFormat_JSON,
		ApplicationLogLevelV2: awslambda.ApplicationLogLevel_INFO,
		SystemLogLevelV2:      awslambda.SystemLogLevel_INFO,
	}
	if d.props.Concurrency > 0 {
		props.ReservedConcurrentExecutions = jsii.Number(d.props.Concurrency)
	}
	return awslambda.NewFunction(d.stack, jsii.String(title(name)+"Function"), props)
}

// newLogs creates a function's log group. It is deleted with the stack, so that a stack of
// the same name can be created later. The permanent record of changes is the audit trail
// in the tables, which are retained.
func (d *deployment) newLogs(function string) awslogs.LogGroup {
	return awslogs.NewLogGroup(d.stack, jsii.String(title(function)+"Logs"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/aws/lambda/" + *d.named(function)),
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
}

func (d *deployment) architecture() awslambda.Architecture {
	if d.props.Arch == "x86_64" {
		return awslambda.Architecture_X86_64()
	}
	return awslambda.Architecture_ARM_64()
}

// variables returns the environment variables of a function; see package boot.
func (d *deployment) variables(n access, rest awsapigateway.RestApi) *map[string]*string {
	vars := map[string]*string{"ENVIRONMENT": jsii.String(d.props.Environment), "METRICS_NAMESPACE": d.stack.StackName()}
	if len(n.Keys) > 0 || n.Probes {
		vars["KEYS_TABLE"] = d.data.keys.TableName()
	}
	if len(n.Stats) > 0 || n.Probes {
		vars["STATS_TABLE"] = d.data.stats.TableName()
	}
	if n.Peppers {
		vars["PEPPERS_SECRET"] = d.data.peppers
	}
	if d.props.Edge.Deployed {
		vars["EDGE"] = jsii.String("true")
	}
	if path := d.stagePath(rest); path != "" {
		vars["STAGE_PATH"] = jsii.String(path)
	}
	if n.Flushes {
		vars["REST_API"] = rest.RestApiId()
		vars["STAGE"] = jsii.String(d.props.Environment)
		vars["AUTHORIZER_TTL"] = jsii.String(strconv.Itoa(d.authorizerTTLSeconds()))
	}
	if n.Sends || n.Receives {
		vars["WEBHOOK_QUEUE"] = d.webhooks.queue.QueueUrl()
	}
	if n.Plays {
		vars["REPLAY_QUEUE"] = d.replays.queue.QueueUrl()
	}
	if (n.Receives || n.Sends && n.Streams == nil) && d.props.Endpoint != "" { // deliver and webhooks
		vars["WEBHOOK_PRIVATE"] = jsii.String("true") // on an emulator, webhook addresses are on the same machine
	}
	if n.MCP && len(d.props.MCPOrigins) > 0 {
		vars["MCP_ORIGINS"] = jsii.String(strings.Join(d.props.MCPOrigins, " "))
	}
	if issuer := d.props.OpenID; n.Console && issuer.Issuer != "" {
		vars["OIDC_ISSUER"], vars["OIDC_CLIENT"], vars["OIDC_SECRET"] = &issuer.Issuer, &issuer.Client, &issuer.Secret
	}
	if d.props.Endpoint != "" {
		vars["AWS_ENDPOINT_URL"] = jsii.String(d.props.Endpoint)
	}
	return &vars
}

// grant adds a function's permissions to its role.
func (d *deployment) grant(role awsiam.Role, n access, rest awsapigateway.RestApi) {
	d.grantTable(role, d.data.keys, table.Keys, n.Keys, n.Writes.Keys)
	d.grantTable(role, d.data.stats, table.Stats, n.Stats, n.Writes.Stats)
	if n.Probes {
		allow(role, []string{"dynamodb:GetItem"}, d.leading(api.Probe), d.data.keys.TableArn(), d.data.stats.TableArn())
	}
	if n.Peppers {
		// The ?s stand for the random suffix that Secrets Manager appends to an ARN. A
		// restored secret has the same name with another suffix.
		allow(role, []string{"secretsmanager:GetSecretValue"}, nil, d.arn("secretsmanager", "secret:"+*d.data.peppers+"-??????"))
	}
	if n.Console && d.props.OpenID.Issuer != "" {
		allow(role, []string{"secretsmanager:GetSecretValue"}, nil, jsii.String(d.props.OpenID.Secret))
	}
	if n.Flushes {
		flush := "/restapis/" + *rest.RestApiId() + "/stages/" + d.props.Environment + "/cache/authorizers"
		allow(role, []string{"apigateway:DELETE"}, nil,
			jsii.Sprintf("arn:%s:apigateway:%s::%s", *d.stack.Partition(), *d.stack.Region(), flush))
	}
	d.grantQueues(role, n)
	d.grantStream(role, n.Streams)
}

// writing are the actions that change an item.
var writing = []api.Action{api.PutItem, api.UpdateItem, api.DeleteItem}

// grantTable allows the actions on a table. Only Query also applies to indexes. The actions
// that change items are limited to the partitions that the function writes. All of them have
// the same limit, because a transaction may have writes of each kind.
func (d *deployment) grantTable(role awsiam.Role, t awsdynamodb.ITable, schema table.Schema, actions []api.Action, partitions []string) {
	var reads, writes []string
	for _, action := range actions {
		switch {
		case action == api.Query:
			allow(role, []string{"dynamodb:Query"}, nil, withIndexes(t, schema)...)
		case slices.Contains(writing, action):
			writes = append(writes, "dynamodb:"+string(action))
		default:
			reads = append(reads, "dynamodb:"+string(action))
		}
	}
	if len(reads) > 0 {
		allow(role, reads, nil, t.TableArn())
	}
	if len(writes) > 0 {
		allow(role, writes, d.leading(partitions...), t.TableArn())
	}
}

// leading returns a condition that limits a grant to partitions that match one of the
// patterns. ForAllValues also holds for a request without the key, so Null requires the key.
// An emulator never has the key and would refuse every request.
func (d *deployment) leading(patterns ...string) *map[string]any {
	condition := map[string]any{"ForAllValues:StringLike": map[string]any{"dynamodb:LeadingKeys": patterns}}
	if d.props.Endpoint == "" {
		condition["Null"] = map[string]any{"dynamodb:LeadingKeys": "false"}
	}
	return &condition
}

func withIndexes(t awsdynamodb.ITable, schema table.Schema) []*string {
	arns := []*string{t.TableArn()}
	for _, index := range schema.Indexes {
		arns = append(arns, jsii.String(*t.TableArn()+"/index/"+index))
	}
	return arns
}

func allow(role awsiam.Role, actions []string, conditions *map[string]any, resources ...*string) {
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings(actions...), Resources: &resources, Conditions: conditions,
	}))
}

// arn returns the ARN of a resource in the stack's account and region.
func (d *deployment) arn(service, resource string) *string {
	return jsii.Sprintf("arn:%s:%s:%s:%s:%s", *d.stack.Partition(), service, *d.stack.Region(), *d.stack.Account(), resource)
}

// title capitalises the name of a function or table, for logical ids.
func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
