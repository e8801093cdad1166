// Package docs is the function for routes that need no key: health, readiness, the
// OpenAPI document and the documentation page.
package docs

import (
	"statgate/shared/api"
	"statgate/shared/table"
)

// Deps are the dependencies of the handlers. Both documents are generated at build time.
type Deps struct {
	OpenAPI []byte        // JSON
	Page    []byte        // HTML
	Stores  []table.Table // getReady reads from each
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{health(), ready(d), document(d), page(d)}
}
