package replays

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/replays"
)

type listInput struct{ api.Page }

func list(d Deps) api.Handler {
	return api.Handle("listReplays", func(ctx context.Context, r *api.Request, in *listInput) (api.List[replays.Replay], error) {
		found, next, err := d.Replays.List(ctx, r, in.Limit, in.After)
		return api.List[replays.Replay]{Data: found, Next: next}, err
	})
}
