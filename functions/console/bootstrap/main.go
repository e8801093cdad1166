// Command bootstrap is the Lambda function that serves the console and its sessions. The files of the page are packaged with it.
package main

import (
	"statgate/functions/console"
	"statgate/shared/access/attempts"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	"statgate/shared/platform/boot/secret"
)

func main() {
	f := boot.Load()
	site, err := console.Load(f.Files("console"), console.NewConfig(f.Contract, console.Settings{
		Environment: f.Environment, StagePath: f.StagePath, OpenID: f.Getenv("OIDC_ISSUER") != "",
	}))
	if err != nil {
		f.Fatal(err)
	}
	secret.Peppers(f)
	endpoint.Start(f, console.Handlers(console.Deps{Site: site, Keys: f.Store(), Attempts: attempts.Store{Table: f.Keys()}}))
}
