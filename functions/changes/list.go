package changes

import (
	"context"
	"errors"

	"statgate/shared/api"
	"statgate/shared/feed/changes"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/teams"
)

type listInput struct {
	api.Page
	League string   `json:"league,omitempty" text:"id" doc:"Id of the league of the match" example:"en.1"`
	Team   string   `json:"team,omitempty" text:"id" doc:"Id of the home or away team" example:"leicester-city-fc"`
	Types  []string `json:"types,omitempty" enum:"match.created,match.updated,match.deleted,match.event.created,match.event.updated,match.event.deleted,match.lineups.updated,match.stats.updated" minItems:"1" doc:"Event types, as in webhooks"`
}

func list(d Deps) api.Handler {
	return api.Handle("listChanges", func(ctx context.Context, r *api.Request, in *listInput) (api.List[changes.Change], error) {
		f, err := d.filter(ctx, r.Caller, in)
		if err != nil {
			return api.List[changes.Change]{}, err
		}
		page, err := d.Changes.For(r.Caller, d.Contract).List(ctx, f, in.After, in.Limit, r.Now)
		if err != nil {
			return api.List[changes.Change]{}, listError(err)
		}
		return api.List[changes.Change]{Data: page.Changes, Next: page.Next}, nil
	})
}

// filter checks that the league and the team of the filters exist: a misspelt one would
// select nothing for ever.
func (d Deps) filter(ctx context.Context, c *api.Caller, in *listInput) (changes.Filter, error) {
	f := changes.Filter{League: in.League, Team: in.Team, Types: in.Types}
	if f.League != "" {
		if _, err := d.Leagues.For(c, d.Contract).Get(ctx, f.League); err != nil {
			return f, missing(err, leagues.ErrNotFound, "no such league")
		}
	}
	if f.Team != "" {
		team, err := d.Teams.For(c, d.Contract).Get(ctx, f.Team)
		if err != nil {
			return f, missing(err, teams.ErrNotFound, "no such team")
		}
		f.Team = team.ID
	}
	return f, nil
}

func missing(err, unknown error, message string) error {
	if errors.Is(err, unknown) {
		return api.Fail(api.NotFound, "%s", message)
	}
	return api.UnavailableError("looking up the filters of changes", err)
}

func listError(err error) error {
	switch {
	case errors.Is(err, changes.ErrExpired):
		return api.FieldErrorOf(api.ExpiredCursor, "cursor", "has expired: changes after it are no longer kept; read the lists of matches again, then start without it")
	case errors.Is(err, changes.ErrPlace):
		return api.FieldErrorOf(api.InputCursor, "cursor", api.ErrCursorForeign.Error())
	}
	return api.UnavailableError("reading the change feed", err)
}
