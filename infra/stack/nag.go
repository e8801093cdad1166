package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// AddChecks holds the stack to cdk-nag's AwsSolutions rules: what breaks one
// without a reason is an error of the synth.
func AddChecks(app awscdk.App, made awscdk.Stack) {
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: jsii.Bool(true)}), nil)
	var list []*cdknag.NagPackSuppression
	for _, e := range exceptions {
		list = append(list, &cdknag.NagPackSuppression{Id: jsii.String("AwsSolutions-" + e.rule), Reason: jsii.String(e.reason)})
	}
	cdknag.NagSuppressions_AddStackSuppressions(made, &list, nil)
}

// excuse lets one resource break a rule.
func excuse(resource constructs.IConstruct, rule, reason string) {
	cdknag.NagSuppressions_AddResourceSuppressions(resource, &[]*cdknag.NagPackSuppression{
		{Id: jsii.String("AwsSolutions-" + rule), Reason: jsii.String(reason)},
	}, nil)
}

// exceptions are the rules that the stack breaks, each with why. They hold for the
// whole stack: where a rule is about single resources, a test of ours is stricter.
var exceptions = []struct{ rule, reason string }{
	{"APIG1", "Access logs need a role that is the account's and not the stack's: -c access_logs=true makes both. Each function logs its requests anyway"},
	{"APIG2", "The functions validate every input by the route table's types and answer in the contract's error shape, which API Gateway's validators cannot"},
	{"APIG3", "Web rules belong to the edge (-c waf=true): behind it, regional ones would count the edge's addresses as one client"},
	{"APIG4", "Open routes and the mocks for 404, 405 and preflight have no authorizer; a test holds every other method to it"},
	{"APIG6", "API Gateway's execution logs have headers and query strings, in which keys are sent, and so are never switched on"},
	{"CFR1", "The API serves all countries"},
	{"CFR2", "Web rules cost by the request, and so are asked for: -c waf=true"},
	{"CFR3", "CloudFront's access logs have the query string, in which a client may have sent its key"},
	{"CFR4", "CloudFront's own domain has no other setting; a deployment with a domain of its own asks for TLS 1.2"},
	{"COG4", "Callers are known by API keys, which the Lambda authorizer checks, and not by Cognito"},
	{"IAM4", "The role with which API Gateway writes access logs is the account's, and as AWS documents it"},
	{"IAM5", "X-Ray and the list of streams have no resources to name, and a secret's ARN ends in six characters that nobody knows before it is made; a test refuses any other wildcard"},
	{"SMG4", "The root of the peppers must never be replaced, as every key would die; new versions are added beside it by a command"},
	{"SQS3", "The queue of changes that were given up is a dead-letter queue: a stream's, of which the rule does not know"},
}
