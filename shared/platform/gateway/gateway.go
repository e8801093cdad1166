// Package gateway simulates API Gateway and the edge in one process. It serves HTTP
// by sending real Lambda events to the real authorizer and handlers, and follows API
// Gateway's rules between them.
//
// A request passes these steps: route; preflight (OPTIONS); transports, if there is
// an edge; mocks for unknown paths and methods; identity source; authorizer, whose
// policy is cached per identity; evaluation of the policy for the route; function.
// The answers that API Gateway gives itself are rendered from the same definitions
// that the stack deploys.
//
// [Gateway.ExecuteAPI] serves the same API at the address behind the edge, which
// anyone can call. The edge is a convenience for clients and not a security boundary.
package gateway

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	lru "github.com/hashicorp/golang-lru/v2"

	"statgate/authorizer"
	"statgate/shared/access/transport"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/platform/edge"
)

const (
	// maxPayloadBytes is Lambda's limit on the size of a request.
	maxPayloadBytes = 6 << 20
	// timeout is API Gateway's limit on the duration of an integration.
	timeout = 29 * time.Second
	// cachedPolicies is how many identities the policy cache holds.
	cachedPolicies = 10_000
	// keptBodies is how many compressed bodies are kept: the documents, the pages and their
	// files.
	keptBodies = 32
)

// Authorize is the handler of the Lambda authorizer.
type Authorize func(ctx context.Context, ev events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error)

// Integrate is the handler of a Lambda function.
type Integrate func(ctx context.Context, ev events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// Options are the parts of a Gateway.
type Options struct {
	Contract  *contract.Contract
	Stage     string // the environment
	StagePath string // path of the stage in the public address, "/live"; "" if the address has none
	Edge      bool   // whether the API is behind an edge
	Authorize Authorize
	Integrate Integrate
	// Wellformed reports whether a secret has the prefix, alphabet and length of this
	// deployment's secrets. It reads no table. Only the edge calls it.
	Wellformed func(secret string) bool
	Clock      func() time.Time
	Log        *slog.Logger
}

// Gateway is an http.Handler that serves a deployment's API.
type Gateway struct {
	Options
	identity  edge.Identity
	routes    *tree
	responses map[string]api.GatewayResponse
	mocks     map[string]api.Mock // by "METHOD path"
	edged     []edge.Behaviour
	policies  *lru.Cache[[32]byte, cached]
	gzipped   *lru.Cache[[32]byte, []byte] // bodies that caches may store, by hash
	flushes   atomic.Int64
}

// cached is the authorizer's response for one identity.
type cached struct {
	response events.APIGatewayCustomAuthorizerResponse
	expires  time.Time
}

// New returns a gateway for a contract's routes.
func New(o Options) (*Gateway, error) {
	policies, err := lru.New[[32]byte, cached](cachedPolicies)
	if err != nil {
		return nil, err
	}
	gzipped, err := lru.New[[32]byte, []byte](keptBodies)
	if err != nil {
		return nil, err
	}
	g := &Gateway{Options: o.recovered(), gzipped: gzipped, identity: edge.IdentityOf(o.Contract, o.Edge), routes: newTree(api.For(o.Contract)), policies: policies,
		edged:     edge.Behaviours(o.Contract),
		responses: map[string]api.GatewayResponse{}, mocks: map[string]api.Mock{}}
	for _, r := range api.GatewayResponses(o.Contract) {
		g.responses[r.Type] = r
	}
	for _, m := range api.Mocks(o.Contract, o.StagePath) {
		g.mocks[m.Method+" "+m.Path] = m
	}
	return g, nil
}

// Flush drops every cached policy, as FlushStageAuthorizersCache does. It returns the
// time from which no policy cached before is used, which is now.
func (g *Gateway) Flush(context.Context) time.Time {
	g.flushes.Add(1)
	g.policies.Purge()
	return g.Clock()
}

// exchange is one request while it is being served.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	id      string
	path    string // path of the resource, "/v1/keys/{key}"
	params  map[string]string
	query   url.Values
	context map[string]any // from the authorizer
	edge    bool           // the request came through the edge
}

