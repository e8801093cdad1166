package openapi

import (
	"net/http"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/contract"
)

// own lists the conditions that only the handler of an operation raises.
var own = map[string][]string{
	"getStandings": {api.NotFound, api.NoStandings},
	"listMatches":  {api.NotFound, api.InputFilter},
	"listTeams":    {api.NotFound, api.InputFilter},
	"listStats":    {api.InputFilter},
	"listChanges":  {api.NotFound, api.ExpiredCursor},
	"createMatch":  {api.Conflict},
	"updateMatch":  {api.Conflict, api.ConflictStep, api.ConflictVersion},
	"deleteMatch":  {api.Conflict, api.ConflictVersion},
	"listAudit":    {api.InputField},
	"listKeys":     {api.InputField},
	"createKey":    {api.QuotaKeys, api.ConflictCap, api.PermissionNeeds},
	"rotateKey":    {api.PermissionExpiry, api.ConflictRotation, api.ConflictFinal},
	"updateKey":    {api.PermissionExpiry, api.ConflictFinal, api.ConflictCap, api.PermissionNeeds},

	"createWebhook":  {api.ConflictLimit},
	"createReplay":   {api.ConflictLimit},
	"updateReplay":   {api.ConflictStep},
	"rotateWebhook":  {api.ConflictRotation},
	"createDelivery": {api.ConflictState},
	"testWebhook":    {api.ConflictState},
	"replayDelivery": {api.ConflictState},

	"addMember":         {api.ConflictLimit},
	"createApplication": {api.ConflictLimit},

	"listTeamContests": {api.NotFoundTeam, api.PermissionTeam},
	"listOrgContests":  {api.NotFoundOrg, api.PermissionOrg},
	"createContest":    {api.NotFoundTeam, api.PermissionGame},
	"getContest":       {api.NotFoundMatch, api.PermissionGame},
	"getContestStatus": {api.NotFoundMatch, api.PermissionGame},
	"moveContest":      {api.NotFoundMatch, api.PermissionGame, api.ConflictState},
	"scoreContest":     {api.NotFoundMatch, api.PermissionGame, api.ConflictState},
	"forfeitContest":   {api.NotFoundMatch, api.PermissionGame, api.ConflictState},
	"agreeContest":     {api.NotFoundMatch, api.ConflictState},
}

// conditions lists the conditions that a request to the route can meet.
func (b *builder) conditions(r api.Route, h api.Handler, in *bind.Binder) []string {
	var all []string
	if !r.Open {
		all = append(all, secretConditions(b.contract)...)
		if len(r.Permissions) > 0 {
			all = append(all, api.Permission)
		}
		if r.Management && len(r.Permissions) > 0 {
			all = append(all, api.PermissionRole)
		}
		// A token has no permission of key management, and is refused for that.
		// A session is refused what concerns the secret of a key.
		if (r.Lasts && hasTokens(b.contract) || r.KeyOnly && !b.contract.NoConsole) && !slices.ContainsFunc(r.Permissions, contract.IsManagement) {
			all = append(all, api.PermissionToken)
		}
		all = append(all, api.Suspended)
	}
	switch {
	case r.Cost > 0:
		all = append(all, api.Quota)
	case !r.Open && !r.Urgent:
		all = append(all, api.QuotaManagement)
	}
	all = append(all, inputConditions(r, in)...)
	if len(r.Params()) > 0 && !slices.ContainsFunc(own[r.Operation], missing) {
		all = append(all, api.NotFound)
	}
	if r.Management && r.Method != http.MethodGet {
		all = append(all, api.Conflict)
	}
	if r.Repeat() != api.NotRepeatable {
		all = append(all, api.ConflictRepeat)
	}
	all = append(all, own[r.Operation]...)
	return once(append(all, api.Internal, api.Unavailable))
}

func hasTokens(c *contract.Contract) bool {
	_, has := c.Operations["createToken"]
	return has
}

// missing reports whether a condition is more specific than [api.NotFound].
func missing(condition string) bool { return strings.HasPrefix(condition, api.NotFound+".") }

func secretConditions(c *contract.Contract) []string {
	all := []string{api.SecretMissing, api.SecretMalformed, api.SecretUnknown, api.SecretExpired, api.SecretRevoked}
	if len(c.Environments) > 1 {
		all = append(all, api.SecretEnvironment)
	}
	if len(c.HTTPTransports()) > 1 {
		all = append(all, api.SecretConflict)
	}
	return all
}

