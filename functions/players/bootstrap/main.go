// Command bootstrap is the Lambda function that serves players.
package main

import (
	"statgate/functions/players"
	"statgate/shared/boot"
	"statgate/shared/boot/endpoint"
	playerstore "statgate/shared/players"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, players.Handlers(players.Deps{Contract: f.Contract, Players: playerstore.NewStore(f.Stats())}))
}
