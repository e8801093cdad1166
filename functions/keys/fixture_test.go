package keys_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	applicationsfn "statgate/functions/applications"
	auditfn "statgate/functions/audit"
	connectionsfn "statgate/functions/connections"
	consolefn "statgate/functions/console"
	keysfn "statgate/functions/keys"
	orgsfn "statgate/functions/orgs"
	"statgate/shared/access/applications"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// deployment is the key management functions behind one gate. It caches each
// person's caller, as API Gateway does, so that every change has to take effect through the
// gate.
type deployment struct {
	*keystest.Fixture
	t       testing.TB
	calls   map[string]operation
	flushes int
}

type operation struct {
	handler api.Handler
	route   api.Route
	binder  *bind.Binder
}

// Flush implements Flusher, for a cache elsewhere that takes a minute.
func (a *deployment) Flush(context.Context) time.Time {
	a.flushes++
	return a.Now().Add(time.Minute)
}

func serve(t testing.TB, keysTable table.Table, contractName string) *deployment {
	t.Helper()
	a := &deployment{Fixture: keystest.New(t, keysTable, contractName), t: t, calls: map[string]operation{}}
	handlers := keysfn.Handlers(keysfn.Deps{Keys: a.Keys, History: a.Gate, Flusher: a})
	handlers = append(handlers, orgsfn.Handlers(orgsfn.Deps{Orgs: a.Orgs, Flusher: a})...)
	handlers = append(handlers, auditfn.Handlers(auditfn.Deps{Trail: a.Trail, Orgs: a.Orgs})...)
	handlers = append(handlers, connectionsfn.Handlers(connectionsfn.Deps{Orgs: a.Orgs})[1:]...) // except the data operation
	approving, err := preset.Load("teambattles")                                                 // some contracts have no approvals to apply for
	if err != nil {
		t.Fatal(err)
	}
	handlers = append(handlers, applicationsfn.Handlers(applicationsfn.Deps{Flusher: a, Applications: applications.New(applications.Options{
		Table: keysTable, Gates: a.Gate, Holdings: a.Keys, Contract: approving, Rand: rand.Reader})})...)
	for _, h := range consolefn.Handlers(consolefn.Deps{Keys: a.Keys}) {
		if route, _ := api.Find(h.Operation); !route.Open {
			handlers = append(handlers, h)
		}
	}
	for _, h := range handlers {
		route, ok := api.Find(h.Operation)
		if !ok {
			t.Fatalf("no route for %s", h.Operation)
		}
		binder, err := bind.New(a.Contract, route, h)
		if err != nil {
			t.Fatal(err)
		}
		a.calls[h.Operation] = operation{h, route, binder}
	}
	return a
}

// person is the holder of a secret.
type person struct {
	*deployment
	secret string
	cached *api.Caller
}

// with returns a person who has just made a first request.
func (a *deployment) with(secret string) *person {
	a.t.Helper()
	c, err := a.Keys.Authenticate(a.t.Context(), secret)
	if err != nil {
		a.t.Fatal(err)
	}
	return &person{deployment: a, secret: secret, cached: c}
}

// input is a request's input by name, path parameters included.
type input map[string]any

// try calls an operation and returns its answer as JSON.
func (p *person) try(operation string, in input) (map[string]any, error) {
	return p.tryOnce(operation, in, "")
}

func (p *person) tryOnce(name string, in input, idempotencyKey string) (map[string]any, error) {
	p.t.Helper()
	op := p.calls[name]
	passed, err := p.Gate.Admit(p.t.Context(), p.cached, op.route, contract.Requests)
	if err != nil {
		return nil, err
	}
	r := p.Request(passed.Caller)
	r.Route, r.Meter, r.IdempotencyKey = op.route, passed.Meter, idempotencyKey
	return p.invoke(r, op, in)
}

