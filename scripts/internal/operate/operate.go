// Package operate opens a deployment for the commands of whoever runs it: the
// document with its peppers, and its keys table. All those commands name a
// deployment by the same flags.
package operate

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"statgate/shared/access/peppers"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/outputs"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/local"
)

// awsItself is the -dynamodb of a deployed stack.
const awsItself = "aws"

// Target names a deployment.
type Target struct{ Stack, Data, DynamoDB, Prefix, Table, Peppers, Secret string }

// Flags adds the flags that name a deployment.
func (t *Target) Flags(f *flag.FlagSet) {
	f.StringVar(&t.Stack, "stack", "", "`NAME` of a deployed stack, whose outputs name the rest")
	f.StringVar(&t.Data, "data", "", "data `DIR` of an embedded deployment")
	f.StringVar(&t.DynamoDB, "dynamodb", "", "`URL` of a DynamoDB endpoint, or \"aws\" for the account and region of the AWS profile")
	f.StringVar(&t.Prefix, "prefix", "statgate", "what the names of the DynamoDB tables begin with: `NAME`-keys")
	f.StringVar(&t.Table, "keys-table", "", "`NAME` of the keys table, where it is not the prefix's")
	f.StringVar(&t.Peppers, "peppers", "", "`FILE` with the peppers of a DynamoDB deployment")
	f.StringVar(&t.Secret, "secret", "", "`NAME` or ARN of the peppers in Secrets Manager")
}

// Check refuses flags that name no deployment, or two.
func (t Target) Check() error {
	places := 0
	for _, place := range []string{t.Stack, t.Data, t.Peppers, t.Secret} {
		if place != "" {
			places++
		}
	}
	switch {
	case places != 1:
		return errors.New("give one of -stack NAME, -data DIR, -secret NAME and -peppers FILE")
	case t.DynamoDB != "" && (t.Stack != "" || t.Data != ""):
		return errors.New("-dynamodb goes with -secret or -peppers")
	}
	return nil
}

// CheckKeys refuses flags that name no keys table, or two. It is for commands
// that need no peppers.
func (t Target) CheckKeys() error {
	places := 0
	for _, place := range []string{t.Stack, t.Data, t.DynamoDB} {
		if place != "" {
			places++
		}
	}
	if places != 1 {
		return errors.New("give one of -stack NAME, -data DIR and -dynamodb URL")
	}
	return nil
}

// Speaks loads the contract that a deployment speaks and names its environment:
// those given, else the stack's own, else statgate and the contract's first.
func (t Target) Speaks(ctx context.Context, name, environment string) (*contract.Contract, string, error) {
	if t.Stack != "" && (name == "" || environment == "") {
		stack, _, err := outputs.Of(ctx, t.Stack)
		if err != nil {
			return nil, "", err
		}
		name, environment = cmp.Or(name, stack.Contract), cmp.Or(environment, stack.Environment)
	}
	c, err := preset.Load(cmp.Or(name, "statgate"))
	if err != nil {
		return nil, "", err
	}
	environment = cmp.Or(environment, c.Environments[0])
	if !c.HasEnvironment(environment) {
		return nil, "", fmt.Errorf("-environment: contract %s has %v, not %q", c.Name, c.Environments, environment)
	}
	return c, environment, nil
}

// Document is where the peppers lie. A directory that is not there is refused:
// peppers beside no data would be a mistake in the name.
func (t Target) Document(ctx context.Context) (peppers.Document, error) {
	switch {
	case t.Data != "":
		return peppers.File(filepath.Join(t.Data, peppers.FileName)), nil
	case t.Peppers != "":
		return peppers.File(t.Peppers), nil
	case t.Secret != "":
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("-secret: loading the AWS configuration: %w", err)
		}
		return NewSecret(cfg, t.Secret), nil
	}
	stack, cfg, err := outputs.Of(ctx, t.Stack)
	if err != nil {
		return nil, err
	}
	return NewSecret(cfg, stack.Peppers), nil
}

// HasKeys tells whether the flags name a keys table.
func (t Target) HasKeys() bool { return t.Stack != "" || t.Data != "" || t.DynamoDB != "" }

// Alone tells whether nothing else can serve the deployment while its table is open.
func (t Target) Alone() bool { return t.Data != "" }

// Keys opens the keys table, which must be there. The second result lets go of it.
func (t Target) Keys(ctx context.Context) (table.Table, func(), error) {
	switch {
	case t.Data != "":
		db, err := local.Open(filepath.Join(t.Data, "statgate.db"), table.Keys, table.Stats)
		if err != nil {
			return nil, nil, fmt.Errorf("-data: %w", err)
		}
		return db.Table(table.Keys.Name), func() { db.Close() }, nil
	case t.Stack != "":
		stack, cfg, err := outputs.Of(ctx, t.Stack)
		if err != nil {
			return nil, nil, err
		}
		return dynamo.New(dynamodb.NewFromConfig(cfg), t.named(stack.KeysTable), table.Keys), func() {}, nil
	case t.DynamoDB != "":
		endpoint := t.DynamoDB
		if endpoint == awsItself {
			endpoint = ""
		}
		client, err := connect.Client(ctx, endpoint)
		if err != nil {
			return nil, nil, fmt.Errorf("-dynamodb: %w", err)
		}
		return dynamo.New(client, t.named(t.Prefix+"-"+table.Keys.Name), table.Keys), func() {}, nil
	}
	return nil, nil, errors.New("give -dynamodb URL too: the keys table is needed")
}

func (t Target) named(usual string) string {
	if t.Table != "" {
		return t.Table
	}
	return usual
}

// Pace returns a function that returns at most so many times a second. It sleeps
// by sleep, which fails when its context ends.
func Pace(perSecond int, sleep func(context.Context, time.Duration) error) func(context.Context) error {
	return func(ctx context.Context) error { return sleep(ctx, time.Second/time.Duration(perSecond)) }
}

// Sleep waits, or fails when the context ends.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
