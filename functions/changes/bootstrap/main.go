// Command bootstrap is the Lambda function that serves the change feed.
package main

import (
	"statgate/functions/changes"
	feed "statgate/shared/feed/changes"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/teams"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, changes.Handlers(changes.Deps{Contract: f.Contract, Changes: feed.NewStore(f.Stats()),
		Leagues: leagues.NewStore(f.Stats()), Teams: teams.NewStore(f.Stats())}))
}
