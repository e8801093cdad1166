package deployment_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/api/preset"
	"statgate/shared/platform/deployment"
	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/sources/importer"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

// blockingTable is a table whose next query blocks, once armed, until it is released.
type blockingTable struct {
	table.Table
	armed   atomic.Bool
	started chan struct{}
	release chan struct{}
}

func (b *blockingTable) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if b.armed.CompareAndSwap(true, false) {
		close(b.started)
		<-b.release
	}
	return b.Table.Query(ctx, q)
}

// slow starts a deployment whose stats table can block.
func slow(t *testing.T, contractName string) (*deploymenttest.Fixture, *blockingTable) {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	stats := &blockingTable{Table: db.Table("stats"), started: make(chan struct{}), release: make(chan struct{})}
	return deploymenttest.On(t, contractName, map[string]table.Table{"keys": db.Table("keys"), "stats": stats}), stats
}

// inFlight sends a request that blocks on its data, calls change meanwhile, and returns
// the response.
func inFlight(t *testing.T, w *deploymenttest.Fixture, stats *blockingTable, secret string, change func()) deploymenttest.Reply {
	t.Helper()
	stats.armed.Store(true)
	answer := make(chan deploymenttest.Reply, 1)
	go func() {
		r, err := w.Try(secret, "GET", w.Base+"/football/matches", "")
		if err != nil {
			t.Error(err)
		}
		answer <- r
	}()
	<-stats.started // the request is admitted and its handler is running
	change()
	close(stats.release)
	return <-answer
}

func TestRequestInFlightFailsWhenItsKeyIsRevokedIfTheContractRechecks(t *testing.T) {
	t.Parallel()
	w, stats := slow(t, "scorelytics")
	w.Simulate(t)
	org, _ := w.Org(t, "Flight", "GROWTH", "f@example.com")
	id, secret := w.Key(t, org, "k", "read:matches")
	r := inFlight(t, w, stats, secret, func() { ok(t, w.Call(t, w.Operator, "POST", "/keys/"+id+"/revoke", ""), 200) })
	if body := r.JSON(t); r.Status != 401 || body["error"] != "missing or invalid api key" || body["code"] != "invalid_api_key" || body["data"] != nil {
		t.Errorf("got %d %s", r.Status, r.Body)
	}
}

func TestRequestInFlightSucceedsWhenAnotherKeyIsRevoked(t *testing.T) {
	t.Parallel()
	w, stats := slow(t, "scorelytics")
	w.Simulate(t)
	org, _ := w.Org(t, "Flight", "GROWTH", "f@example.com")
	_, secret := w.Key(t, org, "k", "read:matches")
	other, _ := w.Key(t, org, "other", "read:matches")
	r := inFlight(t, w, stats, secret, func() { ok(t, w.Call(t, w.Operator, "POST", "/keys/"+other+"/revoke", ""), 200) })
	if r.Status != 200 {
		t.Errorf("got %d %s: it was another key's revocation", r.Status, r.Body)
	}
}

func TestRequestInFlightSucceedsAfterItsKeyIsRevokedIfTheContractDoesNotRecheck(t *testing.T) {
	t.Parallel()
	w, stats := slow(t, "statgate")
	w.Simulate(t)
	org, _ := w.Org(t, "Flight", "TEAM", "f@example.com")
	id, secret := w.Key(t, org, "k", "read:matches")
	r := inFlight(t, w, stats, secret, func() { ok(t, w.Call(t, w.Operator, "POST", "/keys/"+id+"/revoke", ""), 200) })
	if r.Status != 200 {
		t.Errorf("got %d %s", r.Status, r.Body)
	}
	isError(t, w.Call(t, secret, "GET", "/football/matches", ""), 401, "unauthorized")
}

func TestStatusOfAMissingScopeIsOneLineOfTheContract(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../api/preset/presets/scorelytics.yaml")
	if err != nil {
		t.Fatal(err)
	}
	mine := strings.Replace(string(raw), "  permission: {status: 401,", "  permission: {status: 403,", 1)
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte(mine), 0o600); err != nil || mine == string(raw) {
		t.Fatalf("the preset has no such line (%v)", err)
	}
	for contract, want := range map[string]int{"scorelytics": 401, file: 403} {
		w := deploymenttest.New(t, contract)
		w.Simulate(t)
		org, _ := w.Org(t, "Scopes", "GROWTH", "s@example.com")
		_, secret := w.Key(t, org, "k", "read:leagues")
		isScope := func(path string) { // refused by the policy, or by the handler if it depends on the query
			t.Helper()
			if r := w.Call(t, secret, "GET", path, ""); r.Status != want || r.JSON(t)["code"] != "insufficient_scope" {
				t.Errorf("%s: got %d %s, want %d", path, r.Status, r.Body, want)
			}
		}
		isScope("/football/matches")
		league := ok(t, w.Call(t, secret, "GET", "/football/leagues", ""), 200)["data"].([]any)[0].(map[string]any)
		current := league["season"].(string)
		ok(t, w.Call(t, secret, "GET", "/football/leagues/sim.1/standings", ""), 200)
		ok(t, w.Call(t, secret, "GET", "/football/leagues/sim.1/standings?season="+strings.ReplaceAll(current, "/", "%2F"), ""), 200)
		_, reads := w.Key(t, org, "r", "read:matches")
		first := ok(t, w.Call(t, reads, "GET", "/football/matches?limit=1", ""), 200)["data"].([]any)[0].(map[string]any)
		old := strings.ReplaceAll(first["season"].(string), "/", "%2F")
		for _, past := range []string{"season=" + old, "round=1", "date=2026-01-01"} {
			isScope("/football/leagues/sim.1/standings?" + past)
		}
		ok(t, w.Call(t, reads, "GET", "/football/leagues/sim.1/standings?season="+old, ""), 200)
	}
}

