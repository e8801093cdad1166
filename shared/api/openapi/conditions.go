package openapi

import (
	"net/http"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/contract"
)

// own lists the conditions that only an operation's handler raises.
var own = map[string][]string{
	"getStandings": {api.NotFound, api.NoStandings},
	"listMatches":  {api.NotFound, api.InputFilter},
	"listTeams":    {api.NotFound, api.InputFilter},
	"listStats":    {api.InputFilter},
	"createMatch":  {api.Conflict, api.ConflictRepeat},
	"updateMatch":  {api.ConflictStep, api.ConflictVersion},
	"deleteMatch":  {api.ConflictVersion},
	"listAudit":    {api.InputField},
	"listKeys":     {api.InputField},
	"revokeSelf":   {api.Permission},
	"createToken":  {api.Permission, api.ConflictRepeat},
	"createKey":    {api.ConflictRepeat, api.ConflictCap, api.PermissionNeeds},
	"rotateKey":    {api.ConflictRepeat, api.ConflictRotation, api.ConflictFinal},
	"updateKey":    {api.ConflictFinal, api.ConflictCap, api.PermissionNeeds},

	"createWebhook":  {api.ConflictLimit, api.ConflictRepeat},
	"rotateWebhook":  {api.ConflictRotation},
	"createDelivery": {api.ConflictState},

	"createApplication": {api.ConflictLimit},

	"listTeamContests": {api.NotFoundTeam, api.PermissionTeam},
	"listOrgContests":  {api.NotFoundOrg, api.PermissionOrg},
	"createContest":    {api.NotFoundTeam, api.PermissionGame, api.ConflictRepeat},
	"getContest":       {api.NotFoundMatch, api.PermissionGame},
	"getContestStatus": {api.NotFoundMatch, api.PermissionGame},
	"moveContest":      {api.NotFoundMatch, api.PermissionGame, api.ConflictState},
	"scoreContest":     {api.NotFoundMatch, api.PermissionGame, api.ConflictState},
	"forfeitContest":   {api.NotFoundMatch, api.PermissionGame, api.ConflictState, api.ConflictRepeat},
	"agreeContest":     {api.NotFoundMatch, api.ConflictState},
}

// conditions lists what may go wrong with a call of the route.
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
		all = append(all, api.Suspended)
	}
	if r.Cost > 0 {
		all = append(all, api.Quota)
	}
	all = append(all, inputConditions(r, in)...)
	if len(r.Params()) > 0 && !slices.ContainsFunc(own[r.Operation], missing) {
		all = append(all, api.NotFound)
	}
	if r.Management && r.Method != http.MethodGet {
		all = append(all, api.Conflict)
	}
	all = append(all, own[r.Operation]...)
	return once(append(all, api.Internal, api.Unavailable))
}

// missing tells whether a condition says more of what is not there than [api.NotFound].
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

// inputConditions lists what may be wrong with the input, as the binding has it.
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

func once(list []string) []string {
	seen := map[string]bool{}
	var kept []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			kept = append(kept, s)
		}
	}
	return kept
}

// occasion is what documents say of a condition.
type occasion struct {
	when    string // when it happens
	message string // as a caller may read it
}

