// Package docs is the function that serves what needs no key: health, readiness,
// the OpenAPI document and the documentation page.
package docs

import (
	"statgate/shared/api"
	"statgate/shared/table"
)

// Deps is what the handlers serve. Both documents are made at build.
type Deps struct {
	OpenAPI []byte        // JSON
	Page    []byte        // HTML
	Stores  []table.Table // that must answer for the API to be ready
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{health(), ready(d), document(d), page(d)}
}
