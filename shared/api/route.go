// Package api defines what all operations share: the route table, callers, requests,
// responses, errors and pagination.
//
// The route table in this file is the single source of truth. The REST API, the
// authorizer's policy, the local gateway, the OpenAPI document and the grants of each
// function are derived from it.
package api

import (
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strings"

	"statgate/shared/contract"
)

// Route is one operation. A contract can change its method and path, but not its
// meaning.
type Route struct {
	Operation   string // "listMatches"; the handler's name
	Code        string // two letters that never change: usage counters in gate items are named by them
	Method      string
	Path        string   // below the contract's base; parameters are Go identifiers in braces
	Function    string   // the Lambda function that serves it, a folder of functions/
	Permissions []string // any one is enough; empty for any key
	Server      []string // the row of a tool: any one of these is needed as well, to reach its server
	Open        bool     // needs no key, and is outside the base
	Cost        int      // requests counted against the quota: 0 or 1
	Management  bool     // key management: the same routes and fields in every contract
	Urgent      bool     // ends a secret: the budget of key management never refuses it
	Named       bool     // deployed only if the contract names it, although it is open or key management
	Keys        []Action // actions on the keys table, in addition to GateActions
	Stats       []Action // actions on the stats table
	Writes      bool     // changes the organisation's data in the keys table, but not key management
	Secrets     bool     // reads the peppers
	Flushes     bool     // may flush the stage's authorizer cache
	SameOrigin  bool     // only pages of the API's own origin may call it: no CORS, and the handler sees the session's cookie
	Probes      bool     // reads the partition [Probe] of both tables, to check that they respond
	Cached      bool     // the answer is the same for everyone: caches may store it for [CacheSeconds]
	Immutable   bool     // the answer to a path never changes: caches may store it for [ImmutableSeconds]
	Unlisted    bool     // for the pages in browsers, and not in the OpenAPI document
	Sends       bool     // sends webhook deliveries to the queue
	Plays       bool     // sends steps of replays to their queue
	KeyOnly     bool     // concerns the secret of a key: console sessions cannot call it
	Lasts       bool     // makes, changes or ends something that outlives a token: see [Caller.MayLast]
	Summary     string
}

// Action is a DynamoDB action. A transaction needs the actions of its items.
type Action string

// The DynamoDB actions that routes may need.
const (
	GetItem        Action = "GetItem"
	BatchGetItem   Action = "BatchGetItem"
	Query          Action = "Query"
	PutItem        Action = "PutItem"
	UpdateItem     Action = "UpdateItem"
	DeleteItem     Action = "DeleteItem"
	ConditionCheck Action = "ConditionCheckItem"
)

// Probe is the partition that readiness checks read. It is always empty, so the grant to
// read it gives access to no data.
const Probe = "PROBE"

// GateActions are the actions on the keys table of every function that requires a key:
// the gate's write, the update of a closed hour, the put of a missing gate, and the reads for
// a stale caller.
var GateActions = []Action{GetItem, BatchGetItem, UpdateItem, PutItem}

