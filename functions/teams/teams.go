// Package teams has the handlers for teams and their matches.
package teams

import (
	"context"
	"errors"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/teams"
)

// Deps is what the handlers need.
type Deps struct {
	Contract *contract.Contract
	Leagues  *leagues.Store
	Teams    *teams.Store
	Matches  *matches.Store
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{list(d), get(d), ofTeam(d)}
}

// found returns a team by its id or a former id, or a 404.
func (d Deps) found(ctx context.Context, c *api.Caller, id string) (*teams.Team, error) {
	t, err := d.Teams.For(c, d.Contract).Get(ctx, id)
	if errors.Is(err, teams.ErrNotFound) {
		return nil, api.Fail(api.NotFound, "no such team")
	}
	if err != nil {
		return nil, api.UnavailableError("reading a team", err)
	}
	return t, nil
}
