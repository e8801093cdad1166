// Command bootstrap is the Lambda function that serves health checks and the API documentation, whose files are packaged with it.
package main

import (
	"errors"

	"statgate/functions/docs"
	"statgate/shared/platform/boot"
	"statgate/shared/platform/boot/endpoint"
	"statgate/shared/table"
)

func main() {
	f := boot.Load()
	document, wrong := docs.Located(f.Read("openapi.json"), f.StagePath)
	assets, err := docs.ReadAssets(f.Files("api-docs"))
	if err = errors.Join(wrong, err); err != nil {
		f.Fatal(err)
	}
	d := docs.Deps{OpenAPI: document, Page: f.Read("docs.html"), Assets: assets}
	if _, probes := f.Contract.Operations["getReady"]; probes {
		d.Stores = []table.Table{f.Keys(), f.Stats()}
	}
	endpoint.Open(f, docs.Handlers(d))
}
