package matches

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
)

type getInput struct {
	Match string `json:"match" text:"id" doc:"Match id"`
}

func get(d Deps) api.Handler {
	return api.Handle("getMatch", func(ctx context.Context, r *api.Request, in *getInput) (*matches.Match, error) {
		m, err := d.Matches.For(r.Caller, d.Contract).Get(ctx, in.Match)
		return m, missing(err, "no such match")
	})
}
