package contests

import (
	"context"

	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/stats/contests"
)

type scoreInput struct {
	MatchInput
	Maps []mapInput `json:"maps" minItems:"1" maxItems:"7" nullable:"false" doc:"Each map once"`
}

type mapInput struct {
	Map       int  `json:"map" minimum:"1" maximum:"7" doc:"Number of the map, from 1"`
	Home      int  `json:"home" minimum:"0" maximum:"1000"`
	Away      int  `json:"away" minimum:"0" maximum:"1000"`
	Confirmed bool `json:"confirmed,omitempty" doc:"Whether the score stands from now on"`
}

// scoredContest is a contest after a score request, with the outcome for each map.
type scoredContest struct {
	Contest contests.Contest   `json:"contest"`
	Results []contests.Outcome `json:"results" nullable:"false" doc:"In the order in which they were sent"`
}

func score(d Deps) api.Handler {
	return api.Handle("scoreContest", func(ctx context.Context, r *api.Request, in *scoreInput) (scoredContest, error) {
		scores := make([]contests.MapScore, len(in.Maps))
		seen := map[int]bool{}
		for i, m := range in.Maps {
			if seen[m.Map] {
				return scoredContest{}, api.FieldError("maps", "must name each map once, got map %d twice", m.Map)
			}
			seen[m.Map] = true
			scores[i] = contests.MapScore(m)
		}
		var scored scoredContest
		var err error
		scored.Contest, err = d.Contests.Change(ctx, r, idempotency.Token{}, in.Match, contests.Step{Action: "contest.score", Whose: contests.OfGame(r.Caller.Game), Rule: func(c contests.Contest) (after contests.Contest, err error) {
			after, scored.Results, err = c.Score(scores, contests.Instant(r.Now))
			return after, err
		}})
		return scored, err
	})
}
