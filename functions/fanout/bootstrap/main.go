// Command bootstrap is the Lambda function that turns changes of the data into webhook
// deliveries and entries of the change feed.
package main

import (
	"statgate/functions/fanout"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/stream"
)

func main() {
	f := boot.Load()
	fan, err := fanout.New(parts(f))
	if err != nil {
		f.Fatal(err)
	}
	stream.Start(f, fan.Read)
}
