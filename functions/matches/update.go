package matches

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
)

type updateInput struct {
	Match     string      `json:"match" text:"id" doc:"Match id"`
	Status    *string     `json:"status,omitempty" enum:"scheduled,live,finished,postponed,cancelled,abandoned,awarded" doc:"New status"`
	Minute    *int        `json:"minute,omitempty" minimum:"0" maximum:"200" doc:"Minute of play, 0–200; only for a live match"`
	Score     *scoreInput `json:"score,omitempty" doc:"Whole score, which replaces the previous one; the winner follows from it"`
	Date      *string     `json:"date,omitempty" format:"date" doc:"New local date of a match whose kick-off time is unknown; not with kickoff_at" example:"2026-05-02"`
	KickoffAt *string     `json:"kickoff_at,omitempty" format:"date-time" doc:"New kick-off time" example:"2026-05-02T14:00:00Z"`
}

func update(d Deps) api.Handler {
	return api.Handle("updateMatch", func(ctx context.Context, r *api.Request, in *updateInput) (*matches.Match, error) {
		return d.Own.Update(ctx, r, in.Match, func(m matches.Match) (matches.Edit, error) {
			e := matches.Edit{Status: (*matches.Status)(in.Status), Minute: in.Minute, Score: in.Score.score()}
			var err error
			e.When, err = kickoff(string(m.League), in.Date, in.KickoffAt)
			return e, err
		})
	})
}
