package contests

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/contests"
)

type createInput struct {
	Home        string `json:"home" text:"id" minLength:"1" maxLength:"64" doc:"Id or slug of the home team" example:"northern-lights"`
	Away        string `json:"away" text:"id" minLength:"1" maxLength:"64" doc:"Id or slug of the away team" example:"southern-cross"`
	BestOf      int    `json:"best_of,omitempty" enum:"1,3,5,7" default:"3" doc:"Largest number of maps"`
	Status      string `json:"status,omitempty" enum:"PENDING,ACCEPTED,READY" default:"READY" doc:"Initial status"`
	ScheduledAt string `json:"scheduled_at,omitempty" format:"iso-8601" doc:"Scheduled start, ISO 8601" example:"2026-03-01T18:00:00Z"`
	Game        string `json:"game,omitempty" text:"id" maxLength:"64" doc:"Game id; must equal the key's game, which is the default" example:"rocket-rally"`
}

func create(d Deps) api.Handler {
	return api.Creating(api.Handle("createContest", func(ctx context.Context, r *api.Request, in *createInput) (contests.Contest, error) {
		if r.Caller.Game == "" || in.Game != "" && in.Game != r.Caller.Game {
			return contests.Contest{}, api.Fail(api.PermissionGame, "game: must equal the key's game")
		}
		at, err := parseTime("scheduled_at", in.ScheduledAt)
		if err != nil {
			return contests.Contest{}, err
		}
		token, err := d.Contests.Token(r, in)
		if err != nil {
			return contests.Contest{}, err
		}
		spec := contests.Spec{Game: r.Caller.Game, Home: in.Home, Away: in.Away, BestOf: in.BestOf, Status: contests.Status(in.Status), ScheduledAt: at}
		if spec.BestOf == 0 {
			spec.BestOf = 3
		}
		if spec.Status == "" {
			spec.Status = contests.Ready
		}
		return d.Contests.Create(ctx, r, token, spec)
	}), "getContest", func(c contests.Contest) string { return c.ID })
}
