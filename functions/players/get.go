package players

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/players"
)

type getInput struct {
	Player string `json:"player" text:"id" doc:"Player id" example:"jamie-vardy"`
}

func get(d Deps) api.Handler {
	return api.Handle("getPlayer", func(ctx context.Context, r *api.Request, in *getInput) (*players.Player, error) {
		p, err := d.Players.For(r.Caller, d.Contract).Get(ctx, in.Player)
		if err != nil {
			return nil, missing(err)
		}
		return p, nil
	})
}
