package players

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/players"
)

type listInput struct{ api.Page }

func list(d Deps) api.Handler {
	return api.Handle("listPlayers", func(ctx context.Context, r *api.Request, in *listInput) (api.List[players.Player], error) {
		return found(d.Players.For(r.Caller, d.Contract).List(ctx, in.After, in.Limit))
	})
}
