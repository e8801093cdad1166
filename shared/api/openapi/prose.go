package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/api/schema"
	"statgate/shared/contract"
)

// introduction returns the document's description, in Markdown.
func introduction(c *contract.Contract) string {
	var b strings.Builder
	days := ""
	_, football := c.Operations["listLeagues"]
	_, arranged := c.Operations["listContests"]
	switch {
	case football:
		fmt.Fprintf(&b, "Football leagues, seasons, teams, matches and standings, protected by API keys.\n\n")
		days = "; dates are local to the league"
		if c.UTCDays {
			days = "; dates in filters are in UTC"
		}
	case arranged:
		fmt.Fprintf(&b, "Matches that teams arrange and score themselves, protected by API keys.\n\n")
	default:
		fmt.Fprintf(&b, "The teams and matches of your organisation, protected by API keys.\n\n")
	}
	if c.Webhooks.Envelope().Has("time_ms") {
		days += "; those of webhooks are milliseconds since 1970"
	}
	fmt.Fprintf(&b, "Send your API key with every request. ")
	fmt.Fprintf(&b, "Every response has an `X-Request-Id`. Every error has the shape of the schema `Error`. ")
	fmt.Fprintf(&b, "Unknown values are null; fields are never omitted. Times are RFC 3339 in UTC%s.\n\n", days)
	fmt.Fprintf(&b, "Names, email addresses and other text for people are stored in Unicode's normalisation form C, without space around them. "+
		"Invisible characters (control, zero-width and bidirectional formatting characters) and broken UTF-8 are refused. "+
		"Emoji sequences are allowed; descriptions and metadata may have line breaks.\n\n")
	fmt.Fprintf(&b, "HEAD works wherever GET does and counts like it. Every 401 has `WWW-Authenticate: Bearer`; without CloudFront in front of the API, its name may be `x-amzn-Remapped-WWW-Authenticate`. ")
	fmt.Fprintf(&b, "An unknown path gets status %d. A method that the path does not support gets status %d and the header `Allow`.",
		c.Condition("not_found.route").Status, c.Condition("method").Status)
	return b.String()
}

// functionTag is the tag of a function's operations.
type functionTag struct{ function, tag, description string }

// functionTags lists the tags in the order in which documents show them.
var functionTags = []functionTag{
	{"leagues", "Leagues", "Leagues, their seasons and their standings."},
	{"teams", "Teams", "Clubs and national teams, and their matches."},
	{"players", "Players", "Players and their statistics by season."},
	{"matches", "Matches", "Fixtures, results, reports and head-to-head records. Organisations can also create matches of their own."},
	{api.Changes, "Changes", "Feed of what changed in matches and their reports."},
	{"contests", "Contests", "Matches that two teams arrange and score themselves: match histories, and the operations of a game's own key."},
	{"connections", "Connections", "Accounts of members on other platforms."},
	{"replays", "Replays", "Finished matches that are played again, to test a match day."},
	{"webhooks", "Webhooks", "Endpoints that receive events of matches within seconds."},
	{"applications", "Applications", "Developer approvals, in general and for single games."},
	{"mcp", "MCP", "Server of the Model Context Protocol, through which AI agents call tools."},
	{"keys", "Keys", "API keys and tokens: create, scope, monitor, rotate and revoke."},
	{"orgs", "Organisations", "Organisations, their plans and their members."},
	{"console", "Console", "Sign-in to the web console, and its sessions."},
	{"audit", "Audit", "Record of changes to keys, organisations and matches."},
	{"docs", "Service", "Health checks and documentation, at the root and without a key."},
}

func tagOf(function string) functionTag {
	for _, f := range functionTags {
		if f.function == function {
			return f
		}
	}
	return functionTag{function, schema.Title(function), schema.Title(function) + "."}
}

func tags(used map[string]bool) []*huma.Tag {
	var list []*huma.Tag
	for _, f := range functionTags {
		if used[f.function] {
			list = append(list, &huma.Tag{Name: f.tag, Description: f.description})
			delete(used, f.function)
		}
	}
	for _, function := range slices.Sorted(maps.Keys(used)) { // a function missing from functionTags still gets a tag; a test reports it
		f := tagOf(function)
		list = append(list, &huma.Tag{Name: f.tag, Description: f.description})
	}
	return list
}

