package tools

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/standings"
)

type getStandingsInput struct {
	League string  `json:"league_id" text:"id" minLength:"1" maxLength:"200" doc:"League id, from list_leagues" example:"en.1"`
	Season string  `json:"season,omitempty" text:"id" maxLength:"100" doc:"Season, as list_leagues and get_matches show it; default: the latest" example:"2015/16"`
	Round  *int    `json:"round,omitempty" minimum:"0" maximum:"1000" doc:"Last matchday to count; default: all"`
	Date   *string `json:"date,omitempty" format:"date" doc:"Last local date to count; default: all"`
	Cursor string  `json:"cursor,omitempty" text:"id" maxLength:"500" doc:"Cursor from the previous answer"`
}

func getStandingsTool(d Deps) definition {
	return mirror[getStandingsInput, *standings.Table]("Standings",
		"The table of a league's season: the latest, or after a round or on a date. "+
			`Example: {"league_id": "en.1", "season": "2015/16"}`,
		func(ctx context.Context, c *Call, in *getStandingsInput) (mirrored, error) {
			league, err := d.leagueOf(ctx, c, in.League)
			if err != nil {
				return nil, err
			}
			t, err := d.Standings.For(c.Caller, c.Contract).Table(ctx, league.ID, leagues.SeasonID(in.Season), standings.AsOf{Round: in.Round, Date: in.Date})
			if err != nil {
				return nil, d.noStandings(ctx, c, league, in.Season, err)
			}
			rest, at, err := offsets(ctx, c, in.Cursor, t.Data)
			if err != nil {
				return nil, err
			}
			return &parts[standings.Row]{heading: line("Standings of %s (%s), season %s", league.Name, league.ID, t.Season), none: "no teams",
				rows: rest, at: at, line: rankLine, value: func(rows []standings.Row) any {
					shown := *t
					shown.Data = rows
					return &shown
				}}, nil
		})
}

func rankLine(r *standings.Row) string {
	group := ""
	if r.Group != nil {
		group = line("%s ", *r.Group)
	}
	return group + line("%d. %s P%d W%d D%d L%d %d:%d %+d, %d points", r.Position, r.Team.Name,
		r.Played, r.Won, r.Drawn, r.Lost, r.GoalsFor, r.GoalsAgainst, r.GoalDifference, r.Points)
}

// noStandings says why there is no table, and what to ask for instead.
func (d Deps) noStandings(ctx context.Context, c *Call, league *leagues.League, season string, err error) error {
	switch {
	case errors.Is(err, standings.ErrNoStandings):
		return api.FieldErrorOf(api.NoStandings, "league_id", line("%s is a knock-out competition, which has no standings; call get_matches with its league_id and a date", league.Name))
	case errors.Is(err, standings.ErrOnlyCurrent):
		return api.Fail(api.Permission, "the key's scopes allow only the standings of the current season; call get_standings without season, round and date")
	case !errors.Is(err, leagues.ErrNotFound):
		return api.UnavailableError("computing standings", err)
	}
	known, err := d.Leagues.For(c.Caller, c.Contract).Seasons(ctx, league.ID)
	if err != nil {
		return api.UnavailableError("reading seasons", err)
	}
	var names []string
	for _, s := range known[:min(len(known), maxSeasons)] {
		names = append(names, plain(s.ID))
	}
	return api.FieldErrorOf(api.NotFound, "season", fmt.Sprintf("no season %q of %s; it has %s", short(season), plain(league.Name), orNone([]string{strings.Join(names, ", ")})))
}
