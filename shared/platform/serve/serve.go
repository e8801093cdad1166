// Package serve is the Lambda adapter: it turns an API Gateway event into a
// handler's call and the handler's value or error into an answer.
//
// The order is always the same: route, caller, gate, input, handler, encoder. A
// call that the gate refused never reaches a handler; one that it admitted is
// counted whatever the handler answers.
package serve

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/access/gate"
	"statgate/shared/access/transport"
	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/api/view"
	"statgate/shared/contract"
	"statgate/shared/telemetry"
)

// MaxBodyBytes is the largest body that is read.
const MaxBodyBytes = 256 << 10

// answerTime is what is kept of a function's time for the answer. A store that is
// later than that is given up: who is ended by Lambda answers nothing, and API
// Gateway's own 502 says less than a 503.
const answerTime = time.Second

// Gate admits calls, one conditional write each.
type Gate interface {
	// Admit spends one call of the caller's budget. It fails with *api.Error.
	Admit(ctx context.Context, caller *api.Caller, route api.Route, budget string) (gate.Admission, error)
	// StillCurrent fails with *api.Error where the key changed since it was admitted.
	StillCurrent(ctx context.Context, admitted gate.Admission) error
}

// Options is what a function is made of.
type Options struct {
	Contract  *contract.Contract
	Handlers  []api.Handler
	Gate      Gate
	CursorKey func(ctx context.Context) ([]byte, error) // signs cursors
	Clock     func() time.Time
	Log       *slog.Logger
	Metrics   *telemetry.Recorder // nil: none
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
	binder  *bind.Binder
	budget  string
	get     api.Route // gets what it makes; zero where the contract has nothing that does
}

// New prepares a function: the contract's routes that have a handler here. A
// handler without a row in the route table is an error.
func New(o Options) (*Function, error) {
	f := &Function{Options: o, enc: api.Encoder{Contract: o.Contract}, routes: map[string]*route{}}
	deployed := map[string]api.Route{}
	for _, r := range api.For(o.Contract) {
		deployed[r.Operation] = r
	}
	var err error
	if f.enc.Views, err = view.New(o.Contract, answers(o.Handlers)...); err != nil {
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
		b, err := bind.New(o.Contract, r, h)
		if err != nil {
			return nil, err
		}
		budget := o.Contract.Operations[r.Operation].Budget
		if budget == "" {
			budget = contract.Requests
		}
		one := &route{Route: r, handler: h, binder: b, budget: budget}
		if h.Made != nil {
			one.get = deployed[h.Made.Get]
		}
		f.routes[r.ID()] = one
	}
	return f, nil
}

// answers lists the types that handlers answer with, a list's as a slice.
func answers(handlers []api.Handler) []reflect.Type {
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

// call is one request on its way.
type call struct {
	event   events.APIGatewayProxyRequest
	route   *route
	request *api.Request
	caller  *api.Caller // as admitted
	admit   gate.Admission
	passage passage
	turns   int // how often a list's handler was asked
}

// passage is how a call fared at the gate.
type passage struct {
	asked bool
	took  time.Duration
	err   error
}

// Handle serves one event. It never returns an error: what fails is answered in
// the contract's shape, and its cause is logged.
func (f *Function) Handle(ctx context.Context, ev events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	start := f.Clock()
	c := &call{event: ev, request: &api.Request{ID: ev.RequestContext.RequestID, Now: start}}
	inTime, cancel := withinTime(ctx)
	defer cancel()
	answer, err := f.guarded(inTime, c)
	if err != nil {
		answer = f.enc.Error(c.request.ID, api.AsError(err))
	}
	f.meter(answer, c, err)
	if c.route != nil && !c.route.Open {
		answer.Header["Vary"] = "Authorization, X-API-Key"
	}
	f.log(ctx, c, answer.Status, err, f.Clock().Sub(start))
	return events.APIGatewayProxyResponse{StatusCode: answer.Status, Headers: answer.Header, Body: string(answer.Body)}, nil
}

// withinTime ends early enough for an answer, where the function's time has an end.
func withinTime(ctx context.Context) (context.Context, context.CancelFunc) {
	if ends, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, ends.Add(-answerTime))
	}
	return ctx, func() {}
}

// guarded turns a panic into an internal error; the stack goes to the log alone.
func (f *Function) guarded(ctx context.Context, c *call) (a api.Answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &api.Error{Condition: api.Internal, Message: "internal error",
				Cause: fmt.Errorf("panic: %v\n%s", r, debug.Stack())}
		}
	}()
	return f.serve(ctx, c)
}

func (f *Function) serve(ctx context.Context, c *call) (api.Answer, error) {
	c.route = f.routes[c.event.HTTPMethod+" "+c.event.Resource]
	if c.route == nil {
		return api.Answer{}, api.Fail(api.NotFoundRoute, "no such path")
	}
	c.request.Route = c.route.Route
	c.request.IdempotencyKey = header(c.event, "Idempotency-Key")
	c.request.IfMatch = strings.Join(values(c.event, "If-Match"), ",")
	c.request.Tag = f.enc.Tag
	if !c.route.Open {
		if err := f.admit(ctx, c); err != nil {
			return api.Answer{}, err
		}
	}
	bound, err := f.bind(c)
	if err != nil {
		return api.Answer{}, err
	}
	if f.Contract.Recheck {
		c.request.Recheck = func(ctx context.Context) error { return f.Gate.StillCurrent(ctx, c.admit) }
	}
	value, page, err := f.run(ctx, c, bound)
	if err != nil {
		// Handlers know our names of the fields, clients the contract's.
		return api.Answer{}, api.AsError(err).Named(f.Contract.Operations[c.route.Operation].Names)
	}
	if rechecked(c.route.Route) {
		if err := c.request.StillCurrent(ctx); err != nil {
			return api.Answer{}, err
		}
	}
	return f.answer(c, value, page)
}

