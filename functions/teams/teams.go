// Package teams is the function that serves teams and their matches.
package teams

import (
	"context"
	"errors"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/leagues"
	"statgate/shared/matches"
	"statgate/shared/teams"
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

// found reads a team, also by an id that it had before; a missing one is a 404.
func (d Deps) found(ctx context.Context, c *api.Caller, id string) (*teams.Team, error) {
	t, err := d.team(ctx, c, id)
	if errors.Is(err, teams.ErrNotFound) || errors.Is(err, matches.ErrNotFound) {
		return nil, api.Fail(api.NotFound, "no such team")
	}
	if err != nil {
		return nil, api.Down("reading a team", err)
	}
	return t, nil
}

func (d Deps) team(ctx context.Context, c *api.Caller, id string) (*teams.Team, error) {
	if !d.Contract.HidePublic {
		return d.Teams.Get(ctx, id)
	}
	side, err := d.Matches.Of(c.Org).Team(ctx, id)
	if err != nil {
		return nil, err
	}
	t := own(*side)
	return &t, nil
}

// own is a team as an organisation's own matches tell of it.
func own(side matches.Side) teams.Team {
	return teams.Team{ID: side.ID, Name: side.Name, Names: []string{side.Name}}
}
