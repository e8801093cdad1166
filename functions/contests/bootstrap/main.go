// Command bootstrap is the Lambda function that serves contests.
package main

import (
	"crypto/rand"

	"statgate/functions/contests"
	"statgate/shared/boot"
	"statgate/shared/boot/endpoint"
	conteststore "statgate/shared/contests"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, contests.Handlers(contests.Deps{Contests: conteststore.NewStore(f.Stats(), rand.Reader)}))
}
