package players

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/players"
)

type statsInput struct {
	api.Page
	League string `json:"league,omitempty" text:"id" doc:"League id" example:"en.1"`
	Season string `json:"season,omitempty" text:"id" doc:"Season id; requires league" example:"2015-16"`
}

func stats(d Deps) api.Handler {
	return api.Handle("listStats", func(ctx context.Context, r *api.Request, in *statsInput) (api.List[players.Stats], error) {
		if in.Season != "" && in.League == "" {
			return api.List[players.Stats]{}, api.Fail(api.InputFilter, "season requires league; supported: no filter, league (and season)")
		}
		return found(d.Players.For(r.Caller, d.Contract).Stats(ctx, players.Filter{League: in.League, Season: in.Season}, in.After, in.Limit))
	})
}