var occasions = map[string]occasion{
	api.SecretMissing:     {"No API key came with the request", "a valid API key is required"},
	api.SecretMalformed:   {"The API key cannot be one of this API: prefix, length, characters or tag are wrong", "malformed API key"},
	api.SecretUnknown:     {"No key has this secret", "unknown API key"},
	api.SecretExpired:     {"The key, or the secret that a rotation replaced, has expired", "expired API key"},
	api.SecretRevoked:     {"The key was revoked, which is final", "revoked API key"},
	api.SecretEnvironment: {"The key belongs to another environment of this API", "the API key is of another environment"},
	api.SecretConflict:    {"One request carries two different API keys", "two different API keys were sent"},
	api.Permission:        {"The key's scopes do not reach this operation, or a token makes a call that takes the key itself", "the key's scopes do not reach GET /matches"},
	api.PermissionRole:    {"The role of the key's owner does not allow it, whatever the scopes", "the role of the key's owner does not allow this"},
	api.PermissionNeeds:   {"A scope, or a game, needs an approval as a developer that the organisation does not have", "this scope needs the organisation's approval as a developer"},
	api.PermissionGame:    {"The match is of another game than the key", "this match is of another game than the key"},
	api.PermissionTeam:    {"The key's owner does not play for the team, or no longer", "the key's owner is not an active member of this team"},
	api.PermissionOrg:     {"The key's owner does not belong to the organisation, or no longer", "the key's owner is not an active member of this organisation"},
	api.Suspended:         {"The key's owner is suspended in their organisation", "the key's owner is suspended"},
	api.Quota:             {"The quota of this window is used up; Retry-After says when the next one begins", "quota exceeded"},
	api.InputJSON:         {"The body is not valid JSON, or came where none is taken", "the body is not valid JSON: it ends too early"},
	api.InputParameter:    {"A parameter can be read, but its value is none of those that it takes", "order: expected value to be one of \"asc, desc\""},
	api.Unreadable:        {"A query parameter is unknown, unreadable or given twice", "leage: unknown query parameter"},
	api.UnreadableLimit:   {"The page size is no number, or is given twice", "limit: \"ten\" is no integer"},
	api.UnreadableCursor:  {"The place of the page cannot be read, or is given twice", "offset: \"ten\" is no integer"},
	api.InputLimit:        {"The page size is out of range", "limit: expected number <= 100"},
	api.InputCursor:       {"The page does not exist: the cursor is not one of this query, or the place is too far on", "cursor: was not made for this query"},
	api.InputDate:         {"A date or time is not one", "date: expected string to be RFC 3339 date, not \"2016-13-01\""},
	api.InputFilter:       {"The filters cannot be combined; the message lists what can", "season needs league"},
	api.InputField:        {"The body is readable, but a field is missing, unknown, given twice or invalid", "validation failed"},
	api.InputSize:         {"The body is larger than 256 KB", "the body has 300000 bytes; at most 262144 are read"},
	api.InputMedia:        {"The body is not application/json", "the body must be application/json"},
	api.NotFound:          {"There is no such thing, or it is not yours to see", "not found"},
	api.NotFoundRoute:     {"There is no such path", "no such path"},
	api.NoStandings:       {"The season is a knock-out competition, which has no standings", "uefa.cl 2015-16 is a knock-out competition, which has no standings"},
	api.NotFoundMatch:     {"There is no such match", "no such match"},
	api.NotFoundTeam:      {"There is no team of this id or slug", "no such team"},
	api.NotFoundOrg:       {"There is no organisation of this id or slug", "no such organisation"},
	api.Method:            {"The path exists, but not with this method; Allow lists those that do", "this path takes GET, OPTIONS"},
	api.Conflict:          {"The thing is not in a state that allows this, or changed at the same moment", "changed by someone else meanwhile"},
	api.ConflictRepeat:    {"The Idempotency-Key was used before, for another request or for a secret, which is shown once; the details name the key that it made", "this Idempotency-Key was used before"},
	api.ConflictRotation:  {"An earlier rotation's overlap has not ended; force ends it", "the secret before this one is still good; send force to end it"},
	api.ConflictCap:       {"All client keys of the plan are in use, or as many management keys as an organisation may have", "the plan's keys are all in use"},
	api.ConflictLimit:     {"There are as many of these as an organisation may have", "the organisation has 20 webhooks, which is as many as it may have"},
	api.ConflictFinal:     {"The key is revoked, which is final, or expired, and what was asked needs a live one", "the key is revoked or expired"},
	api.ConflictState:     {"The match is not in a state that allows it", "from READY to COMPLETED: the match is not in a state that allows this"},
	api.ConflictVersion:   {"If-Match names a state that is no longer so: someone has changed the thing", "If-Match: this has changed since: read it again, then decide"},
	api.ConflictStep:      {"The status does not lead to the one that was asked for", "a match that is finished has come to its end"},
	api.Internal:          {"Something failed on our side; the request id finds it in our log", "internal error"},
	api.Unavailable:       {"The service cannot answer just now; repeat the call after Retry-After seconds", "temporarily unavailable, please repeat the call"},
}

// When says when a condition happens, in words for callers; "" for none of ours.
func When(condition string) string { return occasions[condition].when }

// sample is an error of the condition, for examples.
func sample(condition string) *api.Error {
	e := &api.Error{Condition: condition, Message: occasions[condition].message}
	switch condition {
	case api.InputField:
		e.Fields = map[string][]string{"name": {"is required"}}
	case api.Unreadable:
		e.Fields = map[string][]string{"leage": {"unknown query parameter"}}
	case api.InputParameter:
		e.Fields = map[string][]string{"order": {"expected value to be one of \"asc, desc\""}}
	case api.ConflictRepeat:
		e.Details = map[string]string{"key": exampleKey}
	}
	return e
}
