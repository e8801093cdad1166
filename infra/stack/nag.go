package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// AddChecks checks the stack with cdk-nag's AwsSolutions rules. A violation without an
// exception is an error of the synth.
func AddChecks(app awscdk.App, checked awscdk.Stack) {
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: jsii.Bool(true)}), nil)
	var list []*cdknag.NagPackSuppression
	for _, e := range exceptions {
		list = append(list, &cdknag.NagPackSuppression{Id: jsii.String("AwsSolutions-" + e.rule), Reason: jsii.String(e.reason)})
	}
	cdknag.NagSuppressions_AddStackSuppressions(checked, &list, nil)
}

// excuse adds an exception for one resource.
func excuse(resource constructs.IConstruct, rule, reason string) {
	cdknag.NagSuppressions_AddResourceSuppressions(resource, &[]*cdknag.NagPackSuppression{
		{Id: jsii.String("AwsSolutions-" + rule), Reason: jsii.String(reason)},
	}, nil)
}

// exceptions are the rules that the stack breaks, each with its reason. They apply to the
// whole stack. For rules about single resources, our own tests are stricter.
var exceptions = []struct{ rule, reason string }{
	{"APIG1", "Access logs need a role that the whole account shares: -c access_logs=true creates both. Each function logs its requests anyway"},
	{"APIG2", "The functions validate every input by the types of the route table and answer in the contract's error shape, which API Gateway's validators cannot do"},
	{"APIG3", "Web rules belong to the edge (-c waf=true). Behind it, regional rules would count the edge's addresses as one client"},
	{"APIG4", "Open routes and the mocks for 404, 405 and preflight have no authorizer. A test checks that every other method has it"},
	{"APIG6", "API Gateway's execution logs contain headers and query strings, in which keys are sent, so they are never enabled"},
	{"CFR1", "The API serves all countries"},
	{"CFR2", "Web rules cost per request, so they are optional: -c waf=true"},
	{"CFR3", "CloudFront's access logs contain the query string, in which a client may have sent its key"},
	{"CFR4", "The TLS version of CloudFront's default domain cannot be changed. A deployment with a custom domain requires TLS 1.2"},
	{"COG4", "The Lambda authorizer authenticates callers by API keys, not by Cognito"},
	{"IAM4", "API Gateway writes access logs with a role of the account, which has the managed policy that AWS documents"},
	{"IAM5", "X-Ray and ListStreams have no resources in IAM, and a secret's ARN ends in six random characters. A test refuses any other wildcard"},
	{"SMG4", "The root of the peppers must never be replaced, as every key would become invalid. A command adds new versions of the peppers instead"},
	{"SQS3", "The queue of given-up changes is the dead-letter queue of a stream, which the rule does not recognise"},
}
