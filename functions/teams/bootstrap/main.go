// Command bootstrap is the Lambda function that serves teams and their matches.
package main

import (
	"statgate/functions/teams"
	"statgate/shared/boot"
	"statgate/shared/boot/endpoint"
	"statgate/shared/leagues"
	"statgate/shared/matches"
	teamstore "statgate/shared/teams"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, teams.Handlers(teams.Deps{
		Contract: f.Contract,
		Leagues:  leagues.NewStore(f.Stats(), f.Clock),
		Teams:    teamstore.NewStore(f.Stats()),
		Matches:  matches.NewStore(f.Stats(), f.Clock),
	}))
}
