package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// addOutputs adds the outputs, for people and for package outputs. The address is the one
// that clients call.
func (d *deployment) addOutputs(rest awsapigateway.RestApi, functions map[string]awslambda.Function, address string) {
	stage := "https://" + *rest.RestApiId() + ".execute-api." + *d.stack.Region() + "." + *d.stack.UrlSuffix() + "/" + d.props.Environment
	d.output("ApiUrl", "Base URL of the API", address+d.props.Contract.Base)
	d.output("StageUrl", "API Gateway's own address of the stage, which bypasses the edge", stage)
	d.output("ApiId", "ID of the REST API", *rest.RestApiId())
	d.output("StageName", "Stage of the REST API, which is also the environment of the keys", d.props.Environment)
	d.output("ContractName", "Contract of the API", d.props.Contract.Name)
	d.output("KeysTableName", "Table of organisations, keys, usage and the audit trail", *d.data.keys.TableName())
	d.output("StatsTableName", "Table of leagues, teams and matches", *d.data.stats.TableName())
	d.output("PeppersName", "Name of the secret with the root of the peppers", *d.data.peppers)
	for _, r := range d.routes {
		if r.Operation == "getDocs" {
			d.output("DocsUrl", "URL of the documentation page", address+r.Path)
		}
	}
	for _, name := range sorted(functions) {
		d.output(title(name)+"FunctionName", "Name of the function "+name, *functions[name].FunctionName())
	}
}

func (d *deployment) output(name, description, value string) {
	awscdk.NewCfnOutput(d.stack, jsii.String(name), &awscdk.CfnOutputProps{Value: jsii.String(value), Description: jsii.String(description)})
}
