package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/access/apikey"
	"statgate/shared/access/gate"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/serve"
)

// openGate admits every request and counts it. If changed is set, the key changes while
// the request is served.
type openGate struct {
	admitted int
	changed  bool
}

func (g *openGate) Admit(_ context.Context, c *api.Caller, _ api.Route, budget string) (gate.Admission, error) {
	g.admitted++
	return gate.Admission{Caller: c, Meter: api.Meter{Budget: budget, Limit: 10, Used: 1, ResetsAt: time.Unix(1_800_003_600, 0), Window: 3600}}, nil
}

func (g *openGate) StillCurrent(context.Context, gate.Admission) error {
	if g.changed {
		return api.Fail(api.SecretRevoked, "this key changed while the call was being served")
	}
	return nil
}

type input struct {
	Team string `json:"team"`
}

func function(t *testing.T, log *bytes.Buffer, f func() (string, error)) (*serve.Function, *openGate) {
	t.Helper()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	g := &openGate{}
	fn, err := serve.New(serve.Options{
		Contract: c, Gate: g, Clock: func() time.Time { return time.Unix(1_800_000_000, 0) }, Log: slog.New(slog.NewJSONHandler(log, nil)),
		CursorKey: func(context.Context) ([]byte, error) { return []byte("k"), nil },
		Handlers:  []api.Handler{api.Handle("getTeam", func(context.Context, *api.Request, *input) (string, error) { return f() })},
	})
	if err != nil {
		t.Fatal(err)
	}
	return fn, g
}

// secret is the secret of the requests in these tests.
const secret = "sg_live_secret"

func event() events.APIGatewayProxyRequest {
	caller := &api.Caller{Key: "key_1", Secret: apikey.ID(secret), Org: "org_1", Role: api.RoleOwner, Contract: "statgate", Permissions: []string{"*:*"}, Version: 1}
	ev := events.APIGatewayProxyRequest{Resource: "/v1/football/teams/{team}", HTTPMethod: "GET", PathParameters: map[string]string{"team": "a"},
		Headers: map[string]string{"authorization": "Bearer " + secret}}
	ev.RequestContext.RequestID, ev.RequestContext.Authorizer = "req-1", caller.Context()
	return ev
}

func TestPanicIsA500WhoseCauseIsOnlyInTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	fn, _ := function(t, &log, func() (string, error) { panic("out of cheese") })
	r, err := fn.Handle(t.Context(), event())
	if err != nil || r.StatusCode != 500 {
		t.Fatalf("got %d, %v", r.StatusCode, err)
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(r.Body), &body); err != nil || body["request_id"] != "req-1" || strings.Contains(r.Body, "cheese") || strings.Contains(r.Body, "goroutine") {
		t.Errorf("got %s", r.Body)
	}
	if !strings.Contains(log.String(), "req-1") || !strings.Contains(log.String(), "out of cheese") {
		t.Errorf("log: %s", log.String())
	}
}

func TestRequestWithoutAValidCallerReachesNeitherGateNorHandler(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*events.APIGatewayProxyRequest){
		"no context":       func(ev *events.APIGatewayProxyRequest) { ev.RequestContext.Authorizer = nil },
		"another contract": func(ev *events.APIGatewayProxyRequest) { ev.RequestContext.Authorizer["contract"] = "balla" },
		"no version":       func(ev *events.APIGatewayProxyRequest) { delete(ev.RequestContext.Authorizer, "version") },
	} {
		var log bytes.Buffer
		fn, g := function(t, &log, func() (string, error) { t.Errorf("%s: the handler was called", name); return "", nil })
		ev := event()
		spoil(&ev)
		if r, err := fn.Handle(t.Context(), ev); err != nil || r.StatusCode != 500 || g.admitted != 0 {
			t.Errorf("%s: got %d, %v, %d admitted", name, r.StatusCode, err, g.admitted)
		}
	}
}

func TestHandlerWithoutARouteIsRefusedByName(t *testing.T) {
	t.Parallel()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	_, err = serve.New(serve.Options{Contract: c, Handlers: []api.Handler{{Operation: "getNothing"}}})
	if err == nil || !strings.Contains(err.Error(), "getNothing") {
		t.Errorf("got %v", err)
	}
}

