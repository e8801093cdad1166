package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// addOutputs says where everything is, for people and for scripts. The address is
// what clients call.
func (d *deployment) addOutputs(rest awsapigateway.RestApi, functions map[string]awslambda.Function, address string) {
	stage := "https://" + *rest.RestApiId() + ".execute-api." + *d.stack.Region() + "." + *d.stack.UrlSuffix() + "/" + d.props.Environment
	d.output("ApiUrl", "Base URL of the API", address+d.props.Contract.Base)
	d.output("StageUrl", "The API's own address, which an edge stands before", stage)
	d.output("ApiId", "The REST API", *rest.RestApiId())
	d.output("StageName", "Its stage, which is the environment of the keys", d.props.Environment)
	d.output("ContractName", "The contract that it speaks", d.props.Contract.Name)
	d.output("KeysTableName", "Organisations, keys, usage and audit", *d.data.keys.TableName())
	d.output("StatsTableName", "Leagues, teams and matches", *d.data.stats.TableName())
	d.output("PeppersName", "The secret with the root of all peppers", *d.data.peppers)
	for _, r := range d.routes {
		if r.Operation == "getDocs" {
			d.output("DocsUrl", "The documentation page", address+r.Path)
		}
	}
	for _, name := range sorted(functions) {
		d.output(title(name)+"FunctionName", "The function "+name, *functions[name].FunctionName())
	}
}

func (d *deployment) output(name, what, value string) {
	awscdk.NewCfnOutput(d.stack, jsii.String(name), &awscdk.CfnOutputProps{Value: jsii.String(value), Description: jsii.String(what)})
}
