package teams

import (
	"context"
	"errors"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/leagues"
	"statgate/shared/matches"
	"statgate/shared/teams"
)

type listInput struct {
	api.Page
	League string `json:"league,omitempty" doc:"League id; the latest season's teams, unless season says otherwise" example:"en.1"`
	Season string `json:"season,omitempty" doc:"Season id, with league" example:"2015-16"`
	Q      string `json:"q,omitempty" minLength:"1" maxLength:"80" doc:"Words that a spelling of the name begins with, whatever case and accents; not with league" example:"leicester"`
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
		return nil, nil, api.Fail(api.InputFilter, "q and league cannot be mixed; served are: no filter, league (and season), q")
	case in.Season != "" && in.League == "":
		return nil, nil, api.Fail(api.InputFilter, "season needs league; served are: no filter, league (and season), q")
	case d.Contract.HidePublic:
		return d.own(ctx, d.Matches.Of(c.Org), in)
	case in.League != "":
		return d.ofSeason(ctx, in)
	case in.Q != "":
		page, err := d.Teams.Search(ctx, in.Q, in.After, in.Limit)
		return page, nil, down(err)
	}
	page, err := d.Teams.List(ctx, in.After, in.Limit)
	return page, nil, down(err)
}

func (d Deps) ofSeason(ctx context.Context, in *listInput) (*teams.Page, *int64, error) {
	if _, err := d.Leagues.Get(ctx, in.League); err != nil {
		return nil, nil, missing(err, "no such league")
	}
	season := in.Season
	if season == "" {
		latest, _, err := d.Leagues.LatestSeason(ctx, in.League)
		if err != nil {
			return nil, nil, missing(err, "the league has no season")
		}
		season = latest.ID
	}
	ids, err := d.Leagues.Teams(ctx, in.League, season)
	if err != nil {
		return nil, nil, missing(err, "no such season")
	}
	total := int64(len(ids))
	page, err := d.Teams.ListIDs(ctx, ids, in.After, in.Limit)
	return page, &total, down(err)
}

// own lists the teams of the organisation's own matches: they are few enough to be
// searched in memory.
func (d Deps) own(ctx context.Context, of matches.Own, in *listInput) (*teams.Page, *int64, error) {
	var sides []matches.Side
	var err error
	switch {
	case in.League != "":
		if sides, err = d.ofOwnSeason(ctx, of, in); err != nil {
			return nil, nil, err
		}
	case in.Q != "":
		if sides, _, err = of.Teams(ctx, "", 0); err != nil {
			return nil, nil, down(err)
		}
		sides = slices.DeleteFunc(sides, func(s matches.Side) bool { return !teams.Found(in.Q, s.Name) })
	default:
		sides, next, err := of.Teams(ctx, in.After, in.Limit)
		return &teams.Page{Teams: ownAll(sides), Next: next}, nil, down(err)
	}
	list := api.Slice(ownAll(sides), in.Page, func(t teams.Team) string { return t.ID })
	return &teams.Page{Teams: list.Data, Next: list.Next}, list.Total, nil
}

func ownAll(sides []matches.Side) []teams.Team {
	all := make([]teams.Team, len(sides))
	for i, s := range sides {
		all[i] = own(s)
	}
	return all
}

// ofOwnSeason lists the teams of a season's own matches, by id.
func (d Deps) ofOwnSeason(ctx context.Context, of matches.Own, in *listInput) ([]matches.Side, error) {
	league, err := of.League(ctx, in.League)
	if err != nil {
		return nil, missing(err, "no such league")
	}
	season := in.Season
	if season == "" && league.CurrentSeason != nil {
		season = *league.CurrentSeason
	}
	ms, err := of.Season(ctx, in.League, season)
	if err != nil {
		return nil, down(err)
	}
	if len(ms) == 0 {
		return nil, api.Fail(api.NotFound, "no such season")
	}
	var sides []matches.Side
	for _, m := range ms {
		sides = append(sides, m.Home, m.Away)
	}
	slices.SortStableFunc(sides, func(a, b matches.Side) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(sides, func(a, b matches.Side) bool { return a.ID == b.ID }), nil
}

func down(err error) error {
	if err == nil {
		return nil
	}
	return api.Down("listing teams", err)
}

func missing(err error, message string) error {
	if errors.Is(err, leagues.ErrNotFound) || errors.Is(err, matches.ErrNotFound) {
		return api.Fail(api.NotFound, "%s", message)
	}
	return down(err)
}
