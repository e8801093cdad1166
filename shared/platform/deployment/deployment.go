// Package deployment runs a whole deployment in one process. It assembles the
// production parts: stores, handlers, gate, authorizer, gateway and the webhook workers.
// The local server and the tests use it.
package deployment

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/authorizer"
	"statgate/functions"
	"statgate/functions/console"
	"statgate/functions/console/openid"
	"statgate/functions/mcp"
	"statgate/functions/mcp/tools"
	"statgate/shared/access/apikey"
	"statgate/shared/access/applications"
	"statgate/shared/access/attempts"
	"statgate/shared/access/audit"
	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/access/orgs"
	"statgate/shared/access/transport"
	"statgate/shared/api"
	"statgate/shared/api/docspage"
	"statgate/shared/api/openapi"
	"statgate/shared/contract"
	"statgate/shared/feed/changes"
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
	"statgate/shared/stats/replays"
	"statgate/shared/stats/reports"
	"statgate/shared/stats/standings"
	"statgate/shared/stats/teams"
	"statgate/shared/table"
)

// Options are the parts of a Deployment.
type Options struct {
	Contract    *contract.Contract
	Environment string
	Edge        *bool  // whether the API is behind an edge; nil means if the contract needs one, as in the stack
	StagePath   string // path below which the gateway is served, "/live"; "" for the root
	Keys, Stats table.Table
	Peppers     *apikey.PepperSource
	Clock       func() time.Time
	Confirmed   func() bool // reports whether the store has confirmed Clock; nil: never
	Rand        io.Reader
	Log         *slog.Logger
	// Follow passes the stats table's changes to read until ctx ends. If it is nil,
	// changes are not followed.
	Follow func(ctx context.Context, read table.Reader) error
	// PrivateWebhooks allows webhook addresses on this machine and in private networks.
	PrivateWebhooks bool
	// MCPOrigins are the web pages that may call the MCP server; the zero value accepts any.
	MCPOrigins mcp.Origins
	// Console is the bundle of the console's page. If it is nil or does not exist, the page
	// says how to build it.
	Console fs.FS
	OpenID  *openid.Provider // signs people in to the console; nil for none
	// Documents describe the API; nil means that New generates them.
	Documents *Documents
	// Within returns the context for an operation, a worker or the authorizer (""). Tests
	// use it to find out which function calls a table. If it is nil, contexts stay as
	// they are.
	Within func(ctx context.Context, operation string) context.Context
}

// Documents are the OpenAPI document of an API and its page.
type Documents struct{ OpenAPI, Page []byte }

// NewDocuments generates the documents of a contract's API below a path, "" for the root.
func NewDocuments(c *contract.Contract, stagePath string) (*Documents, error) {
	return documentsOf(c, functions.All(functions.Deps{Contract: c}), stagePath)
}

// documentsOf needs only the handlers' types. No handler is called.
func documentsOf(c *contract.Contract, handlers []api.Handler, stagePath string) (*Documents, error) {
	var d Documents
	var err error
	if d.OpenAPI, err = openapi.Document(c, handlers, stagePath); err != nil {
		return nil, err
	}
	if d.Page, err = docspage.Render(c, d.OpenAPI); err != nil {
		return nil, err
	}
	return &d, nil
}

// Deployment is a running API.
type Deployment struct {
	Gateway *gateway.Gateway // the http.Handler
	Gate    *gate.Gate
	Keys    *keys.Store
	Orgs    *orgs.Store
	OpenAPI []byte
	// Handlers are the handlers that the gateway calls.
	Handlers []api.Handler

	Contests     *contests.Store
	Applications *applications.Store
	Webhooks     *webhooks.Store
	Replays      *replays.Store

	steps *steps
	play  func(ctx context.Context, step replays.Step) (*replays.Step, error) // nil where nothing is replayed

	queue   *queue.Queue
	deliver queue.Deliver
	fanout  table.Reader
	follow  func(ctx context.Context, read table.Reader) error
}

// gatewayFlusher flushes the gateway's policy cache. Handlers are created before the
// gateway, so its gateway is set later.
type gatewayFlusher struct{ gateway *gateway.Gateway }

func (g *gatewayFlusher) Flush(ctx context.Context) time.Time { return g.gateway.Flush(ctx) }

