package contests

import (
	"context"
	"time"

	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/stats/contests"
)

// contestStatus is the status of a contest.
type contestStatus struct {
	ID        string          `json:"id" doc:"Match id"`
	Status    contests.Status `json:"status" enum:"PENDING,ACCEPTED,READY,IN_PROGRESS,COMPLETED,CANCELLED,DISPUTED,FORFEITED" doc:"Match status"`
	Winner    *string         `json:"winner" doc:"Id of the winning team; null while undecided and after a draw"`
	UpdatedAt time.Time       `json:"updated_at" doc:"Time of the last change"`
}

func statusOf(c contests.Contest) contestStatus {
	return contestStatus{ID: c.ID, Status: c.Status, Winner: c.Winner, UpdatedAt: c.UpdatedAt}
}

func getStatus(d Deps) api.Handler {
	return api.Handle("getContestStatus", func(ctx context.Context, r *api.Request, in *MatchInput) (contestStatus, error) {
		c, err := d.Contests.For(r.Caller).Get(ctx, in.Match)
		return statusOf(c), err
	})
}

type moveInput struct {
	MatchInput
	Status string `json:"status" enum:"PENDING,ACCEPTED,READY,IN_PROGRESS,COMPLETED,CANCELLED,DISPUTED,FORFEITED" doc:"New status: IN_PROGRESS from READY, or CANCELLED from ACCEPTED or IN_PROGRESS; a match completes by itself"`
}

func move(d Deps) api.Handler {
	return api.Handle("moveContest", func(ctx context.Context, r *api.Request, in *moveInput) (contestStatus, error) {
		c, err := d.Contests.Change(ctx, r, idempotency.Token{}, in.Match, contests.Step{Action: "contest.move", Guard: contests.OfGame(r.Caller.Game), Rule: func(c contests.Contest) (contests.Contest, error) {
			return c.Move(contests.Status(in.Status), contests.Instant(r.Now))
		}})
		return statusOf(c), err
	})
}
