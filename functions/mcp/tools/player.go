package tools

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/players"
)

type playerInput struct {
	Player string `json:"player" text:"line" minLength:"1" maxLength:"100" doc:"Player: the id or the name" example:"Jamie Vardy"`
	League string `json:"league,omitempty" text:"line" maxLength:"100" doc:"League of the statistics: its id or its name; default: all" example:"World Cup"`
	Season string `json:"season,omitempty" text:"line" maxLength:"100" doc:"Season of the statistics; default: all" example:"2018"`
	Detail string `json:"detail,omitempty" enum:"concise,full" default:"concise" doc:"full adds minutes and cards"`
	Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"25" default:"10" doc:"Rows at most"`
	Cursor string `json:"cursor,omitempty" text:"id" maxLength:"500" doc:"Cursor from the previous answer"`
}

type playerAnswer struct {
	ID         string      `json:"id" doc:"Player id"`
	Name       string      `json:"name" doc:"Player name"`
	Matches    int         `json:"matches" doc:"Matches of all rows, also those of further pages"`
	Goals      int         `json:"goals" doc:"Goals of all rows, also those of further pages; without own goals"`
	Rows       []playerRow `json:"rows" nullable:"false" doc:"Statistics by season, newest first"`
	Withheld   bool        `json:"withheld" doc:"True if the key may not read statistics"`
	NextCursor *string     `json:"next_cursor" doc:"Cursor of the next rows; null at the end"`
}

type playerRow struct {
	League      string `json:"league" doc:"League id"`
	Season      string `json:"season" doc:"Season id"`
	TeamID      string `json:"team_id" doc:"Team id"`
	Team        string `json:"team" doc:"Team name"`
	Matches     int    `json:"matches" doc:"Matches played"`
	Minutes     *int   `json:"minutes" doc:"Minutes played; null if unknown"`
	Goals       int    `json:"goals" doc:"Goals scored, without own goals"`
	Assists     *int   `json:"assists" doc:"Assists; null if unknown"`
	YellowCards *int   `json:"yellow_cards" doc:"Yellow cards; null if unknown"`
	RedCards    *int   `json:"red_cards" doc:"Red cards; null if unknown"`
}

func playerTool(d Deps) definition {
	return define("Player",
		"A player with matches, goals and assists by season, of all leagues or one. "+
			`Example: {"player": "Harry Kane", "league": "World Cup", "season": "2018"}`,
		func(ctx context.Context, c *Call, in *playerInput) (string, playerAnswer, error) {
			player, err := d.player(ctx, c, "player", in.Player)
			if err != nil {
				return "", playerAnswer{}, err
			}
			p := &playerPage{player: player}
			if !c.Caller.May("stats:read") {
				return p.text(ctx, c, in)
			}
			if in.League != "" {
				if p.league, err = d.league(ctx, c, "league", in.League); err != nil {
					return "", playerAnswer{}, err
				}
			}
			all, err := d.Players.For(c.Caller, c.Contract).StatsOf(ctx, player.ID)
			if err != nil {
				return "", playerAnswer{}, api.UnavailableError("reading statistics", err)
			}
			if err := p.choose(all, in.Season); err != nil {
				return "", playerAnswer{}, err
			}
			if p.teams, err = d.teamNames(ctx, c, p.stats); err != nil {
				return "", playerAnswer{}, err
			}
			return p.text(ctx, c, in)
		})
}

// playerPage is what the text of a player shows.
type playerPage struct {
	player *players.Player
	league *leagues.League // nil for all
	stats  []players.Stats // newest first
	teams  map[string]string
}

// choose keeps the statistics of the league and the season. Its error says which there are.
func (p *playerPage) choose(all []players.Stats, season string) error {
	var known []string
	for _, s := range all {
		place := plain(s.League + " " + s.Season)
		if !slices.Contains(known, place) {
			known = append(known, place)
		}
		if (p.league == nil || s.League == p.league.ID) && (season == "" || s.Season == seasonID(season)) {
			p.stats = append(p.stats, s)
		}
	}
	slices.SortStableFunc(p.stats, func(a, b players.Stats) int { return cmp.Compare(b.Season, a.Season) })
	if len(p.stats) > 0 || p.league == nil && season == "" {
		return nil
	}
	field, asked := "season", season
	if p.league != nil {
		field, asked = "league", strings.TrimSpace(p.league.ID+" "+season)
	}
	slices.Reverse(known)
	there := "the player has no statistics"
	if len(known) > 0 {
		there = "seasons with statistics: " + strings.Join(known[:min(len(known), maxSeasons)], ", ")
	}
	return api.FieldErrorOf(api.NotFound, field, fmt.Sprintf("no statistics of %s in %s; %s",
		labelled(p.player.Name, p.player.ID, nil), plain(asked), there))
}

// teamNames returns the names of the teams of statistics.
func (d Deps) teamNames(ctx context.Context, c *Call, stats []players.Stats) (map[string]string, error) {
	var ids []string
	for _, s := range stats {
		if !slices.Contains(ids, s.Team) {
			ids = append(ids, s.Team)
		}
	}
	names := map[string]string{}
	if len(ids) == 0 {
		return names, nil
	}
	page, err := d.Teams.For(c.Caller, c.Contract).ListIDs(ctx, ids, "", len(ids))
	if err != nil {
		return nil, api.UnavailableError("reading teams", err)
	}
	for _, t := range page.Teams {
		names[t.ID] = short(t.Name)
	}
	return names, nil
}

func (p *playerPage) text(ctx context.Context, c *Call, in *playerInput) (string, playerAnswer, error) {
	out := playerAnswer{ID: p.player.ID, Name: short(p.player.Name), Rows: []playerRow{}}
	heading := strings.Join(append([]string{labelled(p.player.Name, p.player.ID, p.player.Country)}, playerFacts(*p.player)...), ", ")
	if !c.Caller.May("stats:read") {
		out.Withheld = true
		return heading + "\n" + lacking(c, "stats:read", "statistics"), out, nil
	}
	for _, s := range p.stats {
		out.Matches, out.Goals = out.Matches+s.Matches, out.Goals+s.Goals
	}
	from, err := c.offset(ctx, in.Cursor, len(p.stats))
	if err != nil {
		return "", out, err
	}
	list, next := newRows[playerRow](cmp.Or(in.Limit, usualRows)), ""
	list.reserve(heading, out)
	for i, s := range p.stats[from:] {
		row := playerRow{s.League, s.Season, s.Team, cmp.Or(p.teams[s.Team], s.Team), s.Matches, s.Minutes, s.Goals, s.Assists, s.YellowCards, s.RedCards}
		if !list.add(row.text(in.Detail == detailFull), row) {
			next = fmt.Sprint(from + i)
			break
		}
	}
	if out.NextCursor, err = c.cursor(ctx, next); err != nil {
		return "", out, err
	}
	out.Rows = list.data
	switch {
	case len(p.stats) == 0:
		heading += "\nNo statistics are known"
	case len(p.stats) > 1:
		heading += fmt.Sprintf("\nIn all: %s, %s", counted(out.Matches, "match", "matches"), counted(out.Goals, "goal", "goals"))
	}
	return list.text(heading, out.NextCursor), out, nil
}

// text returns the line of a season.
func (r playerRow) text(full bool) string {
	text := line("%s %s, %s [%s]: ", r.League, r.Season, r.Team, r.TeamID) +
		counted(r.Matches, "match", "matches") + ", " + counted(r.Goals, "goal", "goals")
	type figure struct {
		n         *int
		one, many string
	}
	figures := []figure{{r.Assists, "assist", "assists"}}
	if full {
		figures = append(figures, figure{r.Minutes, "minute", "minutes"}, figure{r.YellowCards, "yellow card", "yellow cards"}, figure{r.RedCards, "red card", "red cards"})
	}
	for _, f := range figures {
		if f.n != nil {
			text += ", " + counted(*f.n, f.one, f.many)
		}
	}
	return text
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
