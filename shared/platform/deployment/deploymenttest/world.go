// Package deploymenttest runs a whole deployment for a test and calls it over HTTP, as
// a client does.
package deploymenttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"statgate/functions/console/openid"
	"statgate/functions/mcp"
	"statgate/shared/access/apikey"
	"statgate/shared/api/openapi"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/deployment"
	"statgate/shared/sources/importer"
	"statgate/shared/sources/simulation"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
	"statgate/shared/table/dynamo/stream"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
)

// Fixture is a running deployment with its operator key, clock and log.
type Fixture struct {
	*deployment.Deployment
	Contract *contract.Contract
	URL      string // root of the server
	Base     string // URL and the contract's base path
	Operator string // secret of the operator key
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

// Now returns the machine's time plus what the clock was advanced by.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// Advance moves the clock forward.
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
func Engines(t *testing.T, contractName string, run func(t *testing.T, w *Fixture)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) { run(t, New(t, contractName)) })
	t.Run("DynamoDB Local", func(t *testing.T) {
		w := On(t, contractName, dynamolocal.Tables(t, table.Keys, table.Stats))
		// DynamoDB Local is slow under load, and these tests are about exactness.
		w.Gate.Patience = 20 * time.Second
		run(t, w)
	})
}

// New starts a deployment on the embedded engine, in memory.
func New(t *testing.T, contractName string) *Fixture {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return With(t, contractName, map[string]table.Table{"keys": db.Table("keys"), "stats": db.Table("stats")}, Setup{Follow: Following(t, db)})
}

// Edged starts a deployment on the embedded engine, with or without an edge.
func Edged(t *testing.T, contractName string, edge bool) *Fixture {
	t.Helper()
	return inMemory(t, contractName, Setup{Edge: &edge})
}

// Staged starts a deployment on the embedded engine that has neither edge nor domain. Its
// handler expects to be served below the path of the stage.
func Staged(t *testing.T, contractName, stagePath string) *Fixture {
	t.Helper()
	edge := false
	return inMemory(t, contractName, Setup{Edge: &edge, StagePath: stagePath})
}

func inMemory(t *testing.T, contractName string, setup Setup) *Fixture {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return With(t, contractName, map[string]table.Table{"keys": db.Table("keys"), "stats": db.Table("stats")}, setup)
}

// Following returns a function that follows the stats table of an embedded engine from
// now on.
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

// OnDynamoDB starts a deployment on DynamoDB Local that has the simulated league, and follows
// the changes after it.
func OnDynamoDB(t *testing.T, contractName string) *Fixture {
	t.Helper()
	tables := dynamolocal.Tables(t, table.Keys)
	stats, client, name := dynamolocal.StreamedAfter(t, table.Stats, func(stats table.Table) { simulate(t, stats, time.Now) })
	tables["stats"] = stats
	changes, err := stream.Open(t.Context(), client, name)
	if err != nil {
		t.Fatal(err)
	}
	return With(t, contractName, tables, Setup{Follow: func(ctx context.Context, read table.Reader) error {
		return changes.Follow(ctx, read, slog.New(slog.DiscardHandler))
	}})
}

// On starts a deployment on the tables "keys" and "stats" without following changes.
func On(t *testing.T, contractName string, tables map[string]table.Table) *Fixture {
	t.Helper()
	return With(t, contractName, tables, Setup{})
}

// Setup has further options of a deployment; see [deployment.Options].
type Setup struct {
	Edge      *bool
	StagePath string
	Within    func(ctx context.Context, operation string) context.Context
	Follow    func(ctx context.Context, read table.Reader) error

	MCPOrigins mcp.Origins
	Console    fs.FS // [Page] if it is nil
	OpenID     *openid.Provider
}

// Page is a bundle of the console's page. Tests do not wait for the packages of the real one.
var Page = fstest.MapFS{
	"index.html": {Data: []byte(`<!doctype html><title>%TITLE%</title><meta name="statgate-config" content="%CONFIG%">` +
		`<link rel="stylesheet" href="console/style.7YQ2M4AB.css"><script type="module" src="console/app.4FJ2Q7XN.js"></script>` + strings.Repeat("<p>page</p>", 200))},
	"app.4FJ2Q7XN.js":    {Data: []byte(strings.Repeat("console.log(1);\n", 200))},
	"style.7YQ2M4AB.css": {Data: []byte(":root{color-scheme:light dark}")},
}

// With starts a deployment on the tables "keys" and "stats". Its background work ends
// with the test.
func With(t *testing.T, contractName string, tables map[string]table.Table, setup Setup) *Fixture {
	t.Helper()
	c, err := preset.Load(contractName)
	if err != nil {
		t.Fatal(err)
	}
	if setup.Console == nil {
		setup.Console = Page
	}
	w := &Fixture{Contract: c, Log: &Log{}, Clock: &Clock{}, Stats: tables["stats"]}
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	described, err := documentsOf(c, setup.StagePath)
	if err != nil {
		t.Fatal(err)
	}
	w.document = described.checker
	w.Deployment, err = deployment.New(deployment.Options{
		Documents: described.documents, Contract: c, Environment: c.Environments[0], Keys: tables["keys"], Stats: tables["stats"],
		Peppers: apikey.FixedPeppers(root, w.Clock.Now), Clock: w.Clock.Now, Rand: rand.Reader,
		Log: slog.New(slog.NewJSONHandler(w.Log, nil)), Edge: setup.Edge, StagePath: setup.StagePath, Within: setup.Within, Follow: setup.Follow, PrivateWebhooks: true, MCPOrigins: setup.MCPOrigins, Console: setup.Console, OpenID: setup.OpenID,
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
	w.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}, Timeout: 30 * time.Second}
	return w
}

