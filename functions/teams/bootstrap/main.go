// Command bootstrap is the Lambda function that serves teams and their matches.
package main

import (
	"statgate/functions/teams"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	teamstore "statgate/shared/stats/teams"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, teams.Handlers(teams.Deps{
		Contract: f.Contract,
		Leagues:  leagues.NewStore(f.Stats()),
		Teams:    teamstore.NewStore(f.Stats()),
		Matches:  matches.NewStore(f.Stats(), f.Clock),
	}))
}