// Routes is the route table. Its grants are exact: a test records the actions of each
// operation while the suite runs and compares them.
var Routes = []Route{
	{Operation: "listLeagues", Code: "ll", Method: "GET", Path: "/football/leagues", Function: "leagues", Permissions: []string{"leagues:read"}, Cost: 1, Stats: []Action{Query}, Summary: "List leagues"},
	{Operation: "getLeague", Code: "lg", Method: "GET", Path: "/football/leagues/{league}", Function: "leagues", Permissions: []string{"leagues:read"}, Cost: 1, Stats: []Action{GetItem}, Summary: "Get league"},
	{Operation: "listSeasons", Code: "ls", Method: "GET", Path: "/football/leagues/{league}/seasons", Function: "leagues", Permissions: []string{"leagues:read", "seasons:read"}, Cost: 1, Stats: []Action{GetItem, Query}, Summary: "List league seasons"},
	{Operation: "listAllSeasons", Code: "sa", Method: "GET", Path: "/football/seasons", Function: "leagues", Permissions: []string{"seasons:read", "leagues:read"}, Cost: 1, Stats: []Action{Query}, Summary: "List all seasons"},
	{Operation: "getStandings", Code: "st", Method: "GET", Path: "/football/leagues/{league}/standings", Function: "leagues", Permissions: []string{"standings:read", "standings:current"}, Cost: 1, Stats: []Action{GetItem, Query}, Summary: "Get league table"},
	{Operation: "listTeams", Code: "tl", Method: "GET", Path: "/football/teams", Function: "teams", Permissions: []string{"teams:read"}, Cost: 1, Stats: []Action{BatchGetItem, GetItem, Query}, Summary: "List teams"},
	{Operation: "getTeam", Code: "tg", Method: "GET", Path: "/football/teams/{team}", Function: "teams", Permissions: []string{"teams:read"}, Cost: 1, Stats: []Action{GetItem}, Summary: "Get team"},
	{Operation: "listTeamMatches", Code: "tm", Method: "GET", Path: "/football/teams/{team}/matches", Function: "teams", Permissions: []string{"matches:read"}, Cost: 1, Stats: []Action{BatchGetItem, GetItem, Query}, Summary: "List team matches"},
	{Operation: "listPlayers", Code: "pl", Method: "GET", Path: "/football/players", Function: "players", Permissions: []string{"players:read"}, Cost: 1, Stats: []Action{GetItem, Query}, Summary: "List players"},
	{Operation: "getPlayer", Code: "pg", Method: "GET", Path: "/football/players/{player}", Function: "players", Permissions: []string{"players:read"}, Cost: 1, Stats: []Action{GetItem}, Summary: "Get player"},
	{Operation: "listStats", Code: "sl", Method: "GET", Path: "/football/stats", Function: "players", Permissions: []string{"stats:read"}, Cost: 1, Stats: []Action{GetItem, Query}, Summary: "List player statistics"},
	{Operation: "listMatches", Code: "ml", Method: "GET", Path: "/football/matches", Function: "matches", Permissions: []string{"matches:read"}, Cost: 1, Stats: []Action{BatchGetItem, GetItem, Query}, Summary: "List matches"},
	{Operation: "getMatch", Code: "mg", Method: "GET", Path: "/football/matches/{match}", Function: "matches", Permissions: []string{"matches:read"}, Cost: 1, Stats: []Action{BatchGetItem}, Summary: "Get match"},
	{Operation: "createMatch", Code: "mc", Method: "POST", Path: "/football/matches", Function: "matches", Permissions: []string{"matches:write"}, Cost: 1, Stats: []Action{GetItem, BatchGetItem, PutItem, UpdateItem}, Summary: "Create match"},
	{Operation: "updateMatch", Code: "mu", Method: "PATCH", Path: "/football/matches/{match}", Function: "matches", Permissions: []string{"matches:write"}, Cost: 1, Stats: []Action{BatchGetItem, PutItem, UpdateItem}, Summary: "Update match"},
	{Operation: "deleteMatch", Code: "md", Method: "DELETE", Path: "/football/matches/{match}", Function: "matches", Permissions: []string{"matches:write"}, Cost: 1, Stats: []Action{BatchGetItem, PutItem, UpdateItem, DeleteItem}, Summary: "Delete match"},
	{Operation: "getHeadToHead", Code: "hh", Method: "GET", Path: "/football/matches/{match}/head-to-head", Function: "matches", Permissions: []string{"matches:read"}, Cost: 1, Stats: []Action{BatchGetItem, Query}, Summary: "Get head-to-head record"},
	{Operation: "listMatchEvents", Code: "me", Method: "GET", Path: "/football/matches/{match}/events", Function: "matches", Permissions: []string{"matches:read"}, Cost: 1, Stats: []Action{BatchGetItem, Query}, Summary: "List match events"},
	{Operation: "getMatchStats", Code: "ms", Method: "GET", Path: "/football/matches/{match}/stats", Function: "matches", Permissions: []string{"matches:read"}, Cost: 1, Stats: []Action{BatchGetItem, GetItem}, Summary: "Get match statistics"},
	{Operation: "getMatchLineups", Code: "mn", Method: "GET", Path: "/football/matches/{match}/lineups", Function: "matches", Permissions: []string{"matches:read"}, Cost: 1, Stats: []Action{BatchGetItem, GetItem}, Summary: "Get match lineups"},
	{Operation: "listChanges", Code: "fl", Method: "GET", Path: "/football/changes", Function: Changes, Permissions: []string{"matches:read"}, Cost: 1, Stats: []Action{GetItem, Query}, Summary: "List changes"},

	{Operation: "listReplays", Code: "rl", Method: "GET", Path: "/football/replays", Function: "replays", Permissions: []string{"replays:write"}, Cost: 1, Stats: []Action{Query}, Summary: "List replays"},
	{Operation: "createReplay", Code: "rc", Method: "POST", Path: "/football/replays", Function: "replays", Permissions: []string{"replays:write"}, Cost: 1, Stats: []Action{BatchGetItem, GetItem, PutItem, Query}, Plays: true, Summary: "Create replay"},
	{Operation: "getReplay", Code: "rg", Method: "GET", Path: "/football/replays/{replay}", Function: "replays", Permissions: []string{"replays:write"}, Cost: 1, Stats: []Action{GetItem}, Summary: "Get replay"},
	{Operation: "updateReplay", Code: "ru", Method: "PATCH", Path: "/football/replays/{replay}", Function: "replays", Permissions: []string{"replays:write"}, Cost: 1, Stats: []Action{GetItem, PutItem}, Plays: true, Summary: "Update replay"},
	{Operation: "deleteReplay", Code: "rd", Method: "DELETE", Path: "/football/replays/{replay}", Function: "replays", Permissions: []string{"replays:write"}, Cost: 1, Stats: []Action{BatchGetItem, DeleteItem, GetItem, PutItem, Query}, Summary: "Delete replay"},

	{Operation: "listKeys", Code: "kl", Method: "GET", Path: "/keys", Function: "keys", Permissions: []string{"keys:read"}, Management: true, Keys: []Action{Query}, Summary: "List keys"},
	{Operation: "createKey", Code: "kc", Method: "POST", Path: "/keys", Function: "keys", Permissions: []string{"keys:write"}, Management: true, Keys: []Action{Query}, Secrets: true, Lasts: true, Summary: "Create key"},
	{Operation: "getSelf", Code: "ks", Method: "GET", Path: "/keys/self", Function: "keys", Management: true, Summary: "Get current key"},
	{Operation: "revokeSelf", Code: "kv", Method: "POST", Path: "/keys/self/revoke", Function: "keys", Management: true, Urgent: true, Lasts: true, KeyOnly: true, Summary: "Revoke current key"},
	{Operation: "getKey", Code: "kg", Method: "GET", Path: "/keys/{key}", Function: "keys", Permissions: []string{"keys:read"}, Management: true, Summary: "Get key"},
	{Operation: "updateKey", Code: "ku", Method: "PATCH", Path: "/keys/{key}", Function: "keys", Permissions: []string{"keys:write"}, Management: true, Keys: []Action{Query}, Flushes: true, Lasts: true, Summary: "Update key"},
	{Operation: "rotateKey", Code: "kr", Method: "POST", Path: "/keys/{key}/rotate", Function: "keys", Permissions: []string{"keys:write"}, Management: true, Urgent: true, Secrets: true, Lasts: true, Summary: "Rotate key secret"},
	{Operation: "revokeKey", Code: "kx", Method: "POST", Path: "/keys/{key}/revoke", Function: "keys", Permissions: []string{"keys:write"}, Management: true, Urgent: true, Lasts: true, Summary: "Revoke key"},
	{Operation: "getKeyUsage", Code: "kz", Method: "GET", Path: "/keys/{key}/usage", Function: "keys", Permissions: []string{"keys:read"}, Management: true, Keys: []Action{Query}, Summary: "Get key usage"},
	{Operation: "getOrgUsage", Code: "ky", Method: "GET", Path: "/orgs/{org}/usage", Function: "keys", Permissions: []string{"keys:read"}, Management: true, Keys: []Action{Query}, Summary: "Get organisation usage"},

	{Operation: "createToken", Code: "tk", Method: "POST", Path: "/tokens", Function: "keys", Cost: 1, Secrets: true, Lasts: true, KeyOnly: true, Summary: "Create token"},

	{Operation: "listAudit", Code: "al", Method: "GET", Path: "/audit", Function: "audit", Permissions: []string{"audit:read"}, Management: true, Keys: []Action{Query}, Stats: []Action{Query}, Summary: "List audit entries"},

	{Operation: "listOrgs", Code: "ol", Method: "GET", Path: "/orgs", Function: "orgs", Permissions: []string{"orgs:read"}, Management: true, Keys: []Action{Query}, Summary: "List organisations"},
	{Operation: "createOrg", Code: "oc", Method: "POST", Path: "/orgs", Function: "orgs", Permissions: []string{"orgs:write"}, Management: true, Lasts: true, Summary: "Create organisation"},
	{Operation: "getOrg", Code: "og", Method: "GET", Path: "/orgs/{org}", Function: "orgs", Permissions: []string{"orgs:read"}, Management: true, Summary: "Get organisation"},
	{Operation: "updateOrg", Code: "ou", Method: "PATCH", Path: "/orgs/{org}", Function: "orgs", Permissions: []string{"orgs:write"}, Management: true, Keys: []Action{Query}, Lasts: true, Summary: "Update organisation"},
	{Operation: "visitOrg", Code: "ov", Method: "POST", Path: "/orgs/{org}/visits", Function: "orgs", Permissions: []string{"orgs:read"}, Management: true, Lasts: true, Summary: "Create visit"},
	{Operation: "listMembers", Code: "nl", Method: "GET", Path: "/orgs/{org}/members", Function: "orgs", Permissions: []string{"orgs:read"}, Management: true, Keys: []Action{Query}, Summary: "List members"},
	{Operation: "addMember", Code: "na", Method: "POST", Path: "/orgs/{org}/members", Function: "orgs", Permissions: []string{"orgs:write"}, Management: true, Keys: []Action{Query}, Lasts: true, Summary: "Add member"},
	{Operation: "updateMember", Code: "nu", Method: "PATCH", Path: "/orgs/{org}/members/{user}", Function: "orgs", Permissions: []string{"orgs:write"}, Management: true, Keys: []Action{ConditionCheck, Query}, Flushes: true, Lasts: true, Summary: "Update member"},
	{Operation: "removeMember", Code: "nd", Method: "DELETE", Path: "/orgs/{org}/members/{user}", Function: "orgs", Permissions: []string{"orgs:write"}, Management: true, Keys: []Action{ConditionCheck, Query}, Lasts: true, Summary: "Remove member"},

	{Operation: "listContests", Code: "cm", Method: "GET", Path: "/contests", Function: "contests", Permissions: []string{"history.user:read"}, Cost: 1, Stats: []Action{BatchGetItem, GetItem, Query}, Summary: "List key owner's matches"},
	{Operation: "listUserContests", Code: "cu", Method: "POST", Path: "/user/contests", Function: "contests", Permissions: []string{"history.user:read"}, Cost: 1, Stats: []Action{BatchGetItem, GetItem, Query}, Summary: "Search key owner's matches"},
	{Operation: "listTeamContests", Code: "ct", Method: "POST", Path: "/teams/{team}/contests", Function: "contests", Permissions: []string{"history.team:read"}, Cost: 1, Stats: []Action{BatchGetItem, GetItem, Query}, Summary: "Search team matches"},
	{Operation: "listOrgContests", Code: "co", Method: "POST", Path: "/orgs/{org}/contests", Function: "contests", Permissions: []string{"history.org:read"}, Cost: 1, Stats: []Action{BatchGetItem, GetItem, Query}, Summary: "Search organisation matches"},
	{Operation: "createContest", Code: "gc", Method: "POST", Path: "/game/contests", Function: "contests", Permissions: []string{"lifecycle:write"}, Cost: 1, Stats: []Action{GetItem, PutItem}, Summary: "Create game match"},
	{Operation: "getContest", Code: "gm", Method: "GET", Path: "/game/contests/{match}", Function: "contests", Permissions: []string{"lifecycle:read"}, Cost: 1, Stats: []Action{GetItem}, Summary: "Get game match"},
	{Operation: "getContestStatus", Code: "gs", Method: "GET", Path: "/game/contests/{match}/status", Function: "contests", Permissions: []string{"lifecycle:read"}, Cost: 1, Stats: []Action{GetItem}, Summary: "Get game match status"},
	{Operation: "moveContest", Code: "gp", Method: "PATCH", Path: "/game/contests/{match}/status", Function: "contests", Permissions: []string{"lifecycle:write"}, Cost: 1, Stats: []Action{GetItem, PutItem}, Summary: "Update game match status"},
	{Operation: "scoreContest", Code: "gz", Method: "POST", Path: "/game/contests/{match}/scores", Function: "contests", Permissions: []string{"scores:write"}, Cost: 1, Stats: []Action{GetItem, PutItem}, Summary: "Submit map scores"},
	{Operation: "forfeitContest", Code: "gf", Method: "POST", Path: "/game/contests/{match}/forfeit", Function: "contests", Permissions: []string{"lifecycle:write"}, Cost: 1, Stats: []Action{GetItem, PutItem}, Summary: "Forfeit match"},
	{Operation: "agreeContest", Code: "ca", Method: "PATCH", Path: "/contests/{match}", Function: "contests", Permissions: []string{"orgs:write"}, Management: true, Named: true, Stats: []Action{GetItem, PutItem}, Lasts: true, Summary: "Record team agreement"},
	{Operation: "putContestant", Code: "cp", Method: "PUT", Path: "/contestants/{kind}/{contestant}", Function: "contests", Permissions: []string{"orgs:write"}, Management: true, Named: true, Stats: []Action{BatchGetItem, DeleteItem, GetItem, PutItem}, Lasts: true, Summary: "Replace contestant"},

	{Operation: "getConnections", Code: "bc", Method: "GET", Path: "/user/connections", Function: "connections", Permissions: []string{"connections.discord:read", "connections.twitch:read", "connections.github:read", "connections.battlenet:read"}, Cost: 1, Summary: "Get linked accounts"},
	{Operation: "putConnections", Code: "bp", Method: "PUT", Path: "/orgs/{org}/members/{user}/connections", Function: "connections", Permissions: []string{"orgs:write"}, Management: true, Named: true, Keys: []Action{Query}, Lasts: true, Summary: "Replace linked accounts"},

	{Operation: "listApplications", Code: "bl", Method: "GET", Path: "/applications", Function: "applications", Permissions: []string{"orgs:read"}, Management: true, Named: true, Keys: []Action{Query}, Summary: "List developer applications"},
	{Operation: "createApplication", Code: "ba", Method: "POST", Path: "/applications", Function: "applications", Permissions: []string{"orgs:write"}, Management: true, Named: true, Lasts: true, Summary: "Create developer application"},
	{Operation: "decideApplication", Code: "bd", Method: "PATCH", Path: "/applications/{application}", Function: "applications", Permissions: []string{"orgs:write"}, Management: true, Named: true, Keys: []Action{Query}, Flushes: true, Lasts: true, Summary: "Decide developer application"},

	{Operation: "listWebhooks", Code: "wl", Method: "GET", Path: "/webhooks", Function: "webhooks", Permissions: []string{"webhooks:read", "webhooks:write"}, Cost: 1, Keys: []Action{Query}, Summary: "List webhooks"},
	{Operation: "createWebhook", Code: "wc", Method: "POST", Path: "/webhooks", Function: "webhooks", Permissions: []string{"webhooks:write"}, Cost: 1, Stats: []Action{GetItem}, Writes: true, Secrets: true, Lasts: true, Summary: "Create webhook"},
	{Operation: "getWebhook", Code: "wg", Method: "GET", Path: "/webhooks/{webhook}", Function: "webhooks", Permissions: []string{"webhooks:read", "webhooks:write"}, Cost: 1, Summary: "Get webhook"},
	{Operation: "updateWebhook", Code: "wu", Method: "PATCH", Path: "/webhooks/{webhook}", Function: "webhooks", Permissions: []string{"webhooks:write"}, Cost: 1, Stats: []Action{GetItem}, Writes: true, Lasts: true, Summary: "Update webhook"},
	{Operation: "deleteWebhook", Code: "wd", Method: "DELETE", Path: "/webhooks/{webhook}", Function: "webhooks", Permissions: []string{"webhooks:write"}, Cost: 1, Writes: true, Keys: []Action{DeleteItem}, Lasts: true, Summary: "Delete webhook"},
	{Operation: "rotateWebhook", Code: "wr", Method: "POST", Path: "/webhooks/{webhook}/rotate", Function: "webhooks", Permissions: []string{"webhooks:write"}, Cost: 1, Writes: true, Secrets: true, Lasts: true, Summary: "Rotate signing secret"},
	{Operation: "listDeliveries", Code: "wt", Method: "GET", Path: "/webhooks/{webhook}/deliveries", Function: "webhooks", Permissions: []string{"webhooks:read", "webhooks:write"}, Cost: 1, Keys: []Action{Query}, Summary: "List deliveries"},
	{Operation: "createDelivery", Code: "ws", Method: "POST", Path: "/webhooks/{webhook}/deliveries", Function: "webhooks", Permissions: []string{"webhooks:write"}, Cost: 1, Writes: true, Sends: true, Summary: "Redeliver event"},
	{Operation: "testWebhook", Code: "wx", Method: "POST", Path: "/webhooks/{webhook}/test", Function: "webhooks", Permissions: []string{"webhooks:write"}, Cost: 1, Writes: true, Sends: true, Summary: "Test webhook"},
	{Operation: "replayDelivery", Code: "wy", Method: "POST", Path: "/webhooks/{webhook}/deliveries/{delivery}/replay", Function: "webhooks", Permissions: []string{"webhooks:write"}, Cost: 1, Writes: true, Sends: true, Summary: "Replay delivery"},

	{Operation: CallMCP, Code: "mp", Method: "POST", Path: "/mcp", Function: "mcp", Permissions: []string{"mcp:invoke"}, Cost: 1, Stats: []Action{BatchGetItem, GetItem, Query}, Summary: "Create MCP message"},
	{Operation: "streamMCP", Code: "mv", Method: "GET", Path: "/mcp", Function: "mcp", Permissions: []string{"mcp:invoke"}, Summary: "Get MCP event stream"},

	{Operation: "listSessions", Code: "xl", Method: "GET", Path: "/sessions", Function: Console, Permissions: []string{"keys:read", "sessions:read"}, Management: true, Keys: []Action{Query}, Summary: "List console sessions"},
	{Operation: "endSessions", Code: "xa", Method: "DELETE", Path: "/sessions", Function: Console, Permissions: []string{"keys:write", "sessions:write"}, Management: true, Urgent: true, Lasts: true, Keys: []Action{Query}, Summary: "Revoke console sessions"},
	{Operation: "endSession", Code: "xe", Method: "DELETE", Path: "/sessions/{session}", Function: Console, Permissions: []string{"keys:write", "sessions:write"}, Management: true, Urgent: true, Lasts: true, Keys: []Action{Query}, Summary: "Revoke console session"},
	{Operation: "createPortalLink", Code: "xk", Method: "POST", Path: "/orgs/{org}/members/{user}/portal-links", Function: Console, Permissions: []string{"orgs:write"}, Management: true, Lasts: true, Keys: []Action{Query}, Summary: "Create portal link"},
	{Operation: "startSession", Code: "xb", Method: "POST", Path: ConsoleSessions + "start", Function: Console, Open: true, Unlisted: true, SameOrigin: true, Keys: []Action{BatchGetItem, DeleteItem, GetItem, PutItem, Query, UpdateItem}, Secrets: true, Summary: "Create console session"},
	{Operation: "renewSession", Code: "xr", Method: "POST", Path: ConsoleSessions + "renew", Function: Console, Open: true, Unlisted: true, SameOrigin: true, Keys: []Action{BatchGetItem, GetItem, PutItem, UpdateItem}, Secrets: true, Summary: "Update console session"},
	{Operation: "closeSession", Code: "xc", Method: "POST", Path: ConsoleSessions + "end", Function: Console, Open: true, Unlisted: true, SameOrigin: true, Keys: []Action{BatchGetItem, GetItem, PutItem, Query, UpdateItem}, Secrets: true, Summary: "Delete console session"},

	{Operation: "getHealth", Code: "he", Method: "GET", Path: "/health", Function: "docs", Open: true, Summary: "Get health"},
	{Operation: "getReady", Code: "rz", Method: "GET", Path: "/readyz", Function: "docs", Open: true, Named: true, Probes: true, Summary: "Get readiness"},
	{Operation: "getOpenAPI", Code: "oa", Method: "GET", Path: "/openapi.json", Function: "docs", Open: true, Cached: true, Summary: "Get OpenAPI document"},
	{Operation: "getDocs", Code: "da", Method: "GET", Path: "/api-docs", Function: "docs", Open: true, Cached: true, Summary: "Get documentation page"},
	{Operation: "getDocsAsset", Code: "db", Method: "GET", Path: "/api-docs/{asset}", Function: "docs", Open: true, Unlisted: true, Immutable: true, Summary: "Get file of the documentation page"},

	{Operation: "getConsole", Code: "vc", Method: "GET", Path: "/console", Function: Console, Open: true, Unlisted: true, Cached: true, Summary: "Get console page"},
	{Operation: "getConsoleAsset", Code: "va", Method: "GET", Path: "/console/{asset}", Function: Console, Open: true, Unlisted: true, Immutable: true, Summary: "Get file of the console"},
}