func TestReadinessNeedsNoKeyCountsNothingAndReflectsTheTables(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	tables := map[string]*tabletest.Faulty{"keys": tabletest.NewFaulty(db.Table("keys")), "stats": tabletest.NewFaulty(db.Table("stats"))}
	w := deploymenttest.On(t, "scorelytics", map[string]table.Table{"keys": tables["keys"], "stats": tables["stats"]})
	ready := func(want int) {
		t.Helper()
		r, err := w.Try("", "GET", w.URL+"/readyz", "")
		if err != nil || r.Status != want || r.Header.Get("X-RateLimit-Limit") != "" || w.Documented("GET", "/readyz", r) != nil {
			t.Errorf("got %d %s, %v, want %d", r.Status, r.Body, err, want)
		}
		if health, err := w.Try("", "GET", w.URL+"/health", ""); err != nil || health.Status != 200 {
			t.Errorf("health: got %d, %v: want 200, as it reads no table", health.Status, err)
		}
	}
	ready(200)
	for _, faulty := range tables {
		faulty.Always(tabletest.Unavailable)
		ready(503)
		faulty.Slow(time.Hour)
		ready(503)
		faulty.Heal()
		ready(200)
	}
	for _, other := range []string{"statgate", "balla"} {
		w := deploymenttest.New(t, other)
		if r, err := w.Try("", "GET", w.URL+"/readyz", ""); err != nil || r.Status != http.StatusNotFound {
			t.Errorf("%s: got %d, %v: want 404, as the contract lacks the operation", other, r.Status, err)
		}
	}
}

func TestReadinessIs503WhenTheDataFileIsDamaged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "statgate.db")
	db, err := local.Open(path, table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.Log = slog.New(slog.DiscardHandler)
	w := deploymenttest.On(t, "scorelytics", map[string]table.Table{"keys": db.Table("keys"), "stats": db.Table("stats")})
	info, err := os.Stat(path)
	if err == nil {
		err = os.Truncate(path, info.Size()/2)
	}
	if err != nil {
		t.Fatal(err)
	}
	if r := w.Call(t, w.Operator, "POST", "/orgs", `{"name":"Lost","owner":"l@example.com"}`); r.Status != 503 {
		t.Errorf("a change: got %d %s, want 503", r.Status, r.Body)
	}
	if r, err := w.Try("", "GET", w.URL+"/readyz", ""); err != nil || r.Status != 503 {
		t.Errorf("readiness: got %d, %v, want 503", r.Status, err)
	}
	if strings.Contains(w.Log.String(), "goroutine ") {
		t.Error("the log has a stack trace")
	}
}

// TestReportIsVisibleToExactlyTheReadersOfItsMatch has a public match and one match of
// each of two organisations.
func TestReportIsVisibleToExactlyTheReadersOfItsMatch(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		ours, _ := w.Org(t, "Ours", "TEAM", "o@example.com")
		theirs, _ := w.Org(t, "Theirs", "TEAM", "t@example.com")
		_, secret := w.Key(t, ours, "k", "read:matches")
		ids := map[string]string{}
		for _, owner := range []string{matches.Public, ours, theirs} {
			ids[owner] = reported(t, w, owner)
		}
		for _, part := range []string{"/events", "/stats", "/lineups"} {
			missing := w.Call(t, secret, "GET", "/football/matches/m_nothing"+part, "")
			isError(t, missing, 404, "not_found")
			foreign := w.Call(t, secret, "GET", "/football/matches/"+ids[theirs]+part, "")
			without := func(r deploymenttest.Reply) string {
				return strings.ReplaceAll(string(r.Body), r.JSON(t)["request_id"].(string), "")
			}
			if foreign.Status != 404 || without(foreign) != without(missing) {
				t.Errorf("%s of another organisation's match: %d %s, of a missing one %s", part, foreign.Status, foreign.Body, missing.Body)
			}
			for _, owner := range []string{matches.Public, ours} {
				r := w.Call(t, secret, "GET", "/football/matches/"+ids[owner]+part, "")
				if ok(t, r, 200); !strings.Contains(string(r.Body), "home") {
					t.Errorf("%s: got %s", part, r.Body)
				}
			}
		}
		page := ok(t, w.Call(t, secret, "GET", "/football/matches/"+ids[ours]+"/events?limit=1", ""), 200)
		if page["total"] != 2.0 || page["next_cursor"] == nil || page["data"].([]any)[0].(map[string]any)["player"] != "A" {
			t.Errorf("got %v", page)
		}
		next := ok(t, w.Call(t, secret, "GET", "/football/matches/"+ids[ours]+"/events?limit=1&cursor="+page["next_cursor"].(string), ""), 200)
		if next["next_cursor"] != nil || next["data"].([]any)[0].(map[string]any)["player"] != "B" {
			t.Errorf("got %v", next)
		}
	})
}

