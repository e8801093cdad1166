// Command bootstrap is the Lambda function that serves matches.
package main

import (
	"crypto/rand"

	"statgate/functions/matches"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	"statgate/shared/stats/leagues"
	matchstore "statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/stats/teams"
)

func main() {
	f := boot.Load()
	store := matchstore.NewStore(f.Stats(), f.Clock)
	endpoint.Start(f, matches.Handlers(matches.Deps{
		Contract: f.Contract, Matches: store, Own: matchstore.NewOwn(store, f.Keys(), rand.Reader),
		Leagues: leagues.NewStore(f.Stats()), Teams: teams.NewStore(f.Stats()), Reports: reports.NewStore(f.Stats(), f.Clock),
	}))
}
