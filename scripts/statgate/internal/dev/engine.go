package dev

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"statgate/scripts/internal/operate"
	"statgate/shared/access/apikey"
	"statgate/shared/access/peppers"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/dynamo/stream"
	"statgate/shared/table/local"
	"statgate/shared/table/storeclock"
)

// engine is the storage of a deployment: the two tables and the peppers.
type engine struct {
	keys, stats table.Table
	peppers     *apikey.PepperSource
	// follow passes the changes of the stats table to a reader until the context ends.
	follow func(ctx context.Context, read table.Reader) error
	// confirmed reports whether the tables' clock has confirmed the process's.
	confirmed func() bool
	close     func()
}

// open opens the engine that the options name. Without a data directory nothing
// outlives the process, and the tables at a DynamoDB endpoint are dropped.
func open(ctx context.Context, o options, clock *storeclock.Clock, log *slog.Logger) (*engine, error) {
	if o.Data != "" {
		if err := os.MkdirAll(o.Data, 0o700); err != nil {
			return nil, fmt.Errorf("--data: %w", err)
		}
	}
	e, err := openTables(ctx, o, clock, log)
	if err != nil {
		return nil, err
	}
	if e.peppers, err = openPeppers(ctx, o, e.keys, clock.Now); err != nil {
		e.close()
		return nil, err
	}
	if o.Data == "" {
		return e, nil
	}
	closeTables := e.close
	e.close = func() {
		recordPeppers(o, e.keys, log)
		closeTables()
	}
	return e, nil
}

func openPeppers(ctx context.Context, o options, keys table.Table, clock func() time.Time) (*apikey.PepperSource, error) {
	if o.Data != "" {
		return o.FittingPeppers(ctx, keys, clock)
	}
	return peppers.InMemory(rand.Reader, clock)
}

// recordPeppers records versions that were added while the deployment ran, so that the
// next start notices if an older document took their place.
func recordPeppers(o options, keys table.Table, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	document, err := o.Document(ctx)
	if err == nil {
		err = operate.RecordPeppers(ctx, document, keys)
	}
	if err != nil {
		log.Error("the peppers could not be recorded", "cause", err)
	}
}

func openTables(ctx context.Context, o options, clock *storeclock.Clock, log *slog.Logger) (*engine, error) {
	if o.DynamoDB != "" {
		return openDynamo(ctx, o, clock, log)
	}
	var db *local.DB
	var err error
	if o.Data == "" {
		db, err = local.OpenMemory(table.Keys, table.Stats)
	} else {
		db, err = operate.OpenData(o.Data)
	}
	if err != nil {
		return nil, err
	}
	db.Log = log
	e := &engine{keys: db.Table("keys"), stats: db.Table("stats"), confirmed: func() bool { return true }, close: func() { db.Close() }}
	e.follow = func(ctx context.Context, read table.Reader) error {
		changes, err := db.Stream("stats", "fanout")
		if err != nil {
			return err
		}
		return changes.Follow(ctx, read, log)
	}
	return e, nil
}

// openDynamo creates the tables at the endpoint where they are missing. Without a data
// directory the peppers end with the process, so the tables have names of their own and
// are dropped at the end.
func openDynamo(ctx context.Context, o options, clock *storeclock.Clock, log *slog.Logger) (*engine, error) {
	prefix := "statgate-"
	if o.Data == "" {
		prefix = "statgate-dev-" + strings.ToLower(rand.Text()[:8]) + "-"
	}
	client, err := connect.Client(ctx, o.DynamoDB)
	if err != nil {
		return nil, fmt.Errorf("--dynamodb: %w", err)
	}
	within, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := dynamo.CreateTables(within, client, prefix, table.Keys, table.Stats); err != nil {
		return nil, fmt.Errorf("--dynamodb %s: %w", o.DynamoDB, err)
	}
	times := dynamo.WithTimes(clock.Observe)
	e := &engine{keys: dynamo.New(client, prefix+"keys", table.Keys, times), stats: dynamo.New(client, prefix+"stats", table.Stats, times),
		confirmed: clock.Confirmed, close: func() {}}
	e.follow = func(ctx context.Context, read table.Reader) error {
		changes, err := stream.Open(ctx, client, prefix+"stats")
		if err != nil {
			return err
		}
		return changes.Follow(ctx, read, log)
	}
	if o.Data == "" {
		e.close = func() {
			drop, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := dynamo.DropTables(drop, client, prefix, table.Keys, table.Stats); err != nil {
				fmt.Fprintln(os.Stderr, "statgate dev: dropping the tables:", err)
			}
		}
	}
	return e, nil
}
