// Command bootstrap is the Lambda function that serves matches.
package main

import (
	"crypto/rand"

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
	store := matchstore.NewStore(f.Stats(), f.Clock)
	endpoint.Start(f, matches.Handlers(matches.Deps{
		Contract: f.Contract, Matches: store, Own: matchstore.NewOwn(store, rand.Reader),
		Leagues: leagues.NewStore(f.Stats(), f.Clock), Teams: teams.NewStore(f.Stats()), Reports: reports.NewStore(f.Stats(), f.Clock),
	}))
}
