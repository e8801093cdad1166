// Package serve is the Lambda adapter: it turns an API Gateway event into a call
// of a handler, and the handler's value or error into a response.
//
// The steps always run in the same order: route, caller, gate, input, handler,
// encoder. A request that the gate refuses never reaches a handler. A request that
// the gate admits is counted, even if the handler fails.
package serve

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/access/apikey"
	"statgate/shared/access/gate"
	"statgate/shared/access/transport"
	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/api/view"
	"statgate/shared/contract"
	"statgate/shared/telemetry"
)

// maxBodyBytes is the largest request body that is accepted.
const maxBodyBytes = 256 << 10

// answerTime is the part of the function's timeout that is reserved for writing
// the response. Store calls are cancelled before it, so that the function can
// answer 503. If Lambda stops the function, API Gateway answers 502, which tells
// the client less.
const answerTime = time.Second

// Gate admits requests with one conditional write each.
type Gate interface {
	// Admit counts one request against the caller's budget. Its errors are *api.Error.
	Admit(ctx context.Context, caller *api.Caller, route api.Route, budget string) (gate.Admission, error)
	// StillCurrent returns an *api.Error if the key has changed since the request was admitted.
	StillCurrent(ctx context.Context, admitted gate.Admission) error
}

// Options are the parts of a Function.
type Options struct {
	Contract  *contract.Contract
	Edge      bool   // the API is behind an edge
	StagePath string // path of the stage in the API's public address, "/live"; "" if the address has none
	Handlers  []api.Handler
	Gate      Gate
	CursorKey func(ctx context.Context) ([]byte, error) // signs cursors
	Clock     func() time.Time
	Log       *slog.Logger
	Metrics   *telemetry.Recorder // nil writes no metrics
}

// Function serves the routes of one or more Lambda functions.
type Function struct {
	Options
	enc    api.Encoder
	routes map[string]*route // by "GET /v1/keys/{key}"
	warm   atomic.Bool
}

type route struct {
	api.Route
	handler api.Handler
	binder  *bind.Binder // nil if the handler has a protocol
	budget  string
	get     api.Route // reads the resource that this route creates; zero if the contract has no such route
}

// New returns a Function that serves the contract's routes which have a handler in
// o. It returns an error if a handler has no row in the route table.
func New(o Options) (*Function, error) {
	f := &Function{Options: o, enc: api.Encoder{Contract: o.Contract}, routes: map[string]*route{}}
	deployed := map[string]api.Route{}
	for _, r := range api.For(o.Contract) {
		deployed[r.Operation] = r
	}
	var err error
	if f.enc.Views, err = view.New(o.Contract, outputTypes(o.Handlers)...); err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	for _, h := range o.Handlers {
		if _, ok := api.Find(h.Operation); !ok {
			return nil, fmt.Errorf("serve: handler %s has no row in the route table", h.Operation)
		}
		r, ok := deployed[h.Operation]
		if !ok {
			continue
		}
		var b *bind.Binder
		if h.Protocol == nil {
			if b, err = bind.New(o.Contract, r, h); err != nil {
				return nil, err
			}
		}
		budget := o.Contract.Operations[r.Operation].Budget
		if budget == "" {
			budget = contract.Requests
		}
		one := &route{Route: r, handler: h, binder: b, budget: budget}
		if h.Created != nil {
			one.get = deployed[h.Created.Get]
		}
		f.routes[r.ID()] = one
	}
	return f, nil
}

// outputTypes lists the types that handlers return. A list is given as the slice of
// its items.
func outputTypes(handlers []api.Handler) []reflect.Type {
	var types []reflect.Type
	for _, h := range handlers {
		switch {
		case h.Output == nil:
		case h.Output.Implements(reflect.TypeFor[api.Listed]()):
			data, _ := h.Output.FieldByName("Data")
			types = append(types, data.Type)
		default:
			types = append(types, h.Output)
		}
	}
	return types
}