// Console is the function of the console, which a deployment may leave out.
const Console = "console"

// Replays is the function of replays, which a deployment may leave out.
const Replays = "replays"

// ConsoleSessions begins the paths to which browsers send the cookie of a console session.
const ConsoleSessions = "/console/session/"

// CacheSeconds is how long caches may store the answer of a route that is Cached.
const CacheSeconds = 300

// ImmutableSeconds is how long caches may store the answer of a route that is Immutable: a
// year, which RFC 9111 takes for the longest useful time.
const ImmutableSeconds = 365 * 24 * 60 * 60

// Find returns the route of an operation in the table.
func Find(operation string) (Route, bool) {
	for _, r := range Routes {
		if r.Operation == operation {
			return r, true
		}
	}
	return Route{}, false
}

// For returns the routes that a deployment of the contract has, with the
// contract's methods and full paths, sorted by path and method. Paths include the base,
// except those of open routes. Operations that the contract does not name are omitted;
// key management and open routes are always deployed unless they are Named. A contract may
// leave out the console and replays.
func For(c *contract.Contract) []Route {
	var deployed []Route
	for _, r := range Routes {
		if r.Function == Console && c.NoConsole || r.Function == Replays && c.NoReplays {
			continue
		}
		named, ok := c.Operations[r.Operation]
		if !ok && (r.Named || !r.Management && !r.Open) {
			continue
		}
		if named.Method != "" {
			r.Method = named.Method
		}
		if named.Path != "" {
			r.Path = named.Path
		}
		if !r.Open {
			r.Path = c.Base + r.Path
		}
		deployed = append(deployed, r)
	}
	sort.Slice(deployed, func(i, j int) bool {
		if deployed[i].Path != deployed[j].Path {
			return deployed[i].Path < deployed[j].Path
		}
		return deployed[i].Method < deployed[j].Method
	})
	return deployed
}

