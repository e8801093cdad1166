package leagues

import (
	"context"
	"errors"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/standings"
)

type standingsInput struct {
	League string  `json:"league" text:"id" doc:"League id" example:"en.1"`
	Season string  `json:"season,omitempty" text:"id" doc:"Season id; default: the latest season" example:"2015-16"`
	Round  *int    `json:"round,omitempty" minimum:"0" maximum:"1000" doc:"Last matchday to count"`
	Date   *string `json:"date,omitempty" format:"date" doc:"Last local date to count"`
}

func table(d Deps) api.Handler {
	return api.Handle("getStandings", func(ctx context.Context, r *api.Request, in *standingsInput) (*standings.Table, error) {
		in.Season = leagues.SeasonID(in.Season)
		if _, err := d.found(ctx, r.Caller, in.League); err != nil {
			return nil, err
		}
		table, err := d.Standings.For(r.Caller, d.Contract).Table(ctx, in.League, in.Season, standings.AsOf{Round: in.Round, Date: in.Date})
		switch {
		case errors.Is(err, standings.ErrNoStandings):
			return nil, api.Fail(api.NoStandings, "%s %s is a knock-out competition, which has no standings", table.League, table.Season)
		case errors.Is(err, standings.ErrOnlyCurrent):
			return nil, api.Fail(api.Permission, "the key's scopes allow only the standings of the current season")
		case errors.Is(err, leagues.ErrNotFound) && in.Season == "":
			return nil, missing(err, "the league has no season")
		case err != nil:
			return nil, missing(err, "no such season")
		}
		return table, nil
	})
}