// prose adds details to the route table's summaries, by operation, in Markdown.
var prose = map[string]string{
	"listLeagues":     "Lists leagues by id, optionally those of one `country`.",
	"getLeague":       "Returns one league with the id of its latest season.",
	"listSeasons":     "Lists the seasons of a league, newest first.",
	"listAllSeasons":  "Lists the seasons of all leagues, by league, newest first.",
	"getStandings":    "Returns the table of a season, by default the latest. The table follows the rules of that league and season: tie-breaks, halved points, points per game and deductions. `round` and `date` select an earlier state of the table. Groups follow each other in one list. Knock-out competitions have no standings.",
	"listTeams":       "Lists teams by id: all teams, the teams of a league and season, or the teams whose name has words that begin like `q`.",
	"getTeam":         "Returns one team with all spellings of its name. A former id also finds the team.",
	"listTeamMatches": "Lists the matches of a team in all leagues, by kick-off.",
	"listPlayers":     "Lists players by id. The list is empty if no player data was imported.",
	"getPlayer":       "Returns one player.",
	"listStats":       "Lists the statistics of players by season and team: all, those of a league, or those of one of its seasons. The list is empty if no player data was imported.",
	"listMatches":     "Lists matches by kick-off, then id. Matches without a known time come last in their day. Supported filters: none; a league and season, with round, stage or status; a league; a status; a team; each of these within a day or a range of at most 31 days; at most 100 ids. Other combinations are refused.",
	"getMatch":        "Returns one match. The id of a match never changes, even if its date does.",
	"createMatch":     "Creates a match that only your organisation's keys can read: in lists, by team and in head-to-head records, but never in public standings. The league and season are public ones, or omitted. The teams are existing teams that your keys can read, or teams of your own given by name.",
	"updateMatch":     "Updates a match of your organisation: status and score in one write. The status `scheduled` can change to `live`, and `live` to `finished`. Both can change to `postponed`, `cancelled`, `abandoned` or `awarded`, and `postponed` back to `scheduled`. With `If-Match`, the match is updated only if it has not changed since you read it.",
	"deleteMatch":     "Deletes a match of your organisation. With `If-Match`, the match is deleted only if it has not changed since you read it.",
	"getHeadToHead":   "Returns the played meetings of a match's two teams in all leagues, newest first. The totals are counted for the home and away team of the requested match.",
	"listMatchEvents": "Lists goals, cards and substitutions by minute, then added time. Each event has an id, so that you can detect corrections and removals. The list is empty if no events are known.",
	"getMatchStats":   "Returns the statistics of a match, by section. The list of sections is empty if no statistics are known.",
	"listChanges":     "Lists what changed in matches, their events, lineups and statistics, in the order in which the changes were stored: those of public matches and those of your organisation's own. Each entry names what changed, with its version and the event id of webhooks; read the object for its content. A deletion has `deleted_at`, and `replaced_by` if the match was merged with another. Changes are kept for 30 days, and without a cursor the list begins at the oldest. The next cursor is never null: store it once you have processed the page, and send it later to get what followed. With filters, a page can be shorter than the limit, or empty, and changes follow it all the same. An entry can be listed twice, with the same `event`. Entries of one owner keep their order. Filters apply to the match as it was after the change. A cursor that is more than 30 days behind is refused: read the lists of matches again, and then the changes without a cursor.",
	"getMatchLineups": "Returns the starting players and substitutes of both teams. The lists are empty if no lineups are known.",

	"listContests":     "Lists the matches in which the key's owner took part, newest first.",
	"listUserContests": "Lists the same matches as the GET request, with the filters in the body.",
	"listTeamContests": "Lists the matches of a team, newest first. The key's owner must be an active member of the team. The path accepts the team's id or slug.",
	"listOrgContests":  "Lists the matches of the teams of an organisation, newest first. The key's owner must be an active member of the organisation. The path accepts the organisation's id or slug.",
	"createContest":    "Creates a match of the game that the key is bound to, between two teams given by id or slug.",
	"getContest":       "Returns one match of the key's game.",
	"getContestStatus": "Returns the status of a match of the key's game.",
	"moveContest":      "Changes the status of a match from READY to IN_PROGRESS, or from ACCEPTED or IN_PROGRESS to CANCELLED. Every other change is refused. A match completes by itself when enough of its maps are confirmed.",
	"scoreContest":     "Submits scores of maps while a match is in progress. An unconfirmed score is overwritten. A confirmed score is kept, and its result says so. The match completes by itself when the confirmed maps decide it.",
	"forfeitContest":   "Forfeits a match that is accepted, ready or in progress; the other team wins.",
	"agreeContest":     "Records what the teams of a match agreed on, as reported by the site that they use: that both play, that both are ready, that a score is final, a dispute or its settlement. Operators only.",
	"putContestant":    "Creates or replaces a team, or an organisation that teams play for. Fields that are not sent are removed. Operators only.",

	"getConnections": "Returns the accounts of the key's owner on the platforms that the key has permission for.",
	"putConnections": "Replaces all linked accounts of a member. Operators only.",

	"listApplications":  "Lists your organisation's applications, newest first. Operators get all applications.",
	"createApplication": "Applies for developer approval of your organisation: once in general, and once for each game. At most 20 applications of an organisation can be pending.",
	"decideApplication": "Approves an application or withdraws the approval. After a withdrawal, scopes that need the approval grant nothing from the next request of each key. Operators only.",

	"listKeys":    "Lists the keys of your organisation that you may read, newest first. A member with the role `member` gets only their own keys. Lists never include secrets. In lists with cursors, a page with filters, or of a member, can be shorter than the limit, or empty, and still have a next page.",
	"createKey":   "Creates a key and returns its secret, which is shown only once. A key that reaches data counts against the plan's keys, even if it also has management scopes. Keys with management scopes alone do not count; an organisation can have 25 active ones. A new key ends no later than the key that sends the request, and without an expiry at the same time. An organisation can create 100 keys per hour, or more on a plan with room for more.",
	"getSelf":     "Returns the key that sends the request, its permissions, and what is left of its quota.",
	api.CallMCP:   "Answers one JSON-RPC message of the Model Context Protocol (Streamable HTTP, stateless). Use an MCP client; `tools/list` describes the tools that the key may call. A call of a tool costs one request of its budget. All other methods and notifications cost nothing, within the budget of key management. Errors of the protocol are JSON-RPC errors. Batches are refused.",
	"streamMCP":   "Opens the event stream of the Model Context Protocol. The server sends nothing without a request, so the stream confirms the connection with one event and ends.",
	"createToken": "Creates a short-lived token of the key that sends the request. A token is sent like a key. It is valid from one minute to one day (`expires_in`, by default one hour). Its `scopes` are some or all of the key's, but never key management. It uses the key's quota. It ends on the next request after the key, or the secret that created it, is revoked, replaced or expired. Scopes removed from the key are removed from the token. A token cannot make, change or end anything that outlives it: keys, tokens, webhooks and signing secrets.",
	"revokeSelf":  "Revokes the key that sends the request, permanently. Use it to disable a leaked secret. A token cannot revoke its key.",
	"getKey":      "Returns one key: its settings, state and usage.",
	"updateKey":   "Updates the name, scopes, expiry or metadata. Narrower permissions are effective from the next request. Wider permissions are effective by the time in `effective_by`. A key cannot get a later expiry than the key that sends the request, so no key can prolong itself.",
	"rotateKey":   "Replaces the secret and keeps the key: its name, scopes, settings, used quota and history stay. The previous secret ends immediately, or after `overlap`; a retry that sends the ended secret is refused. A key that expires cannot rotate a key that lasts longer.",
	"revokeKey":   "Revokes a key permanently, from the next request on.",
	"getKeyUsage": "Returns the number of requests by hour and operation, for at most 31 days, or by day, for at most 90. Hours and days without requests are left out. The counts are exact: they add up to the requests made.",
	"getOrgUsage": "Returns the usage of an organisation's keys, a page of keys at a time: for each key the requests in a period by operation and its current quota window, and the sums of the page's keys by hour or day. A member with the role `member` gets only their own keys; operators can read any organisation. Add up the pages of an organisation with more keys than a page has; `running_total` of the last page is the sum over all keys. All pages have the period of the first.",

	"listAudit": "Lists changes to keys, organisations and their own matches, newest first: time, actor and the maker of the actor's key, authentication, and the values before and after. In lists with cursors, a page filtered by both `key` and `actor` can be shorter than the limit, or empty, and still have a next page.",

	"listOrgs":         "Lists the organisations that you may read: your own, or all for operators.",
	"listSessions":     "Lists the open sessions of the console, oldest first: your own, or those of another member. A session that began with a key lists the sessions of that key, unless the key may manage keys.",
	"endSessions":      "Revokes all open sessions of the console: your own, the one that sends the request included, or those of another member.",
	"endSession":       "Revokes one session of the console. Its next request is refused.",
	"createPortalLink": "Creates a link that signs a member in to the console, for products with accounts of their own: your backend knows who the user is, and redirects them to the link. The link works once, within 15 minutes. The request needs every management permission that the session will have, and a role that is not below the member's. The session ends no later than the key that sends the request.",

	"createOrg":    "Creates an organisation with a plan and its first owner. Operators only.",
	"getOrg":       "Returns one organisation.",
	"updateOrg":    "Updates the name. Operators can also change the plan. With a smaller plan, existing keys stay and new ones are refused.",
	"visitOrg":     "Records in the audit trail of an organisation, as `org.visit`, that an operator looks into it. The console sends it before it shows an organisation to an operator. Other requests that only read are not recorded, also those of an operator: an operator's backend that shows an organisation to people should send it, too. A visit lasts one hour: further requests with the same session or key within it get the same visit and add no entry. Operators only.",
	"listMembers":  "Lists the members of an organisation with their roles and states.",
	"addMember":    "Adds a person by email address. An organisation can have 500 members.",
	"updateMember": "Updates the email address, role or state of a member. The keys of a suspended member are refused from their next request.",
	"removeMember": "Removes a member and revokes the member's keys.",

	"listWebhooks": "Lists the webhooks of your organisation, oldest first.",
	"listReplays":  "Lists the replays of your organisation, oldest first. A replay is deleted 24 hours after its kick-off.",
	"createReplay": "Plays a finished match again, as if it were on, to test a match day. The replay has a match of its own, `replay_match`. Its status, minute, score, events and lineups change minute by minute; reads, webhooks and other readers of matches see them. Only your organisation can read it, by its id: it is in no list, league table, total or head-to-head. `speed` 60 plays a minute of the match in a second. The match must have events whose goals add up to its result. Plans limit the replays that have not finished.",
	"getReplay":    "Returns one replay: its state, and the position of its clock.",
	"updateReplay": "Pauses or resumes a replay, or changes its position or speed. After a step back, later events are withdrawn and happen again. A finished replay cannot be changed.",
	"deleteReplay": "Ends a replay, and deletes it with its match.",

	"createWebhook":  "Creates a webhook. Within seconds, events are sent to its URL by POST, signed as the Standard Webhooks specification defines. Store the `signing_secret`, and check the signature of each delivery. A delivery succeeds if your endpoint answers 2xx within 10 s; otherwise it is retried seven times over about 18 hours. If your endpoint answers 429 or 503 with `Retry-After`, in seconds or as a date, the next retry is not before that time; a `Retry-After` over 10 hours counts as 10 hours. An event can be delivered more than once, always with the same `webhook-id`, and out of order: compare the `version` of the object that it contains. A webhook without a successful delivery for three days, or whose endpoint answers 410, is disabled. The webhook belongs to your organisation and stays when the key that created it ends. An organisation can have 20 webhooks.",
	"getWebhook":     "Returns one webhook: its settings and the state of its deliveries.",
	"updateWebhook":  "Updates the URL, the filters or the state of a webhook.",
	"deleteWebhook":  "Deletes a webhook. No further delivery is attempted.",
	"rotateWebhook":  "Replaces the signing secret. During `overlap` each delivery has two signatures, so that receivers can switch.",
	"listDeliveries": "Lists the deliveries of the last 15 days, newest first: the number of attempts, the last response, and the time of the next attempt.",
	"createDelivery": "Sends the event of a delivery of the last 15 days again, or a test event of the type `webhook.test`. The event is sent immediately, even if a later attempt is planned. The response does not wait for the delivery; see the list of deliveries for the result.",

	"testWebhook":    "Sends a test event of the type `webhook.test` and waits for its first attempt, at most 11 s.",
	"replayDelivery": "Sends the event of a delivery of the last 15 days again, immediately and under the same `webhook-id`. The response does not wait for the delivery; see the list of deliveries for the result.",

	"getHealth":  "Returns `ok` while the API is running.",
	"getReady":   "Returns `ok` while the API and its databases respond; otherwise the status is 503.",
	"getOpenAPI": "Returns this OpenAPI document.",
	"getDocs":    "Returns the same documentation as an HTML page.",
}

