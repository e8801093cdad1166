// Command bootstrap is the Lambda function that serves matches.
package main

import (
	"statgate/functions/matches"
	"statgate/shared/boot"
	"statgate/shared/boot/endpoint"
	"statgate/shared/leagues"
	matchstore "statgate/shared/matches"
	"statgate/shared/reports"
	"statgate/shared/teams"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, matches.Handlers(matches.Deps{
		Contract: f.Contract,
		Leagues:  leagues.NewStore(f.Stats(), f.Clock),
		Teams:    teams.NewStore(f.Stats()),
		Matches:  matchstore.NewStore(f.Stats(), f.Clock),
		Reports:  reports.NewStore(f.Stats(), f.Clock),
	}))
}
