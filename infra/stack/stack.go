// Package stack is the whole deployment as one CloudFormation stack. Routes,
// grants, mocks and gateway responses come from the route table and the
// contract; nothing about an operation is stated here a second time.
package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// Authorizer is the name of the function that is neither a route's nor a worker.
const Authorizer = "authorizer"

// Bundle is a function's directory, ready to be packaged, and the hash of what is in it.
type Bundle struct {
	Dir  string `json:"dir"`
	Hash string `json:"hash"`
}

// Props say what to deploy.
type Props struct {
	Contract    *contract.Contract
	Environment string            // "live"; the API's one stage
	Arch        string            // "arm64" or "x86_64"
	Endpoint    string            // AWS_ENDPOINT_URL of the functions; "" on AWS
	Concurrency int               // reserved for each function; 0 leaves it to the account
	Rate, Burst int               // throttle of the stage, calls a second; 0 leaves it to the account
	Edge        Edge              // what stands before the API
	Watch       Watch             // who is told of what
	Kept        Kept              // data that is there already
	PolicyTTL   int               // seconds for which API Gateway may reuse a policy, where it may; 0 for the usual
	Bundles     map[string]Bundle // by function, the authorizer's included
	// WebhookConcurrency is how many instances deliver webhooks at once, 2 to
	// 1000; 0 for the usual.
	WebhookConcurrency int
}

// deployment is what the parts of the stack know of each other.
type deployment struct {
	stack    awscdk.Stack
	props    Props
	routes   []api.Route
	workers  []api.Worker
	data     data
	webhooks *webhooks // nil where the contract has none
}

// New adds the stack to the app. Its name prefixes every physical name, so that
// several deployments live side by side in one account.
func New(scope constructs.Construct, name string, props Props) awscdk.Stack {
	d := &deployment{
		stack: awscdk.NewStack(scope, jsii.String(name), &awscdk.StackProps{
			Description: jsii.Sprintf("%s (%s): a stats API guarded by keys", props.Contract.Title, props.Environment),
			Synthesizer: synthesizer(props),
		}),
		props:   props,
		routes:  api.For(props.Contract),
		workers: api.WorkersFor(props.Contract),
	}
	d.data = d.newData()
	d.webhooks = d.newWebhooks()
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

// synthesizer says with whose rights assets are published and the stack deployed:
// the roles of the CDK's bootstrap. An emulator that enforces IAM does not let the
// CLI take these on, so there it is the caller's own.
func synthesizer(props Props) awscdk.IStackSynthesizer {
	if props.Endpoint == "" {
		return nil
	}
	return awscdk.NewCliCredentialsStackSynthesizer(&awscdk.CliCredentialsStackSynthesizerProps{})
}

// named prefixes a physical name with the stack's.
func (d *deployment) named(part string) *string {
	return jsii.String(*d.stack.StackName() + "-" + part)
}

// Flags are the CDK behaviours that the stack is written for, whatever a newer
// library takes as its default.
func Flags() *map[string]any {
	return &map[string]any{
		"@aws-cdk/aws-apigateway:authorizerChangeDeploymentLogicalId": true, // a changed authorizer is deployed
		"@aws-cdk/aws-apigateway:disableCloudWatchRole":               true,
		"@aws-cdk/aws-iam:minimizePolicies":                           true,
		"@aws-cdk/core:checkSecretUsage":                              true,
		"@aws-cdk/core:stackRelativeExports":                          true,
	}
}
