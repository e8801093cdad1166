package matches

import (
	"context"
	"errors"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
)

type listInput struct {
	api.Page
	League string   `json:"league,omitempty" text:"id" doc:"League id" example:"en.1"`
	Season string   `json:"season,omitempty" text:"id" doc:"Season id; requires league" example:"2015-16"`
	Round  string   `json:"round,omitempty" text:"line" maxLength:"100" doc:"Round as its source spells it, or a matchday number; requires league and season" example:"5"`
	Stage  string   `json:"stage,omitempty" text:"line" maxLength:"100" doc:"Stage; requires league and season"`
	Team   string   `json:"team,omitempty" text:"id" doc:"Id of the home or away team" example:"leicester-city-fc"`
	Status []string `json:"status,omitempty" enum:"scheduled,live,finished,postponed,cancelled,abandoned,awarded" doc:"Match status; several statuses require league and season"`
	Date   string   `json:"date,omitempty" format:"date" doc:"Date of the matches" example:"2016-05-02"`
	From   string   `json:"from,omitempty" format:"date" doc:"First date of a range of at most 31 days; requires to"`
	To     string   `json:"to,omitempty" format:"date" doc:"Last date of a range of at most 31 days; requires from"`
	IDs    []string `json:"ids,omitempty" text:"id" minItems:"1" doc:"Match ids, 1–100"`
	Order  string   `json:"order,omitempty" enum:"asc,desc" default:"asc" doc:"Sort order by kick-off, then id; matches without a known time come last in their day"`
}

func list(d Deps) api.Handler {
	return api.Handle("listMatches", func(ctx context.Context, r *api.Request, in *listInput) (api.List[matches.Match], error) {
		f, err := d.filter(ctx, r.Caller, in)
		if err != nil {
			return api.List[matches.Match]{}, err
		}
		page, err := d.Matches.For(r.Caller, d.Contract).List(ctx, f,
			matches.PageRequest{Limit: in.Limit, After: in.After, Descending: in.Order == "desc"})
		if err != nil {
			return api.List[matches.Match]{}, missing(err, "no such match")
		}
		return api.List[matches.Match]{Data: page.Matches, Next: page.Next, Total: page.Total}, nil
	})
}

// filter checks that an index serves the filters, then that the named league, season and
// team exist.
func (d Deps) filter(ctx context.Context, c *api.Caller, in *listInput) (matches.Filter, error) {
	f := matches.Filter{League: in.League, Season: leagues.SeasonID(in.Season), Round: in.Round, Stage: in.Stage, Team: in.Team,
		From: in.From, To: in.To, UTC: d.Contract.UTCDays, IDs: in.IDs}
	for _, s := range in.Status {
		f.Statuses = append(f.Statuses, matches.Status(s))
	}
	if in.Date != "" {
		if in.From != "" || in.To != "" {
			return f, api.Fail(api.InputFilter, "date cannot be combined with from and to")
		}
		f.From, f.To = in.Date, in.Date
	}
	if (f.From == "") != (f.To == "") {
		return f, api.Fail(api.InputFilter, "from and to are both required, for a range of at most %d days", matches.MaxRangeDays)
	}
	if err := f.Check(); err != nil {
		return f, api.Fail(api.InputFilter, "%s", reason(err))
	}
	competitions := d.Leagues.For(c, d.Contract)
	if f.League != "" {
		if _, err := competitions.Get(ctx, f.League); err != nil {
			return f, missing(err, "no such league")
		}
	}
	if f.Season != "" {
		if _, _, err := competitions.Season(ctx, f.League, f.Season); err != nil {
			return f, missing(err, "no such season")
		}
	}
	if f.Team != "" {
		team, err := d.Teams.For(c, d.Contract).Get(ctx, f.Team)
		if err != nil {
			return f, missing(err, "no such team")
		}
		f.Team = team.ID
	}
	return f, nil
}

// reason returns the part of a filter error that the caller may see.
func reason(err error) string {
	const prefix = "matches: "
	text := err.Error()
	if errors.Is(err, matches.ErrFilter) && len(text) > len(prefix) {
		return text[len(prefix):]
	}
	return matches.ErrFilter.Error()
}