// ServeHTTP serves a request at the public address: the edge's, if there is one.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.serve(w, r, g.Edge)
}

// ExecuteAPI returns a handler that serves the API at API Gateway's own address,
// which bypasses the edge.
func (g *Gateway) ExecuteAPI() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, false) })
}

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request, throughEdge bool) {
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	r.Header.Set("Host", r.Host) // net/http removes it, and events have it
	x := &exchange{w: w, r: r, id: rand.Text(), query: parseQuery(r.URL.RawQuery), edge: throughEdge}
	methods, path, params := g.routes.find(r.URL.EscapedPath())
	switch {
	case methods == nil && r.URL.Path == "/":
		path = "/"
	case methods == nil:
		path = "/{proxy+}"
	}
	x.path, x.params = path, params
	if r.Method == http.MethodOptions {
		g.mock(x, "OPTIONS")
		return
	}
	if throughEdge {
		if refusal := g.edge(x); refusal != nil {
			g.refuse(x, refusal)
			return
		}
	}
	route, ok := methods[r.Method]
	switch {
	case !ok && !readableByMock(r):
		g.respond(x, "UNSUPPORTED_MEDIA_TYPE", nil)
		return
	case !ok:
		g.mock(x, r.Method)
		return
	}
	if !route.Open && !g.authorized(ctx, x) {
		return
	}
	g.invoke(ctx, x)
}

// edge changes the request as the edge's behaviours and its function do. It moves the secret
// from its transport into Authorization, and returns an error for a malformed secret. Paths
// outside the contract's base
// need no key. A missing secret is passed on, as API Gateway knows which paths exist.
// It is refused here if the contract answers it differently from an invalid one, as
// API Gateway has one template for both.
func (g *Gateway) edge(x *exchange) error {
	g.behave(x)
	if !strings.HasPrefix(x.r.URL.Path, g.Contract.Base+"/") {
		transport.Strip(x.r.Header, x.query)
		return nil
	}
	secret, err := transport.Pick(g.Contract.HTTPTransports(), x.r.Header, x.query)
	transport.Strip(x.r.Header, x.query)
	if err != nil && api.ErrorOf(err).Condition == api.SecretMissing && !edge.DistinguishesMissing(g.Contract) {
		return nil
	}
	if err != nil {
		return err
	}
	if !g.Wellformed(secret) {
		return api.Fail(api.SecretMalformed, "malformed API key")
	}
	x.r.Header.Set("Authorization", "Bearer "+secret)
	return nil
}

// behave sets the headers that tell the API of the viewer, and drops what the behaviour of the
// path does not pass on.
func (g *Gateway) behave(x *exchange) {
	x.r.Header.Set(edge.HostHeader, x.r.Host)
	x.r.Header.Set(edge.ViewerHeader, sourceIP(x.r))
	kind := edge.KindOf(g.edged, x.r.URL.Path)
	if kind != edge.Sessions {
		x.r.Header.Del("Cookie")
	}
	if kind.Cached() {
		x.query = url.Values{}
		x.r.Header.Del(edge.HostHeader)
		x.r.Header.Del(edge.ViewerHeader)
	}
}

