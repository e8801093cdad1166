package players

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/players"
)

type getInput struct {
	Player string `json:"player" doc:"Player id" example:"jamie-vardy"`
}

func get(d Deps) api.Handler {
	return api.Handle("getPlayer", func(ctx context.Context, _ *api.Request, in *getInput) (*players.Player, error) {
		if d.Contract.HidePublic {
			return nil, missing(players.ErrNotFound)
		}
		p, err := d.Players.Get(ctx, in.Player)
		if err != nil {
			return nil, missing(err)
		}
		return p, nil
	})
}
