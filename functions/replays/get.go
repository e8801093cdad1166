package replays

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/replays"
)

func get(d Deps) api.Handler {
	return api.Handle("getReplay", func(ctx context.Context, r *api.Request, in *replayInput) (replays.Replay, error) {
		return d.Replays.Get(ctx, r, in.Replay)
	})
}
