package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/authorizer"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/platform/gateway"
)

// stage is a gateway with a function and an authorizer that count their calls.
type stage struct {
	*gateway.Gateway
	authorized, invoked int
	event               events.APIGatewayProxyRequest
	refuse              error
	fail                error
	meanwhile           func() // runs during an authorizer call
	during              func() // runs during a call of the function
	now                 time.Time
}

func newStage(t *testing.T, edge bool) *stage {
	t.Helper()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	caller := &api.Caller{Key: "key_1", Secret: "s", Org: "org_1", Role: api.RoleOwner, Permissions: []string{"teams:read"}, Scopes: []string{"read:teams"}, Version: 1}
	routes := api.For(c)
	s.Gateway, err = gateway.New(gateway.Options{
		Contract: c, Stage: "live", Edge: edge, Clock: func() time.Time { return s.now }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Wellformed: func(secret string) bool { return strings.HasPrefix(secret, "sg_live_") },
		Authorize: func(_ context.Context, ev events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
			s.authorized++
			if s.meanwhile != nil {
				s.meanwhile()
			}
			return events.APIGatewayCustomAuthorizerResponse{PolicyDocument: authorizer.Policy(routes, caller.Permissions, authorizer.Stage(ev.MethodArn)), Context: caller.Context()}, s.refuse
		},
		Integrate: func(_ context.Context, ev events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			s.invoked++
			s.event = ev
			if s.during != nil {
				s.during()
			}
			return events.APIGatewayProxyResponse{StatusCode: 200, Body: "{}"}, s.fail
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) get(path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

const bearer = "Bearer sg_live_x"

func TestPolicyIsCachedPerIdentityForItsTTLAndEvaluatedPerRoute(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	for range 3 {
		if w := s.get("/v1/football/teams", "Authorization", bearer); w.Code != 200 {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
	}
	if w := s.get("/v1/football/leagues", "Authorization", bearer); w.Code != 403 || !strings.Contains(w.Body.String(), "GET /v1/football/leagues") || !strings.Contains(w.Body.String(), "read:teams") {
		t.Errorf("a route that is not held: got %d %s", w.Code, w.Body)
	}
	if s.authorized != 1 || s.invoked != 3 {
		t.Errorf("authorizer asked %d times, function invoked %d times, want 1 and 3", s.authorized, s.invoked)
	}
	s.get("/v1/football/teams", "Authorization", "Bearer sg_live_y")
	s.now = s.now.Add(300 * time.Second)
	s.get("/v1/football/teams", "Authorization", bearer)
	s.Flush(t.Context())
	s.get("/v1/football/teams", "Authorization", bearer)
	if s.authorized != 4 {
		t.Errorf("asked %d times, want once more for another identity, after the TTL and after a flush", s.authorized)
	}
}

func TestPolicyMadeDuringAFlushIsNotCached(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	s.meanwhile = func() { s.Flush(t.Context()) }
	s.get("/v1/football/teams", "Authorization", bearer)
	s.meanwhile = nil
	for range 2 {
		s.get("/v1/football/teams", "Authorization", bearer)
	}
	if s.authorized != 2 {
		t.Errorf("asked %d times, want once more after the flush, and no more", s.authorized)
	}
}

func TestAuthorizerIsNotCalledWithoutAWellFormedSecret(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	for _, headers := range [][]string{nil, {"Authorization", ""}, {"Authorization", "Bearer "}, {"Authorization", "Bearer junk"}, {"X-Api-Key", "junk"}} {
		if w := s.get("/v1/football/teams", headers...); w.Code != 401 {
			t.Errorf("%v: got %d %s", headers, w.Code, w.Body)
		}
	}
	if s.authorized != 0 || s.invoked != 0 {
		t.Errorf("authorizer asked %d times, function invoked %d times", s.authorized, s.invoked)
	}
}

func TestRefusalsOfTheAuthorizerAreNotCached(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	s.refuse = errors.New("Unauthorized")
	if w := s.get("/v1/football/teams", "Authorization", bearer); w.Code != 401 {
		t.Errorf("got %d", w.Code)
	}
	s.refuse = errors.New("the store does not answer")
	if w := s.get("/v1/football/teams", "Authorization", bearer); w.Code != 503 || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "store") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	s.refuse = nil
	if w := s.get("/v1/football/teams", "Authorization", bearer); w.Code != 200 {
		t.Errorf("a new secret must work immediately: got %d", w.Code)
	}
}

func TestFunctionReceivesARealEventWithTheSecretOnlyInAuthorization(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	s.get("/v1/football/teams/a%2Fb?x=1&x=2&api_key=sg_live_q", "X-Api-Key", "sg_live_x")
	raw, err := json.Marshal(s.event)
	if err != nil {
		t.Fatal(err)
	}
	var ev events.APIGatewayProxyRequest
	if err := json.Unmarshal(raw, &ev); err != nil {
		t.Fatal(err)
	}
	if ev.Resource != "/v1/football/teams/{team}" || ev.PathParameters["team"] != "a/b" || ev.QueryStringParameters["x"] != "2" || len(ev.MultiValueQueryStringParameters["x"]) != 2 {
		t.Errorf("got %s", raw)
	}
	if ev.RequestContext.Authorizer["key"] != "key_1" || ev.Headers["Authorization"] != bearer || strings.Count(string(raw), "sg_live_") != 2 || strings.Contains(string(raw), "sg_live_q") {
		t.Errorf("got %s", raw)
	}
}

func TestFunctionThatFailsIsAServiceUnavailable(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	s.fail = errors.New("out of memory at 0x1234")
	if w := s.get("/v1/football/teams", "Authorization", bearer); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "0x1234") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestPanicOfAHandlerFailsOneRequestInTheContractsShape(t *testing.T) {
	t.Parallel()
	s := newStage(t, false)
	s.meanwhile = func() { panic("the authorizer has a defect") }
	if w := s.get("/v1/football/teams", "Authorization", bearer); w.Code != 503 || !strings.Contains(w.Body.String(), `"request_id"`) {
		t.Errorf("authorizer: got %d %s", w.Code, w.Body)
	}
	s.meanwhile = nil
	s.during = func() { panic("the function has a defect") }
	if w := s.get("/v1/football/teams", "Authorization", bearer); w.Code < 500 || !strings.Contains(w.Body.String(), `"request_id"`) || strings.Contains(w.Body.String(), "defect") {
		t.Errorf("function: got %d %s", w.Code, w.Body)
	}
	s.during = nil
	if w := s.get("/v1/football/teams", "Authorization", bearer); w.Code != 200 {
		t.Errorf("afterwards: got %d %s", w.Code, w.Body)
	}
}
