// Package applications is the function that serves developers' applications.
package applications

import (
	"statgate/shared/access/applications"
	"statgate/shared/api"
)

// Deps are the handlers' dependencies.
type Deps struct {
	Applications *applications.Store
	Flusher      api.Flusher // nil where nothing caches policies
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler { return []api.Handler{list(d), create(d), decide(d)} }
