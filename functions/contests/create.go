package contests

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/contests"
)

type createInput struct {
	Home        string `json:"home" minLength:"1" maxLength:"64" doc:"Id or slug of one team" example:"northern-lights"`
	Away        string `json:"away" minLength:"1" maxLength:"64" doc:"Id or slug of the other team" example:"southern-cross"`
	BestOf      int    `json:"best_of,omitempty" enum:"1,3,5,7" default:"3" doc:"Maps at most"`
	Status      string `json:"status,omitempty" enum:"PENDING,ACCEPTED,READY" default:"READY" doc:"How far the teams have come with it"`
	ScheduledAt string `json:"scheduled_at,omitempty" format:"iso-8601" doc:"ISO 8601" example:"2026-03-01T18:00:00Z"`
	Game        string `json:"game,omitempty" maxLength:"64" doc:"Must be the key's own game, which it is anyway" example:"rocket-rally"`
}

func create(d Deps) api.Handler {
	return api.Making(api.Handle("createContest", func(ctx context.Context, r *api.Request, in *createInput) (contests.Contest, error) {
		if r.Caller.Game == "" || in.Game != "" && in.Game != r.Caller.Game {
			return contests.Contest{}, api.Fail(api.PermissionGame, "the key makes matches of its own game only")
		}
		at, err := moment("scheduled_at", in.ScheduledAt)
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
