// Command bootstrap is the Lambda function that serves health and the documents, which lie beside it.
package main

import (
	"statgate/functions/docs"
	"statgate/shared/boot"
	"statgate/shared/boot/endpoint"
)

func main() {
	f := boot.Load()
	endpoint.Open(f, docs.Handlers(docs.Deps{OpenAPI: f.Read("openapi.json"), Page: f.Read("docs.html")}))
}
