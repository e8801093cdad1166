package tools

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
)

type matchesInput struct {
	Date     string `json:"date,omitempty" text:"line" maxLength:"20" doc:"today, yesterday, tomorrow or a date; default without other filters: today. Day words mean days of the time zone, or UTC without league and timezone" example:"2016-05-02"`
	To       string `json:"to,omitempty" text:"line" maxLength:"20" doc:"Last day of a range of at most 31 days that begins with date"`
	League   string `json:"league,omitempty" text:"line" maxLength:"100" doc:"League: its id or its name" example:"Premier League"`
	Season   string `json:"season,omitempty" text:"line" maxLength:"100" doc:"Season of the league; default with round: the latest" example:"2015-16"`
	Round    string `json:"round,omitempty" text:"line" maxLength:"100" doc:"Round of the league as its source spells it, or a matchday number" example:"20"`
	Team     string `json:"team,omitempty" text:"line" maxLength:"100" doc:"Home or away team: its id or its name" example:"Leicester"`
	Status   string `json:"status,omitempty" enum:"scheduled,live,finished,postponed,cancelled,abandoned,awarded" doc:"Match status"`
	When     string `json:"when,omitempty" enum:"past,future" doc:"Without date: past is before now, newest first; future is from now on. Default: all matches of a season, future scheduled matches, past matches otherwise"`
	Timezone string `json:"timezone,omitempty" text:"id" maxLength:"100" doc:"IANA time zone of days and times; default: the league's" example:"Europe/London"`
	Detail   string `json:"detail,omitempty" enum:"concise,full" default:"concise" doc:"full adds league, season, round, half-time score and the kick-off in UTC"`
	Limit    int    `json:"limit,omitempty" minimum:"1" maximum:"25" default:"10" doc:"Rows at most"`
	Cursor   string `json:"cursor,omitempty" text:"id" maxLength:"500" doc:"Cursor from the previous answer"`
}

type matchesAnswer struct {
	Timezone   *string    `json:"timezone" doc:"Time zone of dates and times; null if they are local to each league"`
	Rows       []matchRow `json:"rows" nullable:"false" doc:"Matches in the order of the kick-offs"`
	NextCursor *string    `json:"next_cursor" doc:"Cursor of the next rows; null at the end"`
}

func matchesTool(d Deps) definition {
	return define("Matches",
		"Matches of a day, league, round, team or status, with scores and ids. "+
			`Example: {"league": "Premier League", "season": "2015-16", "round": "20"}. For the meetings of two teams call head_to_head; for a team's next match call team.`,
		func(ctx context.Context, c *Call, in *matchesInput) (string, matchesAnswer, error) {
			l, err := d.listing(ctx, c, in)
			if err != nil {
				return "", matchesAnswer{}, err
			}
			return d.listMatches(ctx, c, in, l)
		})
}

// listing is a list of matches that an index serves.
type listing struct {
	filter  matches.Filter
	page    matches.PageRequest
	zone    *time.Location // nil for the leagues'
	heading string
	rounds  string // which rounds there are, if the list is empty
}

// servedFilters says which filters an index serves.
const servedFilters = "no index serves these filters together; supported: date (and to, at most 31 days) with one of league, team, status; " +
	"league with season (and round, status); one of league, team, status; for the meetings of two teams call head_to_head"

// listing checks that an index serves the filters, then resolves names and day words.
func (d Deps) listing(ctx context.Context, c *Call, in *matchesInput) (*listing, error) {
	l := &listing{filter: matches.Filter{League: in.League, Season: in.Season, Round: in.Round, Team: in.Team}}
	if in.Status != "" {
		l.filter.Statuses = []matches.Status{matches.Status(in.Status)}
	}
	if in.League != "" && (in.Round != "" || in.Status != "" && in.Date == "") && in.Season == "" {
		l.filter.Season = latestSeason
	}
	var err error
	if l.zone, err = zoneOf(in.Timezone); err != nil {
		return nil, err
	}
	if in.Date == "" && in.To != "" {
		return nil, api.FieldError("date", "is required with to")
	}
	if in.Date != "" && in.When != "" {
		return nil, api.FieldError("when", "cannot be combined with date")
	}
	if l.filter.Check() != nil {
		return nil, api.Fail(api.InputFilter, servedFilters)
	}
	l.heading = "Matches"
	if err := d.named(ctx, c, in, l); err != nil {
		return nil, err
	}
	if err := l.days(c, in); err != nil {
		return nil, err
	}
	l.order(c, in)
	l.heading += " (" + zoneText(l.zone) + ")"
	return l, nil
}

// latestSeason stands for the latest season until the league is known.
const latestSeason = "latest"

