// Command bootstrap is the Lambda function that serves contests.
package main

import (
	"crypto/rand"

	"statgate/functions/contests"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	conteststore "statgate/shared/stats/contests"
)

func main() {
	f := boot.Load()
	endpoint.Start(f, contests.Handlers(contests.Deps{Contests: conteststore.NewStore(f.Stats(), f.Keys(), rand.Reader)}))
}