// described is the description of an API. Its fixtures share it, because generating it takes
// longer than most tests.
type described struct {
	documents *deployment.Documents
	checker   *openapi.Checker
}

var descriptions sync.Map // of the contract as JSON, and the stage's path

func documentsOf(c *contract.Contract, stagePath string) (described, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return described{}, err
	}
	once, _ := descriptions.LoadOrStore(stagePath+" "+string(raw), sync.OnceValues(func() (d described, err error) {
		if d.documents, err = deployment.NewDocuments(c, stagePath); err == nil {
			d.checker, err = openapi.Check(d.documents.OpenAPI)
		}
		return d, err
	}))
	return once.(func() (described, error))()
}

// run runs the deployment's background work until the test ends.
func (w *Fixture) run(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("background work: %v", err)
		}
	})
}

// FinishedMatch stores a public match of 2–1 with a report, and returns its id.
func (w *Fixture) FinishedMatch(t *testing.T) string {
	t.Helper()
	const league, season = "played.1", "2025-26"
	if _, err := leagues.NewStore(w.Stats).Ensure(t.Context(), league, "Played League", season); err != nil {
		t.Fatal(err)
	}
	winner := "home"
	m := matches.Match{League: league, Season: season, Date: "2026-04-01", Owner: matches.Public, Status: matches.Finished,
		Home: matches.Side{ID: "elm", Name: "Elm"}, Away: matches.Side{ID: "fir", Name: "Fir"},
		Score: matches.Score{FullTime: &matches.Goals{Home: 2, Away: 1}, Winner: &winner}}
	m.ID = matches.IdentityOf(&m).ID(matches.Public, 0)
	store := matches.NewStore(w.Stats, w.Clock.Now)
	if _, err := store.Public().Get(t.Context(), m.ID); err == nil {
		return m.ID // of an earlier call
	}
	if err := store.Apply(t.Context(), []matches.Change{{After: &matches.Record{Match: m, HomeAs: "Elm", AwayAs: "Fir"}}}); err != nil {
		t.Fatal(err)
	}
	goal := func(side, player string, minute int) reports.Event {
		return reports.Event{Type: reports.Goal, Team: side, Minute: minute, Player: &player}
	}
	report := reports.Report{Types: reports.Goals, Events: []reports.Event{goal(reports.Home, "A", 3), goal(reports.Away, "B", 50), goal(reports.Home, "C", 90)}}
	if _, err := reports.NewStore(w.Stats, w.Clock.Now).Put(t.Context(), m.ID, report); err != nil {
		t.Fatal(err)
	}
	return m.ID
}

// Simulate stores the simulated league.
func (w *Fixture) Simulate(t *testing.T) {
	t.Helper()
	simulate(t, w.Stats, w.Clock.Now)
}

func simulate(t *testing.T, stats table.Table, now func() time.Time) {
	t.Helper()
	if _, err := importer.Put(t.Context(), stats, now, importer.Simulated(simulation.New(1, now()))); err != nil {
		t.Fatal(err)
	}
}

// Reply is the response to a call.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON returns the body as a JSON object. It fails the test if the body is not one.
func (r Reply) JSON(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(r.Body, &v); err != nil {
		t.Fatalf("%d %s: %v", r.Status, r.Body, err)
	}
	return v
}

// Call sends a request to a path under the base path. The secret is sent as a bearer
// token and the body as JSON, each unless it is "". Headers are pairs of name and value.
// Call fails the test if the response does not match the deployment's OpenAPI document.
func (w *Fixture) Call(t testing.TB, secret, method, path, body string, headers ...string) Reply {
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

// Documented returns an error if a reply does not match the OpenAPI document.
func (w *Fixture) Documented(method, path string, r Reply) error {
	if method == http.MethodHead || len(r.Body) == 0 {
		return nil
	}
	path, _, _ = strings.Cut(path, "?")
	if operation, ok := w.document.Operation(method, path); ok {
		return w.document.Answer(operation, r.Status, r.Body)
	}
	return w.document.Error(r.Body)
}

// Try sends a request to a complete URL. Any goroutine may call it.
func (w *Fixture) Try(secret, method, url, body string, headers ...string) (Reply, error) {
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

// Org creates an organisation with a plan, and returns its id and its owner's user id.
func (w *Fixture) Org(t testing.TB, name, plan, owner string) (org, user string) {
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

// Key creates a key of an organisation with the operator key. It returns the key's id
// and secret.
func (w *Fixture) Key(t testing.TB, org, name string, scopes ...string) (id, secret string) {
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

// plain returns the object in a reply of key management, without the contract's
// envelope.
func (w *Fixture) plain(r Reply) []byte {
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
