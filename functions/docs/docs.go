// Package docs is the function for routes that need no key: health, readiness, the
// OpenAPI document and the documentation page.
package docs

import (
	"statgate/shared/api"
	"statgate/shared/table"
)

// Deps are the dependencies of the handlers. The documents are generated at build time.
type Deps struct {
	OpenAPI []byte            // JSON
	Page    []byte            // HTML
	Assets  map[string][]byte // script and styles of the page, by file name
	Stores  []table.Table     // getReady reads from each
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{health(), ready(d), document(d), page(d), asset(d)}
}
