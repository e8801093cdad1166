// Package leagues has the handlers for leagues, their seasons and their standings.
package leagues

import (
	"context"
	"errors"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/standings"
)

// Deps is what the handlers need.
type Deps struct {
	Contract  *contract.Contract
	Leagues   *leagues.Store
	Standings *standings.Store
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{list(d), get(d), seasons(d), allSeasons(d), table(d)}
}

// found returns a league, or a 404.
func (d Deps) found(ctx context.Context, c *api.Caller, id string) (*leagues.League, error) {
	l, err := d.Leagues.For(c, d.Contract).Get(ctx, id)
	return l, missing(err, "no such league")
}

// missing converts an error of a store to an API error, nil to nil.
func missing(err error, message string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, leagues.ErrNotFound):
		return api.Fail(api.NotFound, "%s", message)
	}
	return api.UnavailableError("reading leagues", err)
}
