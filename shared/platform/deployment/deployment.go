// Package deployment assembles a whole deployment in one process, from the
// production parts: stores, handlers, gate, authorizer and gateway. The local
// server and the tests are made of it.
package deployment

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/authorizer"
	"statgate/functions"
	"statgate/shared/access/apikey"
	"statgate/shared/access/applications"
	"statgate/shared/access/audit"
	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/api/docspage"
	"statgate/shared/api/openapi"
	"statgate/shared/contract"
	"statgate/shared/feed/webhooks"
	"statgate/shared/platform/deployment/queue"
	"statgate/shared/platform/edge"
	"statgate/shared/platform/gateway"
	"statgate/shared/platform/serve"
	"statgate/shared/platform/settings"
	"statgate/shared/stats/contests"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/players"
	"statgate/shared/stats/reports"
	"statgate/shared/stats/standings"
	"statgate/shared/stats/teams"
	"statgate/shared/table"
)

// Options is what a deployment is made on.
type Options struct {
	Contract    *contract.Contract
	Environment string
	Edge        *bool // whether an edge stands before it; nil: where the contract needs one, as in the stack
	Keys, Stats table.Table
	Peppers     *apikey.PepperSource
	Clock       func() time.Time
	Rand        io.Reader
	Log         *slog.Logger
	// Follow tells read of the stats table's changes until ctx ends; nil where nobody
	// is told of any.
	Follow func(ctx context.Context, read table.Reader) error
	// PrivateWebhooks lets webhooks be on this machine and its network.
	PrivateWebhooks bool
	// Within marks the context in which an operation runs, a worker, or the authorizer ("").
	// Tests tell by it which function asked a table; nil marks nothing.
	Within func(ctx context.Context, operation string) context.Context
}

// Deployment is a running API.
type Deployment struct {
	Gateway *gateway.Gateway // the http.Handler
	Gate    *gate.Gate
	Keys    *keys.Store
	Orgs    *orgs.Store
	OpenAPI []byte
	// Handlers are what the gateway calls, for those who want to watch them.
	Handlers []api.Handler

	Contests     *contests.Store
	Applications *applications.Store
	Webhooks     *webhooks.Store

	queue   *queue.Queue
	deliver queue.Deliver
	fanout  table.Reader
	follow  func(ctx context.Context, read table.Reader) error
}

// late is a flusher for handlers that are made before the gateway whose cache it flushes.
type late struct{ gateway *gateway.Gateway }

func (l *late) Flush(ctx context.Context) time.Time { return l.gateway.Flush(ctx) }

// New assembles a deployment.
func New(o Options) (*Deployment, error) {
	d := &Deployment{Gate: gate.New(o.Keys, o.Clock)}
	d.Keys = keys.New(keys.Options{Table: o.Keys, Gates: d.Gate, Peppers: o.Peppers, Contract: o.Contract,
		Environment: o.Environment, Now: o.Clock, Rand: o.Rand})
	d.Gate.Resolver, d.Gate.Scopes = d.Keys, o.Contract.Scopes
	d.Orgs = orgs.New(orgs.Options{Table: o.Keys, Gates: d.Gate, Holdings: d.Keys, Contract: o.Contract, Rand: o.Rand})
	d.Contests = contests.NewStore(o.Stats, o.Rand)
	d.Applications = applications.New(applications.Options{Table: o.Keys, Gates: d.Gate, Holdings: d.Keys, Contract: o.Contract, Rand: o.Rand})
	if err := d.workers(o); err != nil {
		return nil, err
	}
	flusher := &late{}
	var err error
	if d.Handlers, err = d.handlers(o, flusher); err != nil {
		return nil, err
	}
	function, err := serve.New(serve.Options{Contract: o.Contract, Handlers: d.Handlers, Gate: d.Gate,
		CursorKey: settings.CursorKey(o.Keys, o.Rand), Clock: o.Clock, Log: o.Log})
	if err != nil {
		return nil, err
	}
	auth := authorizer.New(o.Contract, d.Keys.Authenticate, o.Clock, o.Log)
	authorize, integrate := o.marked(auth.Handle, function.Handle)
	d.Gateway, err = gateway.New(gateway.Options{
		Contract: o.Contract, Stage: o.Environment, Edge: o.edge(), Authorize: authorize, Integrate: integrate,
		Wellformed: func(secret string) bool { return apikey.WellFormed(o.Contract.Secret, secret) },
		Clock:      o.Clock, Log: o.Log,
	})
	flusher.gateway = d.Gateway
	return d, err
}

// marked are the handlers within their own contexts.
func (o Options) marked(auth gateway.Authorize, function gateway.Integrate) (gateway.Authorize, gateway.Integrate) {
	if o.Within == nil {
		return auth, function
	}
	operations := map[string]string{}
	for _, r := range api.For(o.Contract) {
		operations[r.ID()] = r.Operation
	}
	return func(ctx context.Context, ev events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
			return auth(o.Within(ctx, ""), ev)
		}, func(ctx context.Context, ev events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			return function(o.Within(ctx, operations[ev.HTTPMethod+" "+ev.Resource]), ev)
		}
}

func (o Options) edge() bool {
	if o.Edge != nil {
		return *o.Edge
	}
	return edge.Needed(o.Contract)
}

// handlers makes every operation's handler. The documents are made from the
// handlers themselves, so those come first.
func (d *Deployment) handlers(o Options, flusher *late) ([]api.Handler, error) {
	played := matches.NewStore(o.Stats, o.Clock)
	deps := functions.Deps{
		Contract: o.Contract,
		Leagues:  leagues.NewStore(o.Stats), Teams: teams.NewStore(o.Stats), Matches: played, Own: matches.NewOwn(played, o.Rand),
		Reports:   reports.NewStore(o.Stats, o.Clock),
		Standings: standings.NewCache(256, o.Clock), Players: players.NewStore(o.Stats),
		Keys: d.Keys, Usage: d.Gate, Orgs: d.Orgs, Audit: audit.New(o.Keys, o.Stats), Flusher: flusher,
		Contests: d.Contests, Applications: d.Applications, Webhooks: d.Webhooks,
	}
	deps.Docs.Stores = []table.Table{o.Keys, o.Stats}
	var err error
	if deps.Docs.OpenAPI, err = openapi.Document(o.Contract, functions.All(deps), ""); err != nil {
		return nil, err
	}
	if deps.Docs.Page, err = docspage.Render(o.Contract, deps.Docs.OpenAPI); err != nil {
		return nil, err
	}
	d.OpenAPI = deps.Docs.OpenAPI
	return functions.All(deps), nil
}
