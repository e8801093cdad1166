// Package docs is the function that serves what needs no key: health, the
// OpenAPI document and the documentation page.
package docs

import "statgate/shared/api"

// Deps is what the handlers serve. Both documents are made at build.
type Deps struct {
	OpenAPI []byte // JSON
	Page    []byte // HTML
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler { return []api.Handler{health(), document(d), page(d)} }
