package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"statgate/scripts/internal/operate"
	"statgate/scripts/verify/e2e/suite"
	"statgate/scripts/verify/internal/outofband"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/outputs"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
)

// authorizerFunction is the authorizer's name in the stack.
const authorizerFunction = "authorizer"

// functionsOf returns the names of the functions that use tables, including workers.
func functionsOf(c *contract.Contract) []string {
	names := map[string]bool{authorizerFunction: true}
	for _, r := range api.For(c) {
		if !r.Open {
			names[r.Function] = true
		}
	}
	for _, w := range api.WorkersFor(c) {
		names[w.Function] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// restart ends the functions' instances. The next requests start new ones.
func (t target) restart(ctx context.Context, functions ...string) error {
	client := lambda.NewFromConfig(t.emulator.config())
	for _, name := range functions {
		name = t.stack + "-" + name
		config, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		if err != nil {
			return fmt.Errorf("restarting %s: %w", name, err)
		}
		// The emulator starts new instances after every update, even without a change.
		if _, err := client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &name, MemorySize: config.MemorySize}); err != nil {
			return fmt.Errorf("restarting %s: %w", name, err)
		}
	}
	return nil
}

// hands returns the changes that the suite makes to the deployment without the API.
func (t target) hands(s outputs.Stack, c *contract.Contract) suite.OutOfBand {
	cfg := t.emulator.config()
	client, secret := dynamodb.NewFromConfig(cfg), operate.NewSecret(cfg, s.Peppers)
	keys, stats := dynamo.New(client, s.KeysTable, table.Keys), dynamo.New(client, s.StatsTable, table.Stats)
	all := functionsOf(c)
	return suite.OutOfBand{
		CloseHours: func(ctx context.Context, key string) error { return outofband.CloseHours(ctx, keys, key) },
		DropGate:   func(ctx context.Context, key string) error { return outofband.DropGate(ctx, keys, key) },
		PutReport:  func(ctx context.Context, match string) error { return outofband.PutReport(ctx, stats, match) },
		RotatePepper: func(ctx context.Context) error {
			if err := outofband.RotatePepper(ctx, secret); err != nil {
				return err
			}
			return t.restart(ctx, all...)
		},
		WithCurrentPepperOnly: func(ctx context.Context, do func()) error {
			err := outofband.WithCurrentPepperOnly(ctx, secret, func() error {
				if err := t.restart(ctx, authorizerFunction); err != nil {
					return err
				}
				do()
				return nil
			})
			if err != nil {
				return err
			}
			return t.restart(ctx, authorizerFunction)
		},
	}
}

// role is the role of a function with its inline policy, as deployed.
type role struct {
	function, name, policy string
	document               map[string]any
}

// roleOf returns the role of a function. It fails where the role has not exactly one
// inline policy.
func (t target) roleOf(ctx context.Context, function string) (role, error) {
	r, name := role{function: function}, t.stack+"-"+function
	config, err := lambda.NewFromConfig(t.emulator.config()).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return r, fmt.Errorf("reading the function %s: %w", name, err)
	}
	arn := aws.ToString(config.Role)
	r.name = arn[strings.LastIndexByte(arn, '/')+1:]
	client := iam.NewFromConfig(t.emulator.config())
	policies, err := client.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &r.name})
	if err != nil {
		return r, fmt.Errorf("listing the policies of %s: %w", r.name, err)
	}
	if len(policies.PolicyNames) != 1 {
		return r, fmt.Errorf("the role %s has the policies %q: want exactly one", r.name, policies.PolicyNames)
	}
	r.policy = policies.PolicyNames[0]
	policy, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &r.name, PolicyName: &r.policy})
	if err != nil {
		return r, fmt.Errorf("reading the policy of %s: %w", r.name, err)
	}
	text, err := url.QueryUnescape(aws.ToString(policy.PolicyDocument))
	if err == nil {
		err = json.Unmarshal([]byte(text), &r.document)
	}
	if err != nil {
		return r, fmt.Errorf("reading the policy of %s: %w", r.name, err)
	}
	return r, nil
}

// put replaces the role's policy and restarts the function.
func (t target) put(ctx context.Context, r role, document map[string]any) error {
	raw, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("writing the policy of %s: %w", r.name, err)
	}
	if _, err := iam.NewFromConfig(t.emulator.config()).PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &r.name, PolicyName: &r.policy, PolicyDocument: aws.String(string(raw)),
	}); err != nil {
		return fmt.Errorf("writing the policy of %s: %w", r.name, err)
	}
	return t.restart(ctx, r.function)
}

// In IAM, sendAction also allows batches of messages, which have no action of their own. The
// emulator requires sendBatchAction for a batch.
const (
	sendAction      = "sqs:SendMessage"
	sendBatchAction = "sqs:SendMessageBatch"
)

// allowBatches adds sendBatchAction to each role that has sendAction.
func (t target) allowBatches(ctx context.Context) error {
	c, err := preset.Load(t.contract)
	if err != nil {
		return err
	}
	for _, function := range functionsOf(c) {
		r, err := t.roleOf(ctx, function)
		if err != nil {
			return err
		}
		if document := r.withSendBatch(); document != nil {
			if err := t.put(ctx, r, document); err != nil {
				return err
			}
		}
	}
	return nil
}

// withSendBatch returns the role's policy with sendBatchAction wherever it allows
// sendAction, nil where nothing is missing.
func (r role) withSendBatch() map[string]any {
	statements, _ := r.document["Statement"].([]any)
	widened, changed := slices.Clone(statements), false
	for i, one := range widened {
		statement, _ := one.(map[string]any)
		actions := stringList(statement["Action"])
		if !slices.Contains(actions, sendAction) || slices.Contains(actions, sendBatchAction) {
			continue
		}
		statement = maps.Clone(statement)
		statement["Action"] = append(actions, sendBatchAction)
		widened[i], changed = statement, true
	}
	if !changed {
		return nil
	}
	return map[string]any{"Version": r.document["Version"], "Statement": widened}
}