// contestProse replaces texts of prose where webhooks receive events of contests alone.
var contestProse = map[string]string{
	"createWebhook": "Creates a webhook. Within seconds, events are sent to its URL by POST, signed as the Standard Webhooks specification defines. Store the signing secret, and check the signature of each delivery. " +
		"Events of a match are sent to your organisation if it is approved as the developer of the match's game, or if the user who last set the URL of the webhook is an active member of a team of the match or of its organisation. " +
		"When an approval is withdrawn, deliveries stop immediately. Events from that time are not sent later. " +
		"A delivery succeeds if your endpoint answers 2xx within 10 s; otherwise it is retried seven times over about 18 hours. If your endpoint answers 429 or 503 with `Retry-After`, in seconds or as a date, the next retry is not before that time; a `Retry-After` over 10 hours counts as 10 hours. " +
		"An event can be delivered more than once, always with the same `webhook-id`, and out of order. " +
		"A webhook without a successful delivery for three days, or whose endpoint answers 410, is disabled. The webhook belongs to your organisation and stays when the key that created it ends. An organisation can have 20 webhooks.",
	"updateWebhook": "Updates the URL, the types of events or the state of a webhook. With a URL, the webhook acts from then on for the user who sends the request.",
}

// finalRefusals is added to the text of createWebhook where refusals are final.
const finalRefusals = " If your endpoint answers 400–499, except 408, 425 and 429, the delivery ends without a retry."

