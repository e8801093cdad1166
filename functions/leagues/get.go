package leagues

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
)

type getInput struct {
	League string `json:"league" text:"id" doc:"League id" example:"en.1"`
}

func get(d Deps) api.Handler {
	return api.Handle("getLeague", func(ctx context.Context, r *api.Request, in *getInput) (*leagues.League, error) {
		return d.found(ctx, r.Caller, in.League)
	})
}
