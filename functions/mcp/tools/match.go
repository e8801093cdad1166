package tools

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
)

type matchInput struct {
	Match    string   `json:"match" text:"id" minLength:"1" maxLength:"200" doc:"Match id, which matches, team and head_to_head show" example:"m_3vtsl7lq2ehtu"`
	Include  []string `json:"include,omitempty" enum:"events,lineups,statistics" maxItems:"3" nullable:"false" doc:"Parts of the report; default: events"`
	Timezone string   `json:"timezone,omitempty" text:"id" maxLength:"100" doc:"IANA time zone of date and time; default: the league's" example:"Europe/London"`
	Detail   string   `json:"detail,omitempty" enum:"concise,full" default:"concise" doc:"full adds substitutions, and the ids and positions of players in lineups"`
	Cursor   string   `json:"cursor,omitempty" text:"id" maxLength:"500" doc:"Cursor from the previous answer"`
}

type matchAnswer struct {
	Match      matchRow    `json:"match" doc:"Match"`
	Timezone   *string     `json:"timezone" doc:"Time zone of date and time; null if it is unknown"`
	Rows       []reportRow `json:"rows" nullable:"false" doc:"Rows of the report, by part"`
	NextCursor *string     `json:"next_cursor" doc:"Cursor of the next rows; null at the end"`
}

// reportRow is one row of a match's report.
type reportRow struct {
	Part     string   `json:"part" enum:"events,lineups,statistics" doc:"Part of the report"`
	Type     string   `json:"type" doc:"Type of an event, starters or substitutes, or name of a statistic"`
	Side     *string  `json:"side,omitempty" enum:"home,away" doc:"Side; missing for a statistic"`
	Minute   *string  `json:"minute,omitempty" doc:"Minute of an event, such as 90+3; missing otherwise"`
	Player   *string  `json:"player,omitempty" doc:"Player of an event, or who went off; missing otherwise, or if unknown"`
	PlayerID *string  `json:"player_id,omitempty" doc:"Id of the player; missing if unknown"`
	PlayerIn *string  `json:"player_in,omitempty" doc:"Player who came on; missing otherwise, or if unknown"`
	InID     *string  `json:"player_in_id,omitempty" doc:"Id of the player who came on; missing otherwise, or if unknown"`
	Players  []string `json:"players,omitempty" nullable:"false" doc:"Players of a lineup; in full detail with ids and positions"`
	Home     *int     `json:"home,omitempty" doc:"Value of a statistic for the home team; missing otherwise"`
	Away     *int     `json:"away,omitempty" doc:"Value of a statistic for the away team; missing otherwise"`

	line string
}

func matchTool(d Deps) definition {
	return define("Match",
		"One match by its id: result, goals and cards, and on request lineups and statistics. "+
			`Example: {"match": "m_3vtsl7lq2ehtu", "include": ["events", "lineups"]}. Call matches or head_to_head for the id.`,
		func(ctx context.Context, c *Call, in *matchInput) (string, matchAnswer, error) {
			zone, err := zoneOf(in.Timezone)
			if err != nil {
				return "", matchAnswer{}, err
			}
			reader := d.Matches.For(c.Caller, c.Contract)
			m, err := reader.Get(ctx, in.Match)
			if errors.Is(err, matches.ErrNotFound) {
				return "", matchAnswer{}, api.FieldErrorOf(api.NotFound, "match",
					fmt.Sprintf("no match has the id %q; call matches, team or head_to_head to get ids of matches", plain(in.Match)))
			}
			if err != nil {
				return "", matchAnswer{}, api.UnavailableError("reading a match", err)
			}
			visible, err := reader.Visible(ctx, m.ID)
			if err != nil {
				return "", matchAnswer{}, api.UnavailableError("reading a match", err)
			}
			parts, err := reportRows(ctx, d.Reports.Of(visible), m, in)
			if err != nil {
				return "", matchAnswer{}, api.UnavailableError("reading a report", err)
			}
			if zone == nil {
				if zone, err = leagues.Zone(string(m.League)); err != nil {
					return "", matchAnswer{}, api.UnavailableError("loading a time zone", err)
				}
			}
			return matchText(ctx, c, in, m, zone, parts)
		})
}

