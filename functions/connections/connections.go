// Package connections is the function that serves the accounts of members on
// other platforms.
package connections

import (
	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

// Deps are the handlers' dependencies.
type Deps struct {
	Orgs *orgs.Store
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler { return []api.Handler{get(d), put(d)} }

// connections are accounts on other platforms.
type connections struct {
	Connections []orgs.Account `json:"connections" nullable:"false" doc:"Linked accounts on the platforms that the key may read"`
}
