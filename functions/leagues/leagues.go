// Package leagues is the function that serves leagues, their seasons and their
// standings.
package leagues

import (
	"context"
	"errors"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/standings"
)

// Deps is what the handlers need.
type Deps struct {
	Contract  *contract.Contract
	Leagues   *leagues.Store
	Matches   *matches.Store
	Standings *standings.Cache
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{list(d), get(d), seasons(d), allSeasons(d), table(d)}
}

// found reads a league; a missing one is a 404. All leagues are public.
func (d Deps) found(ctx context.Context, id string) (*leagues.League, error) {
	if d.Contract.HidePublic {
		return nil, missing(leagues.ErrNotFound, "no such league")
	}
	l, err := d.Leagues.Get(ctx, id)
	return l, missing(err, "no such league")
}

// missing turns a store's error into the caller's.
func missing(err error, message string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, leagues.ErrNotFound):
		return api.Fail(api.NotFound, "%s", message)
	}
	return api.Down("reading leagues", err)
}
