package docs

import (
	"bytes"
	"context"
	"fmt"

	"statgate/shared/api"
)

// rootServer is the server of a document that was generated without a base URL.
var rootServer = []byte(`"url": "/"`)

// Located returns the document with the stage's path as its server. The document is
// generated before it is known whether the API's address has a stage.
func Located(document []byte, stagePath string) ([]byte, error) {
	if stagePath == "" {
		return document, nil
	}
	if n := bytes.Count(document, rootServer); n != 1 {
		return nil, fmt.Errorf("docs: the document has %d servers at the root, want 1", n)
	}
	return bytes.Replace(document, rootServer, fmt.Appendf(nil, `"url": %q`, stagePath), 1), nil
}

func document(d Deps) api.Handler {
	return api.Handle("getOpenAPI", func(context.Context, *api.Request, *noInput) (api.Raw, error) {
		return api.Raw{ContentType: "application/json", Body: d.OpenAPI}, nil
	})
}
