// Command bootstrap is the Lambda function that serves players.
package main

import (
	"statgate/functions/players"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	playerstore "statgate/shared/stats/players"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, players.Handlers(players.Deps{Contract: f.Contract, Players: playerstore.NewStore(f.Stats())}))
}
