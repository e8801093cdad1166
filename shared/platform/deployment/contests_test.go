package deployment_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/access/apikey"
	"statgate/shared/access/gate"
	"statgate/shared/api"
	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/platform/serve"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

// league has an organisation whose owner plays in one of two teams, and the keys of a
// game that the organisation is approved for.
type league struct {
	org, owner         string
	admin, game, match string // the admin's and the game's secret, and a match
	application        string
}

func battle(t *testing.T, w *deploymenttest.Fixture) league {
	t.Helper()
	var l league
	l.org, l.owner = w.Org(t, "League", "GAME", "l@example.com")
	_, l.admin = w.Key(t, l.org, "admin", "keys:read", "keys:write", "orgs:read", "orgs:write", "audit:read")
	for _, team := range []string{"north", "south"} {
		ok(t, w.Call(t, w.Operator, "PUT", "/contestants/team/team_"+team, fmt.Sprintf(`{"slug":%q,"name":"T","members":[{"user":%q,"state":"active"}]}`, team, l.owner)), 200)
	}
	l.application = ok(t, w.Call(t, l.admin, "POST", "/applications", `{"kind":"game","game":"rally"}`), 201)["id"].(string)
	l.decide(t, w, "approved")
	l.game = ok(t, w.Call(t, l.admin, "POST", "/keys", `{"name":"g","game":"rally","scopes":["game.lifecycle:read-write","game.scores:write"]}`), 201)["secret"].(string)
	l.match = ok(t, w.Call(t, l.game, "POST", "/game/matches", `{"homeTeamId":"north","awayTeamId":"south"}`), 201)["id"].(string)
	return l
}

func (l league) decide(t *testing.T, w *deploymenttest.Fixture, state string) map[string]any {
	t.Helper()
	return ok(t, w.Call(t, w.Operator, "PATCH", "/applications/"+l.application, fmt.Sprintf(`{"state":%q}`, state)), 200)
}

func TestCursorExpires(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "teambattles")
	l := battle(t, w)
	ok(t, w.Call(t, l.game, "POST", "/game/matches", `{"homeTeamId":"north","awayTeamId":"south"}`), 201)
	_, secret := w.Key(t, l.org, "k", "matches.user_matches:read")
	page := ok(t, w.Call(t, secret, "GET", "/matches?limit=1", ""), 200)
	next := "/matches?limit=1&cursor=" + page["pagination"].(map[string]any)["cursor"].(string)
	life := time.Duration(w.Contract.Paging.CursorLife) * time.Second
	w.Clock.Advance(life - time.Minute)
	if got := ok(t, w.Call(t, secret, "GET", next, ""), 200)["count"]; got != 1.0 {
		t.Errorf("a minute before the cursor expires, the page has %v", got)
	}
	w.Clock.Advance(time.Minute)
	r := w.Call(t, secret, "GET", next, "")
	refusedAs(t, r, 400, "error_invalid_cursor")
	if !strings.Contains(string(r.Body), "expired") {
		t.Errorf("got %s, want it to say that the cursor has expired", r.Body)
	}
	// Key management is the same in every contract, and its cursors do not expire.
	ok(t, w.Call(t, l.admin, "POST", "/keys", `{"name":"another","scopes":["matches.user_matches:read"]}`), 201)
	listed := ok(t, w.Call(t, l.admin, "GET", "/keys?limit=1", ""), 200)["next_cursor"].(string)
	w.Clock.Advance(10 * life)
	ok(t, w.Call(t, l.admin, "GET", "/keys?limit=1&cursor="+listed, ""), 200)
}

