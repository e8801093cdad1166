// Package functions collects the handlers of all Lambda functions, for the local
// gateway, the documents and the tests. A deployed function imports only its own folder.
package functions

import (
	"slices"

	applicationsfn "statgate/functions/applications"
	auditfn "statgate/functions/audit"
	changesfn "statgate/functions/changes"
	connectionsfn "statgate/functions/connections"
	consolefn "statgate/functions/console"
	contestsfn "statgate/functions/contests"
	docsfn "statgate/functions/docs"
	keysfn "statgate/functions/keys"
	leaguesfn "statgate/functions/leagues"
	matchesfn "statgate/functions/matches"
	mcpfn "statgate/functions/mcp"
	orgsfn "statgate/functions/orgs"
	playersfn "statgate/functions/players"
	teamsfn "statgate/functions/teams"
	webhooksfn "statgate/functions/webhooks"
	"statgate/shared/access/applications"
	"statgate/shared/access/audit"
	"statgate/shared/access/keys"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/feed/changes"
	"statgate/shared/feed/webhooks"
	"statgate/shared/stats/contests"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/players"
	"statgate/shared/stats/reports"
	"statgate/shared/stats/standings"
	"statgate/shared/stats/teams"
)

// Deps are the dependencies of all handlers.
type Deps struct {
	Contract  *contract.Contract
	Leagues   *leagues.Store
	Teams     *teams.Store
	Matches   *matches.Store
	Reports   *reports.Store
	Own       *matches.Own
	Standings *standings.Store
	Players   *players.Store
	Keys      *keys.Store
	Usage     keys.History
	Orgs      *orgs.Store
	Audit     *audit.Store
	Flusher   api.Flusher
	Docs      docsfn.Deps
	Console   consolefn.Deps
	MCP       mcpfn.Deps

	Contests     *contests.Store
	Applications *applications.Store
	Webhooks     *webhooks.Store
	Changes      *changes.Store
}

// All returns the handlers of all operations.
func All(d Deps) []api.Handler {
	return slices.Concat(
		leaguesfn.Handlers(leaguesfn.Deps{Contract: d.Contract, Leagues: d.Leagues, Standings: d.Standings}),
		teamsfn.Handlers(teamsfn.Deps{Contract: d.Contract, Leagues: d.Leagues, Teams: d.Teams, Matches: d.Matches}),
		matchesfn.Handlers(matchesfn.Deps{Contract: d.Contract, Leagues: d.Leagues, Teams: d.Teams, Matches: d.Matches, Reports: d.Reports, Own: d.Own}),
		playersfn.Handlers(playersfn.Deps{Contract: d.Contract, Players: d.Players}),
		keysfn.Handlers(keysfn.Deps{Keys: d.Keys, History: d.Usage, Flusher: d.Flusher}),
		orgsfn.Handlers(orgsfn.Deps{Orgs: d.Orgs, Flusher: d.Flusher}),
		auditfn.Handlers(auditfn.Deps{Trail: d.Audit, Orgs: d.Orgs}),
		contestsfn.Handlers(contestsfn.Deps{Contests: d.Contests}),
		connectionsfn.Handlers(connectionsfn.Deps{Orgs: d.Orgs}),
		applicationsfn.Handlers(applicationsfn.Deps{Applications: d.Applications, Flusher: d.Flusher}),
		webhooksfn.Handlers(webhooksfn.Deps{Webhooks: d.Webhooks}),
		changesfn.Handlers(changesfn.Deps{Contract: d.Contract, Changes: d.Changes, Leagues: d.Leagues, Teams: d.Teams}),
		mcpfn.Handlers(d.MCP),
		docsfn.Handlers(d.Docs),
		consolefn.Handlers(d.Console),
	)
}
