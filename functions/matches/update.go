package matches

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
)

type updateInput struct {
	Match     string      `json:"match" doc:"Match id"`
	Status    *string     `json:"status,omitempty" enum:"scheduled,live,finished,postponed,cancelled,abandoned,awarded" doc:"Where the match stands now"`
	Minute    *int        `json:"minute,omitempty" minimum:"0" maximum:"200" doc:"Minute of play, of a match that is live"`
	Score     *scoreInput `json:"score,omitempty" doc:"The whole score, in place of the one before; the winner follows from it"`
	Date      *string     `json:"date,omitempty" format:"date" doc:"New local day of a match whose kick-off is not known; not with kickoff_at" example:"2026-05-02"`
	KickoffAt *string     `json:"kickoff_at,omitempty" format:"date-time" doc:"New kick-off" example:"2026-05-02T14:00:00Z"`
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
