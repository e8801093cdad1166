package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"statgate/scripts/verify/internal/rig"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
)

// engine is the two tables of a deployment. The tape records their calls; it may be nil.
type engine struct {
	keys, stats table.Table
	tape        *tape
	close       func()
}

// memory returns the engine on which `make dev` runs.
func memory() (*engine, error) {
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		return nil, err
	}
	return &engine{keys: db.Table(table.Keys.Name), stats: db.Table(table.Stats.Name), close: func() { db.Close() }}, nil
}

// onDisk returns the engine on which `make dev` runs with --data. It syncs every write.
func onDisk() (*engine, error) {
	dir, err := os.MkdirTemp("", "statgate-bench-*")
	if err != nil {
		return nil, fmt.Errorf("making a directory for the file: %w", err)
	}
	db, err := local.Open(filepath.Join(dir, "statgate.db"), table.Keys, table.Stats)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &engine{keys: db.Table(table.Keys.Name), stats: db.Table(table.Stats.Name),
		close: func() { db.Close(); os.RemoveAll(dir) }}, nil
}

// onDynamo creates new tables at a DynamoDB endpoint. A tape records calls and units.
// The tables have no streams: nothing reads them here, and DynamoDB Local scans all
// records of a stream on every write.
func onDynamo(ctx context.Context, endpoint string, t *tape) (*engine, error) {
	keys, stats := table.Keys, table.Stats
	keys.Streams, stats.Streams = false, false
	client, err := connect.Client(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	prefix := "bench-" + strings.ToLower(rand.Text()[:12]) + "-"
	if err := dynamo.CreateTables(ctx, client, prefix, keys, stats); err != nil {
		return nil, err
	}
	e := &engine{tape: t, close: func() {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if err := dynamo.DropTables(within, client, prefix, keys, stats); err != nil {
			fmt.Fprintln(os.Stderr, "bench: dropping tables:", err)
		}
	}}
	open := func(s table.Schema) table.Table {
		if t == nil {
			return dynamo.New(client, prefix+s.Name, s)
		}
		observe := dynamo.WithUnits(func(_ string, read, write float64) { t.consumed(s.Name, read, write) })
		return taped{dynamo.New(client, prefix+s.Name, s, observe), s.Name, t}
	}
	e.keys, e.stats = open(keys), open(stats)
	return e, nil
}

// opener opens engines of one kind.
type opener struct {
	name string
	open func() (*engine, error)
}

// embeddedEngines are the engines of the local server.
var embeddedEngines = []opener{{"memory", memory}, {"file", onDisk}}

// eachEngine measures on every kind of engine. The function opens a new engine.
func eachEngine(all []opener, measure func(on opener) ([]figure, error)) ([]figure, error) {
	var figures []figure
	for _, on := range all {
		more, err := measure(on)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", on.name, err)
		}
		figures = append(figures, more...)
	}
	return figures, nil
}

// withDynamo is eachEngine for the embedded engines and DynamoDB Local. tapes returns
// the tape of an engine on DynamoDB Local, nil for none.
func withDynamo(ctx context.Context, tapes func() *tape, measure func(on opener) ([]figure, error)) ([]figure, error) {
	endpoint, stop, err := dynamoDBLocal(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	dynamo := opener{"DynamoDB Local", func() (*engine, error) { return onDynamo(ctx, endpoint, tapes()) }}
	return eachEngine(append(slices.Clone(embeddedEngines), dynamo), measure)
}

// dynamoDBLocal starts a server with scripts/dynamodb-local/run.sh, unless the
// environment names one, and returns its endpoint and a function that stops it.
func dynamoDBLocal(ctx context.Context) (endpoint string, stop func(), err error) {
	if url := os.Getenv(dynamolocal.URLVariable); url != "" {
		return url, func() {}, nil
	}
	port, err := rig.FreePort("127.0.0.1")
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", "statgate-bench-*")
	if err != nil {
		return "", nil, fmt.Errorf("making a directory for DynamoDB Local's log: %w", err)
	}
	p, err := rig.Start(rig.Script{File: "scripts/dynamodb-local/run.sh", Args: []string{strconv.Itoa(port)}, Log: filepath.Join(dir, "log")})
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	stop = func() {
		p.End(0) // it has no data to save
		os.RemoveAll(dir)
	}
	endpoint = fmt.Sprintf("http://127.0.0.1:%d", port)
	if err := p.Await(ctx, time.Minute, func(ctx context.Context) bool { return rig.Responds(ctx, endpoint) }); err != nil {
		stop()
		return "", nil, err
	}
	return endpoint, stop, nil
}
