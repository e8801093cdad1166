package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"statgate/shared/access/apikey"
	"statgate/shared/access/peppers"
	"statgate/shared/platform/boot/secret"
	"statgate/shared/platform/outputs"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/local"
)

// awsItself is the -dynamodb of a deployed stack.
const awsItself = "aws"

// engine is the keys table and the peppers of a deployment.
type engine struct {
	keys    table.Table
	peppers *apikey.PepperSource
	close   func()
	// What the deployment says of itself; "" where it says nothing.
	contract, environment string
}

func open(ctx context.Context, o options) (*engine, error) {
	if o.stack != "" {
		return openStack(ctx, o.stack)
	}
	if o.dynamodb != "" {
		return openDynamo(ctx, o)
	}
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return nil, fmt.Errorf("-data: %w", err)
	}
	db, err := local.Open(filepath.Join(o.data, "statgate.db"), table.Keys, table.Stats)
	if err != nil {
		return nil, fmt.Errorf("-data: %w", err)
	}
	source, err := peppers.FromFile(o.data, rand.Reader, time.Now)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("-data: %w", err)
	}
	return &engine{keys: db.Table(table.Keys.Name), peppers: source, close: func() { db.Close() }}, nil
}

// openStack opens what a stack's outputs name.
func openStack(ctx context.Context, name string) (*engine, error) {
	stack, cfg, err := outputs.Of(ctx, name)
	if err != nil {
		return nil, err
	}
	return &engine{
		keys:     dynamo.New(dynamodb.NewFromConfig(cfg), stack.KeysTable, table.Keys),
		peppers:  apikey.NewPepperSource(secret.Fetch(cfg, stack.Peppers), time.Now),
		close:    func() {},
		contract: stack.Contract, environment: stack.Environment,
	}, nil
}

// openDynamo opens a stack's table, or an emulator's, where it is made if it is missing.
func openDynamo(ctx context.Context, o options) (*engine, error) {
	endpoint := o.dynamodb
	if endpoint == awsItself {
		endpoint = ""
	}
	client, err := connect.Client(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	prefix := o.prefix + "-"
	if endpoint != "" {
		within, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		if err := dynamo.CreateTables(within, client, prefix, table.Keys, table.Stats); err != nil {
			return nil, fmt.Errorf("-dynamodb %s: %w", endpoint, err)
		}
	}
	source, err := openPeppers(ctx, o)
	if err != nil {
		return nil, err
	}
	return &engine{keys: dynamo.New(client, prefix+table.Keys.Name, table.Keys), peppers: source, close: func() {}}, nil
}

func openPeppers(ctx context.Context, o options) (*apikey.PepperSource, error) {
	if o.secret == "" {
		source, err := peppers.At(o.peppers, rand.Reader, time.Now)
		if err != nil {
			return nil, fmt.Errorf("-peppers: %w", err)
		}
		return source, nil
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("-secret: loading the AWS configuration: %w", err)
	}
	return apikey.NewPepperSource(secret.Fetch(cfg, o.secret), time.Now), nil
}
