package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/contract"
)

// introduction is the document's description, in Markdown.
func introduction(c *contract.Contract) string {
	var b strings.Builder
	days := ""
	_, football := c.Operations["listLeagues"]
	_, arranged := c.Operations["listContests"]
	switch {
	case football:
		fmt.Fprintf(&b, "Football leagues, seasons, teams, matches and standings, and the API keys that guard them.\n\n")
		days = ", days are local to the league"
		if c.UTCDays {
			days = ", days that you ask for are UTC's"
		}
	case arranged:
		fmt.Fprintf(&b, "Matches that teams arrange and score themselves, and the API keys that guard them.\n\n")
	default:
		fmt.Fprintf(&b, "The teams and matches of your organisation, and the API keys that guard them.\n\n")
	}
	fmt.Fprintf(&b, "Send your API key with every request. ")
	fmt.Fprintf(&b, "Every answer has an `X-Request-Id`; every error has the shape of the schema `Error`. ")
	fmt.Fprintf(&b, "No field is left out for being unknown: it is null. Times are RFC 3339 in UTC%s.\n\n", days)
	fmt.Fprintf(&b, "A path that does not exist is answered with %d, a method that a path does not take with %d and `Allow`.",
		c.Condition("not_found.route").Status, c.Condition("method").Status)
	return b.String()
}

// kin is what documents say of a function's operations.
type kin struct{ function, tag, description string }

// families are the functions in the order in which documents show them.
var families = []kin{
	{"leagues", "Leagues", "Leagues, their seasons and their standings."},
	{"teams", "Teams", "Clubs and national sides, and the matches that they play."},
	{"players", "Players", "Players, and what they did in seasons."},
	{"matches", "Matches", "Fixtures and results, how two teams fared before, and the matches that an organisation keeps for itself."},
	{"contests", "Contests", "Matches that two teams arrange and score themselves: histories, and what a game's own key does."},
	{"connections", "Connections", "The accounts that a member has on other platforms."},
	{"webhooks", "Webhooks", "Where your organisation is told of what happens, as it happens."},
	{"applications", "Applications", "What developers are approved for, in general and for their games."},
	{"keys", "Keys", "API keys: make, scope, watch, rotate and revoke them."},
	{"orgs", "Organisations", "Who holds keys: organisations, their plan and their members."},
	{"audit", "Audit", "Who did what to which key, organisation or match."},
	{"docs", "Service", "Open to all, at the root and without a key."},
}

func family(function string) kin {
	for _, f := range families {
		if f.function == function {
			return f
		}
	}
	return kin{function, title(function), title(function) + "."}
}

func tags(used map[string]bool) []*huma.Tag {
	var list []*huma.Tag
	for _, f := range families {
		if used[f.function] {
			list = append(list, &huma.Tag{Name: f.tag, Description: f.description})
			delete(used, f.function)
		}
	}
	for _, function := range slices.Sorted(maps.Keys(used)) { // a family without a text still has its tag; a test names it
		f := family(function)
		list = append(list, &huma.Tag{Name: f.tag, Description: f.description})
	}
	return list
}

