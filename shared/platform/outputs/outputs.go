// Package outputs finds the parts of a deployed stack by what CloudFormation says
// of it: commands are told the stack's name and nothing else.
package outputs

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// Stack is a deployed stack, by the outputs that infra/stack gives it.
type Stack struct {
	Name        string
	Region      string
	KeysTable   string
	StatsTable  string
	Peppers     string // the secret's name
	API         string // the REST API's id
	Environment string // which is the API's stage, too
	Contract    string // its name, which is a preset's unless it was a file
	URL         string // with the contract's base path
	Edge        string // the distribution before the API, "" without one
}

// Of returns the stack of that name, and the configuration with which its parts
// are reached: the account and region as the AWS CLI finds them, or an emulator
// where AWS_ENDPOINT_URL names one.
func Of(ctx context.Context, name string) (Stack, aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return Stack{}, cfg, fmt.Errorf("outputs: loading the AWS configuration: %w", err)
	}
	s, err := Read(ctx, cfg, name)
	return s, cfg, err
}

// Read returns the stack of that name.
func Read(ctx context.Context, cfg aws.Config, name string) (Stack, error) {
	told, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return Stack{}, fmt.Errorf("outputs: asking for the stack %s: %w", name, err)
	}
	values := map[string]string{}
	for _, s := range told.Stacks {
		for _, o := range s.Outputs {
			values[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
	}
	return named(Stack{Name: name, Region: cfg.Region}, values)
}

// named fills in the parts. A stack without one of them is not ours, or not
// deployed to its end.
func named(s Stack, values map[string]string) (Stack, error) {
	s.Edge = values["DistributionId"]
	for output, into := range map[string]*string{
		"KeysTableName": &s.KeysTable, "StatsTableName": &s.StatsTable, "PeppersName": &s.Peppers, "ApiId": &s.API,
		"StageName": &s.Environment, "ContractName": &s.Contract, "ApiUrl": &s.URL,
	} {
		if *into = values[output]; *into == "" {
			return s, fmt.Errorf("outputs: the stack %s has no output %s: it is no Statgate, or its deployment did not end well", s.Name, output)
		}
	}
	return s, nil
}
