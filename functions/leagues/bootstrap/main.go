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
	stored, played := leaguestore.NewStore(f.Stats()), matches.NewStore(f.Stats(), f.Clock)
	endpoint.Start(f, leagues.Handlers(leagues.Deps{
		Contract: f.Contract, Leagues: stored,
		Standings: standings.NewStore(stored, played, standings.NewCache(256, f.Clock)),
	}))
}
