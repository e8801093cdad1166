// Package keys is the function that makes, lists, changes and revokes keys, and derives
// tokens from them.
package keys

import (
	"statgate/shared/access/keys"
	"statgate/shared/api"
)

// Deps are the handlers' dependencies.
type Deps struct {
	Keys    *keys.Store
	History keys.History
	Flusher api.Flusher // nil where nothing caches policies
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{list(d), create(d), getSelf(d), revokeSelf(d), get(d), update(d), rotate(d), revoke(d), usage(d), orgUsage(d), createToken(d)}
}