// named replaces names in the filter by ids.
func (d Deps) named(ctx context.Context, c *Call, in *matchesInput, l *listing) error {
	f := &l.filter
	if f.League != "" {
		league, err := d.league(ctx, c, "league", f.League)
		if err != nil {
			return err
		}
		f.League = league.ID
		l.heading += line(" of %s [%s]", short(league.Name), league.ID)
		if f.Season != "" {
			season, err := d.season(ctx, c, league, in.Season)
			if err != nil {
				return err
			}
			f.Season = season.ID
			l.heading += line(", season %s", season.ID)
		}
		if l.zone == nil {
			if l.zone, err = leagues.Zone(league.ID); err != nil {
				return api.UnavailableError("loading a time zone", err)
			}
		}
	}
	if f.Round != "" {
		l.heading += line(", round %s", short(f.Round))
	}
	if f.Team != "" {
		team, err := d.team(ctx, c, "team", f.Team)
		if err != nil {
			return err
		}
		f.Team = team.ID
		l.heading += line(" of %s [%s]", short(team.Name), team.ID)
	}
	if in.Status != "" {
		l.heading += ", " + in.Status
	}
	return nil
}

// days sets the days of the filter: today without any filter.
func (l *listing) days(c *Call, in *matchesInput) error {
	f := &l.filter
	f.Zone, f.UTC = l.zone, c.Contract.UTCDays
	first := in.Date
	if first == "" && in.When == "" && f.League == "" && f.Team == "" && in.Status == "" {
		first = "today"
	}
	if first == "" {
		return nil
	}
	now := today(c.Now, l.zone)
	var err error
	if f.From, err = dayOf("date", first, now); err != nil {
		return err
	}
	if f.To, err = dayOf("to", cmp.Or(in.To, first), now); err != nil {
		return err
	}
	if f.To < f.From {
		return api.FieldError("to", "must not be before date, got %s before %s", f.To, f.From)
	}
	if l.heading += " on " + f.From; f.To != f.From {
		l.heading += " to " + f.To
	}
	if f.Check() != nil {
		return api.FieldError("to", "must be at most %d days from date on", matches.MaxRangeDays)
	}
	return nil
}

// order sets where the list begins, and its direction.
func (l *listing) order(c *Call, in *matchesInput) {
	when := in.When
	switch {
	case l.filter.From != "" || l.filter.Season != "" && when == "" || in.Status == "live":
		return
	case when == "" && in.Status == "scheduled":
		when = "future"
	case when == "":
		when = "past"
	}
	l.page = matches.PageRequest{After: matches.Moment(c.Now), Descending: when == "past"}
	l.heading += map[string]string{"past": ", newest first", "future": ", from now on"}[when]
}

// listMatches reads and shows a page of the list.
func (d Deps) listMatches(ctx context.Context, c *Call, in *matchesInput, l *listing) (string, matchesAnswer, error) {
	out := matchesAnswer{}
	if l.zone != nil {
		out.Timezone = optional(l.zone.String())
	}
	after, err := c.position(ctx, in.Cursor)
	if err != nil {
		return "", out, err
	}
	l.page.After, l.page.Limit = cmp.Or(after, l.page.After), cmp.Or(in.Limit, usualRows)
	page, err := l.list(ctx, d.Matches.For(c.Caller, c.Contract))
	if errors.Is(err, matches.ErrFilter) {
		return "", out, api.Fail(api.InputFilter, servedFilters)
	}
	if err != nil {
		return "", out, api.UnavailableError("listing matches", err)
	}
	list, next := newRows[matchRow](l.page.Limit), page.Next
	list.reserve(l.heading, out)
	for i := range page.Matches {
		if list.add(rowText(&page.Matches[i], l.zone, in), rowOf(&page.Matches[i], l.zone)) {
			continue
		}
		if next, err = matches.Position(&page.Matches[max(0, i-1)]); err != nil {
			return "", out, api.UnavailableError("continuing a list", err)
		}
		break
	}
	if out.NextCursor, err = c.cursor(ctx, next); err != nil {
		return "", out, err
	}
	out.Rows = list.data
	if len(list.data) == 0 {
		l.heading = "No " + strings.ToLower(l.heading[:1]) + l.heading[1:] + l.hint(in)
	}
	return list.text(l.heading, out.NextCursor), out, nil
}

// rowText returns the line of a match. Lists of several leagues name the league.
func rowText(m *matches.Match, zone *time.Location, in *matchesInput) string {
	switch {
	case in.Detail == detailFull:
		return fullLine(m, zone)
	case in.League == "" && m.League != "":
		return matchLine(m, zone) + line(", %s %s", string(m.League), string(m.Season))
	case in.Season != "" && in.Round == "" && m.Round != nil:
		return matchLine(m, zone) + line(", %s", short(*m.Round))
	}
	return matchLine(m, zone)
}

// hint says what may find more than an empty list.
func (l *listing) hint(in *matchesInput) string {
	switch {
	case in.Round != "":
		return l.rounds
	case in.Team != "":
		return fmt.Sprintf(". Call team to see the last and next matches of %s", short(in.Team))
	case in.League != "" && in.Season == "":
		return `. Call matches with the league and when "past" or "future"`
	}
	return ""
}
