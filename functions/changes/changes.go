// Package changes is the function that serves the change feed.
package changes

import (
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/feed/changes"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/teams"
)

// Deps is what the handlers need.
type Deps struct {
	Contract *contract.Contract
	Changes  *changes.Store
	Leagues  *leagues.Store
	Teams    *teams.Store
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler { return []api.Handler{list(d)} }
