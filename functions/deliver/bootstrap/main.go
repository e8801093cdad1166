// Command bootstrap is a stand-in.
package main

import (
	"statgate/functions/deliver"
	"statgate/shared/boot"
)

func main() {
	f := boot.Load()
	f.Need("WEBHOOK_QUEUE")
	f.Start(deliver.Handle(f.Log))
}
