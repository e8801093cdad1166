package leagues

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
)

type allSeasonsInput struct{ api.Page }

func allSeasons(d Deps) api.Handler {
	return api.Handle("listAllSeasons", func(ctx context.Context, r *api.Request, in *allSeasonsInput) (api.List[leagues.LeagueSeason], error) {
		found, next, err := d.Leagues.For(r.Caller, d.Contract).AllSeasons(ctx, in.After, in.Limit)
		if err != nil {
			return api.List[leagues.LeagueSeason]{}, api.UnavailableError("listing seasons", err)
		}
		return api.List[leagues.LeagueSeason]{Data: found, Next: next}, nil
	})
}
