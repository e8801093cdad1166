package replays

import (
	"context"

	"statgate/shared/api"
)

// deletedReplay is the empty answer.
type deletedReplay struct {
	Success bool `json:"success" doc:"Always true"`
}

func remove(d Deps) api.Handler {
	return api.Handle("deleteReplay", func(ctx context.Context, r *api.Request, in *replayInput) (deletedReplay, error) {
		err := d.Replays.Delete(ctx, r, in.Replay)
		return deletedReplay{err == nil}, err
	})
}
