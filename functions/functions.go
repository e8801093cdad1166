// Package functions gathers the handlers of every Lambda function, for the local
// gateway, the documents and the tests. A Lambda imports its own folder only.
package functions

import (
	"slices"

	"statgate/functions/applications"
	"statgate/functions/audit"
	"statgate/functions/connections"
	"statgate/functions/contests"
	"statgate/functions/docs"
	"statgate/functions/keys"
	"statgate/functions/leagues"
	"statgate/functions/matches"
	"statgate/functions/orgs"
	"statgate/functions/players"
	"statgate/functions/teams"
	"statgate/functions/webhooks"
	applicationstore "statgate/shared/access/applications"
	audittrail "statgate/shared/access/audit"
	keystore "statgate/shared/access/keys"
	orgstore "statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
	webhookstore "statgate/shared/feed/webhooks"
	conteststore "statgate/shared/stats/contests"
	leaguestore "statgate/shared/stats/leagues"
	matchstore "statgate/shared/stats/matches"
	playerstore "statgate/shared/stats/players"
	"statgate/shared/stats/reports"
	"statgate/shared/stats/standings"
	teamstore "statgate/shared/stats/teams"
)

// Deps is what the handlers of all functions need.
type Deps struct {
	Contract  *contract.Contract
	Leagues   *leaguestore.Store
	Teams     *teamstore.Store
	Matches   *matchstore.Store
	Reports   *reports.Store
	Own       *matchstore.Own
	Standings *standings.Cache
	Players   *playerstore.Store
	Keys      *keystore.Store
	Usage     keystore.History
	Orgs      *orgstore.Store
	Audit     *audittrail.Store
	Flusher   api.Flusher
	Docs      docs.Deps

	Contests     *conteststore.Store
	Applications *applicationstore.Store
	Webhooks     *webhookstore.Store
}

// All returns the handler of every operation that has one.
func All(d Deps) []api.Handler {
	return slices.Concat(
		leagues.Handlers(leagues.Deps{Contract: d.Contract, Leagues: d.Leagues, Matches: d.Matches, Standings: d.Standings}),
		teams.Handlers(teams.Deps{Contract: d.Contract, Leagues: d.Leagues, Teams: d.Teams, Matches: d.Matches}),
		matches.Handlers(matches.Deps{Contract: d.Contract, Leagues: d.Leagues, Teams: d.Teams, Matches: d.Matches, Reports: d.Reports, Own: d.Own}),
		players.Handlers(players.Deps{Contract: d.Contract, Players: d.Players}),
		keys.Handlers(keys.Deps{Keys: d.Keys, History: d.Usage, Flusher: d.Flusher}),
		orgs.Handlers(orgs.Deps{Orgs: d.Orgs, Flusher: d.Flusher}),
		audit.Handlers(audit.Deps{Trail: d.Audit, Orgs: d.Orgs}),
		contests.Handlers(contests.Deps{Contests: d.Contests}),
		connections.Handlers(connections.Deps{Orgs: d.Orgs}),
		applications.Handlers(applications.Deps{Applications: d.Applications, Flusher: d.Flusher}),
		webhooks.Handlers(webhooks.Deps{Webhooks: d.Webhooks}),
		docs.Handlers(d.Docs),
	)
}
