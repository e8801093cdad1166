// Package deploymenttest runs a whole deployment for a test, and calls it as a
// client does: over HTTP, knowing nothing of what serves it.
package deploymenttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/api/openapi"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/deployment"
	"statgate/shared/sources/importer"
	"statgate/shared/sources/simulation"
	"statgate/shared/table"
	"statgate/shared/table/dynamo/stream"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
)

// World is one deployment and its operator.
type World struct {
	*deployment.Deployment
	Contract *contract.Contract
	URL      string // the server's root
	Base     string // URL and the contract's base path
	Operator string // secret of the operator's key
	Log      *Log   // everything that was logged
	Clock    *Clock
	Stats    table.Table
	client   *http.Client
	document *openapi.Checker
}

// Clock is a clock that a test can move.
type Clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

// Now is the machine's time, moved.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// Log collects what is logged.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns everything logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Engines runs a test on the embedded engine and on DynamoDB Local.
func Engines(t *testing.T, contractName string, run func(t *testing.T, w *World)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) { run(t, New(t, contractName)) })
	t.Run("DynamoDB Local", func(t *testing.T) {
		w := On(t, contractName, dynamolocal.Tables(t, table.Keys, table.Stats))
		// Under a test's load it answers late, and exactness is what is tested here.
		w.Gate.Patience = 20 * time.Second
		run(t, w)
	})
}

// New starts a deployment on the embedded engine, in memory.
func New(t *testing.T, contractName string) *World {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return With(t, contractName, map[string]table.Table{"keys": db.Table("keys"), "stats": db.Table("stats")}, Setup{Follow: Following(t, db)})
}

// Following follows the stats table of an embedded engine, from now on.
func Following(t *testing.T, db *local.DB) func(ctx context.Context, read table.Reader) error {
	t.Helper()
	changes, err := db.Stream("stats", "fanout")
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, read table.Reader) error {
		return changes.Follow(ctx, read, slog.New(slog.DiscardHandler))
	}
}

// OnDynamoDB starts a deployment on DynamoDB Local, whose changes are followed.
func OnDynamoDB(t *testing.T, contractName string) *World {
	t.Helper()
	tables := dynamolocal.Tables(t, table.Keys)
	stats, client, name := dynamolocal.Streamed(t, table.Stats)
	tables["stats"] = stats
	changes, err := stream.Open(t.Context(), client, name)
	if err != nil {
		t.Fatal(err)
	}
	return With(t, contractName, tables, Setup{Follow: func(ctx context.Context, read table.Reader) error {
		return changes.Follow(ctx, read, slog.New(slog.DiscardHandler))
	}})
}

// On starts a deployment on the tables "keys" and "stats".
func On(t *testing.T, contractName string, tables map[string]table.Table) *World {
	t.Helper()
	return With(t, contractName, tables, Setup{})
}

// Setup is what else a deployment is made on, as [deployment.Options] says.
type Setup struct {
	Within func(ctx context.Context, operation string) context.Context
	Follow func(ctx context.Context, read table.Reader) error
}

// With is [On] with more. What it does beside its calls ends with the test.
func With(t *testing.T, contractName string, tables map[string]table.Table, setup Setup) *World {
	t.Helper()
	c, err := preset.Load(contractName)
	if err != nil {
		t.Fatal(err)
	}
	w := &World{Contract: c, Log: &Log{}, Clock: &Clock{}, Stats: tables["stats"]}
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.Deployment, err = deployment.New(deployment.Options{
		Contract: c, Environment: c.Environments[0], Keys: tables["keys"], Stats: tables["stats"],
		Peppers: apikey.FixedPeppers(root, w.Clock.Now), Clock: w.Clock.Now, Rand: rand.Reader,
		Log: slog.New(slog.NewJSONHandler(w.Log, nil)), Within: setup.Within, Follow: setup.Follow, PrivateWebhooks: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.run(t)
	_, _, minted, err := w.Keys.Bootstrap(context.Background(), w.Clock.Now(), "Operator", "operator@example.com")
	if err != nil {
		t.Fatal(err)
	}
	w.Operator = minted.Secret
	server := httptest.NewServer(w.Gateway)
	t.Cleanup(server.Close)
	w.URL, w.Base = server.URL, server.URL+c.Base
	if w.document, err = openapi.Check(w.OpenAPI); err != nil {
		t.Fatal(err)
	}
	w.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}, Timeout: 30 * time.Second}
	return w
}

