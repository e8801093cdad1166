package matches

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
)

type getInput struct {
	Match string `json:"match" doc:"Match id"`
}

func get(d Deps) api.Handler {
	return api.Handle("getMatch", func(ctx context.Context, r *api.Request, in *getInput) (*matches.Match, error) {
		m, err := d.Matches.Get(ctx, in.Match, r.Caller.Owners(d.Contract.HidePublic))
		return m, missing(err, "no such match")
	})
}
