package tools

import (
	"context"
	"errors"
	"fmt"
	"time"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
)

// Bounds of get_matches.
const (
	usualMatches = 20  // rows without a limit
	matchReads   = 4   // pages that a filter without an index may read
	matchChunk   = 100 // matches of such a page
)

type getMatchesInput struct {
	Date   string `json:"date,omitempty" text:"id" pattern:"^(today|yesterday|tomorrow|[0-9]{4}-[0-9]{2}-[0-9]{2})$" patternDescription:"YYYY-MM-DD, today, yesterday or tomorrow" default:"today" doc:"Day of the kick-off in UTC: YYYY-MM-DD, today, yesterday or tomorrow" example:"2016-05-02"`
	League string `json:"league_id,omitempty" text:"id" maxLength:"200" doc:"League id, from list_leagues; default: all leagues" example:"en.1"`
	Status string `json:"status,omitempty" enum:"live,scheduled,finished" doc:"Match status; default: all"`
	Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"50" default:"20" doc:"Most matches in an answer, 1–50"`
	Cursor string `json:"cursor,omitempty" text:"id" maxLength:"500" doc:"Cursor from the previous answer"`
}

func getMatchesTool(d Deps) definition {
	return mirror[getMatchesInput, api.List[matches.Match]]("Matches of a day",
		"The matches of one day in UTC by kick-off, of one league or of all, with their ids for the other tools. "+
			"A long list is cut to 8 KB and has a cursor. "+
			`Example: {"date": "today", "league_id": "en.1", "status": "finished"}`,
		func(ctx context.Context, c *Call, in *getMatchesInput) (mirrored, error) {
			day, err := utcDay(in.Date, c.Now)
			if err != nil {
				return nil, err
			}
			if in.Limit == 0 {
				in.Limit = usualMatches
			}
			if in.League != "" {
				if _, err := d.leagueOf(ctx, c, in.League); err != nil {
					return nil, err
				}
			}
			found, more, err := d.matchesOf(ctx, c, in, day)
			if err != nil {
				return nil, err
			}
			heading := "Matches on " + day + " (UTC)"
			if in.League != "" {
				heading += " of " + in.League
			}
			return &parts[matches.Match]{heading: heading, none: "none; call get_matches with another date, or without status or league_id",
				rows: found, more: more, limit: in.Limit, line: utcLine,
				at:    func(n int) (string, error) { return matches.Position(&found[n-1]) },
				value: func(rows []matches.Match) any { return api.List[matches.Match]{Data: rows} }}, nil
		})
}

// utcDay returns the day of a date or of a word.
func utcDay(text string, now time.Time) (string, error) {
	days := map[string]int{"": 0, "today": 0, "yesterday": -1, "tomorrow": 1}
	if n, ok := days[text]; ok {
		return now.UTC().AddDate(0, 0, n).Format(time.DateOnly), nil
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "", api.FieldErrorOf(api.InputDate, "date", fmt.Sprintf("must be a day such as 2016-05-02, today, yesterday or tomorrow, got %q", plain(text)))
	}
	return text, nil
}

// matchesOf returns the matches of a day and the position of those that follow. An index has
// the matches of a league or those of a status; the matches of a league that have a status
// are selected from a bounded number of reads.
func (d Deps) matchesOf(ctx context.Context, c *Call, in *getMatchesInput, day string) (found []matches.Match, more string, err error) {
	f := matches.Filter{League: in.League, From: day, To: day, UTC: true}
	read := matches.PageRequest{Limit: in.Limit}
	if read.After, err = c.position(ctx, in.Cursor); err != nil {
		return nil, "", err
	}
	selects := in.League != "" && in.Status != ""
	switch {
	case selects:
		read.Limit = matchChunk
	case in.Status != "":
		f.Statuses = []matches.Status{matches.Status(in.Status)}
	}
	reader := d.Matches.For(c.Caller, c.Contract)
	for range matchReads {
		page, err := reader.List(ctx, f, read)
		if err != nil {
			return nil, "", api.UnavailableError("reading matches", err)
		}
		for i := range page.Matches {
			if selects && string(page.Matches[i].Status) != in.Status {
				continue
			}
			if len(found) == in.Limit {
				more, err = matches.Position(&found[in.Limit-1])
				return found, more, err
			}
			found = append(found, page.Matches[i])
		}
		if read.After = page.Next; !selects || read.After == "" {
			break
		}
	}
	return found, read.After, nil
}

// utcLine returns a match in one line, with its kick-off in UTC.
func utcLine(m *matches.Match) string {
	date, clock := localTime(m, time.UTC)
	if clock != nil && m.KickoffAt != nil {
		date += " " + *clock
	}
	status := string(m.Status)
	if m.Minute != nil {
		status += fmt.Sprintf(" %d'", *m.Minute)
	}
	text := line("%s %s %s %s", date, m.Home.Name, scoreOf(m), m.Away.Name)
	if m.League != "" {
		text += line(", %s", string(m.League))
	}
	return text + line(", %s (%s)", status, m.ID)
}

// unknownID converts an error of a store. An id that does not exist is answered with the tool
// that lists ids.
func unknownID(err error, field, kind, id, lists string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, leagues.ErrNotFound), errors.Is(err, matches.ErrNotFound):
		return api.FieldErrorOf(api.NotFound, field, fmt.Sprintf("no %s %q; call %s for ids", kind, short(id), lists))
	}
	return api.UnavailableError("reading by id", err)
}