func TestWithdrawnApprovalIsEffectiveOnTheNextRequestDespiteTheCachedPolicy(t *testing.T) {
	deploymenttest.Engines(t, "teambattles", func(t *testing.T, w *deploymenttest.Fixture) {
		l := battle(t, w)
		get := func() deploymenttest.Reply { return w.Call(t, l.game, "GET", "/game/matches/"+l.match, "") }
		for range 2 { // the second time, the key is in use again
			ok(t, get(), 200)
			if by := l.decide(t, w, "withdrawn")["effective_by"]; by != nil {
				t.Errorf("withdrawing is effective by %v, want null, as it is effective immediately", by)
			}
			refusedAs(t, get(), 403, "error_api_key_permission_denied")
			refusedAs(t, w.Call(t, l.game, "POST", "/game/matches/"+l.match+"/scores", `{"maps":[{"map":1,"home":1,"away":0}]}`), 403, "error_api_key_permission_denied")
			if by := l.decide(t, w, "approved")["effective_by"]; by == nil {
				t.Error("approving does not say when it is effective")
			}
		}
		ok(t, get(), 200)
		var actions []string
		for _, e := range ok(t, w.Call(t, l.admin, "GET", "/audit?key="+l.application, ""), 200)["data"].([]any) {
			actions = append(actions, e.(map[string]any)["action"].(string))
		}
		slices.Reverse(actions)
		if want := []string{"application.create", "application.approve", "application.withdraw", "application.approve", "application.withdraw", "application.approve"}; !slices.Equal(actions, want) {
			t.Errorf("the audit trail has %v, want %v", actions, want)
		}
	})
}

func TestApprovalOfOneGameDoesNotCoverAnother(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "teambattles")
	l := battle(t, w)
	for body, code := range map[string]string{
		`{"name":"k","game":"chess","scopes":["game.scores:write"]}`:         "error_api_key_permission_denied",
		`{"name":"k","game":"chess","scopes":["matches.user_matches:read"]}`: "error_api_key_permission_denied",
		`{"name":"k","game":"rally","scopes":["webhooks.manage:enabled"]}`:   "error_api_key_permission_denied",
		`{"name":"k","scopes":["game.lifecycle:read"]}`:                      "error_invalid_request",
		`{"name":"k","game":"","scopes":["game.lifecycle:read"]}`:            "error_invalid_request",
	} {
		r := w.Call(t, l.admin, "POST", "/keys", body)
		if got, _ := r.JSON(t)["error"].(string); got != code {
			t.Errorf("%s: got %d %s, want %s", body, r.Status, r.Body, code)
		}
	}
	// Scopes that a key cannot be created with cannot be added later either.
	id := ok(t, w.Call(t, l.admin, "POST", "/keys", `{"name":"k","scopes":["matches.user_matches:read"]}`), 201)["id"].(string)
	refusedAs(t, w.Call(t, l.admin, "PATCH", "/keys/"+id, `{"scopes":["webhooks.manage:enabled"]}`), 403, "error_api_key_permission_denied")
	refusedAs(t, w.Call(t, l.admin, "PATCH", "/keys/"+id, `{"scopes":["game.scores:write"]}`), 400, "error_invalid_request")
	// A contract without approvals has no games.
	isError(t, deploymentCall(t, "statgate", `{"name":"k","game":"rally","scopes":["read:teams"]}`), 422, "validation_failed")
}

func deploymentCall(t *testing.T, contract, body string) deploymenttest.Reply {
	t.Helper()
	w := deploymenttest.New(t, contract)
	return w.Call(t, w.Operator, "POST", "/keys", body)
}

