package tools

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/standings"
)

type standingsInput struct {
	League string  `json:"league" text:"line" minLength:"1" maxLength:"100" doc:"League: its id or its name" example:"en.1"`
	Season string  `json:"season,omitempty" text:"line" maxLength:"100" doc:"Season; default: the latest season" example:"2015-16"`
	Round  *int    `json:"round,omitempty" minimum:"0" maximum:"1000" doc:"Last matchday to count; default: all"`
	Group  string  `json:"group,omitempty" text:"line" maxLength:"100" doc:"Group of the season; default: all" example:"Group A"`
	Date   *string `json:"date,omitempty" format:"date" doc:"Last local date to count; default: all"`
	Detail string  `json:"detail,omitempty" enum:"concise,full" default:"concise" doc:"full adds matches won, drawn and lost, and goals"`
	Limit  int     `json:"limit,omitempty" minimum:"1" maximum:"25" default:"25" doc:"Rows at most"`
	Cursor string  `json:"cursor,omitempty" text:"id" maxLength:"500" doc:"Cursor from the previous answer"`
}

type standingsAnswer struct {
	League     string        `json:"league" doc:"League id"`
	Season     string        `json:"season" doc:"Season id"`
	Rows       []standingRow `json:"rows" nullable:"false" doc:"Rows in table order"`
	NextCursor *string       `json:"next_cursor" doc:"Cursor of the next rows; null at the end"`
}

type standingRow struct {
	Position int     `json:"position" doc:"Position in the table or group"`
	Group    *string `json:"group" doc:"Group name; null without groups"`
	ID       string  `json:"id" doc:"Team id"`
	Team     string  `json:"team" doc:"Team name"`
	Played   int     `json:"played" doc:"Matches played"`
	Goals    int     `json:"goal_difference" doc:"Goals scored minus goals conceded"`
	Points   int     `json:"points" doc:"Points"`
}

func standingsTool(d Deps) definition {
	return define("League table",
		"The table of a league at the end of a season, after a round or on a date. "+
			`Example: {"league": "Premier League", "season": "2015-16", "round": 20}`,
		func(ctx context.Context, c *Call, in *standingsInput) (string, standingsAnswer, error) {
			league, err := d.league(ctx, c, "league", in.League)
			if err != nil {
				return "", standingsAnswer{}, err
			}
			table, err := d.Standings.For(c.Caller, c.Contract).Table(ctx, league.ID, seasonID(in.Season), standings.AsOf{Round: in.Round, Date: in.Date})
			if err != nil {
				return "", standingsAnswer{}, d.noTable(ctx, c, league, in.Season, err)
			}
			return tableText(ctx, c, league, table, in)
		})
}

// tableText shows the rows of a table from a cursor on.
func tableText(ctx context.Context, c *Call, league *leagues.League, t *standings.Table, in *standingsInput) (string, standingsAnswer, error) {
	out := standingsAnswer{League: t.League, Season: t.Season}
	shown, err := inGroup(t.Data, in.Group)
	if err != nil {
		return "", out, err
	}
	from, err := c.offset(ctx, in.Cursor, len(shown))
	if err != nil {
		return "", out, err
	}
	list, next := newRows[standingRow](in.Limit), ""
	for i, r := range shown[from:] {
		row := standingRow{r.Position, shortOrNil(r.Group), r.Team.ID, short(r.Team.Name), r.Played, r.GoalDifference, r.Points}
		if !list.add(standingLine(&r, in.Detail == detailFull), row) {
			next = fmt.Sprint(from + i)
			break
		}
	}
	if out.NextCursor, err = c.cursor(ctx, next); err != nil {
		return "", out, err
	}
	out.Rows = list.data
	heading := line("%s [%s], season %s", short(league.Name), league.ID, t.Season)
	if in.Round != nil {
		heading += fmt.Sprintf(", after round %d", *in.Round)
	}
	if in.Date != nil {
		heading += ", on " + *in.Date
	}
	return list.text(heading, out.NextCursor), out, nil
}

// inGroup returns the rows of a group, all for "". People write A for Group A.
func inGroup(all []standings.Row, group string) ([]standings.Row, error) {
	if group == "" {
		return all, nil
	}
	var shown []standings.Row
	var known []string
	for _, r := range all {
		if r.Group == nil {
			continue
		}
		if key := roundKey(*r.Group); key == roundKey(group) || key == roundKey("group "+group) {
			shown = append(shown, r)
		}
		if name := short(*r.Group); !slices.Contains(known, name) {
			known = append(known, name)
		}
	}
	if len(known) == 0 {
		return nil, api.FieldError("group", "the season has no groups; call standings without group")
	}
	if len(shown) == 0 {
		return nil, unknownName("group", "group", group, known[:min(len(known), maxSeasons)])
	}
	return shown, nil
}

func standingLine(r *standings.Row, full bool) string {
	text := ""
	if r.Group != nil {
		text = short(*r.Group) + " "
	}
	text += line("%d. %s [%s] ", r.Position, short(r.Team.Name), r.Team.ID) +
		fmt.Sprintf("%s, %d played, goal difference %+d", counted(r.Points, "point", "points"), r.Played, r.GoalDifference)
	if full {
		text += fmt.Sprintf(", W%d D%d L%d, goals %d:%d", r.Won, r.Drawn, r.Lost, r.GoalsFor, r.GoalsAgainst)
	}
	if r.Deduction > 0 {
		text += fmt.Sprintf(" (%d deducted)", r.Deduction)
	}
	return text
}

// noTable says why there is no table, and which seasons there are.
func (d Deps) noTable(ctx context.Context, c *Call, league *leagues.League, season string, err error) error {
	switch {
	case errors.Is(err, standings.ErrNoStandings):
		return api.FieldErrorOf(api.NoStandings, "league", line("%s is a knock-out competition without a table; call matches with its league and season", short(league.Name)))
	case errors.Is(err, standings.ErrOnlyCurrent):
		return api.Fail(api.Permission, "the key's scopes allow only the standings of the current season")
	case !errors.Is(err, leagues.ErrNotFound):
		return api.UnavailableError("computing standings", err)
	}
	return d.noSeason(ctx, c, league, season)
}
