package gateway_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/gateway"
)

// sent serves a request at the public address.
func sent(g http.Handler, method, path, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

// unrouted returns a gateway of a contract for requests that reach no function.
func unrouted(t *testing.T, name string) (*gateway.Gateway, *contract.Contract) {
	t.Helper()
	c, err := preset.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(gateway.Options{Contract: c, Stage: "live"})
	if err != nil {
		t.Fatal(err)
	}
	return g, c
}

func TestWrongMethodIsA405WithAllowForAnEmptyOrJSONBodyAndElseA415(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		g, c := unrouted(t, name)
		has := map[string]bool{}
		for _, r := range api.For(c) {
			for _, method := range r.Methods() {
				has[method+" "+r.Path] = true
			}
		}
		for _, r := range api.For(c) {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
				if has[method+" "+r.Path] {
					continue
				}
				path := strings.NewReplacer("{", "", "}", "").Replace(r.Path)
				for _, body := range []struct {
					kind, body, condition string
				}{
					{"", "", api.Method}, {"application/json", "", api.Method}, {"application/json", "{}", api.Method},
					{"application/json; charset=utf-8", "{}", api.Method}, {"text/plain", "", api.Method},
					{"text/plain", "x", api.InputMedia}, {"application/x-www-form-urlencoded", "a=b", api.InputMedia},
				} {
					answer := sent(g, method, path, body.kind, body.body)
					origins := "*" // API Gateway's own answers, such as the 415, are the same on all paths
					if r.SameOrigin && body.condition == api.Method {
						origins = ""
					}
					if got := answer.Header().Get("Access-Control-Allow-Origin"); got != origins {
						t.Errorf("%s %s %s: may be read by the origins %q, want %q", method, path, body.kind, got, origins)
					}
					isShaped(t, c, method+" "+path+" "+body.kind, answer, body.condition)
				}
			}
		}
	}
}

// isShaped checks that an answer has the contract's error for the condition.
func isShaped(t *testing.T, c *contract.Contract, what string, w *httptest.ResponseRecorder, condition string) {
	t.Helper()
	want := c.Condition(condition)
	if w.Code != want.Status {
		t.Errorf("%s: got %d with headers %v, want %d", what, w.Code, w.Header(), want.Status)
	}
	if allow := w.Header().Get("Allow"); (allow != "") != (condition == api.Method) {
		t.Errorf("%s: got Allow %q with %d", what, allow, w.Code)
	}
	if strings.HasPrefix(what, "HEAD ") {
		return
	}
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Errorf("%s: got %s: %v", what, w.Body, err)
	}
	for _, f := range c.Shapes.Error.Fields {
		if v, ok := body[f.Name]; !ok && !f.Node.OmitNull || f.Node.Slot == "code" && v != want.Code {
			t.Errorf("%s: got %s, want the field %s, and the code %s", what, w.Body, f.Name, want.Code)
		}
	}
}

func TestChallengeOfAFunctionIsRenamedByAPIGatewayAndRestoredByTheEdge(t *testing.T) {
	t.Parallel()
	for _, edge := range []bool{true, false} {
		s := newStage(t, edge)
		s.Integrate = answering(events.APIGatewayProxyResponse{StatusCode: 401, Headers: map[string]string{"WWW-Authenticate": "Bearer"}, Body: "{}"})
		h := s.get("/v1/football/teams", "Authorization", bearer).Header()
		renamed, restored := h.Get("x-amzn-Remapped-WWW-Authenticate"), h.Get("WWW-Authenticate")
		if edge && (renamed != "" || restored != "Bearer") || !edge && (renamed != "Bearer" || restored != "") {
			t.Errorf("edge %v: got WWW-Authenticate %q, renamed %q", edge, restored, renamed)
		}
		if got := s.direct("/v1/football/teams", http.Header{"Authorization": {bearer}}).Header().Get("X-Amzn-Remapped-Www-Authenticate"); got != "Bearer" {
			t.Errorf("edge %v: at API Gateway's own address, the renamed header is %q", edge, got)
		}
		s.refuse = errors.New("Unauthorized")
		s.Flush(t.Context())
		if got := s.get("/v1/football/teams", "Authorization", bearer).Header().Get("WWW-Authenticate"); got != "Bearer" {
			t.Errorf("edge %v: API Gateway's own 401 has WWW-Authenticate %q", edge, got)
		}
	}
}