// run does what a deployment does beside its calls, until the test ends.
func (w *World) run(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("beside its calls: %v", err)
		}
	})
}

// Simulate stores the simulated league.
func (w *World) Simulate(t *testing.T) {
	t.Helper()
	sim := simulation.New(1, w.Clock.Now())
	if _, err := importer.Put(t.Context(), w.Stats, w.Clock.Now, importer.Simulated(sim)); err != nil {
		t.Fatal(err)
	}
}

// Reply is what a call was answered with.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON returns the body as a JSON object; a test fails where it is none.
func (r Reply) JSON(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(r.Body, &v); err != nil {
		t.Fatalf("%d %s: %v", r.Status, r.Body, err)
	}
	return v
}

// Call makes a call under the base path with a bearer secret ("" for none); body
// is a JSON text ("" for none), headers are pairs. The answer must be as the
// deployment's own OpenAPI document says.
func (w *World) Call(t testing.TB, secret, method, path, body string, headers ...string) Reply {
	t.Helper()
	r, err := w.Try(secret, method, w.Base+path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Documented(method, w.Contract.Base+path, r); err != nil {
		t.Errorf("%s %s: %d %.300s: %v", method, path, r.Status, r.Body, err)
	}
	return r
}

// Documented holds a reply against the OpenAPI document.
func (w *World) Documented(method, path string, r Reply) error {
	if method == http.MethodHead || len(r.Body) == 0 {
		return nil
	}
	path, _, _ = strings.Cut(path, "?")
	if operation, ok := w.document.Operation(method, path); ok {
		return w.document.Answer(operation, r.Status, r.Body)
	}
	return w.document.Error(r.Body)
}

// Try makes a call of a whole URL; it is safe in any goroutine.
func (w *World) Try(secret, method, url, body string, headers ...string) (Reply, error) {
	var reader io.Reader
	if body != "" {
		reader = bytes.NewReader([]byte(body))
	}
	req, err := http.NewRequest(method, url, reader)
	if err != nil {
		return Reply{}, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return Reply{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return Reply{resp.StatusCode, resp.Header, raw}, err
}

// Org makes an organisation on a plan and returns its id and its owner's user id.
func (w *World) Org(t testing.TB, name, plan, owner string) (org, user string) {
	t.Helper()
	raw, err := json.Marshal(map[string]string{"name": name, "plan": plan, "owner": owner})
	if err != nil {
		t.Fatal(err)
	}
	r := w.Call(t, w.Operator, "POST", "/orgs", string(raw))
	var got struct {
		ID    string
		Owner struct{ User string }
	}
	if err := json.Unmarshal(w.plain(r), &got); err != nil || r.Status != http.StatusCreated {
		t.Fatalf("creating an organisation: %d %s", r.Status, r.Body)
	}
	return got.ID, got.Owner.User
}

// Key makes a key of an organisation by the operator's key.
func (w *World) Key(t testing.TB, org, name string, scopes ...string) (id, secret string) {
	t.Helper()
	spec := map[string]any{"name": name, "org": org, "scopes": append([]string{}, scopes...)}
	if w.Contract.Keys.ExpiryRequired {
		spec["expires_in"] = "30d"
	}
	raw, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	r := w.Call(t, w.Operator, "POST", "/keys", string(raw))
	var got struct{ ID, Secret string }
	if err := json.Unmarshal(w.plain(r), &got); err != nil || r.Status != http.StatusCreated {
		t.Fatalf("creating a key: %d %s", r.Status, r.Body)
	}
	return got.ID, got.Secret
}

// plain is the object that key management answered with, without the contract's
// envelope.
func (w *World) plain(r Reply) []byte {
	shape := w.Contract.Shapes.Item
	var object map[string]json.RawMessage
	if !w.Contract.Shapes.Management || shape == nil || json.Unmarshal(r.Body, &object) != nil {
		return r.Body
	}
	for _, f := range shape.Fields {
		if f.Node.Slot == "item" {
			return object[f.Name]
		}
	}
	return r.Body
}