// reportRows reads the requested parts. A part without rows gets a heading that says so.
func reportRows(ctx context.Context, r reports.Reader, m *matches.Match, in *matchInput) ([]reportRow, error) {
	include := in.Include
	if len(include) == 0 {
		include = []string{"events"}
	}
	var all []reportRow
	if slices.Contains(include, "events") {
		events, err := r.Events(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, eventRows(events, m, in.Detail == detailFull || len(in.Include) == 1)...)
	}
	if slices.Contains(include, "lineups") {
		lineups, err := r.Lineups(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, lineupRows(lineups, m, in.Detail == detailFull)...)
	}
	if slices.Contains(include, "statistics") {
		stats, err := r.Stats(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, statisticRows(stats)...)
	}
	return all, nil
}

// eventTexts are the types of events in lines.
var eventTexts = map[reports.EventType]string{
	reports.Goal: "goal", reports.Penalty: "goal by a penalty", reports.OwnGoal: "own goal",
	reports.YellowCard: "yellow card", reports.RedCard: "red card", reports.Substitution: "substitution",
}

func eventRows(events []reports.Event, m *matches.Match, substitutions bool) []reportRow {
	var all []reportRow
	for _, e := range events {
		if e.Type == reports.Substitution && !substitutions {
			continue
		}
		minute, team := fmt.Sprint(e.Minute), m.Home.Name
		if e.AddedTime != nil && *e.AddedTime > 0 {
			minute += fmt.Sprintf("+%d", *e.AddedTime)
		}
		if e.Team == reports.Away {
			team = m.Away.Name
		}
		row := reportRow{Part: "events", Type: string(e.Type), Side: &e.Team, Minute: &minute, Player: shortOrNil(e.Player), PlayerIn: shortOrNil(e.PlayerIn), PlayerID: e.PlayerID, InID: e.InID}
		row.line = line("%s' %s for %s", minute, eventTexts[e.Type], short(team))
		switch {
		case row.PlayerIn != nil && row.Player != nil:
			row.line += ": " + playerText(*row.PlayerIn, row.InID) + " for " + playerText(*row.Player, row.PlayerID)
		case row.Player != nil:
			row.line += ": " + playerText(*row.Player, row.PlayerID)
		}
		all = append(all, row)
	}
	return all
}

func statisticRows(s *reports.Stats) []reportRow {
	var all []reportRow
	for _, section := range s.Data {
		for _, one := range section.Stats {
			all = append(all, reportRow{Part: "statistics", Type: short(one.Name), Home: &one.Home, Away: &one.Away,
				line: fmt.Sprintf("%s: %d-%d", short(one.Name), one.Home, one.Away)})
		}
	}
	return all
}

func matchText(ctx context.Context, c *Call, in *matchInput, m *matches.Match, zone *time.Location, parts []reportRow) (string, matchAnswer, error) {
	out := matchAnswer{Match: rowOf(m, zone)}
	heading := matchHeading(m, zone)
	if zone != nil {
		out.Timezone = optional(zone.String())
	}
	from, err := c.offset(ctx, in.Cursor, len(parts))
	if err != nil {
		return "", out, err
	}
	list, next := newRows[reportRow](maxRows), ""
	list.reserve(heading, out.Match) // it always fits
	for i, row := range parts[from:] {
		if !list.add(row.line, row) {
			next = fmt.Sprint(from + i)
			break
		}
	}
	if out.NextCursor, err = c.cursor(ctx, next); err != nil {
		return "", out, err
	}
	out.Rows = list.data
	return list.text(heading+missingParts(in.Include, parts), out.NextCursor), out, nil
}

func matchHeading(m *matches.Match, zone *time.Location) string {
	heading := fullLine(m, zone) + " (" + zoneText(zone) + ")"
	if m.Score.ExtraTime != nil && m.Score.FullTime != nil {
		heading += fmt.Sprintf("; %d-%d after 90 minutes", m.Score.FullTime.Home, m.Score.FullTime.Away)
	}
	return heading
}

// missingParts says which of the requested parts are not known.
func missingParts(include []string, parts []reportRow) string {
	if len(include) == 0 {
		include = []string{"events"}
	}
	text := ""
	for _, part := range include {
		if !slices.ContainsFunc(parts, func(r reportRow) bool { return r.Part == part }) {
			text += "\nNo " + part + " of this match are known"
		}
	}
	return text
}
