package contests

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/contests"
)

type forfeitInput struct {
	MatchInput
	Team   string  `json:"team" text:"id" minLength:"1" maxLength:"64" doc:"Id or slug of the team that forfeits" example:"southern-cross"`
	Reason *string `json:"reason,omitempty" text:"line" minLength:"1" maxLength:"200" doc:"Reason, 1–200 characters" example:"The team did not appear"`
}

func forfeit(d Deps) api.Handler {
	return api.Handle("forfeitContest", func(ctx context.Context, r *api.Request, in *forfeitInput) (contests.Contest, error) {
		token, err := d.Contests.Token(r, in)
		if err != nil {
			return contests.Contest{}, err
		}
		return d.Contests.Change(ctx, r, token, in.Match, contests.Step{Action: "contest.forfeit", Guard: contests.OfGame(r.Caller.Game), Rule: func(c contests.Contest) (contests.Contest, error) {
			team := in.Team
			for _, side := range []contests.Opponent{c.Home, c.Away} {
				if in.Team == side.Slug {
					team = side.ID
				}
			}
			return c.Forfeit(team, in.Reason, contests.Instant(r.Now))
		}})
	})
}
