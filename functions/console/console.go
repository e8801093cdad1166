// Package console is the function of the console: the page on which people manage keys in a
// browser, the files that the page loads, and the sessions in which people are signed in. The
// directory web has the sources of the page.
package console

import (
	"statgate/functions/console/openid"
	"statgate/shared/access/attempts"
	"statgate/shared/access/keys"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

// Deps are the dependencies of the handlers.
type Deps struct {
	Site     *Site // nil if the page was not built
	Keys     *keys.Store
	Orgs     *orgs.Store
	Attempts attempts.Store
	OpenID   *openid.Provider // nil if none is configured
	Pending  openid.Pending
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{page(d), asset(d), startSession(d), renewSession(d), closeSession(d),
		listSessions(d), endSession(d), endSessions(d), portalLink(d)}
}
