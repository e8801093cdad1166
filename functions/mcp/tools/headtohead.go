package tools

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/teams"
)

type headToHeadInput struct {
	Team     string `json:"team" text:"line" minLength:"1" maxLength:"100" doc:"One team: its id or its name" example:"Arsenal"`
	Opponent string `json:"opponent" text:"line" minLength:"1" maxLength:"100" doc:"The other team: its id or its name" example:"Chelsea"`
	Timezone string `json:"timezone,omitempty" text:"id" maxLength:"100" doc:"IANA time zone of dates and times; default: the league's" example:"Europe/London"`
	Detail   string `json:"detail,omitempty" enum:"concise,full" default:"concise" doc:"full adds league, season, round, half-time score and the kick-off in UTC"`
	Limit    int    `json:"limit,omitempty" minimum:"1" maximum:"25" default:"5" doc:"Played meetings at most"`
	Cursor   string `json:"cursor,omitempty" text:"id" maxLength:"500" doc:"Cursor from the previous answer"`
}

type headToHeadAnswer struct {
	TeamID     string     `json:"team_id" doc:"Id of the team"`
	OpponentID string     `json:"opponent_id" doc:"Id of the opponent"`
	Record     record     `json:"record" doc:"Record of the team in the played meetings, at any venue"`
	Partial    bool       `json:"partial" doc:"True if the record has only the newest meetings, because there are too many"`
	Next       []matchRow `json:"next" nullable:"false" doc:"Next meetings, the first one first"`
	Rows       []matchRow `json:"rows" nullable:"false" doc:"Played meetings, newest first"`
	NextCursor *string    `json:"next_cursor" doc:"Cursor of the next rows; null at the end"`
}

const (
	// maxMeetings bounds the meetings that one call reads.
	maxMeetings = 300
	// maxNext bounds the coming matches of an answer.
	maxNext = 3
	// usualLast is the number of played matches in an answer by default.
	usualLast = 5
)

func headToHeadTool(d Deps) definition {
	return define("Head-to-head",
		"Two teams against each other in every league: their record, when they meet next, and their last meetings. "+
			`Example: {"team": "Arsenal", "opponent": "Chelsea"}`,
		func(ctx context.Context, c *Call, in *headToHeadInput) (string, headToHeadAnswer, error) {
			zone, err := zoneOf(in.Timezone)
			if err != nil {
				return "", headToHeadAnswer{}, err
			}
			team, err := d.team(ctx, c, "team", in.Team)
			if err != nil {
				return "", headToHeadAnswer{}, err
			}
			other, err := d.team(ctx, c, "opponent", in.Opponent)
			if err != nil {
				return "", headToHeadAnswer{}, err
			}
			if team.ID == other.ID {
				return "", headToHeadAnswer{}, api.FieldError("opponent", "must be another team than %s", labelled(team.Name, team.ID, nil))
			}
			page, err := d.Matches.For(c.Caller, c.Contract).Meetings(ctx, team.ID, other.ID, matches.PageRequest{Limit: maxMeetings, Descending: true})
			if err != nil {
				return "", headToHeadAnswer{}, api.UnavailableError("reading meetings", err)
			}
			return meetingsText(ctx, c, in, &meetings{team: team, other: other, zone: zone, page: page})
		})
}

// meetings are the matches of two teams, newest first.
type meetings struct {
	team, other *teams.Team
	zone        *time.Location
	page        *matches.Page
}

func meetingsText(ctx context.Context, c *Call, in *headToHeadInput, m *meetings) (string, headToHeadAnswer, error) {
	played, next := split(m.page.Matches, c.Now)
	out := headToHeadAnswer{TeamID: m.team.ID, OpponentID: m.other.ID, Partial: m.page.Next != "", Next: []matchRow{}}
	for i := range played {
		out.Record.add(&played[i], m.team.ID)
	}
	from, err := c.offset(ctx, in.Cursor, len(played))
	if err != nil {
		return "", out, err
	}
	heading := line("%s [%s] against %s [%s] (%s)", short(m.team.Name), m.team.ID, short(m.other.Name), m.other.ID, zoneText(m.zone))
	if len(played) > 0 {
		heading += "\nPlayed " + out.Record.text()
	} else {
		heading += "\nNo played meeting is known"
	}
	if out.Partial {
		heading += fmt.Sprintf(" in the newest %d meetings", len(m.page.Matches))
	}
	list, position := newRows[matchRow](cmp.Or(in.Limit, usualLast)), ""
	list.reserve(heading, out)
	if from == 0 {
		heading += nextText(list, next[:min(len(next), maxNext)], m.zone, &out.Next)
	}
	if len(played) > 0 {
		heading += "\nLast meetings:"
	}
	for i := range played[from:] {
		one := &played[from+i]
		if !list.add(leagueLine(one, m.zone, in.Detail), rowOf(one, m.zone)) {
			position = fmt.Sprint(from + i)
			break
		}
	}
	if out.NextCursor, err = c.cursor(ctx, position); err != nil {
		return "", out, err
	}
	out.Rows = list.data
	return list.text(heading, out.NextCursor), out, nil
}

// nextText shows the next matches above the rows of an answer, and counts their bytes.
func nextText(list *rows[matchRow], next []matches.Match, zone *time.Location, out *[]matchRow) string {
	if len(next) == 0 {
		return "\nNext: none is scheduled"
	}
	text := ""
	for i := range next {
		row, line := rowOf(&next[i], zone), "\nNext: "+leagueLine(&next[i], zone, "")
		if !list.reserve(line, row) {
			break
		}
		*out, text = append(*out, row), text+line
	}
	return text
}

// leagueLine returns the line of a match in a list of several leagues.
func leagueLine(m *matches.Match, zone *time.Location, detail string) string {
	return rowText(m, zone, &matchesInput{Detail: detail})
}

// split returns the played matches, newest first, and those to come, the first one first, of
// matches in descending order.
func split(list []matches.Match, now time.Time) (played, next []matches.Match) {
	for _, m := range list {
		switch m.Status {
		case matches.Finished, matches.Awarded:
			played = append(played, m)
		case matches.Live:
			next = append(next, m)
		case matches.Scheduled:
			if !m.Over(now) {
				next = append(next, m)
			}
		}
	}
	slices.Reverse(next)
	return played, next
}
