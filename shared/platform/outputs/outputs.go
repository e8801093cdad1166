// Package outputs finds the resources of a deployed stack by its CloudFormation
// outputs, so that commands need only the stack's name.
package outputs

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// Stack holds the outputs of a deployed stack, which infra/stack defines.
type Stack struct {
	Name        string
	Region      string
	KeysTable   string
	StatsTable  string
	Peppers     string // name of the secret
	API         string // the REST API's id
	Environment string // also the name of the API's stage
	Contract    string // name of the contract; a preset's name unless it was read from a file
	URL         string // address of the API, including the contract's base path
	Edge        string // id of the CloudFront distribution; "" without an edge
}

// Load returns the named stack and the AWS configuration to reach its resources.
// Account and region are those that the AWS CLI would use. AWS_ENDPOINT_URL selects
// an emulator.
func Load(ctx context.Context, name string) (Stack, aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return Stack{}, cfg, fmt.Errorf("outputs: loading the AWS configuration: %w", err)
	}
	s, err := Read(ctx, cfg, name)
	return s, cfg, err
}

// Read returns the named stack.
func Read(ctx context.Context, cfg aws.Config, name string) (Stack, error) {
	out, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return Stack{}, fmt.Errorf("outputs: describing the stack %s: %w", name, err)
	}
	values := map[string]string{}
	for _, s := range out.Stacks {
		for _, o := range s.Outputs {
			values[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
	}
	return fill(Stack{Name: name, Region: cfg.Region}, values)
}

// fill sets the fields of s from the outputs. A missing output is an error: the stack
// is not Statgate's, or its deployment failed.
func fill(s Stack, values map[string]string) (Stack, error) {
	s.Edge = values["DistributionId"]
	for output, into := range map[string]*string{
		"KeysTableName": &s.KeysTable, "StatsTableName": &s.StatsTable, "PeppersName": &s.Peppers, "ApiId": &s.API,
		"StageName": &s.Environment, "ContractName": &s.Contract, "ApiUrl": &s.URL,
	} {
		if *into = values[output]; *into == "" {
			return s, fmt.Errorf("outputs: the stack %s has no output %s: it is not a Statgate stack, or its deployment failed", s.Name, output)
		}
	}
	return s, nil
}