// reported stores a match of an owner with a report and returns its id.
func reported(t *testing.T, w *deploymenttest.Fixture, owner string) string {
	t.Helper()
	m := matches.Match{League: "sim.1", Season: "2020", Date: "2020-01-01", Status: matches.Scheduled, Owner: owner,
		Home: matches.Side{ID: "elm", Name: "Elm"}, Away: matches.Side{ID: "ash", Name: "Ash"}}
	m.ID = matches.IdentityOf(&m).ID(owner, 0)
	if _, err := importer.Put(t.Context(), w.Stats, w.Clock.Now, []importer.Season{{League: "sim.1", Name: "Sim", Season: "2020", Matches: []matches.Match{{Date: "2020-01-01", Status: matches.Scheduled, Home: matches.Side{Name: "Fir"}, Away: matches.Side{Name: "Oak"}}}}}); err != nil {
		t.Fatal(err)
	}
	store := matches.NewStore(w.Stats, w.Clock.Now)
	if err := store.Apply(t.Context(), []matches.Change{{After: &matches.Record{Match: m}}}); err != nil {
		t.Fatal(err)
	}
	a, b := "A", "B"
	report := reports.Report{Types: reports.Goals, Lineups: &reports.Lineups{},
		Events: []reports.Event{{Type: reports.Goal, Team: reports.Home, Minute: 9, Player: &b}, {Type: reports.Goal, Team: reports.Home, Minute: 3, Player: &a}},
		Stats:  &reports.Stats{Data: []reports.Section{{Section: "attack", Stats: []reports.Stat{{Name: "shots", Home: 1}}}}}}
	if _, err := reports.NewStore(w.Stats, w.Clock.Now).Put(t.Context(), m.ID, report); err != nil {
		t.Fatal(err)
	}
	return m.ID
}

func TestCallerHasEachBudgetOfItsPlan(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "scorelytics")
	for _, plan := range w.Contract.Plans {
		org, _ := w.Org(t, plan.Name, plan.Name, strings.ToLower(plan.Name)+"@example.com")
		_, secret := w.Key(t, org, "k", "read:matches", "mcp:invoke", "stream:websocket")
		caller, err := w.Keys.Authenticate(t.Context(), secret)
		if err != nil || len(caller.Limits) != 3 || !maps.Equal(caller.Limits, plan.Budgets) {
			t.Errorf("%s: got %v, %v, want %v", plan.Name, caller, err, plan.Budgets)
		}
	}
}

// TestStagingKeyIsRefusedInProduction has two deployments on the same tables and peppers,
// so that only the environment distinguishes their keys.
func TestStagingKeyIsRefusedInProduction(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c, err := preset.Load("scorelytics")
	if err != nil {
		t.Fatal(err)
	}
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]*deployment.Deployment{}
	for _, environment := range []string{"live", "test"} {
		in[environment], err = deployment.New(deployment.Options{Contract: c, Environment: environment, Keys: db.Table("keys"), Stats: db.Table("stats"),
			Peppers: apikey.FixedPeppers(root, time.Now), Clock: time.Now, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, _, staging, err := in["test"].Keys.Bootstrap(t.Context(), time.Now(), "Operator", "o@example.com")
	if err != nil || !strings.HasPrefix(staging.Secret, "sk_test_") {
		t.Fatalf("got a key with the prefix %.8s, %v", staging.Secret, err)
	}
	for environment, want := range map[string]int{"test": 200, "live": 401} {
		server := httptest.NewServer(in[environment].Gateway)
		t.Cleanup(server.Close)
		req, err := http.NewRequest("GET", server.URL+"/v1/keys/self", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-API-Key", staging.Secret)
		r, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r.Body)
		r.Body.Close()
		if r.StatusCode != want || want == 401 && !strings.Contains(string(body), `"missing or invalid api key"`) {
			t.Errorf("%s: got %d %s, want %d", environment, r.StatusCode, body, want)
		}
	}
}
