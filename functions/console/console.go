// Package console is the function of the console: the page on which people manage keys in a
// browser, and the files that the page loads. The directory web has the sources of the page.
package console

import "statgate/shared/api"

// Deps are the dependencies of the handlers.
type Deps struct {
	Site *Site // nil if the page was not built
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{page(d), asset(d)}
}