// inputConditions lists the conditions that binding the input can raise.
func inputConditions(r api.Route, in *bind.Binder) []string {
	schema, _ := in.Schema()
	all := []string{api.InputParameter, api.Unreadable}
	if !in.FromQuery() {
		all = append(all, api.InputJSON, api.InputField, api.InputSize, api.InputMedia)
		if r.Management {
			return all
		}
	}
	if schema.Properties["limit"] != nil {
		all = append(all, api.InputLimit, api.UnreadableLimit, api.InputCursor, api.UnreadableCursor)
	}
	for _, s := range schema.Properties {
		if bind.Dated(s) {
			return append(all, api.InputDate)
		}
	}
	return all
}

// once returns the list without repetitions.
func once(list []string) []string {
	seen := map[string]bool{}
	var distinct []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			distinct = append(distinct, s)
		}
	}
	return distinct
}

// occasion is the documentation of a condition. The message is one that the API returns;
// only that of [api.NotFound] is general, as its response is shared by all objects.
type occasion struct {
	when    string // when it happens
	message string // an example of the message
}

var occasions = map[string]occasion{
	api.SecretMissing:     {"The request has no API key", "an API key is required"},
	api.SecretMalformed:   {"The API key has a wrong prefix, length, character or tag", "malformed API key"},
	api.SecretUnknown:     {"No key has this secret", "unknown API key"},
	api.SecretExpired:     {"The key has expired, or a rotation replaced the secret and its overlap is over", "this key expired at 2026-03-01T12:00:00Z"},
	api.SecretRevoked:     {"The key was revoked, which is permanent", "this key has been revoked or replaced"},
	api.SecretEnvironment: {"The key belongs to another environment of this API", "this key belongs to another environment"},
	api.SecretConflict:    {"The request has two different API keys", "two different API keys in one request; send only one"},
	api.Permission:        {"The key's scopes do not allow this operation", "listMatches requires the scope read:matches"},
	api.PermissionRole:    {"The role of the key's owner does not allow this, independent of the scopes", "only operators can create organisations"},
	api.PermissionNeeds:   {"A scope or a game requires a developer approval that the organisation does not have", "scope \"webhooks.manage:enabled\" needs the organisation's approval as a developer"},
	api.PermissionToken:   {"A token was sent, and the operation makes, changes or ends something that lasts longer than a token", "createWebhook needs the key itself: a token cannot make, change or end anything that outlives it"},
	api.PermissionExpiry:  {"The key that sends the request ends before the key that it would rotate or give a management scope", "the key that sends the request ends at 2026-03-01T12:00:00Z and cannot rotate a key that lasts longer"},
	api.PermissionTool:    {"The key may reach the MCP server, but its scopes do not allow this tool. The answer has status 200, and the tool's result is an error that names the scope", "tool standings requires the scope read:leagues"},
	api.PermissionGame:    {"The match belongs to another game than the key", "the match belongs to another game than the key"},
	api.PermissionTeam:    {"The key's owner is not an active member of the team", "the key's owner is not an active member of this team"},
	api.PermissionOrg:     {"The key's owner is not an active member of the organisation", "the key's owner is not an active member of this organisation"},
	api.Suspended:         {"The key's owner is suspended in their organisation", "this key's owner is suspended"},
	api.Quota:             {"The quota of the current window is used up; Retry-After is the time until the next window", "quota of 1000 requests per 3600 seconds exceeded; retry after 2026-03-01T13:00:00Z"},
	api.QuotaKeys:         {"The organisation has created as many keys within an hour as it may; Retry-After is the time until it may create the next", "the organisation has created 100 keys within an hour, the maximum; retry after 2026-03-01T13:00:00Z"},
	api.QuotaManagement:   {"The key's budget for key management is used up; Retry-After is the time until the next window", "budget for key management of 120 requests per 60 seconds exceeded; retry after 2026-03-01T12:01:00Z"},
	api.InputJSON:         {"The body is not valid JSON, or the operation does not accept a body", "the body is not valid JSON: unexpected end"},
	api.InputParameter:    {"A parameter has a value that is not allowed", "order: must be one of asc, desc, got \"up\""},
	api.Unreadable:        {"A query parameter is unknown, malformed or given more than once", "leage: unknown query parameter"},
	api.UnreadableLimit:   {"The page size is not an integer, or is given more than once", "limit: must be an integer, got \"ten\""},
	api.UnreadableCursor:  {"The page number or offset is not an integer, or the parameter is given more than once", "offset: must be an integer, got \"ten\""},
	api.InputLimit:        {"The page size is out of range", "limit: must be at most 100"},
	api.InputCursor:       {"The page does not exist: the cursor belongs to another query or has expired, or the page is too far from the beginning", "cursor: is not valid for this query; start again without it"},
	api.ExpiredCursor:     {"Changes after the cursor are no longer kept. Read the lists of matches again, and then the changes without a cursor", "cursor: has expired: changes after it are no longer kept; read the lists of matches again, then start without it"},
	api.InputDate:         {"A date or time is invalid", "date: must be a date, such as 2027-01-31, got \"2016-13-01\""},
	api.InputFilter:       {"The filters cannot be combined; the message lists the supported combinations", "season requires league; supported: no filter, league (and season)"},
	api.InputField:        {"A field of the body is missing, unknown, invalid or given more than once", "validation failed"},
	api.InputSize:         {"The body is larger than 256 KB", "the body must have at most 262144 bytes, got 300000"},
	api.InputMedia:        {"The body is not application/json", "the body must be application/json"},
	api.NotFound:          {"The object does not exist, or you are not allowed to read it", "not found"},
	api.NotFoundRoute:     {"The path does not exist", "no such path"},
	api.NoStandings:       {"The season is a knock-out competition, which has no standings", "uefa.cl 2015-16 is a knock-out competition, which has no standings"},
	api.NotFoundMatch:     {"The match does not exist", "no such match"},
	api.NotFoundTeam:      {"No team has this id or slug", "no such team"},
	api.NotFoundOrg:       {"No organisation has this id or slug", "no such organisation"},
	api.Method:            {"The path does not support this method; Allow lists the supported methods", "this path supports only GET, OPTIONS"},
	api.Conflict:          {"The state of the object does not allow this, or another request changed the object at the same time", "this match already exists: the same teams in the same round of a season, or on the same day"},
	api.ConflictRepeat:    {"The Idempotency-Key was already used: for another request, for a secret, which is shown only once, or to create an object that has been deleted since. The details give the object's id if it is known", "Idempotency-Key: already used; the secret created by that request cannot be shown again"},
	api.ConflictRotation:  {"The overlap of an earlier rotation has not ended; force ends it", "a previous secret of this key is still valid: wait until it expires, or rotate with force to end it immediately"},
	api.ConflictCap:       {"The organisation has as many active keys as the plan allows, or the maximum of management keys", "plan PRO allows 3 active client keys, and the organisation has 3: revoke one or choose a larger plan"},
	api.ConflictLimit:     {"The organisation has the maximum number of these objects", "the organisation has 20 webhooks, the maximum: delete one first"},
	api.ConflictFinal:     {"The key is revoked or expired, and the operation requires an active key", "this key can no longer be changed: it was revoked"},
	api.ConflictState:     {"The state of the match or webhook does not allow this", "cannot change from READY to COMPLETED: the match's status does not allow this"},
	api.ConflictVersion:   {"The object has changed since the state that If-Match names", "If-Match: the object has changed; read it again before you change it"},
	api.ConflictStep:      {"The match's status cannot change to the requested status, or the replay has finished", "status: finished is final and cannot change"},
	api.Internal:          {"An error on our side; give the request id when you contact support", "internal error"},
	api.Unavailable:       {"The service is temporarily unavailable; retry after Retry-After seconds", "temporarily unavailable; retry the request"},
}

// When returns a description of when a condition happens, or "" for an unknown one.
func When(condition string) string { return occasions[condition].when }

// sample returns an example error of the condition.
func sample(condition string) *api.Error {
	e := &api.Error{Condition: condition, Message: occasions[condition].message}
	switch condition {
	case api.InputField:
		e.Fields = map[string][]string{"name": {"is required"}}
	case api.Unreadable:
		e.Fields = map[string][]string{"leage": {"unknown query parameter"}}
	case api.InputParameter:
		e.Fields = map[string][]string{"order": {"must be one of asc, desc"}}
	case api.ConflictRepeat:
		e.Details = map[string]string{"key": exampleKey}
	}
	return e
}
