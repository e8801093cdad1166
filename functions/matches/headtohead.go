package matches

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
)

func headToHead(d Deps) api.Handler {
	return api.Handle("getHeadToHead", func(ctx context.Context, r *api.Request, in *getInput) (*matches.HeadToHeadAnswer, error) {
		answer, err := d.Matches.For(r.Caller, d.Contract).RecordOf(ctx, in.Match)
		return answer, missing(err, "no such match")
	})
}
