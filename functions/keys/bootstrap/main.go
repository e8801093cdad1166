// Command bootstrap is the Lambda function that manages keys.
package main

import (
	"statgate/functions/keys"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	"statgate/shared/platform/boot/flush"
	"statgate/shared/platform/boot/secret"
)

func main() {
	f := boot.Load()
	secret.Peppers(f)
	endpoint.Start(f, keys.Handlers(keys.Deps{Keys: f.Store(), History: f.Gate(), Flusher: flush.New(f)}))
}
