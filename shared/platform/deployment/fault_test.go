package deployment_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

// faulty starts a deployment on tables that a test can make fail.
func faulty(t *testing.T) (w *deploymenttest.Fixture, keys, stats *tabletest.Faulty) {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	keys, stats = tabletest.NewFaulty(db.Table("keys")), tabletest.NewFaulty(db.Table("stats"))
	w = deploymenttest.On(t, "statgate", map[string]table.Table{"keys": keys, "stats": stats})
	return w, keys, stats
}

// bodies are valid bodies by operation, so that each request reaches its store.
var bodies = map[string]string{
	"createKey": `{"name":"k","scopes":["read:teams"]}`, "updateKey": `{"name":"x"}`,
	"createOrg": `{"name":"o","plan":"PRO","owner":"x@example.com"}`, "updateOrg": `{"name":"x"}`,
	"addMember": `{"email":"m@example.com","role":"member"}`, "updateMember": `{"role":"admin"}`,
	"createMatch": `{"home":{"name":"Elm"},"away":{"name":"Fir"},"date":"2026-05-02"}`, "updateMatch": `{"status":"scheduled"}`,
	"createReplay": `{"match":"%s"}`, "updateReplay": `{"paused":true}`,
	"callMCP":       standingsCall,
	"createWebhook": `{"url":"https://example.com/a","leagues":["sim.1"]}`, "updateWebhook": `{"leagues":["sim.1"]}`,
}

// standingsCall is a message to the MCP server that calls a tool which reads.
const standingsCall = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"standings","arguments":{"league":"sim.1"}}}`

// faultPaths makes one of everything that a route of the contract reads. It returns what
// creates a match, what replaces the replay, and the path of a route with the ids of both.
func faultPaths(t *testing.T, w *deploymenttest.Fixture, stats *tabletest.Faulty) (create func() deploymenttest.Reply, replace func(), path func(of string) string) {
	t.Helper()
	w.Simulate(t)
	org, user := w.Org(t, "Faults", "TEAM", "f@example.com")
	key, _ := w.Key(t, org, "k", "read:teams")
	create = func() deploymenttest.Reply {
		return w.Call(t, w.Operator, "POST", "/football/matches", bodies["createMatch"])
	}
	match := ok(t, create(), 201)
	player := table.Item{table.PartitionAttr: "PLAYERS", table.SortAttr: "ash", "id": "ash", "name": "Ash"}
	if _, err := stats.Write(t.Context(), table.Put(player)); err != nil {
		t.Fatal(err)
	}
	team := match["home"].(map[string]any)["id"].(string)
	finished, replay := w.FinishedMatch(t), ""
	replace = func() {
		replay = ok(t, w.Call(t, w.Operator, "POST", "/football/replays", fmt.Sprintf(bodies["createReplay"], finished)), 201)["id"].(string)
	}
	replace()
	hook := ok(t, w.Call(t, w.Operator, "POST", "/webhooks", bodies["createWebhook"]), 201)["id"].(string)
	fixed := strings.NewReplacer("{webhook}", hook, "{key}", key, "{org}", org, "{user}", user, "{league}", "sim.1", "{player}", "ash", "{team}", team, "{match}", match["id"].(string), "/v1/", "/")
	path = func(of string) string { return strings.ReplaceAll(fixed.Replace(of), "{replay}", replay) }
	return create, replace, path
}

func TestEveryRouteAnswers503WhenItsTableFails(t *testing.T) {
	t.Parallel()
	w, keys, stats := faulty(t)
	create, replace, path := faultPaths(t, w, stats)
	finished := w.FinishedMatch(t)
	body := func(operation string) string {
		if operation == "createReplay" {
			return fmt.Sprintf(bodies[operation], finished)
		}
		return bodies[operation]
	}
	for _, fault := range []tabletest.Fault{tabletest.Throttled, tabletest.Unavailable} {
		for _, r := range api.For(w.Contract) {
			if r.Open {
				continue
			}
			keys.Always(fault)
			isError(t, w.Call(t, w.Operator, r.Method, path(r.Path), body(r.Operation)), 503, "unavailable")
			keys.Heal()
			if len(r.Stats) == 0 {
				continue
			}
			stats.Always(fault)
			reply := w.Call(t, w.Operator, r.Method, path(r.Path), body(r.Operation))
			isError(t, reply, 503, "unavailable")
			if reply.Header.Get("Retry-After") == "" {
				t.Errorf("%s: 503 without Retry-After", r.ID())
			}
			stats.Heal()
			status := 200
			if strings.HasPrefix(r.Operation, "create") {
				status = 201
			}
			if r.Operation == "createMatch" {
				ok(t, w.Call(t, w.Operator, "DELETE", path("/football/matches/{match}"), ""), 200)
			}
			ok(t, w.Call(t, w.Operator, r.Method, path(r.Path), body(r.Operation)), status)
			if r.Operation == "deleteMatch" {
				ok(t, create(), 201) // it has the same id
			}
			if r.Operation == "deleteReplay" {
				replace()
			}
		}
	}
	logged := w.Log.String()
	if !strings.Contains(logged, `"cause"`) || strings.Contains(logged, "goroutine ") {
		t.Error("the log must have the cause of a 503 without a stack trace")
	}
}

func TestUncachedKeyIsA503WhenTheAuthorizerCannotRead(t *testing.T) {
	t.Parallel()
	w, keys, _ := faulty(t)
	org, _ := w.Org(t, "Cold", "TEAM", "c@example.com")
	_, secret := w.Key(t, org, "k", "read:teams")
	keys.Always(tabletest.Unavailable)
	r := w.Call(t, secret, "GET", teams, "")
	isError(t, r, 503, "unavailable")
	keys.Heal()
	ok(t, w.Call(t, secret, "GET", teams, ""), 200)
}

func TestSlowGateIsA503AfterAbout800Milliseconds(t *testing.T) {
	t.Parallel()
	w, keys, _ := faulty(t)
	org, _ := w.Org(t, "Slow", "TEAM", "s@example.com")
	_, secret := w.Key(t, org, "k", "read:teams")
	ok(t, w.Call(t, secret, "GET", teams, ""), 200)
	keys.Slow(time.Hour)
	start := time.Now()
	isError(t, w.Call(t, secret, "GET", teams, ""), 503, "unavailable")
	if took := time.Since(start); took < 700*time.Millisecond || took > 25*time.Second {
		t.Errorf("took %s, want about 800 ms", took)
	}
}

func TestLostAnswerOfTheGateIsCounted(t *testing.T) {
	t.Parallel()
	w, keys, _ := faulty(t)
	org, _ := w.Org(t, "Lost", "FREE", "l@example.com")
	_, secret := w.Key(t, org, "k", "read:teams")
	ok(t, w.Call(t, secret, "GET", teams, ""), 200)
	keys.Next(1, tabletest.Lost, "Write")
	isError(t, w.Call(t, secret, "GET", teams, ""), 503, "unavailable")
	r := w.Call(t, secret, "GET", teams, "")
	if r.Status != 200 || r.Header.Get("X-RateLimit-Remaining") != "97" {
		t.Errorf("got %d, %s left, want 97: the lost call was counted", r.Status, r.Header.Get("X-RateLimit-Remaining"))
	}
}
