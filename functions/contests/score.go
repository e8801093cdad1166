package contests

import (
	"context"

	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/stats/contests"
)

type scoreInput struct {
	MatchInput
	Maps []mapInput `json:"maps" minItems:"1" maxItems:"7" nullable:"false" doc:"Scores, at most one for each map"`
}

type mapInput struct {
	Map       int  `json:"map" minimum:"1" maximum:"7" doc:"Map number, from 1"`
	Home      int  `json:"home" minimum:"0" maximum:"1000" doc:"Score of the home team, 0–1000"`
	Away      int  `json:"away" minimum:"0" maximum:"1000" doc:"Score of the away team, 0–1000"`
	Confirmed bool `json:"confirmed,omitempty" doc:"Whether the score is final from now on"`
}

// scoredContest is a contest after a score request, with the outcome for each map.
type scoredContest struct {
	Contest contests.Contest   `json:"contest" doc:"Match after the change"`
	Results []contests.Outcome `json:"results" nullable:"false" doc:"Results for the submitted scores, in the same order"`
}

func score(d Deps) api.Handler {
	return api.Handle("scoreContest", func(ctx context.Context, r *api.Request, in *scoreInput) (scoredContest, error) {
		scores := make([]contests.MapScore, len(in.Maps))
		seen := map[int]bool{}
		for i, m := range in.Maps {
			if seen[m.Map] {
				return scoredContest{}, api.FieldError("maps", "map %d is given more than once", m.Map)
			}
			seen[m.Map] = true
			scores[i] = contests.MapScore(m)
		}
		var scored scoredContest
		var err error
		scored.Contest, err = d.Contests.Change(ctx, r, idempotency.Token{}, in.Match, contests.Step{Action: "contest.score", Guard: contests.OfGame(r.Caller.Game), Rule: func(c contests.Contest) (after contests.Contest, err error) {
			after, scored.Results, err = c.Score(scores, contests.Instant(r.Now))
			return after, err
		}})
		return scored, err
	})
}