// authorized gets the policy from the cache or the authorizer and evaluates it for the
// route. If the request is refused, authorized answers it and returns false.
func (g *Gateway) authorized(ctx context.Context, x *exchange) bool {
	source := strings.Join(x.r.Header.Values(g.identity.Header), ",")
	if g.identity.Header != "" && strings.TrimSpace(source) == "" {
		g.respond(x, "UNAUTHORIZED", nil) // without the identity source, API Gateway does not call the authorizer
		return false
	}
	// Like API Gateway's, the ARN has the request's own path and not the resource's.
	arn := "arn:aws:execute-api:local:000000000000:" + g.Contract.Name + "/" + g.Stage + "/" + x.r.Method + x.r.URL.Path
	got, err := g.policy(ctx, x, source, arn)
	if err != nil {
		kind := "AUTHORIZER_FAILURE"
		if err.Error() == "Unauthorized" {
			kind = "UNAUTHORIZED"
		}
		g.respond(x, kind, nil)
		return false
	}
	x.context = got.Context
	if !authorizer.Evaluate(got.PolicyDocument, arn) {
		scopes, _ := got.Context["scopes"].(string)
		g.respond(x, "ACCESS_DENIED", map[string]string{"$context.authorizer.scopes": scopes})
		return false
	}
	return true
}

// policy returns the authorizer's response for an identity source, from the cache if
// it is not expired.
func (g *Gateway) policy(ctx context.Context, x *exchange, source, arn string) (events.APIGatewayCustomAuthorizerResponse, error) {
	identity := sha256.Sum256([]byte(source))
	now := g.Clock()
	if c, ok := g.policies.Get(identity); ok && now.Before(c.expires) {
		return c.response, nil
	}
	flushes := g.flushes.Load()
	got, err := g.Authorize(ctx, authorizerEvent(x, g.Stage, arn))
	if err != nil {
		return got, err
	}
	// A policy that was requested before a flush may be outdated, so it is not cached.
	if g.identity.TTL > 0 && flushes == g.flushes.Load() {
		g.policies.Add(identity, cached{got, now.Add(g.identity.TTL)})
	}
	return got, nil
}

// invoke sends the request to its function as an event.
func (g *Gateway) invoke(ctx context.Context, x *exchange) {
	body, err := io.ReadAll(io.LimitReader(x.r.Body, maxPayloadBytes+1))
	if err != nil {
		g.respond(x, "BAD_REQUEST_BODY", nil)
		return
	}
	if len(body) > maxPayloadBytes {
		g.write(x, http.StatusRequestEntityTooLarge, map[string]string{"Content-Type": "application/json"}, []byte(`{"message":"Request Too Long"}`))
		return
	}
	resp, err := g.Integrate(ctx, proxyEvent(x, g.Stage, body, g.Clock()))
	if err != nil {
		g.Log.ErrorContext(ctx, "the function failed", "request_id", x.id, "path", x.path, "cause", err)
		kind := "INTEGRATION_FAILURE"
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			kind = "INTEGRATION_TIMEOUT"
		}
		g.respond(x, kind, nil)
		return
	}
	g.write(x, resp.StatusCode, renamed(resp.Headers), []byte(resp.Body))
}

// renamed returns a function's headers as API Gateway sends them.
func renamed(headers map[string]string) map[string]string {
	out := maps.Clone(headers)
	if challenge, ok := out["WWW-Authenticate"]; ok {
		delete(out, "WWW-Authenticate")
		out[edge.RenamedChallenge] = challenge
	}
	return out
}

// refuse answers with an error, as the edge function does.
func (g *Gateway) refuse(x *exchange, err error) {
	a := api.Encoder{Contract: g.Contract}.Error(x.id, api.ErrorOf(err))
	g.write(x, a.Status, a.Header, a.Body)
}

// respond answers with a gateway response of API Gateway.
func (g *Gateway) respond(x *exchange, kind string, more map[string]string) {
	r := g.responses[kind]
	variables := x.variables()
	for name, value := range more {
		variables[name] = value
	}
	g.write(x, r.Status, expandAll(r.Headers, variables), []byte(api.Expand(r.Template, variables)))
}

// mock answers with the mock integration of a method, or with that of the other methods.
func (g *Gateway) mock(x *exchange, method string) {
	m, ok := g.mocks[method+" "+x.path]
	if !ok {
		m = g.mocks["ANY "+x.path]
	}
	variables := x.variables()
	g.write(x, m.Status, expandAll(m.Headers, variables), []byte(api.Expand(m.Template, variables)))
}