// Documented returns the routes of a contract that the documents list.
func Documented(c *contract.Contract) []Route {
	return slices.DeleteFunc(For(c), func(r Route) bool { return r.Unlisted })
}

// ID returns the route's name in Lambda events, such as "GET /v1/keys/{key}".
func (r Route) ID() string { return r.Method + " " + r.Path }

// Methods lists the methods that the route answers: its own, and HEAD with GET. HEAD is
// served, admitted and counted like GET.
func (r Route) Methods() []string {
	if r.Method == http.MethodGet {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{r.Method}
}

// OwnShape reports whether the route's responses have Statgate's own shapes instead of the
// contract's: objects without an envelope, and lists with cursors ([ManagementList]).
func (r Route) OwnShape(c *contract.Contract) bool {
	return r.Open || r.Management && !c.Shapes.Management
}

// Changes reports whether the route changes data or creates a secret, other than in key
// management. Its effect stays even if the response is withheld.
func (r Route) Changes() bool {
	return !r.Management && (r.Writes || r.Secrets || slices.ContainsFunc(r.Stats, func(a Action) bool {
		return a == PutItem || a == UpdateItem || a == DeleteItem
	}))
}

// Params lists the path parameters in order.
func (r Route) Params() []string {
	var names []string
	for _, part := range strings.Split(r.Path, "/") {
		if strings.HasPrefix(part, "{") {
			names = append(names, strings.Trim(part, "{}"))
		}
	}
	return names
}

// Of returns the route's path with the id as its only parameter.
func (r Route) Of(id string) string {
	before, rest, _ := strings.Cut(r.Path, "{")
	_, after, _ := strings.Cut(rest, "}")
	return before + url.PathEscape(id) + after
}

// Allowed reports whether the permission patterns allow the route.
func (r Route) Allowed(patterns []string) bool {
	return r.Open || anyAllowed(r.Server, patterns) && anyAllowed(r.Permissions, patterns)
}

// Scopes lists the scopes that allow the route, each by itself, in the contract's order.
func (r Route) Scopes(s contract.Scopes) []string {
	var reach []string
	for _, name := range s.Names() {
		if patterns, err := s.Permissions([]string{name}); err == nil && r.Allowed(patterns) {
			reach = append(reach, name)
		}
	}
	return reach
}

// anyAllowed reports whether the patterns allow any of the permissions, or none is needed.
func anyAllowed(permissions, patterns []string) bool {
	return len(permissions) == 0 || slices.ContainsFunc(permissions, func(p string) bool { return contract.Allows(patterns, p) })
}