// TestTimesOutsideFourDigitYearsAreRefusedEverywhere sends times whose offset moves the
// year out of the four digits of RFC 3339.
func TestTimesOutsideFourDigitYearsAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "teambattles")
	l := battle(t, w)
	key := ok(t, w.Call(t, l.admin, "POST", "/keys", `{"name":"k","scopes":["matches.user_matches:read"]}`), 201)
	late, early := "9999-12-31T23:59:59-12:00", "0000-01-01T00:00:00%2B12:00"
	for _, c := range []struct{ secret, method, path, body, code, field string }{
		{l.game, "POST", "/game/matches", `{"homeTeamId":"north","awayTeamId":"south","scheduledAt":"` + late + `"}`, "error_invalid_date_format", "scheduledAt"},
		{l.admin, "POST", "/keys", `{"name":"k","scopes":["matches.user_matches:read"],"expires_at":"` + late + `"}`, "error_invalid_request", "expires_at"},
		{l.admin, "PATCH", "/keys/" + key["id"].(string), `{"expires_at":"` + late + `"}`, "error_invalid_request", "expires_at"},
		{l.admin, "GET", "/keys/" + key["id"].(string) + "/usage?from=" + early + "&to=" + early, "", "error_invalid_date_format", "from"},
		{key["secret"].(string), "GET", "/matches?createdBefore=" + late, "", "error_invalid_date_format", "createdBefore"},
	} {
		r := w.Call(t, c.secret, c.method, c.path, c.body)
		refusedAs(t, r, 400, c.code)
		if !strings.Contains(string(r.Body), c.field) {
			t.Errorf("%s %s: got %s, want it to name %s", c.method, c.path, r.Body, c.field)
		}
	}
}

func TestUnnamedConnectionsAreKept(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "teambattles")
	l := battle(t, w)
	_, secret := w.Key(t, l.org, "k", "connections.github:enabled")
	path := "/orgs/" + l.org + "/members/" + l.owner + "/connections"
	count := func() int {
		return len(ok(t, w.Call(t, secret, "GET", "/user/connections", ""), 200)["connections"].([]any))
	}
	ok(t, w.Call(t, w.Operator, "PUT", path, `{"connections":[{"platform":"github","id":"1","name":"n"}]}`), 200)
	for _, body := range []string{"", `{}`, `{"connections":null}`} {
		refusedAs(t, w.Call(t, w.Operator, "PUT", path, body), 400, "error_invalid_request")
	}
	if got := count(); got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
	ok(t, w.Call(t, w.Operator, "PUT", path, `{"connections":[]}`), 200)
	if got := count(); got != 0 {
		t.Errorf("got %d connections, want none", got)
	}
}

func TestTeamNameIsPrintable(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "teambattles")
	for _, name := range []string{" ", `a\u0000`, `\n`} {
		refusedAs(t, w.Call(t, w.Operator, "PUT", "/contestants/team/t", `{"slug":"t","name":"`+name+`","members":[]}`), 400, "error_invalid_request")
	}
	if got := ok(t, w.Call(t, w.Operator, "PUT", "/contestants/team/t", `{"slug":"t","name":" T ","members":[]}`), 200)["name"]; got != "T" {
		t.Errorf("got the name %q", got)
	}
}

func TestIdempotencyKeyExpiresAfterADay(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "teambattles")
	l := battle(t, w)
	make := func(bestOf int) deploymenttest.Reply {
		return w.Call(t, l.game, "POST", "/game/matches", fmt.Sprintf(`{"homeTeamId":"north","awayTeamId":"south","bestOf":%d}`, bestOf), "Idempotency-Key", "once")
	}
	first := ok(t, make(1), 201)["id"]
	w.Clock.Advance(24*time.Hour - time.Minute)
	if again := ok(t, make(1), 201)["id"]; again != first {
		t.Errorf("got match %v, want %v", again, first)
	}
	refusedAs(t, make(3), 409, "error_idempotency_key_conflict")
	w.Clock.Advance(2 * time.Minute)
	if later := ok(t, make(3), 201)["id"]; later == first {
		t.Error("a day later the Idempotency-Key still returns the first match")
	}
}

