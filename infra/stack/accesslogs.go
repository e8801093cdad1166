package stack

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// accessLine is what API Gateway writes of each request, those that reach no
// function too. It names the resource's pattern and neither path nor query nor a
// header, in all of which a client may have sent its key.
var accessLine = map[string]string{
	"request_id": "$context.requestId",
	"trace":      "$context.xrayTraceId",
	"time":       "$context.requestTimeEpoch",
	"method":     "$context.httpMethod",
	"resource":   "$context.resourcePath",
	"status":     "$context.status",
	"answer":     "$context.error.responseType", // which of its own answers API Gateway gave
	"ms":         "$context.responseLatency",
	"key":        "$context.authorizer.key",
	"org":        "$context.authorizer.org",
	"address":    "$context.identity.sourceIp",
}

// addAccessLogs makes the stage write a line for each request. API Gateway writes
// by a role that an account has once for all of its APIs in a region. It is made
// and set here, so that one command does it, and stays when the stack goes: other
// APIs may live on it by then.
func (d *deployment) addAccessLogs(props *awsapigateway.RestApiProps) {
	if !d.props.Watch.AccessLogs {
		return
	}
	props.CloudWatchRole = jsii.Bool(true)
	props.CloudWatchRoleRemovalPolicy = awscdk.RemovalPolicy_RETAIN
	logs := awslogs.NewLogGroup(d.stack, jsii.String("AccessLogs"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/aws/apigateway/" + *d.named("access")),
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	line, err := json.Marshal(accessLine)
	if err != nil {
		panic(err) // a map of texts
	}
	props.DeployOptions.AccessLogDestination = awsapigateway.NewLogGroupLogDestination(logs)
	props.DeployOptions.AccessLogFormat = awsapigateway.AccessLogFormat_Custom(jsii.String(string(line)))
}
