package stack

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// accessLine is the log line that API Gateway writes for each request, including those that
// reach no function. It has the resource's pattern, but no path, query or header, as a
// client may have sent its key in any of them.
var accessLine = map[string]string{
	"request_id": "$context.requestId",
	"trace":      "$context.xrayTraceId",
	"time":       "$context.requestTimeEpoch",
	"method":     "$context.httpMethod",
	"resource":   "$context.resourcePath",
	"status":     "$context.status",
	"answer":     "$context.error.responseType", // the gateway response, if API Gateway answered itself
	"ms":         "$context.responseLatency",
	"key":        "$context.authorizer.key",
	"org":        "$context.authorizer.org",
	"address":    "$context.identity.sourceIp",
}

// addAccessLogs makes the stage log each request, if access logs are enabled. API Gateway
// needs a role for this that an account has once per region. The stack creates and sets
// that role, but retains it when it is deleted, as other APIs may use it by then.
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
		panic(err) // a map of strings can always be encoded
	}
	props.DeployOptions.AccessLogDestination = awsapigateway.NewLogGroupLogDestination(logs)
	props.DeployOptions.AccessLogFormat = awsapigateway.AccessLogFormat_Custom(jsii.String(string(line)))
}