func answering(r events.APIGatewayProxyResponse) gateway.Integrate {
	return func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return r, nil
	}
}

func TestHEADIsRoutedLikeGETOnEveryPath(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	for _, path := range []string{"/v1/football/teams", "/v1/football/leagues", "/health", "/openapi.json", "/api-docs"} {
		before := s.invoked
		r := httptest.NewRequest("HEAD", path, nil)
		r.Header.Set("Authorization", bearer)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		// The policy allows HEAD on each path, and the gate refuses a path that is not held.
		if w.Code != 200 || w.Body.Len() != 0 || s.invoked != before+1 || s.event.HTTPMethod != "HEAD" || s.event.Resource != path {
			t.Errorf("HEAD %s: got %d with %d bytes, event %s %s", path, w.Code, w.Body.Len(), s.event.HTTPMethod, s.event.Resource)
		}
	}
}

func TestLargeAnswersAreCompressedForClientsThatPreferIt(t *testing.T) {
	t.Parallel()
	large := strings.Repeat(`{"name":"Arsenal"}`, 1000)
	for _, cache := range []string{"private, no-cache", "public, max-age=300"} {
		s := newStage(t, true)
		s.Integrate = answering(events.APIGatewayProxyResponse{StatusCode: 200, Headers: map[string]string{"Cache-Control": cache}, Body: large})
		for accepted, zipped := range map[string]bool{"": false, "gzip": true, "br;q=0.5, GZIP": true, "br, gzip": true, "br, gzip;q=0.5": false, "zstd, *;q=0.1": false, "*": true, "gzip;q=0, *": false, "identity": false, "br": false} {
			for range 2 { // the second is from memory
				w := s.get("/v1/football/teams", "Authorization", bearer, "Accept-Encoding", accepted)
				got := w.Body.String()
				if zipped {
					got = unzipped(t, w.Body.Bytes())
				}
				if encoding := w.Header().Get("Content-Encoding"); got != large || (encoding == "gzip") != zipped || zipped && w.Body.Len() > len(large)/10 {
					t.Errorf("%s, Accept-Encoding %q: got %d bytes with Content-Encoding %q", cache, accepted, w.Body.Len(), encoding)
				}
			}
		}
	}
	s := newStage(t, true)
	if w := s.get("/v1/football/teams", "Authorization", bearer, "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "" {
		t.Error("an answer of two bytes is compressed")
	}
}

// It is not parallel: it counts what the process allocates.
func TestCompressingAnAnswerAllocatesNoNewWriter(t *testing.T) {
	s := newStage(t, true)
	s.Integrate = answering(events.APIGatewayProxyResponse{StatusCode: 200, Body: strings.Repeat(`{"name":"Arsenal"}`, 100)})
	const answers = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range answers {
		s.get("/v1/football/teams", "Authorization", bearer, "Accept-Encoding", "gzip")
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / answers; each > 500<<10 {
		t.Errorf("each answer allocates %d bytes, as much as a writer", each)
	}
}

func unzipped(t *testing.T, body []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return ""
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return string(raw)
}

func TestEdgePassesNoQueryToTheDocuments(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]int{"/openapi.json?a=1": 0, "/api-docs?a=1&b=2": 0, "/api-docs/page.1.js?a=1": 0, "/health?a=1": 1} {
		s := newStage(t, true)
		s.get(path)
		if got := len(s.event.MultiValueQueryStringParameters); got != want {
			t.Errorf("%s: the function gets %d parameters, want %d", path, got, want)
		}
		s.direct(path, nil)
		if len(s.event.MultiValueQueryStringParameters) == 0 {
			t.Errorf("%s: at API Gateway's own address, the function gets no parameters", path)
		}
	}
}
