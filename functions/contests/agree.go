package contests

import (
	"context"

	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/stats/contests"
)

type agreeInput struct {
	MatchInput
	Status  string `json:"status,omitempty" enum:"ACCEPTED,READY,COMPLETED,CANCELLED,DISPUTED" doc:"New status: ACCEPTED or CANCELLED from PENDING, READY from ACCEPTED, DISPUTED, or the settlement of a dispute"`
	Confirm []int  `json:"confirm,omitempty" minItems:"1" maxItems:"7" doc:"Numbers of the maps whose scores are final from now on"`
}

// agree records what the teams agreed on, at the request of their site, which the operator
// runs. All other callers get a 404.
func agree(d Deps) api.Handler {
	return api.Handle("agreeContest", func(ctx context.Context, r *api.Request, in *agreeInput) (contests.Contest, error) {
		if (in.Status == "") == (in.Confirm == nil) {
			return contests.Contest{}, &api.Error{Condition: api.InputField, Message: "validation failed", Form: []string{"give either status or confirm"}}
		}
		if !r.Caller.Operator() {
			return contests.Contest{}, api.Fail(api.NotFoundMatch, "no such match")
		}
		return d.Contests.Change(ctx, r, idempotency.Token{}, in.Match, contests.Step{Action: "contest.agree", Guard: contests.AnyGame, Rule: func(c contests.Contest) (contests.Contest, error) {
			if in.Confirm != nil {
				return c.Confirm(in.Confirm, contests.Instant(r.Now))
			}
			return c.Agree(contests.Status(in.Status), contests.Instant(r.Now))
		}})
	})
}
