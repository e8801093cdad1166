package leagues

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
)

type seasonsInput struct {
	api.Page
	League string `json:"league" text:"id" doc:"League id" example:"en.1"`
}

func seasons(d Deps) api.Handler {
	return api.Handle("listSeasons", func(ctx context.Context, r *api.Request, in *seasonsInput) (api.List[leagues.Season], error) {
		if _, err := d.found(ctx, r.Caller, in.League); err != nil {
			return api.List[leagues.Season]{}, err
		}
		all, err := d.Leagues.For(r.Caller, d.Contract).Seasons(ctx, in.League) // newest first
		if err != nil {
			return api.List[leagues.Season]{}, api.UnavailableError("listing seasons", err)
		}
		return api.SliceDescending(all, in.Page, func(s leagues.Season) string { return s.ID }), nil
	})
}