// New assembles a deployment.
func New(o Options) (*Deployment, error) {
	d := &Deployment{Gate: gate.New(o.Keys, o.Clock)}
	d.Keys = keys.New(keys.Options{Table: o.Keys, Gates: d.Gate, Peppers: o.Peppers, Contract: o.Contract,
		Environment: o.Environment, Now: o.Clock, Rand: o.Rand})
	d.Gate.Confirmed = o.Confirmed
	d.Gate.Resolver, d.Gate.Scopes, d.Gate.Management = d.Keys, o.Contract.Scopes, o.Contract.Management
	d.Orgs = orgs.New(orgs.Options{Table: o.Keys, Gates: d.Gate, Holdings: d.Keys, Contract: o.Contract, Rand: o.Rand})
	d.Contests = contests.NewStore(o.Stats, o.Keys, o.Rand)
	d.Applications = applications.New(applications.Options{Table: o.Keys, Gates: d.Gate, Holdings: d.Keys, Contract: o.Contract, Rand: o.Rand})
	if err := d.workers(o); err != nil {
		return nil, err
	}
	d.newReplays(o)
	flusher := &gatewayFlusher{}
	var err error
	if d.Handlers, err = d.handlers(o, flusher); err != nil {
		return nil, err
	}
	function, err := serve.New(serve.Options{Contract: o.Contract, Edge: o.edge(), StagePath: o.StagePath, Handlers: d.Handlers, Gate: d.Gate,
		CursorKey: settings.CursorKey(o.Keys, o.Rand), Clock: o.Clock, Log: o.Log})
	if err != nil {
		return nil, err
	}
	auth := authorizer.New(o.Contract, transport.Behind(o.Contract, o.edge()), d.Keys.Authenticate, o.Clock, o.Log)
	authorize, integrate := o.within(auth.Handle, function.Handle)
	d.Gateway, err = gateway.New(gateway.Options{
		Contract: o.Contract, Stage: o.Environment, StagePath: o.StagePath, Edge: o.edge(), Authorize: authorize, Integrate: integrate,
		Wellformed: func(secret string) bool { return apikey.WellFormed(o.Contract.Secret, secret) },
		Clock:      o.Clock, Log: o.Log,
	})
	flusher.gateway = d.Gateway
	return d, err
}

// within wraps both handlers so that each runs in the context that Within returns.
func (o Options) within(auth gateway.Authorize, function gateway.Integrate) (gateway.Authorize, gateway.Integrate) {
	if o.Within == nil {
		return auth, function
	}
	operations := map[string]string{}
	for _, r := range api.For(o.Contract) {
		for _, method := range r.Methods() {
			operations[method+" "+r.Path] = r.Operation
		}
	}
	return func(ctx context.Context, ev events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
			return auth(o.Within(ctx, ""), ev)
		}, func(ctx context.Context, ev events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			return function(o.Within(ctx, operations[ev.HTTPMethod+" "+ev.Resource]), ev)
		}
}

// edge reports whether the API is behind an edge.
func (o Options) edge() bool {
	if o.Edge != nil {
		return *o.Edge
	}
	return edge.Needed(o.Contract)
}

// handlers returns every operation's handler. The documents are generated from the handlers, so
// without given ones the handlers are created twice: first for the documents, then with them.
func (d *Deployment) handlers(o Options, flusher *gatewayFlusher) ([]api.Handler, error) {
	matchStore := matches.NewStore(o.Stats, o.Clock)
	stored := leagues.NewStore(o.Stats)
	deps := functions.Deps{
		Contract: o.Contract,
		Leagues:  stored, Teams: teams.NewStore(o.Stats), Matches: matchStore, Own: matches.NewOwn(matchStore, o.Keys, o.Rand),
		Reports:   reports.NewStore(o.Stats, o.Clock),
		Standings: standings.NewStore(stored, matchStore, standings.NewCache(256, o.Clock)), Players: players.NewStore(o.Stats),
		Keys: d.Keys, Usage: d.Gate, Orgs: d.Orgs, Audit: audit.New(o.Keys, o.Stats), Flusher: flusher,
		Contests: d.Contests, Applications: d.Applications, Webhooks: d.Webhooks, Replays: d.Replays,
		Changes: changes.NewStore(o.Stats),
	}
	cards, err := tools.Cards(o.Contract) // once, for both times
	if err != nil {
		return nil, err
	}
	deps.MCP = mcp.Deps{Origins: o.MCPOrigins, Tools: tools.Deps{Contract: o.Contract, Cards: cards, Leagues: deps.Leagues, Teams: deps.Teams,
		Players: deps.Players, Matches: deps.Matches, Reports: deps.Reports, Standings: deps.Standings}}
	deps.Console = console.Deps{Keys: d.Keys, Orgs: d.Orgs, Attempts: attempts.Store{Table: o.Keys}, OpenID: o.OpenID, Pending: openid.Pending{Table: o.Keys, Rand: o.Rand}}
	if o.Console != nil {
		if deps.Console.Site, err = console.Load(o.Console, console.NewConfig(o.Contract, console.Settings{Environment: o.Environment, StagePath: o.StagePath, OpenID: o.OpenID != nil})); err != nil {
			return nil, err
		}
	}
	deps.Docs.Stores = []table.Table{o.Keys, o.Stats}
	if o.Documents == nil {
		if o.Documents, err = documentsOf(o.Contract, functions.All(deps), o.StagePath); err != nil {
			return nil, err
		}
	}
	deps.Docs.OpenAPI, deps.Docs.Page, deps.Docs.Assets = o.Documents.OpenAPI, o.Documents.Page, docspage.Assets()
	d.OpenAPI = deps.Docs.OpenAPI
	return functions.All(deps), nil
}
