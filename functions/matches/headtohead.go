package matches

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
)

func headToHead(d Deps) api.Handler {
	return api.Handle("getHeadToHead", func(ctx context.Context, r *api.Request, in *getInput) (*matches.HeadToHeadAnswer, error) {
		m, meetings, err := d.Matches.For(r.Caller, d.Contract).HeadToHead(ctx, in.Match)
		if err != nil {
			return nil, missing(err, "no such match")
		}
		return matches.HeadToHeadOf(m, meetings), nil
	})
}
