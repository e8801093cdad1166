// Package matches has the handlers that read matches and write those of organisations.
package matches

import (
	"errors"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/stats/teams"
)

// Deps is what the handlers need.
type Deps struct {
	Contract *contract.Contract
	Leagues  *leagues.Store
	Teams    *teams.Store
	Matches  *matches.Store
	Reports  *reports.Store
	Own      *matches.Own
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{list(d), get(d), headToHead(d), events(d), stats(d), lineups(d), create(d), update(d), remove(d)}
}

// missing converts an error of a store to an API error: NotFound with the message, or
// Unavailable. It converts nil to nil.
func missing(err error, message string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, leagues.ErrNotFound), errors.Is(err, teams.ErrNotFound), errors.Is(err, matches.ErrNotFound):
		return api.Fail(api.NotFound, "%s", message)
	}
	return api.UnavailableError("reading matches", err)
}
