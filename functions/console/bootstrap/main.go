// Command bootstrap is the Lambda function that serves the console, whose files are packaged with it.
package main

import (
	"statgate/functions/console"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
)

func main() {
	f := boot.Load()
	site, err := console.Load(f.Files("console"), console.NewConfig(f.Contract, console.Settings{
		Environment: f.Environment, StagePath: f.StagePath, OpenID: f.Getenv("OIDC_ISSUER") != "",
	}))
	if err != nil {
		f.Fatal(err)
	}
	endpoint.Open(f, console.Handlers(console.Deps{Site: site}))
}