// prose is what the route table's summaries leave out, by operation, in Markdown.
var prose = map[string]string{
	"listLeagues":     "Leagues by id, of one country where `country` is given.",
	"getLeague":       "One league, with the id of its latest season.",
	"listSeasons":     "The seasons of a league, newest first.",
	"listAllSeasons":  "The seasons of all leagues, by league, newest first.",
	"getStandings":    "The table of a season, the latest where none is named, by the rules of that league and season: tie-breaks, halved points, points per game, deductions. `round` and `date` give it as it stood. Groups follow each other in one list. Knock-out competitions have no standings.",
	"listTeams":       "Teams by id: all of them, those of a league (and season), or those whose name has words beginning as `q` does.",
	"getTeam":         "One team with every spelling of its name. An id that it had before still finds it.",
	"listTeamMatches": "The matches of a team, in every league, by kick-off.",
	"listPlayers":     "Players by id. The list is empty where the deployment has imported none.",
	"getPlayer":       "One player.",
	"listStats":       "What players did in a season for a team: all of it, of a league, or of one of its seasons. The list is empty where the deployment has imported none.",
	"listMatches":     "Matches by kick-off, then id; those whose time is not known come last in their day. Served are: no filter; a league and season (with round, stage or status); a league; a status; a team; each of these within a day or at most 31 days; at most 100 ids. Other mixes are refused.",
	"getMatch":        "One match. Its id never changes, even where its day does.",
	"createMatch":     "Makes a match that your organisation's keys alone see: in lists, by team and in head-to-head, never in public standings. Its league and season are public ones, or none; its teams are ones that you see, or your own by name. Send an `Idempotency-Key` to make a repeat safe.",
	"updateMatch":     "Changes a match of your organisation's own: status and score in one write. scheduled leads to live, live to finished; both lead to postponed, cancelled, abandoned or awarded, and postponed back to scheduled. With `If-Match` it is changed only while it is as you read it.",
	"deleteMatch":     "Deletes a match of your organisation's own. With `If-Match` it is deleted only while it is as you read it.",
	"getHeadToHead":   "The played meetings of a match's two teams in every league, newest first, and what they add up to, seen from the match that is asked about.",
	"listMatchEvents": "Goals, cards and substitutions by minute, then added time. Each has an id of its own, by which a correction or a removal is seen. A match of which nothing is known has none.",
	"getMatchStats":   "What was counted in a match, by section. A match of which nothing is known has no section.",
	"getMatchLineups": "Who began and who sat on the bench. A match of which nothing is known has empty lists.",

	"listContests":     "The matches that the key's owner took part in, newest first.",
	"listUserContests": "The same list, asked for by a body.",
	"listTeamContests": "The matches of a team of which the key's owner is an active member, newest first. The team is named by id or slug.",
	"listOrgContests":  "The matches of the teams of an organisation of which the key's owner is an active member, newest first. The organisation is named by id or slug.",
	"createContest":    "Makes a match of the game that the key is bound to, between two teams that are named by id or slug. Send an `Idempotency-Key` to make a repeat safe: it gets the first answer.",
	"getContest":       "One match of the key's own game.",
	"getContestStatus": "Where a match of the key's own game stands.",
	"moveContest":      "Moves a match from READY to IN_PROGRESS, or from ACCEPTED or IN_PROGRESS to CANCELLED. Every other step is refused: a match completes itself when enough of its maps are confirmed.",
	"scoreContest":     "Submits scores of maps while a match is in progress. A score that is not confirmed is overwritten; one that is stands, and the result says so. The match completes itself when confirmed maps decide it.",
	"forfeitContest":   "Lets a team give up a match that is accepted, ready or in progress: the other one wins. Send an `Idempotency-Key` to make a repeat safe: it gets the first answer.",
	"agreeContest":     "What the teams of a match agreed on, as the site reports it that they use: that both play, that both are there, that a score stands, a dispute and its end. For operators.",
	"putContestant":    "Sets a team, or an organisation that teams play for, whole: what is not sent is not kept. For operators.",

	"getConnections": "The accounts of the key's owner on those platforms that the key has a permission for.",
	"putConnections": "Sets all accounts of a member on other platforms. For operators.",

	"listApplications":  "Your organisation's applications, newest first, or all for an operator.",
	"createApplication": "Applies on behalf of your organisation, once in general and once for each game. At most 20 applications may wait for a decision at once.",
	"decideApplication": "Approves an application, or withdraws the approval: from then on the scopes that need it grant nothing, on the next request of every key. For operators.",

	"listKeys":    "The keys of your organisation that you may see, newest first. A plain member sees their own. No list ever shows a secret.",
	"createKey":   "Makes a key and shows its secret, this once. A key with a management scope is a management key: it counts outside the plan's keys, and an organisation may have 25 active ones. Send an `Idempotency-Key` to make a repeat safe.",
	"getSelf":     "Who is calling, what the key may do, and what is left of its quota.",
	"createToken": "A token is sent as a key is, for a minute to a day (`expires_in`, by default an hour), and may do what its `scopes` say: some or all of the key's, never key management. It spends the key's quota and ends on the next request when the key, or the secret that it was made with, is revoked, replaced or expired; what is taken from the key is taken from it. A token makes no tokens. Send an `Idempotency-Key` to make a repeat safe.",
	"revokeSelf":  "Revokes the key that makes the call, for good. Whoever holds a leaked secret may kill it.",
	"getKey":      "One key: settings, state and use.",
	"updateKey":   "Changes name, scopes, expiry or metadata. What narrows a key holds from the next request on; what widens it may take until `effective_by`.",
	"rotateKey":   "Replaces the secret and keeps the key: name, scopes, settings, quota used and history stay. The old secret dies at once, or after `overlap`.",
	"revokeKey":   "Revokes a key for good, from the next request on.",
	"getKeyUsage": "Calls by hour and operation, at most 31 days at a time. The hours add up to the calls made, exactly.",

	"listAudit": "Changes to keys, organisations and their own matches, newest first: who, when, how authenticated, the values before and after. Where the list goes by cursor, a page by both `key` and `actor` may be shorter than its limit, or empty, and be followed by another.",

	"listOrgs":     "The organisations that you may see: your own, or all for an operator.",
	"createOrg":    "Makes an organisation with a plan and its first owner. For operators.",
	"getOrg":       "One organisation.",
	"updateOrg":    "Changes the name; operators also change the plan. A smaller plan keeps the keys that there are and refuses new ones.",
	"listMembers":  "The people of an organisation, with role and state.",
	"addMember":    "Adds a person by email.",
	"updateMember": "Changes a member's email, role or state. The keys of a suspended member stop on the next request.",
	"removeMember": "Removes a member, whose keys are revoked.",

	"listWebhooks":   "The webhooks of your organisation, oldest first.",
	"createWebhook":  "From a few seconds later on, events are sent to the address by POST, each signed as the specification Standard Webhooks says: keep the `signing_secret`, and check the signature before you believe a delivery. A delivery counts as taken when it is answered with 2xx within 10 s; else it is tried seven more times over some 18 hours. An event may come more than once, always with the same `webhook-id`, and out of order: go by the `version` of what it holds. A webhook that took nothing for three days, or answers 410, is disabled. It is your organisation's, and stays when the key that made it ends. At most 20. Send an `Idempotency-Key` to make a repeat safe.",
	"getWebhook":     "One webhook: its settings, and whether it takes what it is sent.",
	"updateWebhook":  "Changes where events go, which ones, or whether any do.",
	"deleteWebhook":  "Deletes a webhook: no attempt of a delivery begins any more.",
	"rotateWebhook":  "Replaces the signing secret. During `overlap` each delivery has two signatures, so that receivers can move over.",
	"listDeliveries": "What was sent in the last 15 days, newest first: how often it was tried, what was answered, and when it is tried again.",
	"createDelivery": "Sends an event of the type `webhook.test`, or one of the last 15 days again, at once also where it waits for its next attempt. It is under way when this is answered; the list of deliveries tells how it went.",

	"getHealth":  "Answers as long as the API does.",
	"getReady":   "Answers as long as the API and its stores do, and with 503 where one of them does not.",
	"getOpenAPI": "The document that you are reading, for tools.",
	"getDocs":    "The same for people, as one page.",
}
