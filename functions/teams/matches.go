package teams

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
)

type matchesInput struct {
	api.Page
	Team  string `json:"team" text:"id" doc:"Team id" example:"leicester-city-fc"`
	Order string `json:"order,omitempty" enum:"asc,desc" default:"asc" doc:"Sort order by kick-off, then id"`
}

func ofTeam(d Deps) api.Handler {
	return api.Handle("listTeamMatches", func(ctx context.Context, r *api.Request, in *matchesInput) (api.List[matches.Match], error) {
		team, err := d.found(ctx, r.Caller, in.Team)
		if err != nil {
			return api.List[matches.Match]{}, err
		}
		page, err := d.Matches.For(r.Caller, d.Contract).List(ctx, matches.Filter{Team: team.ID},
			matches.PageRequest{Limit: in.Limit, After: in.After, Descending: in.Order == "desc"})
		if err != nil {
			return api.List[matches.Match]{}, api.UnavailableError("listing a team's matches", err)
		}
		return api.List[matches.Match]{Data: page.Matches, Next: page.Next, Total: page.Total}, nil
	})
}
