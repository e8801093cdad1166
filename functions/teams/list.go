package teams

import (
	"context"
	"errors"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/teams"
)

type listInput struct {
	api.Page
	League string `json:"league,omitempty" text:"id" doc:"League id; selects the teams of the latest season unless season is given" example:"en.1"`
	Season string `json:"season,omitempty" text:"id" doc:"Season id; requires league" example:"2015-16"`
	Q      string `json:"q,omitempty" text:"line" minLength:"1" maxLength:"80" doc:"Beginnings of words in the name or another spelling, 1–80 characters; case and accents are ignored; not with league" example:"leicester"`
}

func list(d Deps) api.Handler {
	return api.Handle("listTeams", func(ctx context.Context, r *api.Request, in *listInput) (api.List[teams.Team], error) {
		page, total, err := d.page(ctx, r.Caller, in)
		if err != nil {
			return api.List[teams.Team]{}, err
		}
		return api.List[teams.Team]{Data: page.Teams, Next: page.Next, Total: total}, nil
	})
}

func (d Deps) page(ctx context.Context, c *api.Caller, in *listInput) (*teams.Page, *int64, error) {
	switch {
	case in.Q != "" && in.League != "":
		return nil, nil, api.Fail(api.InputFilter, "q and league cannot be combined; supported: no filter, league (and season), q")
	case in.Season != "" && in.League == "":
		return nil, nil, api.Fail(api.InputFilter, "season requires league; supported: no filter, league (and season), q")
	case in.League != "":
		return d.ofSeason(ctx, c, in)
	}
	page, err := d.Teams.For(c, d.Contract).List(ctx, in.Q, in.After, in.Limit)
	return page, nil, listError(err)
}

func (d Deps) ofSeason(ctx context.Context, c *api.Caller, in *listInput) (*teams.Page, *int64, error) {
	competitions := d.Leagues.For(c, d.Contract)
	if _, err := competitions.Get(ctx, in.League); err != nil {
		return nil, nil, missing(err, "no such league")
	}
	season := in.Season
	if season == "" {
		latest, _, err := competitions.LatestSeason(ctx, in.League)
		if err != nil {
			return nil, nil, missing(err, "the league has no season")
		}
		season = latest.ID
	}
	ids, err := competitions.Teams(ctx, in.League, season)
	if err != nil {
		return nil, nil, missing(err, "no such season")
	}
	total := int64(len(ids))
	page, err := d.Teams.For(c, d.Contract).ListIDs(ctx, ids, in.After, in.Limit)
	return page, &total, listError(err)
}

func listError(err error) error {
	if err == nil {
		return nil
	}
	return api.UnavailableError("listing teams", err)
}

func missing(err error, message string) error {
	if errors.Is(err, leagues.ErrNotFound) {
		return api.Fail(api.NotFound, "%s", message)
	}
	return listError(err)
}
