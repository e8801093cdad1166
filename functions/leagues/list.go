package leagues

import (
	"context"
	"sort"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
)

type listInput struct {
	api.Page
	Country string `json:"country,omitempty" pattern:"^[A-Za-z]{3}$" patternDescription:"three letters" doc:"Three-letter code of the football association" example:"ENG"`
}

func list(d Deps) api.Handler {
	return api.Handle("listLeagues", func(ctx context.Context, r *api.Request, in *listInput) (api.List[leagues.League], error) {
		all, err := d.Leagues.For(r.Caller, d.Contract).List(ctx, in.Country)
		if err != nil {
			return api.List[leagues.League]{}, api.UnavailableError("listing leagues", err)
		}
		sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
		return api.Slice(all, in.Page, func(l leagues.League) string { return l.ID }), nil
	})
}
