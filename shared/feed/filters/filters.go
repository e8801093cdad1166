// Package filters looks up the leagues and teams that the filters of webhooks name.
package filters

import (
	"context"
	"errors"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/teams"
)

// Filters implements the interface of package webhooks.
type Filters struct {
	contract *contract.Contract
	leagues  *leagues.Store
	teams    *teams.Store
}

// New returns filters over the stores of the stats table.
func New(c *contract.Contract, l *leagues.Store, t *teams.Store) *Filters { return &Filters{c, l, t} }

// League returns "" if the caller's keys can read the league, else why a webhook cannot have
// it as a filter.
func (f *Filters) League(ctx context.Context, c *api.Caller, id string) (string, error) {
	_, err := f.leagues.For(c, f.contract).Get(ctx, id)
	if errors.Is(err, leagues.ErrNotFound) {
		return "no such league; give the id of an existing league", nil
	}
	return "", err
}

// Team returns "" if the caller's keys can read the team, else why a webhook cannot have it
// as a filter. A former id of a team is refused, because no match has it.
func (f *Filters) Team(ctx context.Context, c *api.Caller, id string) (string, error) {
	team, err := f.teams.For(c, f.contract).Get(ctx, id)
	switch {
	case errors.Is(err, teams.ErrNotFound):
		return "no such team; give the id of an existing team", nil
	case err != nil:
		return "", err
	case team.ID != id:
		return "this is a former id of the team; give its id " + team.ID, nil
	}
	return "", nil
}