// call is one request while it is being served.
type call struct {
	event   events.APIGatewayProxyRequest
	route   *route
	request *api.Request
	caller  *api.Caller // as the gate admitted it
	admit   gate.Admission
	check   gateCheck
	reads   int          // how often the handler of a list was called
	message *api.Message // of a handler that has a protocol
}

// gateCheck is the result of the gate's check of a request, for metrics.
type gateCheck struct {
	done bool // false if the request did not reach the gate
	took time.Duration
	err  error
}

// Handle serves one event. It never returns an error: it answers failures in the
// contract's error shape and logs their cause.
func (f *Function) Handle(ctx context.Context, ev events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	start := f.Clock()
	c := &call{event: ev, request: &api.Request{ID: ev.RequestContext.RequestID, Now: start}}
	limited, cancel := reserveAnswerTime(ctx)
	defer cancel()
	answer, err := f.recovered(limited, c)
	if err != nil {
		answer = f.failed(limited, c, api.ErrorOf(err))
	}
	f.addRateHeaders(answer, c)
	if c.route != nil && c.route.SameOrigin {
		f.enc.WithoutCORS(answer)
	}
	answer.Header["Vary"] = "Accept-Encoding" // API Gateway compresses
	if c.route != nil && !c.route.Open {
		answer.Header["Vary"] = "Authorization, X-API-Key, Accept-Encoding"
	}
	if ev.HTTPMethod == http.MethodHead {
		answer.Body = nil
	}
	f.log(ctx, c, answer.Status, err, f.Clock().Sub(start))
	return events.APIGatewayProxyResponse{StatusCode: answer.Status, Headers: answer.Header, Body: string(answer.Body)}, nil
}

// reserveAnswerTime returns a context whose deadline is answerTime before that of
// ctx. Without a deadline it returns ctx.
func reserveAnswerTime(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-answerTime))
	}
	return ctx, func() {}
}

// recovered calls serve and turns a panic into an internal error. The stack trace is
// only logged.
func (f *Function) recovered(ctx context.Context, c *call) (a api.Answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &api.Error{Condition: api.Internal, Message: "internal error",
				Cause: fmt.Errorf("panic: %v\n%s", r, debug.Stack())}
		}
	}()
	return f.serve(ctx, c)
}

func (f *Function) serve(ctx context.Context, c *call) (api.Answer, error) {
	method := c.event.HTTPMethod
	if method == http.MethodHead {
		method = http.MethodGet
	}
	c.route = f.routes[method+" "+c.event.Resource]
	if c.route == nil {
		return api.Answer{}, api.Fail(api.NotFoundRoute, "no such path")
	}
	c.request.Route = c.route.Route
	c.request.IfMatch = strings.Join(values(c.event, "If-Match"), ",")
	c.request.Tag = f.enc.Tag
	c.request.Address = f.address(c.event)
	if c.route.SameOrigin {
		c.request.Browser = f.browser(c.event)
	}
	if f.Contract.Recheck {
		c.request.Recheck = func(ctx context.Context) error { return f.Gate.StillCurrent(ctx, c.admit) }
	}
	if c.route.handler.Protocol != nil {
		return f.converse(ctx, c)
	}
	if !c.route.Open {
		if err := f.identify(c); err != nil {
			return api.Answer{}, err
		}
		if err := f.admit(ctx, c, c.route.Route); err != nil {
			return api.Answer{}, err
		}
	}
	var err error
	if c.request.IdempotencyKey, err = idempotencyKey(c.event); err != nil {
		return api.Answer{}, err
	}
	bound, err := f.bind(c)
	if err != nil {
		return api.Answer{}, err
	}
	value, page, err := f.run(ctx, c, bound)
	if err != nil {
		// Handlers use our field names; the contract may rename them for clients.
		return api.Answer{}, api.ErrorOf(err).Named(f.Contract.Operations[c.route.Operation].Names)
	}
	if rechecked(c.route.Route) {
		if err := c.request.StillCurrent(ctx); err != nil {
			return api.Answer{}, err
		}
	}
	return f.answer(c, value, page)
}