// TestContestRoutesAnswer503WhenTheirTableFails calls each route of contests and
// connections while its table fails.
func TestContestRoutesAnswer503WhenTheirTableFails(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	keys, stats := tabletest.NewFaulty(db.Table("keys")), tabletest.NewFaulty(db.Table("stats"))
	w := deploymenttest.On(t, "teambattles", map[string]table.Table{"keys": keys, "stats": stats})
	l := battle(t, w)
	ok(t, w.Call(t, w.Operator, "PUT", "/contestants/org/org_aurora", fmt.Sprintf(`{"slug":"aurora","name":"A","members":[{"user":%q,"state":"active"}]}`, l.owner)), 200)
	_, reader := w.Key(t, l.org, "reader", "matches.user_matches:read", "matches.team_matches:read", "matches.org_matches:read", "connections.github:enabled")
	path := strings.NewReplacer("{match}", l.match, "{team}", "north", "{org}", "aurora", "{kind}", "team", "{contestant}", "team_east", w.Contract.Base, "")
	bodies := map[string]string{
		"listUserContests": `{}`, "listTeamContests": `{}`, "listOrgContests": `{}`, "createContest": `{"homeTeamId":"north","awayTeamId":"south"}`,
		"moveContest": `{"status":"IN_PROGRESS"}`, "scoreContest": `{"maps":[{"map":1,"home":1,"away":0}]}`, "forfeitContest": `{"teamId":"north"}`,
		"agreeContest": `{"status":"DISPUTED"}`, "putContestant": `{"slug":"east","name":"E","members":[]}`,
	}
	for _, r := range api.For(w.Contract) {
		if r.Function != "contests" && r.Function != "connections" || r.Operation == "putConnections" {
			continue
		}
		secret := map[bool]string{true: w.Operator, false: l.game}[r.Management]
		if strings.HasPrefix(r.Operation, "list") || r.Function == "connections" {
			secret = reader
		}
		failing := stats
		if r.Function == "connections" {
			failing = keys
		}
		for _, fault := range []tabletest.Fault{tabletest.Throttled, tabletest.Unavailable} {
			failing.Always(fault)
			reply := w.Call(t, secret, r.Method, path.Replace(r.Path), bodies[r.Operation])
			failing.Heal()
			refusedAs(t, reply, 503, "error_unavailable")
			if reply.Header.Get("Retry-After") == "" {
				t.Errorf("%s: 503 without Retry-After", r.ID())
			}
		}
		if reply := w.Call(t, secret, r.Method, path.Replace(r.Path), bodies[r.Operation]); reply.Status == 503 || reply.Status == 403 || reply.Status == 404 {
			t.Errorf("%s: after the table recovered: %d %s", r.ID(), reply.Status, reply.Body)
		}
	}
}

// openGate admits every request.
type openGate struct{}

func (openGate) Admit(_ context.Context, c *api.Caller, _ api.Route, _ string) (gate.Admission, error) {
	return gate.Admission{Caller: c}, nil
}

func (openGate) StillCurrent(context.Context, gate.Admission) error { return nil }

func TestPanicIsAnInternalErrorInTheContractsShape(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "teambattles")
	handler := api.Handle("getConnections", func(context.Context, *api.Request, *struct{}) (struct{}, error) { panic("broken") })
	f, err := serve.New(serve.Options{Contract: w.Contract, Handlers: []api.Handler{handler}, Gate: openGate{}, Clock: w.Clock.Now, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	caller := &api.Caller{Key: "key_1", Secret: apikey.ID("s"), Org: "org_1", Role: api.RoleOwner, Contract: w.Contract.Name, Permissions: []string{"connections.github:read"}}
	got, err := f.Handle(t.Context(), events.APIGatewayProxyRequest{HTTPMethod: "GET", Resource: "/api/v1/user/connections",
		Headers:        map[string]string{"Authorization": "Bearer s"},
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "r", Authorizer: caller.Context()}})
	if err != nil || got.StatusCode != 500 || got.Body != `{"error":"error_internal","details":"internal error"}` {
		t.Errorf("got %d %s (%v), want 500 error_internal without the cause", got.StatusCode, got.Body, err)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// refusedAs fails the test unless the reply is an error with the code in "error".
func refusedAs(t *testing.T, r deploymenttest.Reply, status int, code string) {
	t.Helper()
	if got := r.JSON(t)["error"]; r.Status != status || got != code {
		t.Errorf("got %d %s, want %d %s", r.Status, r.Body, status, code)
	}
}