// TestAnswerOfAProtocolKeepsTheHeadersThatFitItsStatus refuses a message with an error whose
// status in the contract is 401.
func TestAnswerOfAProtocolKeepsTheHeadersThatFitItsStatus(t *testing.T) {
	t.Parallel()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	c.Conditions[api.PermissionTool] = contract.Condition{Status: 401, Code: "insufficient_scope"}
	for status, challenge := range map[int]string{200: "", 401: api.Challenge} {
		h := api.Handle(api.CallMCP, func(context.Context, *api.Request, *api.Message) (api.Raw, error) {
			return api.Raw{}, &api.Error{Condition: api.PermissionTool, Message: "no", RetryAfter: time.Minute}
		})
		h.Protocol = &api.Protocol{
			Row: func(server api.Route, _ *api.Message) (api.Route, *api.Raw) { return server, nil },
			Refuse: func(context.Context, *api.Message, int, *api.Error) *api.Raw {
				return &api.Raw{Status: status, ContentType: "application/json", Body: []byte("{}")}
			},
		}
		fn, err := serve.New(serve.Options{Contract: c, Gate: &openGate{}, Clock: time.Now, Log: slog.New(slog.DiscardHandler), Handlers: []api.Handler{h}})
		if err != nil {
			t.Fatal(err)
		}
		ev := event()
		ev.HTTPMethod, ev.Resource, ev.PathParameters = "POST", "/v1/mcp", nil
		r, err := fn.Handle(t.Context(), ev)
		if err != nil || r.StatusCode != status || r.Headers["WWW-Authenticate"] != challenge {
			t.Errorf("got %d with WWW-Authenticate %q (%v), want %d with %q", r.StatusCode, r.Headers["WWW-Authenticate"], err, status, challenge)
		}
		for name, want := range map[string]string{"Retry-After": "60", "Cache-Control": "no-store", "X-Request-Id": "req-1", "X-RateLimit-Limit": "10", "Vary": "Authorization, X-API-Key, Accept-Encoding", "Access-Control-Allow-Origin": "*"} {
			if got := r.Headers[name]; got != want {
				t.Errorf("%d: got %s %q, want %q", status, name, got, want)
			}
		}
	}
}

func TestRecheckWithholdsReadsButNeverTheAnswerToAChange(t *testing.T) {
	t.Parallel()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	c.Recheck = true
	answers := func(context.Context, *api.Request, *struct{}) (string, error) { return "secret", nil }
	fn, err := serve.New(serve.Options{
		Contract: c, Gate: &openGate{changed: true}, Clock: time.Now, Log: slog.New(slog.DiscardHandler),
		Handlers: []api.Handler{api.Handle("getSelf", answers), api.Handle("revokeSelf", answers), api.Handle("createMatch", answers), api.Handle("createToken", answers)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]int{"GET /v1/keys/self": 401, "POST /v1/keys/self/revoke": 200, "POST /v1/football/matches": 200, "POST /v1/tokens": 200} {
		ev := event()
		ev.HTTPMethod, ev.Resource, _ = strings.Cut(id, " ")
		ev.PathParameters = nil
		if r, err := fn.Handle(t.Context(), ev); err != nil || r.StatusCode != want {
			t.Errorf("%s with a key that changed meanwhile: got %d %s, %v, want %d", id, r.StatusCode, r.Body, err, want)
		}
	}
}

func TestChangeOfDataFailsAfterItsKeyChangedIfTheContractRechecks(t *testing.T) {
	t.Parallel()
	for _, rechecks := range []bool{false, true} {
		c, err := preset.Load("statgate")
		if err != nil {
			t.Fatal(err)
		}
		c.Recheck = rechecks
		changes := func(ctx context.Context, r *api.Request, _ *struct{}) (string, error) {
			return "written", r.StillCurrent(ctx)
		}
		fn, err := serve.New(serve.Options{Contract: c, Gate: &openGate{changed: true}, Clock: time.Now, Log: slog.New(slog.DiscardHandler),
			Handlers: []api.Handler{api.Handle("createMatch", changes)}})
		if err != nil {
			t.Fatal(err)
		}
		ev := event()
		ev.HTTPMethod, ev.Resource, ev.PathParameters = "POST", "/v1/football/matches", nil
		want := map[bool]int{false: 200, true: 401}[rechecks]
		if r, err := fn.Handle(t.Context(), ev); err != nil || r.StatusCode != want {
			t.Errorf("recheck %v: got %d %s, %v, want %d", rechecks, r.StatusCode, r.Body, err, want)
		}
	}
}

func TestSlowStoreIsA503BeforeLambdaStopsTheFunction(t *testing.T) {
	t.Parallel()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	waits := func(ctx context.Context, _ *api.Request, _ *input) (string, error) {
		<-ctx.Done() // like a store that never answers
		return "", api.UnavailableError("reading a team", ctx.Err())
	}
	fn, err := serve.New(serve.Options{Contract: c, Gate: &openGate{}, Clock: time.Now, Log: slog.New(slog.DiscardHandler),
		Handlers: []api.Handler{api.Handle("getTeam", waits)}})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { // in the bubble, only waiting takes time
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond) // Lambda sets the function's timeout as the deadline
		defer cancel()
		r, err := fn.Handle(ctx, event())
		if err != nil || r.StatusCode != 503 || ctx.Err() != nil {
			t.Errorf("got %d, %v, deadline error %v; want a 503 before the deadline", r.StatusCode, err, ctx.Err())
		}
	})
}