// invoke binds the input and calls the handler.
func (a *deployment) invoke(r *api.Request, op operation, in input) (map[string]any, error) {
	a.t.Helper()
	bound, err := op.binder.Bind(raw(a.t, op, in))
	if err != nil {
		return nil, err
	}
	r.Cursors = func(context.Context) (api.Cursors, error) {
		return api.Cursors{Key: []byte("a key of the tests"), Life: time.Hour}, nil
	}
	if bound.Paged {
		after, _ := in["after"].(string)
		bound.GoTo(after, bound.Limit())
	}
	answer, err := op.handler.Call(a.t.Context(), r, bound.Input)
	if err != nil {
		return nil, err
	}
	if list, ok := answer.(api.Listed); ok {
		answer = map[string]any{"data": list.Items(), "next": list.Position()}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		a.t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		a.t.Fatal(err)
	}
	return got, nil
}

func raw(t testing.TB, op operation, in input) bind.Request {
	t.Helper()
	r := bind.Request{Path: map[string]string{}, Query: url.Values{}}
	rest := map[string]any{}
	for name, v := range in {
		if name != "after" {
			rest[name] = v
		}
	}
	for _, name := range op.route.Params() {
		r.Path[name], _ = rest[name].(string)
		delete(rest, name)
	}
	if op.binder.FromQuery() {
		for name, v := range rest {
			r.Query.Set(name, v.(string))
		}
		return r
	}
	body, err := json.Marshal(rest)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = body
	return r
}

// does calls an operation that must succeed.
func (p *person) does(operation string, in input) map[string]any {
	p.t.Helper()
	got, err := p.try(operation, in)
	if err != nil {
		p.t.Fatalf("%s %v: %v", operation, in, err)
	}
	return got
}

// fails calls an operation that must fail with the condition.
func (p *person) fails(want, operation string, in input) *api.Error {
	p.t.Helper()
	_, err := p.try(operation, in)
	if got := keystest.Condition(err); got != want {
		p.t.Errorf("%s %v: got %q (%v), want %q", operation, in, got, err, want)
	}
	if err == nil {
		return &api.Error{}
	}
	return api.ErrorOf(err)
}

// text returns a string of an answer.
func text(answer map[string]any, name string) string { s, _ := answer[name].(string); return s }

// scenario is a deployment with the callers of a test.
type scenario struct {
	*deployment
	operator, owner, admin, stranger *person
	org, strangers                   string // organisations
	ownerUser, adminUser, memberUser string
	member                           *person // holds a client key
	memberKey                        string
	application                      string // a general one of the organisation's, if any
	session                          string // a console session of the owner's, if any
}

// newScenario returns a deployment with an operator, an organisation with an owner, an admin and
// a member, and a stranger who owns another organisation.
func newScenario(t testing.TB, keysTable table.Table) *scenario {
	t.Helper()
	a := serve(t, keysTable, "statgate")
	c := &scenario{deployment: a}
	c.operator = a.with(a.Bootstrap(t).Secret)
	newOrg := func(name string) (string, string, *person) {
		o := c.operator.does("createOrg", input{"name": name, "plan": "TEAM", "owner": "Owner@" + name + ".example"})
		k := c.operator.does("createKey", input{"name": "owner", "org": o["id"], "scopes": a.Management()})
		return text(o, "id"), text(o["owner"].(map[string]any), "user"), a.with(text(k, "secret"))
	}
	c.org, c.ownerUser, c.owner = newOrg("north")
	c.strangers, _, c.stranger = newOrg("south")
	join := func(role string, scopes ...string) (string, string, *person) {
		m := c.owner.does("addMember", input{"org": c.org, "email": role + "@north.example", "role": role})
		k := c.owner.does("createKey", input{"name": role, "user": m["user"], "scopes": scopes})
		return text(m, "user"), text(k, "id"), a.with(text(k, "secret"))
	}
	c.adminUser, _, c.admin = join("admin", a.Management()...)
	c.memberUser, c.memberKey, c.member = join("member", "read:matches")
	return c
}
