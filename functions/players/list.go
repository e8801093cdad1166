package players

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/players"
)

type listInput struct{ api.Page }

func list(d Deps) api.Handler {
	return api.Handle("listPlayers", func(ctx context.Context, _ *api.Request, in *listInput) (api.List[players.Player], error) {
		if d.Contract.HidePublic {
			return nothing[players.Player](), nil
		}
		return found(d.Players.List(ctx, in.After, in.Limit))
	})
}
