package contests

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/contests"
)

func get(d Deps) api.Handler {
	return api.Handle("getContest", func(ctx context.Context, r *api.Request, in *MatchInput) (contests.Contest, error) {
		return d.Contests.For(r.Caller).Get(ctx, in.Match)
	})
}