// readableByMock reports whether a mock accepts the request. A mock has one template,
// for JSON, and refuses bodies of other types.
func readableByMock(r *http.Request) bool {
	sent := r.Header.Get("Content-Type")
	kind, _, err := mime.ParseMediaType(sent)
	return sent == "" || r.ContentLength == 0 || err == nil && kind == "application/json"
}

func (x *exchange) variables() map[string]string {
	return map[string]string{"$context.requestId": x.id, "$context.httpMethod": x.r.Method, "$context.resourcePath": x.path}
}

func expandAll(headers, variables map[string]string) map[string]string {
	out := make(map[string]string, len(headers))
	for name, value := range headers {
		out[name] = api.Expand(value, variables)
	}
	return out
}

func (g *Gateway) write(x *exchange, status int, headers map[string]string, body []byte) {
	h := x.w.Header()
	for name, value := range headers {
		h.Set(name, value)
	}
	if status == http.StatusNoContent {
		h.Del("Content-Type")
	}
	if x.edge { // the edge's policy of response headers
		h.Del(edge.RenamedChallenge)
		h.Set("WWW-Authenticate", api.Challenge)
		h.Set("X-Content-Type-Options", "nosniff")
	}
	body = g.compress(x, body)
	x.w.WriteHeader(status)
	if len(body) > 0 && x.r.Method != http.MethodHead {
		if _, err := x.w.Write(body); err != nil {
			g.Log.Debug("writing the response failed", "request_id", x.id)
		}
	}
}

func proxyEvent(x *exchange, stage string, body []byte, now time.Time) events.APIGatewayProxyRequest {
	ev := events.APIGatewayProxyRequest{
		Resource: x.path, Path: x.r.URL.Path, HTTPMethod: x.r.Method,
		Headers: single(x.r.Header), MultiValueHeaders: x.r.Header,
		QueryStringParameters: single(x.query), MultiValueQueryStringParameters: x.query,
		PathParameters: x.params, Body: string(body),
		RequestContext: events.APIGatewayProxyRequestContext{
			RequestID: x.id, Stage: stage, ResourcePath: x.path, HTTPMethod: x.r.Method, Path: x.r.URL.Path,
			Protocol: x.r.Proto, DomainName: x.r.Host, RequestTimeEpoch: now.UnixMilli(), Authorizer: x.context,
			Identity: events.APIGatewayRequestIdentity{SourceIP: sourceIP(x.r), UserAgent: x.r.UserAgent()},
		},
	}
	if !utf8.Valid(body) {
		ev.Body = strings.ToValidUTF8(ev.Body, "\uFFFD")
	}
	return ev
}

func authorizerEvent(x *exchange, stage, arn string) events.APIGatewayCustomAuthorizerRequestTypeRequest {
	return events.APIGatewayCustomAuthorizerRequestTypeRequest{
		Type: "REQUEST", MethodArn: arn, Resource: x.path, Path: x.r.URL.Path, HTTPMethod: x.r.Method,
		Headers: single(x.r.Header), MultiValueHeaders: x.r.Header,
		QueryStringParameters: single(x.query), MultiValueQueryStringParameters: x.query,
		PathParameters: x.params,
		RequestContext: events.APIGatewayCustomAuthorizerRequestTypeRequestContext{
			Path: x.r.URL.Path, Stage: stage, RequestID: x.id, ResourcePath: x.path, HTTPMethod: x.r.Method,
			Identity: events.APIGatewayCustomAuthorizerRequestTypeRequestIdentity{SourceIP: sourceIP(x.r)},
		},
	}
}

// single keeps the last of several values, as API Gateway's events do.
func single[M ~map[string][]string](many M) map[string]string {
	one := make(map[string]string, len(many))
	for name, values := range many {
		if len(values) > 0 {
			one[name] = values[len(values)-1]
		}
	}
	return one
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
