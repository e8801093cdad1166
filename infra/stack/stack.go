// Package stack defines the whole deployment as one CloudFormation stack. Routes, grants,
// mocks and gateway responses are generated from the route table and the contract, so that
// nothing about an operation is repeated here.
package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// Authorizer is the name of the authorizer function, which serves no route and is not a
// worker.
const Authorizer = "authorizer"

// Bundle is the directory of a built function and the hash of its content.
type Bundle struct {
	Dir  string `json:"dir"`
	Hash string `json:"hash"`
}

// Props are the properties of a deployment.
type Props struct {
	Contract    *contract.Contract
	Environment string            // name of the API's only stage, such as "live"
	Arch        string            // "arm64" or "x86_64"
	Endpoint    string            // AWS_ENDPOINT_URL of the functions, for emulators; "" on AWS
	Concurrency int               // reserved instances of each function; 0 reserves none
	Rate, Burst int               // throttle of each method, requests per second; 0 for the defaults
	Edge        Edge              // distribution, web rules and domain
	Watch       Watch             // alarm recipient, budget and access logs
	Existing    Existing          // tables and peppers that exist already
	PolicyTTL   int               // maximum seconds for which API Gateway may reuse a policy; 0 for the default
	Bundles     map[string]Bundle // by function, including the authorizer
	// Unprotected lets tables be deleted. They are otherwise protected from deletion, also
	// outside CloudFormation.
	Unprotected bool
	// WebhookConcurrency is the maximum of concurrent instances that deliver webhooks, 2 to
	// 1000; 0 for the default of 10.
	WebhookConcurrency int
	// MCPOrigins are the origins of the web pages that may call the MCP server; empty for any.
	MCPOrigins []string
	OpenID     OpenID // how people sign in to the console, besides keys and portal links
}

// OpenID configures the provider of OpenID Connect; the zero value configures none.
type OpenID struct {
	Issuer string // URL, such as "https://login.example.com"
	Client string // client id at the issuer
	Secret string // ARN of the client secret in Secrets Manager
}

// deployment holds what the parts of the stack share.
type deployment struct {
	stack    awscdk.Stack
	props    Props
	routes   []api.Route
	workers  []api.Worker
	data     data
	webhooks *work        // nil if the contract has no webhooks
	unread   awssqs.Queue // stream positions of changes that were given up; nil if nothing reads the stream
	replays  *work        // nil if nothing is replayed
}

// New adds a stack to the app and returns it. The stack's name is the prefix of every
// physical name, so that an account can have several deployments.
func New(scope constructs.Construct, name string, props Props) awscdk.Stack {
	d := &deployment{
		stack: awscdk.NewStack(scope, jsii.String(name), &awscdk.StackProps{
			Description: jsii.Sprintf("%s (%s): a sports statistics API with API keys", props.Contract.Title, props.Environment),
			Synthesizer: synthesizer(props),
		}),
		props:   props,
		routes:  api.For(props.Contract),
		workers: api.WorkersFor(props.Contract),
	}
	d.data = d.newData()
	d.webhooks = d.newWork(api.WebhookQueue, "webhooks", deliveryDays, maxReceives)
	d.unread = d.newUnread()
	d.replays = d.newWork(api.ReplayQueue, "replays", stepDays, stepReceives)
	rest := d.newREST()
	functions := d.newFunctions(rest)
	d.addMethods(rest, functions)
	d.newMappings(functions)
	d.addOutputs(rest, functions, d.newEdge(rest))
	d.newAlarms(functions)
	d.newDashboard(functions)
	d.newBudget()
	return d.stack
}

// synthesizer selects the credentials that publish the assets and deploy the stack. On
// AWS, nil selects the roles of the CDK's bootstrap. An emulator that enforces IAM does
// not let the CLI assume these roles, so there the CLI's own credentials are used.
func synthesizer(props Props) awscdk.IStackSynthesizer {
	if props.Endpoint == "" {
		return nil
	}
	return awscdk.NewCliCredentialsStackSynthesizer(&awscdk.CliCredentialsStackSynthesizerProps{})
}

// named returns a physical name: the stack's name, a hyphen and part.
func (d *deployment) named(part string) *string {
	return jsii.String(*d.stack.StackName() + "-" + part)
}

// Flags returns the CDK feature flags that the stack depends on, independent of the
// library's defaults.
func Flags() *map[string]any {
	return &map[string]any{
		"@aws-cdk/aws-apigateway:authorizerChangeDeploymentLogicalId": true, // a changed authorizer makes a new deployment
		"@aws-cdk/aws-apigateway:disableCloudWatchRole":               true,
		"@aws-cdk/aws-iam:minimizePolicies":                           true,
		"@aws-cdk/core:checkSecretUsage":                              true,
		"@aws-cdk/core:stackRelativeExports":                          true,
	}
}
