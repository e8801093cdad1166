package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
)

// engine is the two tables of a deployment. Where it has a tape, that records
// their calls.
type engine struct {
	keys, stats table.Table
	tape        *tape
	close       func()
}

// memory is what `make dev` runs on.
func memory() (*engine, error) {
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		return nil, err
	}
	return &engine{keys: db.Table(table.Keys.Name), stats: db.Table(table.Stats.Name), close: func() { db.Close() }}, nil
}

// onDisk is what `make dev` runs on with --data: every write is synced.
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

// onDynamo makes tables of its own at a DynamoDB endpoint. With a tape, it records
// calls and units. They have no streams: nothing reads them here, and DynamoDB Local
// looks through all records of a stream with every write.
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
	made := func(s table.Schema) table.Table {
		if t == nil {
			return dynamo.New(client, prefix+s.Name, s)
		}
		observe := dynamo.WithUnits(func(_ string, read, write float64) { t.consumed(s.Name, read, write) })
		return taped{dynamo.New(client, prefix+s.Name, s, observe), s.Name, t}
	}
	e.keys, e.stats = made(keys), made(stats)
	return e, nil
}

// dynamoDBLocal starts a server with scripts/dynamodb-local/run.sh, unless the
// environment names one, and returns its endpoint and how to end it.
func dynamoDBLocal(ctx context.Context) (endpoint string, end func(), err error) {
	if url := os.Getenv(dynamolocal.URLVariable); url != "" {
		return url, func() {}, nil
	}
	port, err := freePort()
	if err != nil {
		return "", nil, err
	}
	said := &strings.Builder{}
	cmd := exec.CommandContext(ctx, "scripts/dynamodb-local/run.sh", strconv.Itoa(port))
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("starting DynamoDB Local (bench runs in the root of the tree): %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	end = func() { _ = cmd.Process.Kill() } // it may have ended by itself
	endpoint = fmt.Sprintf("http://127.0.0.1:%d", port)
	for late := time.After(time.Minute); ; {
		if answer, err := http.Get(endpoint); err == nil {
			return endpoint, end, answer.Body.Close()
		}
		select {
		case err := <-ended:
			return "", nil, fmt.Errorf("DynamoDB Local ended: %w: %s", err, said)
		case <-late:
			end()
			return "", nil, errors.New("DynamoDB Local does not answer")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
