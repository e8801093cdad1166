// Package dynamolocal gives tests a real DynamoDB Local: one server a test
// process, or the one that STATGATE_DYNAMODB_URL names, with tables of each
// test's own. scripts/dynamodb-local/fetch.sh puts the server on the machine; a
// test that does not find it fails and says so.
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

// startTimeout is for a cold Java on a busy machine; a second is usual.
const startTimeout = 60 * time.Second

// server is the one server of this process.
var server = sync.OnceValues(start)

// Start returns the endpoint of a DynamoDB Local. The first call starts it, on a
// free port; it ends with the process, however that ends.
func Start(t testing.TB) string {
	t.Helper()
	endpoint, err := server()
	if err != nil {
		t.Fatalf("dynamolocal: %v", err)
	}
	return endpoint
}

// Tables makes tables that are this test's own, by the name of their schema, and
// drops them when it ends. They have no streams: nothing reads them here, and the
// server looks through all records of a stream with every write, the more the later.
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

// Streamed makes a table that is this test's own as its schema says, a stream
// included, and drops it when the test ends. It has the name that is returned.
func Streamed(t testing.TB, schema table.Schema) (tb table.Table, client *dynamodb.Client, name string) {
	t.Helper()
	client, prefix := create(t, schema)
	name = prefix + schema.Name
	return dynamo.New(client, name, schema), client, name
}

// create makes tables under a prefix of their own.
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

// start starts the server, or returns the one that the environment names.
func start() (endpoint string, err error) {
	if url := os.Getenv(URLVariable); url != "" {
		return url, nil
	}
	java, lib, err := find()
	if err != nil {
		return "", err
	}
	// The file is the server's output, kept for the case that it fails; it has
	// no name, so that nothing stays behind.
	out, err := os.CreateTemp("", "dynamodb-local-*.log")
	if err != nil {
		return "", fmt.Errorf("keeping the server's output: %w", err)
	}
	if err := os.Remove(out.Name()); err != nil {
		return "", fmt.Errorf("keeping the server's output: %w", err)
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
		said, _ := io.ReadAll(out)
		return "", fmt.Errorf("%w; the server said:\n%s", err, said)
	}
	return endpoint, nil
}

// untilParentEnds runs its arguments and ends them when its own standard input
// does: the other end of that pipe is this process, so that even a kill -9 of
// the test leaves no server behind. The server dies hard: asked politely it waits
// half a minute for its connections, and it has nothing to save.
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
		defer lifeline.Close() // held until then: the server ends with it
		state, err := cmd.Process.Wait()
		if err == nil {
			err = errors.New(state.String())
		}
		done <- err
	}()
	return done, nil
}

// awaitAnswer returns when the server answers anything at all.
func awaitAnswer(endpoint string, ended <-chan error) error {
	late := time.After(startTimeout)
	for {
		answer, err := http.Get(endpoint)
		if err == nil {
			return answer.Body.Close()
		}
		select {
		case err := <-ended:
			return fmt.Errorf("DynamoDB Local ended: %w", err)
		case <-late:
			return fmt.Errorf("DynamoDB Local does not answer after %v: %w", startTimeout, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freePort returns a port that was free a moment ago.
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

// find returns the java and the folder of jars that fetch.sh left.
func find() (java, lib string, err error) {
	cache := os.Getenv("STATGATE_CACHE")
	if cache == "" {
		cache = os.Getenv("XDG_CACHE_HOME")
	}
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", "", fmt.Errorf("finding the cache: %w", err)
		}
		cache = filepath.Join(home, ".cache")
	}
	dir := filepath.Join(cache, "statgate", "dynamodb-local")
	lib = filepath.Join(dir, "lib")
	if _, err := os.Stat(lib); err != nil {
		return "", "", fmt.Errorf("DynamoDB Local is not in %s: run `make dynamodb-local`", dir)
	}
	java = filepath.Join(dir, "java", "bin", "java")
	if _, err := os.Stat(java); err == nil {
		return java, lib, nil
	}
	if java, err = exec.LookPath("java"); err != nil {
		return "", "", errors.New("no Java to run DynamoDB Local with: run `make dynamodb-local`")
	}
	return java, lib, nil
}
