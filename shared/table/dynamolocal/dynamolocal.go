// Package dynamolocal runs DynamoDB Local for tests. Each test process starts one server,
// or uses the server that STATGATE_DYNAMODB_URL names. Each test creates its own tables.
// scripts/dynamodb-local/fetch.sh downloads the server. If it is missing, the test fails
// and says which command to run.
package dynamolocal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
)

// URLVariable names a server to use instead of starting one.
const URLVariable = "STATGATE_DYNAMODB_URL"

// startTimeout allows for a cold Java on a busy machine. The server usually starts within
// a second.
const startTimeout = 60 * time.Second

// server starts the server of this process once and returns its endpoint.
var server = sync.OnceValues(start)

// Start returns the endpoint of DynamoDB Local. The first call starts the server on a free
// port. The server ends with this process, even if the process is killed.
func Start(t testing.TB) string {
	t.Helper()
	endpoint, err := server()
	if err != nil {
		t.Fatalf("dynamolocal: %v", err)
	}
	return endpoint
}

// Tables creates tables for this test, and deletes them when the test ends. The result is
// keyed by schema name. The tables have no streams: nothing reads them, and DynamoDB Local
// scans all records of a stream on every write.
func Tables(t testing.TB, schemas ...table.Schema) map[string]table.Table {
	t.Helper()
	schemas = slices.Clone(schemas)
	for i := range schemas {
		schemas[i].Streams = false
	}
	client, prefix := create(t, schemas...)
	tables := make(map[string]table.Table, len(schemas))
	for _, s := range schemas {
		tables[s.Name] = dynamo.New(client, prefix+s.Name, s)
	}
	return tables
}

// Streamed creates a table for this test, with a stream if the schema has one, and deletes
// it when the test ends. It also returns the client and the table's name.
func Streamed(t testing.TB, schema table.Schema) (tb table.Table, client *dynamodb.Client, name string) {
	t.Helper()
	client, prefix := create(t, schema)
	name = prefix + schema.Name
	return dynamo.New(client, name, schema), client, name
}

// StreamedAfter creates a table like [Streamed], but its stream begins after fill has
// written to the table. DynamoDB Local scans all records of a stream on every write, so
// later writes are faster by all that fill wrote.
func StreamedAfter(t testing.TB, schema table.Schema, fill func(table.Table)) (tb table.Table, client *dynamodb.Client, name string) {
	t.Helper()
	plain := schema
	plain.Streams = false
	tb, client, name = Streamed(t, plain)
	fill(tb)
	if _, err := client.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: &name, StreamSpecification: dynamo.StreamOf(schema)}); err != nil {
		t.Fatal(err)
	}
	return tb, client, name
}

// create creates tables under a unique prefix.
func create(t testing.TB, schemas ...table.Schema) (client *dynamodb.Client, prefix string) {
	t.Helper()
	client, err := connect.Client(t.Context(), Start(t))
	if err != nil {
		t.Fatal(err)
	}
	prefix = "t-" + strings.ToLower(rand.Text()[:12]) + "-"
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		if err := dynamo.DropTables(ctx, client, prefix, schemas...); err != nil {
			t.Error(err)
		}
	})
	if err := dynamo.CreateTables(t.Context(), client, prefix, schemas...); err != nil {
		t.Fatal(err)
	}
	return client, prefix
}

// start starts the server and returns its endpoint. If the environment names a server, it
// returns that one.
func start() (endpoint string, err error) {
	if url := os.Getenv(URLVariable); url != "" {
		return url, nil
	}
	java, lib, err := find()
	if err != nil {
		return "", err
	}
	// The file has the server's output, for the error message if the start fails. It is
	// unlinked while open, so that no file remains.
	out, err := os.CreateTemp("", "dynamodb-local-*.log")
	if err != nil {
		return "", fmt.Errorf("creating a file for the server's output: %w", err)
	}
	if err := os.Remove(out.Name()); err != nil {
		return "", fmt.Errorf("unlinking the server's output: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	ended, err := launch(out, java, "-Djava.library.path="+lib, "-cp", filepath.Join(lib, "*"),
		"com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
		"-inMemory", "-disableTelemetry", "-port", strconv.Itoa(port))
	if err != nil {
		return "", err
	}
	endpoint = fmt.Sprintf("http://127.0.0.1:%d", port)
	if err := awaitAnswer(endpoint, ended); err != nil {
		_, _ = out.Seek(0, io.SeekStart)
		output, _ := io.ReadAll(out)
		return "", fmt.Errorf("%w; output of the server:\n%s", err, output)
	}
	return endpoint, nil
}

// untilParentEnds is a shell script that runs its arguments, and kills them when its
// standard input ends. The other end of that pipe is this process, so even a kill -9 of the
// test leaves no server. The script uses kill -9, because after SIGTERM the server waits
// half a minute for open connections, and it has nothing to save.
const untilParentEnds = `exec 3<&0
"$@" 3<&- &
server=$!
(cat <&3 >/dev/null; kill -9 $server 2>/dev/null) &
wait $server`

func launch(out *os.File, args ...string) (ended <-chan error, err error) {
	cmd := exec.Command("sh", append([]string{"-c", untilParentEnds, "sh"}, args...)...)
	cmd.Stdout, cmd.Stderr = out, out
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting DynamoDB Local: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting DynamoDB Local: %w", err)
	}
	done := make(chan error, 1)
	go func() {
		defer lifeline.Close() // open until here, because the server ends when it closes
		state, err := cmd.Process.Wait()
		if err == nil {
			err = errors.New(state.String())
		}
		done <- err
	}()
	return done, nil
}

// awaitAnswer returns when the server answers a request, with any status.
func awaitAnswer(endpoint string, ended <-chan error) error {
	deadline := time.After(startTimeout)
	for {
		answer, err := http.Get(endpoint)
		if err == nil {
			return answer.Body.Close()
		}
		select {
		case err := <-ended:
			return fmt.Errorf("DynamoDB Local exited: %w", err)
		case <-deadline:
			return fmt.Errorf("DynamoDB Local did not answer within %v: %w", startTimeout, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freePort returns a port that is free now. Another process may take it before it is used.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	return port, nil
}

// cacheDir returns the directory of downloaded tools, as the scripts compute it.
func cacheDir() (string, error) {
	if dir := os.Getenv("STATGATE_CACHE"); dir != "" {
		return dir, nil
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "statgate"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".cache", "statgate"), nil
}

// find returns the paths of Java and of the folder of jars that fetch.sh installed.
func find() (java, lib string, err error) {
	cache, err := cacheDir()
	if err != nil {
		return "", "", fmt.Errorf("finding the cache: %w", err)
	}
	dir := filepath.Join(cache, "dynamodb-local")
	lib = filepath.Join(dir, "lib")
	if _, err := os.Stat(lib); err != nil {
		return "", "", fmt.Errorf("DynamoDB Local is not in %s: run `make dynamodb-local`", dir)
	}
	java = filepath.Join(dir, "java", "bin", "java")
	if _, err := os.Stat(java); err == nil {
		return java, lib, nil
	}
	if java, err = exec.LookPath("java"); err != nil {
		return "", "", errors.New("found no Java to run DynamoDB Local: run `make dynamodb-local`")
	}
	return java, lib, nil
}
