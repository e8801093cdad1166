// Package operate defines the options by which operator commands name a deployment,
// and opens what they name: the tables, the document with the peppers, and the contract.
package operate

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"statgate/scripts/internal/usage"
	"statgate/shared/access/apikey"
	"statgate/shared/access/peppers"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/boot/secret"
	"statgate/shared/platform/outputs"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/local"
	"statgate/shared/table/storeclock"
)

// machine is this machine's clock, corrected by the answers of the tables that commands open:
// commands compare times that the deployment stored.
var machine = storeclock.New(time.Now)

const (
	// AWS is the value of --dynamodb that stands for the AWS account of the profile.
	AWS = "aws"
	// defaultContract is the contract of a deployment that names none.
	defaultContract = "statgate"
	// dataFile is the name of the file with the tables in a data directory.
	dataFile = "statgate.db"
	// creating is how long making the tables at an endpoint may take.
	creating = 20 * time.Second
)

// LoadContract returns the contract and the environment of the deployment. The
// options come first, then the outputs of the stack, then the contract statgate and
// the contract's first environment.
func (t Target) LoadContract(ctx context.Context) (*contract.Contract, string, error) {
	name, environment := t.Contract, t.Environment
	if t.Stack != "" && (name == "" || environment == "") {
		stack, _, err := outputs.Load(ctx, t.Stack)
		if err != nil {
			return nil, "", err
		}
		name, environment = cmp.Or(name, stack.Contract), cmp.Or(environment, stack.Environment)
	}
	c, err := preset.Load(cmp.Or(name, defaultContract))
	if err != nil {
		return nil, "", usage.Errorf("--contract: %w", err)
	}
	environment = cmp.Or(environment, c.Environments[0])
	if !c.HasEnvironment(environment) {
		return nil, "", usage.Errorf("--environment: contract %s has %s, got %q", c.Name, strings.Join(c.Environments, ", "), environment)
	}
	return c, environment, nil
}

// Document returns the document with the peppers. It does not check that the
// document exists.
func (t Target) Document(ctx context.Context) (peppers.Document, error) {
	if _, file := t.pepperFile(); file != "" {
		return peppers.File(file), nil
	}
	cfg, name, err := t.pepperSecret(ctx)
	if err != nil {
		return nil, err
	}
	return NewSecret(cfg, name), nil
}

// PepperSource returns the peppers for commands that make secrets. It makes the file
// with the peppers where it is missing, but never a secret in Secrets Manager.
func (t Target) PepperSource(ctx context.Context, clock func() time.Time) (*apikey.PepperSource, error) {
	if option, file := t.pepperFile(); file != "" {
		source, err := peppers.At(file, rand.Reader, clock)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", option, err)
		}
		return source, nil
	}
	cfg, name, err := t.pepperSecret(ctx)
	if err != nil {
		return nil, err
	}
	return apikey.NewPepperSource(secret.Fetch(cfg, name), clock), nil
}

// pepperFile returns the file with the peppers and the option that names it; "" where
// they are in Secrets Manager.
func (t Target) pepperFile() (option, file string) {
	if t.Data != "" {
		return "--data", filepath.Join(t.Data, peppers.FileName)
	}
	return "--peppers", t.Peppers
}

// pepperSecret returns the name of the secret with the peppers, and the configuration
// to reach it.
func (t Target) pepperSecret(ctx context.Context) (aws.Config, string, error) {
	if t.Secret == "" {
		stack, cfg, err := outputs.Load(ctx, t.Stack)
		return cfg, stack.Peppers, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return cfg, "", fmt.Errorf("--secret: loading the AWS configuration: %w", err)
	}
	return cfg, t.Secret, nil
}

// HasKeys reports whether the options name a keys table.
func (t Target) HasKeys() bool { return given(t.Stack, t.Data, t.DynamoDB) > 0 }

// HasData reports whether the tables of a data directory exist. Other tables are taken to
// exist.
func (t Target) HasData() bool {
	if t.Data == "" {
		return true
	}
	_, err := os.Stat(filepath.Join(t.Data, dataFile))
	return err == nil
}