// idempotencyKey returns the header Idempotency-Key. Two different ones are refused, as a
// client could not know which of them protects its retries.
func idempotencyKey(ev events.APIGatewayProxyRequest) (string, error) {
	sent := slices.Compact(values(ev, "Idempotency-Key"))
	switch len(sent) {
	case 0:
		return "", nil
	case 1:
		return sent[0], nil
	}
	return "", api.Fail(api.InputParameter, "Idempotency-Key: must be given only once")
}

// rechecked reports whether the answer of a route is withheld if the key changed
// while the request was served. Answers to changes are never withheld: the change is
// done, it may have changed the caller's own key, and a new secret could not be
// shown again. Changes of data check the key before they write, with
// [api.Request.StillCurrent].
func rechecked(r api.Route) bool {
	return !r.Open && (!r.Management || r.Method == "GET") && !r.Changes()
}

// identify reads the caller from the authorizer's context.
func (f *Function) identify(c *call) error {
	caller, err := api.CallerFromContext(c.event.RequestContext.Authorizer)
	if err != nil {
		return err
	}
	if caller.Contract != f.Contract.Name {
		return fmt.Errorf("serve: the caller's contract is %q, the function's %q", caller.Contract, f.Contract.Name)
	}
	if err := f.checkSecret(c.event, caller); err != nil {
		return err
	}
	c.caller = caller
	return nil
}

// admit passes the gate under a row.
func (f *Function) admit(ctx context.Context, c *call, row api.Route) error {
	start := f.Clock()
	var err error
	c.admit, err = f.Gate.Admit(ctx, c.caller, row, c.route.budget)
	now := f.Clock()
	c.check = gateCheck{done: true, took: now.Sub(start), err: err}
	c.request.Now = now // the gate's answer may have corrected the clock
	if c.admit.Caller != nil {
		c.caller = c.admit.Caller
	}
	c.request.Caller, c.request.Meter = c.caller, c.admit.Meter
	return err
}

// checkSecret refuses a request whose secret is not the caller's. API Gateway finds the
// caller in its cache of policies by a header, so a policy that was cached under a
// wrong identity would otherwise serve every sender of that header. Behind an edge it
// also refuses a second secret, as the edge does: a request to API Gateway's own address
// bypasses the edge.
func (f *Function) checkSecret(ev events.APIGatewayProxyRequest, caller *api.Caller) error {
	h := make(http.Header, 2)
	for _, name := range []string{"Authorization", "X-API-Key"} {
		for _, v := range values(ev, name) {
			h.Add(name, v)
		}
	}
	read := transport.Behind(f.Contract, f.Edge)
	secret, err := transport.Pick(read, h, query(ev))
	if err != nil {
		return err
	}
	if apikey.ID(secret) != caller.Secret {
		return api.Fail(api.SecretUnknown, "a valid API key is required")
	}
	if f.Edge {
		_, err = transport.Pick(slices.Concat(read, f.Contract.HTTPTransports()), h, query(ev))
	}
	return err
}

// body returns the body of a request.
func body(ev events.APIGatewayProxyRequest) ([]byte, error) {
	b := []byte(ev.Body)
	if ev.IsBase64Encoded {
		raw, err := base64.StdEncoding.DecodeString(ev.Body)
		if err != nil {
			return nil, api.Fail(api.InputJSON, "the body cannot be read")
		}
		b = raw
	}
	if len(b) > maxBodyBytes {
		return nil, api.Fail(api.InputSize, "the body must have at most %d bytes, got %d", maxBodyBytes, len(b))
	}
	return b, nil
}

// bind checks the body's size and media type, then binds the input.
func (f *Function) bind(c *call) (*bind.Bound, error) {
	body, err := body(c.event)
	if err != nil {
		return nil, err
	}
	if sent := header(c.event, "Content-Type"); len(body) > 0 && sent != "" && !c.route.binder.FromQuery() {
		if kind, _, err := mime.ParseMediaType(sent); err != nil || kind != "application/json" {
			return nil, api.Fail(api.InputMedia, "the body must be application/json")
		}
	}
	return c.route.binder.Bind(bind.Request{Path: c.event.PathParameters, Query: f.parameters(c.event), Body: body})
}

