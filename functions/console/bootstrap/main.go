// Command bootstrap is the Lambda function that serves the console and its sessions. The files of the page are packaged with it.
package main

import (
	"statgate/functions/console"
	"statgate/functions/console/openid"
	"statgate/shared/access/attempts"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	"statgate/shared/platform/boot/secret"
)

func main() {
	f := boot.Load()
	provider, err := openid.Configured(f.Getenv, secret.Reader(f.AWS), f.Clock)
	if err != nil {
		f.Fatal(err)
	}
	site, err := console.Load(f.Files("console"), console.NewConfig(f.Contract, console.Settings{Environment: f.Environment, StagePath: f.StagePath, OpenID: provider != nil}))
	if err != nil {
		f.Fatal(err)
	}
	secret.Peppers(f)
	endpoint.Start(f, console.Handlers(console.Deps{Site: site, Keys: f.Store(), Orgs: f.Orgs(), Attempts: attempts.Store{Table: f.Keys()}, OpenID: provider, Pending: openid.Pending{Table: f.Keys()}}))
}