// rechecked tells whether an answer of the route is withheld once its key has
// changed. A change is not: it is done, it may itself be what changed the key that
// makes it, and a new secret could not be shown again. A change of data asks before
// it writes, by [api.Request.StillCurrent].
func rechecked(r api.Route) bool {
	return !r.Open && (!r.Management || r.Method == "GET") && !r.Changes()
}

func (f *Function) admit(ctx context.Context, c *call) error {
	caller, err := api.CallerFromContext(c.event.RequestContext.Authorizer)
	if err != nil {
		return err
	}
	if caller.Contract != f.Contract.Name {
		return fmt.Errorf("serve: the caller's contract is %q, the function's %q", caller.Contract, f.Contract.Name)
	}
	if err := f.oneSecret(c.event); err != nil {
		return err
	}
	c.caller = caller
	start := f.Clock()
	c.admit, err = f.Gate.Admit(ctx, caller, c.route.Route, c.route.budget)
	c.passage = passage{asked: true, took: f.Clock().Sub(start), err: err}
	if c.admit.Caller != nil {
		c.caller = c.admit.Caller
	}
	c.request.Caller, c.request.Meter = c.caller, c.admit.Meter
	return err
}

// oneSecret refuses a call with two different secrets, as the edge does. Past the
// edge API Gateway takes a cached policy by Authorization alone, and would let the
// other one go unseen.
func (f *Function) oneSecret(ev events.APIGatewayProxyRequest) error {
	h := make(http.Header, 2)
	for _, name := range []string{"Authorization", "X-API-Key"} {
		for _, v := range values(ev, name) {
			h.Add(name, v)
		}
	}
	_, err := transport.Pick(f.Contract, transport.HTTP, h, query(ev))
	if err != nil && api.AsError(err).Condition == api.SecretConflict {
		return err
	}
	return nil // what else is wrong with it, the authorizer has not minded
}

// bind reads the input: size first, then media type, then values.
func (f *Function) bind(c *call) (*bind.Bound, error) {
	body := []byte(c.event.Body)
	if c.event.IsBase64Encoded {
		raw, err := base64.StdEncoding.DecodeString(c.event.Body)
		if err != nil {
			return nil, api.Fail(api.InputJSON, "the body cannot be read")
		}
		body = raw
	}
	if len(body) > MaxBodyBytes {
		return nil, api.Fail(api.InputSize, "the body must have at most %d bytes, got %d", MaxBodyBytes, len(body))
	}
	if sent := header(c.event, "Content-Type"); len(body) > 0 && sent != "" && !c.route.binder.FromQuery() {
		if kind, _, err := mime.ParseMediaType(sent); err != nil || kind != "application/json" {
			return nil, api.Fail(api.InputMedia, "the body must be application/json")
		}
	}
	return c.route.binder.Bind(bind.Request{Path: c.event.PathParameters, Query: query(c.event), Body: body})
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

// header reads a header whatever its case: API Gateway passes names as they came.
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

// values are all of a header's values, whatever its case.
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

// run calls the handler, for lists at the place that the client asked for.
func (f *Function) run(ctx context.Context, c *call, b *bind.Bound) (any, api.PageInfo, error) {
	if !b.Paged {
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
			id, err := c.route.handler.Made.ID(value)
			if err != nil {
				return a, err
			}
			a.Header["Location"] = c.route.get.Of(id)
		}
	}
	if a.Header["ETag"], err = f.tag(c, a, value); err != nil || a.Header["ETag"] == "" {
		delete(a.Header, "ETag")
		return a, err
	}
	if sent := header(c.event, "If-None-Match"); c.event.HTTPMethod == "GET" && sent != "" && api.Matches(sent, a.Header["ETag"]) {
		delete(a.Header, "Content-Type")
		a.Status, a.Body = 304, nil
	}
	return a, nil
}

// tag is the ETag of an answer, "" for none: that of its state where it has one,
// so that a change may be made on the condition that nothing has changed since,
// else that of its body, where it may be asked for again.
func (f *Function) tag(c *call, a api.Answer, value any) (string, error) {
	if v, ok := value.(api.Versioned); ok {
		return f.enc.Tag(v)
	}
	if c.event.HTTPMethod == "GET" && a.Status == 200 {
		return api.ETag(a.Timeless), nil
	}
	return "", nil
}

// meter puts the rate headers on every answer that the gate had a say in.
func (f *Function) meter(a api.Answer, c *call, err error) {
	if c.route == nil || c.route.Open {
		return
	}
	m := c.admit.Meter
	if m.Limit == 0 && m.ResetsAt.IsZero() {
		return
	}
	f.enc.MeterHeaders(a.Header, m, c.request.Now)
	var failed *api.Error
	if errors.As(err, &failed) && failed.Condition == api.Quota && failed.RetryAfter == 0 {
		a.Header["Retry-After"] = "1"
	}
}
