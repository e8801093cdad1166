package leagues

import (
	"context"
	"slices"
	"sort"
	"strings"

	"statgate/shared/api"
	"statgate/shared/leagues"
)

type listInput struct {
	api.Page
	Country string `json:"country,omitempty" pattern:"^[A-Za-z]{3}$" patternDescription:"three letters" doc:"Three-letter code of the football association" example:"ENG"`
}

func list(d Deps) api.Handler {
	return api.Handle("listLeagues", func(ctx context.Context, r *api.Request, in *listInput) (api.List[leagues.League], error) {
		all, err := d.all(ctx, r.Caller, in.Country)
		if err != nil {
			return api.List[leagues.League]{}, api.Down("listing leagues", err)
		}
		sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
		return api.Slice(all, in.Page, func(l leagues.League) string { return l.ID }), nil
	})
}

// all lists the leagues of a country, or of any where it is "".
func (d Deps) all(ctx context.Context, c *api.Caller, country string) ([]leagues.League, error) {
	if !d.Contract.HidePublic {
		return d.Leagues.List(ctx, country)
	}
	own, err := d.Matches.Of(c.Org).Leagues(ctx)
	return slices.DeleteFunc(own, func(l leagues.League) bool {
		return country != "" && (l.Country == nil || !strings.EqualFold(*l.Country, country))
	}), err
}