// proseOf returns the text of an operation in a contract.
func proseOf(c *contract.Contract, operation string) string {
	text := prose[operation]
	if own := contestProse[operation]; own != "" && !c.Webhooks.Matches() {
		text = own
	}
	switch {
	case operation == "createWebhook" && c.Webhooks.FinalRefusals:
		text += finalRefusals
	case operation == "rotateWebhook" && c.Webhooks.Overlap > 0:
		text = fmt.Sprintf("Replaces the signing secret. For %s each delivery has two signatures, so that receivers can switch. Another rotation in this time ends the oldest secret immediately.", time.Duration(c.Webhooks.Overlap)*time.Second)
	}
	return text
}

// repeats describes the responses to a repeated request, by the operation's [api.Repeat].
var repeats = map[api.Repeat]string{
	api.NotRepeatable:            "",
	api.FirstAnswer:              " Send an `Idempotency-Key` to make retries safe: a retry with the same body within a day gets the first response." + otherRequest,
	api.FirstAnswerWhileItExists: " Send an `Idempotency-Key` to make retries safe: a retry with the same body within a day gets the first response, or status 409 if the object has been deleted since." + otherRequest,
	api.RefusedWithKey:           " Send an `Idempotency-Key` to make retries safe: a retry within a day gets status 409 with the id of the key, because the secret is shown only once." + otherRequest,
	api.RefusedWithWebhook:       " Send an `Idempotency-Key` to make retries safe: a retry within a day gets status 409 with the id of the webhook, because the signing secret is shown only once." + otherRequest,
}

const otherRequest = " An `Idempotency-Key` that was used for another body or another operation gets status 409."