// parameters returns the query without the secret, if the contract takes it there.
func (f *Function) parameters(ev events.APIGatewayProxyRequest) url.Values {
	q := query(ev)
	if _, sent := q[contract.Query]; !sent || !slices.Contains(f.Contract.HTTPTransports(), contract.Query) {
		return q
	}
	q = maps.Clone(q)
	delete(q, contract.Query)
	return q
}

func query(ev events.APIGatewayProxyRequest) url.Values {
	if len(ev.MultiValueQueryStringParameters) > 0 {
		return url.Values(ev.MultiValueQueryStringParameters)
	}
	q := url.Values{}
	for name, value := range ev.QueryStringParameters {
		q.Set(name, value)
	}
	return q
}

// header returns a header's value. It ignores case, as API Gateway passes header
// names the way the client spelt them.
func header(ev events.APIGatewayProxyRequest, name string) string {
	if v, ok := ev.Headers[name]; ok {
		return v
	}
	for k, v := range ev.Headers {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	for k, v := range ev.MultiValueHeaders {
		if strings.EqualFold(k, name) && len(v) > 0 {
			return v[0]
		}
	}
	return ""
}

// values returns all values of a header. It ignores case.
func values(ev events.APIGatewayProxyRequest, name string) []string {
	var all []string
	for k, v := range ev.MultiValueHeaders {
		if strings.EqualFold(k, name) {
			all = append(all, v...)
		}
	}
	if all == nil {
		if one := header(ev, name); one != "" {
			all = []string{one}
		}
	}
	return all
}

// run calls the handler. For a list it reads the page that the client asked for.
func (f *Function) run(ctx context.Context, c *call, b *bind.Bound) (any, api.PageInfo, error) {
	if !b.Paged {
		c.request.Cursors = f.cursors
		value, err := c.route.handler.Call(ctx, c.request, b.Input)
		return value, api.PageInfo{}, err
	}
	return f.list(ctx, c, b)
}

func (f *Function) answer(c *call, value any, page api.PageInfo) (api.Answer, error) {
	a, err := f.enc.Success(c.request, c.route.handler.Status, value, page)
	if err != nil {
		return a, err
	}
	if c.route.handler.Status == 201 {
		a.Header["Cache-Control"] = "no-store"
		if c.route.get.Operation != "" {
			id, err := c.route.handler.Created.ID(value)
			if err != nil {
				return a, err
			}
			a.Header["Location"] = f.StagePath + c.route.get.Of(id)
		}
	}
	if a.Header["ETag"], err = f.etag(c, a, value); err != nil || a.Header["ETag"] == "" {
		delete(a.Header, "ETag")
		return a, err
	}
	if sent := strings.Join(values(c.event, "If-None-Match"), ","); c.route.Method == "GET" && sent != "" && api.Matches(sent, a.Header["ETag"]) {
		delete(a.Header, "Content-Type")
		a.Status, a.Body = 304, nil
	}
	return a, nil
}

// etag returns the ETag of an answer, or "" if it has none. A versioned value has the
// ETag of its version, so that clients can make changes conditional on it (If-Match).
// Any other successful GET has the ETag of its body.
func (f *Function) etag(c *call, a api.Answer, value any) (string, error) {
	if v, ok := value.(api.Versioned); ok {
		return f.enc.Tag(v)
	}
	if c.route.Method == "GET" && a.Status == 200 {
		return api.ETag(a.Timeless), nil
	}
	return "", nil
}

// addRateHeaders adds the rate headers to every answer of a request that the gate
// metered.
func (f *Function) addRateHeaders(a api.Answer, c *call) {
	if c.route == nil || c.route.Open {
		return
	}
	m := c.admit.Meter
	if m.Limit == 0 && m.ResetsAt.IsZero() {
		return
	}
	var more []api.Meter
	if managed := c.admit.Management; managed.Limit > 0 {
		more = append(more, managed)
	}
	f.enc.MeterHeaders(a.Header, c.request.Now, m, more...)
}
