// Command bootstrap is the Lambda function that serves leagues, seasons and standings.
package main

import (
	"statgate/functions/leagues"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	leaguestore "statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/standings"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, leagues.Handlers(leagues.Deps{
		Contract:  f.Contract,
		Leagues:   leaguestore.NewStore(f.Stats()),
		Matches:   matches.NewStore(f.Stats(), f.Clock),
		Standings: standings.NewCache(256, f.Clock),
	}))
}
