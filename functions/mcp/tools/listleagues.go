package tools

import (
	"context"
	"sort"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
)

type listLeaguesInput struct {
	Country string `json:"country,omitempty" pattern:"^[A-Za-z]{3}$" patternDescription:"three letters" doc:"Three-letter code of the football association; default: all countries" example:"ENG"`
	Cursor  string `json:"cursor,omitempty" text:"id" maxLength:"500" doc:"Cursor from the previous answer"`
}

func listLeaguesTool(d Deps) definition {
	return mirror[listLeaguesInput, api.List[leagues.League]]("Leagues",
		"The leagues, with the ids that get_matches and get_standings take and the latest season of each. "+
			`Example: {"country": "ENG"}`,
		func(ctx context.Context, c *Call, in *listLeaguesInput) (mirrored, error) {
			all, err := d.Leagues.For(c.Caller, c.Contract).List(ctx, in.Country)
			if err != nil {
				return nil, api.UnavailableError("listing leagues", err)
			}
			sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
			total := int64(len(all))
			rest, at, err := after(ctx, c, in.Cursor, all, func(l leagues.League) string { return l.ID })
			if err != nil {
				return nil, err
			}
			return &parts[leagues.League]{heading: "Leagues", none: "none; call list_leagues without country for all", rows: rest, at: at, limit: len(rest),
				line: leagueText, value: func(rows []leagues.League) any { return api.List[leagues.League]{Data: rows, Total: &total} }}, nil
		})
}

func leagueText(l *leagues.League) string {
	text := line("%s: %s", l.ID, l.Name)
	if l.Country != nil {
		text += line(", %s", *l.Country)
	}
	if l.CurrentSeason != nil {
		text += line(", season %s", *l.CurrentSeason)
	}
	return text
}

// leagueOf returns the league of an id.
func (d Deps) leagueOf(ctx context.Context, c *Call, id string) (*leagues.League, error) {
	l, err := d.Leagues.For(c.Caller, c.Contract).Get(ctx, id)
	return l, unknownID(err, "league_id", "league", id, "list_leagues")
}
