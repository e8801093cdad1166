package teams

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/teams"
)

type getInput struct {
	Team string `json:"team" text:"id" doc:"Team id" example:"leicester-city-fc"`
}

func get(d Deps) api.Handler {
	return api.Handle("getTeam", func(ctx context.Context, r *api.Request, in *getInput) (*teams.Team, error) {
		return d.found(ctx, r.Caller, in.Team)
	})
}
