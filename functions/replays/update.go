package replays

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/replays"
)

type updateInput struct {
	Replay   string `json:"replay" text:"id" doc:"Replay id"`
	Speed    *int   `json:"speed,omitempty" minimum:"1" maximum:"600" doc:"Seconds of the match per second, 1–600"`
	Paused   *bool  `json:"paused,omitempty" doc:"true stops the clock of the replay, false starts it again"`
	Position *int64 `json:"position,omitempty" minimum:"0" doc:"Seconds of the match since its kick-off, breaks included; the replay continues from there. A step back withdraws the events after it"`
}

func update(d Deps) api.Handler {
	return api.Handle("updateReplay", func(ctx context.Context, r *api.Request, in *updateInput) (replays.Replay, error) {
		return d.Replays.Update(ctx, r, in.Replay, replays.Edit{Speed: in.Speed, Paused: in.Paused, Position: in.Position})
	})
}
