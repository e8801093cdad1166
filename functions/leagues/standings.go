package leagues

import (
	"context"
	"errors"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/standings"
)

type standingsInput struct {
	League string  `json:"league" text:"id" doc:"League id" example:"en.1"`
	Season string  `json:"season,omitempty" text:"id" doc:"Season id; default: the latest season" example:"2015-16"`
	Round  *int    `json:"round,omitempty" minimum:"0" maximum:"1000" doc:"Last matchday to count"`
	Date   *string `json:"date,omitempty" format:"date" doc:"Last local date to count"`
}

func table(d Deps) api.Handler {
	return api.Handle("getStandings", func(ctx context.Context, r *api.Request, in *standingsInput) (*standings.Table, error) {
		in.Season = leagues.SeasonID(in.Season)
		if _, err := d.found(ctx, r.Caller, in.League); err != nil {
			return nil, err
		}
		season, version, err := d.season(ctx, r.Caller, in)
		if err != nil {
			return nil, err
		}
		asOf := standings.AsOf{Round: in.Round, Date: in.Date}
		key := standings.Key{League: in.League, Season: season.ID, Version: version, AsOf: asOf, Owners: []string{"public"}}
		rows, err := d.Standings.Get(key, func() ([]standings.Row, error) { return d.compute(ctx, r.Caller, in.League, season.ID, asOf) })
		if errors.Is(err, standings.ErrNoStandings) {
			return nil, api.Fail(api.NoStandings, "%s %s is a knock-out competition, which has no standings", in.League, season.ID)
		}
		if err != nil {
			return nil, api.UnavailableError("computing standings", err)
		}
		return &standings.Table{League: in.League, Season: season.ID, AsOf: asOf, Data: rows}, nil
	})
}

// season returns the requested season and its version. A caller with the permission for
// current standings only is refused an earlier season, round or date.
func (d Deps) season(ctx context.Context, caller *api.Caller, in *standingsInput) (*leagues.Season, int64, error) {
	competitions := d.Leagues.For(caller, d.Contract)
	latest, version, err := competitions.LatestSeason(ctx, in.League)
	if err != nil {
		return nil, 0, missing(err, "the league has no season")
	}
	current := in.Season == "" || in.Season == latest.ID
	if current && (in.Round == nil && in.Date == nil || caller.May("standings:read")) {
		return latest, version, nil
	}
	if current {
		return nil, 0, onlyCurrent()
	}
	season, version, err := competitions.Season(ctx, in.League, in.Season)
	if err != nil {
		return nil, 0, missing(err, "no such season")
	}
	if !caller.May("standings:read") {
		return nil, 0, onlyCurrent()
	}
	return season, version, nil
}

func onlyCurrent() error {
	return api.Fail(api.Permission, "the key's scopes allow only the standings of the current season")
}

func (d Deps) compute(ctx context.Context, caller *api.Caller, league, season string, asOf standings.AsOf) ([]standings.Row, error) {
	ms, err := d.Matches.For(caller, d.Contract).Season(ctx, league, season)
	if err != nil {
		return nil, err
	}
	adjusted, err := d.Leagues.For(caller, d.Contract).Adjustments(ctx, league, season)
	if err != nil {
		return nil, err
	}
	deductions := make([]standings.Deduction, len(adjusted))
	for i, a := range adjusted {
		deductions[i] = standings.Deduction{TeamID: a.TeamID, Points: a.Points}
	}
	return standings.Compute(standings.For(league, season), ms, deductions, asOf)
}
