package leagues

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/leagues"
)

type seasonsInput struct {
	api.Page
	League string `json:"league" doc:"League id" example:"en.1"`
}

func seasons(d Deps) api.Handler {
	return api.Handle("listSeasons", func(ctx context.Context, r *api.Request, in *seasonsInput) (api.List[leagues.Season], error) {
		if _, err := d.found(ctx, r.Caller, in.League); err != nil {
			return api.List[leagues.Season]{}, err
		}
		all, err := d.seasons(ctx, r.Caller, in.League)
		if err != nil {
			return api.List[leagues.Season]{}, api.Down("listing seasons", err)
		}
		return api.SliceDescending(all, in.Page, func(s leagues.Season) string { return s.ID }), nil
	})
}

// seasons lists the seasons of a league, newest first.
func (d Deps) seasons(ctx context.Context, c *api.Caller, league string) ([]leagues.Season, error) {
	if d.Contract.HidePublic {
		return d.Matches.Of(c.Org).Seasons(ctx, league)
	}
	return d.Leagues.Seasons(ctx, league)
}
