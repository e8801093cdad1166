package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/peppers"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/dynamo/stream"
	"statgate/shared/table/local"
)

// engine is where everything is kept: the two tables and the peppers.
type engine struct {
	keys, stats table.Table
	peppers     *apikey.PepperSource
	// follow tells of the stats table's changes; nil where nobody can.
	follow func(ctx context.Context, read table.Reader) error
	close  func()
}

// open opens the engine that the options ask for. Without a data directory
// nothing outlives the process, on a DynamoDB endpoint neither.
func open(ctx context.Context, o options, clock func() time.Time, log *slog.Logger) (*engine, error) {
	if o.data != "" {
		if err := os.MkdirAll(o.data, 0o700); err != nil {
			return nil, fmt.Errorf("-data: %w", err)
		}
	}
	e, err := openTables(ctx, o, log)
	if err != nil {
		return nil, err
	}
	if e.peppers, err = openPeppers(o, clock); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

func openPeppers(o options, clock func() time.Time) (*apikey.PepperSource, error) {
	if o.data != "" {
		return peppers.FromFile(o.data, rand.Reader, clock)
	}
	return peppers.InMemory(rand.Reader, clock)
}

func openTables(ctx context.Context, o options, log *slog.Logger) (*engine, error) {
	if o.dynamodb != "" {
		return openDynamo(ctx, o, log)
	}
	var db *local.DB
	var err error
	if o.data == "" {
		db, err = local.OpenMemory(table.Keys, table.Stats)
	} else {
		db, err = local.Open(filepath.Join(o.data, "statgate.db"), table.Keys, table.Stats)
	}
	if err != nil {
		return nil, err
	}
	e := &engine{keys: db.Table("keys"), stats: db.Table("stats"), close: func() { db.Close() }}
	e.follow = func(ctx context.Context, read table.Reader) error {
		changes, err := db.Stream("stats", "fanout")
		if err != nil {
			return err
		}
		return changes.Follow(ctx, read, log)
	}
	return e, nil
}

// openDynamo makes the tables where they are missing. Without a data directory
// their peppers end with the process, so the tables do too.
func openDynamo(ctx context.Context, o options, log *slog.Logger) (*engine, error) {
	prefix := "statgate-"
	if o.data == "" {
		prefix = "statgate-dev-" + strings.ToLower(rand.Text()[:8]) + "-"
	}
	client, err := connect.Client(ctx, o.dynamodb)
	if err != nil {
		return nil, fmt.Errorf("-dynamodb: %w", err)
	}
	within, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := dynamo.CreateTables(within, client, prefix, table.Keys, table.Stats); err != nil {
		return nil, fmt.Errorf("-dynamodb %s: %w", o.dynamodb, err)
	}
	e := &engine{keys: dynamo.New(client, prefix+"keys", table.Keys), stats: dynamo.New(client, prefix+"stats", table.Stats), close: func() {}}
	e.follow = func(ctx context.Context, read table.Reader) error {
		changes, err := stream.Open(ctx, client, prefix+"stats")
		if err != nil {
			return err
		}
		return changes.Follow(ctx, read, log)
	}
	if o.data == "" {
		e.close = func() {
			drop, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := dynamo.DropTables(drop, client, prefix, table.Keys, table.Stats); err != nil {
				fmt.Fprintln(os.Stderr, "dev: dropping tables:", err)
			}
		}
	}
	return e, nil
}
