package replays

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/replays"
)

type createInput struct {
	Match   string  `json:"match" text:"id" doc:"Id of a finished match whose goals are known" example:"m_3vtsl7lq2ehtu"`
	Speed   int     `json:"speed,omitempty" minimum:"1" maximum:"600" default:"60" doc:"Seconds of the match per second, 1–600; 60 plays a minute of the match in a second"`
	StartAt *string `json:"start_at,omitempty" format:"date-time" doc:"Time of the kick-off, within the next 7 days; default: now"`
}

func create(d Deps) api.Handler {
	return api.Creating(api.Handle("createReplay", func(ctx context.Context, r *api.Request, in *createInput) (replays.Replay, error) {
		spec := replays.Spec{Match: in.Match, Speed: in.Speed}
		if in.StartAt != nil {
			at, err := api.ParseTime(*in.StartAt)
			if err != nil {
				return replays.Replay{}, api.FieldError("start_at", "must be a time in RFC 3339")
			}
			spec.StartAt = &at
		}
		return d.Replays.Create(ctx, r, spec)
	}), "getReplay", func(v replays.Replay) string { return v.ID })
}