// Exclusive reports whether no other process can serve the deployment while this one has
// its tables open.
func (t Target) Exclusive() bool { return t.Data != "" }

// Create makes the data directory, or the tables at a DynamoDB endpoint, where they
// are missing. The tables of a stack and of an AWS account are never made here.
func (t Target) Create(ctx context.Context) error {
	if t.Data != "" {
		if err := os.MkdirAll(t.Data, 0o700); err != nil {
			return fmt.Errorf("--data: %w", err)
		}
	}
	if t.DynamoDB == "" || t.DynamoDB == AWS || t.KeysTable != "" {
		return nil
	}
	client, err := t.client(ctx)
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, creating)
	defer cancel()
	if err := dynamo.CreateTables(within, client, t.Prefix+"-", table.Keys, table.Stats); err != nil {
		return fmt.Errorf("--dynamodb %s: making the tables: %w", t.DynamoDB, err)
	}
	return nil
}

// Keys opens the keys table, which must exist, and returns a function that closes it.
func (t Target) Keys(ctx context.Context) (table.Table, func(), error) {
	return t.open(ctx, table.Keys, t.KeysTable, func(s outputs.Stack) string { return s.KeysTable })
}

// Stats opens the stats table, which must exist, and returns a function that closes it.
func (t Target) Stats(ctx context.Context) (table.Table, func(), error) {
	return t.open(ctx, table.Stats, "", func(s outputs.Stack) string { return s.StatsTable })
}

// open opens a table of the deployment. On DynamoDB the table's name is the one that
// is given, else the stack's, else the prefix's.
func (t Target) open(ctx context.Context, schema table.Schema, name string, ofStack func(outputs.Stack) string) (table.Table, func(), error) {
	switch {
	case t.Data != "":
		db, err := OpenData(t.Data)
		if err != nil {
			return nil, nil, err
		}
		return db.Table(schema.Name), func() { db.Close() }, nil
	case t.Stack != "":
		stack, cfg, err := outputs.Load(ctx, t.Stack)
		if err != nil {
			return nil, nil, err
		}
		return dynamo.New(dynamodb.NewFromConfig(cfg), cmp.Or(name, ofStack(stack)), schema, dynamo.WithTimes(machine.Observe)), func() {}, nil
	case t.DynamoDB != "":
		client, err := t.client(ctx)
		if err != nil {
			return nil, nil, err
		}
		return dynamo.New(client, cmp.Or(name, t.Prefix+"-"+schema.Name), schema, dynamo.WithTimes(machine.Observe)), func() {}, nil
	}
	return nil, nil, usage.Errorf("the %s table is needed: give --dynamodb URL, too", schema.Name)
}

// OpenData opens the tables of a data directory, which must exist.
func OpenData(dir string) (*local.DB, error) {
	db, err := local.Open(filepath.Join(dir, dataFile), table.Keys, table.Stats)
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	return db, nil
}

// client returns a client of the endpoint or the account that --dynamodb names.
func (t Target) client(ctx context.Context) (*dynamodb.Client, error) {
	endpoint := t.DynamoDB
	if endpoint == AWS {
		endpoint = ""
	}
	client, err := connect.Client(ctx, endpoint)
	if err != nil {
		return nil, fmt.Errorf("--dynamodb: %w", err)
	}
	return client, nil
}

// Pace returns a function that waits for one operation's turn, so that it returns at
// most perSecond times a second. It waits by sleep, and fails when sleep does.
func Pace(perSecond int, sleep func(context.Context, time.Duration) error) func(context.Context) error {
	return func(ctx context.Context) error { return sleep(ctx, time.Second/time.Duration(perSecond)) }
}

// Sleep waits for d. It fails when the context ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Clock is the time and the waiting of a command. Tests replace it.
type Clock struct {
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// SystemClock is the machine's clock, corrected by the answers of opened tables.
func SystemClock() Clock { return Clock{Now: machine.Now, Sleep: Sleep} }
