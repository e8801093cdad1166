package tools

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
)

// matchRow is a match in structured results.
type matchRow struct {
	ID        string  `json:"id" doc:"Match id"`
	League    *string `json:"league" doc:"League id; null without a league"`
	Season    *string `json:"season" doc:"Season id; null without a season"`
	Round     *string `json:"round" doc:"Round; null if unknown"`
	Date      string  `json:"date" doc:"Date of the kick-off, in the time zone of the answer"`
	Time      *string `json:"time" doc:"Time of the kick-off, HH:MM, in the time zone of the answer; HH:MM UTC if no local time is stored; null if unknown"`
	Status    string  `json:"status" doc:"Match status"`
	HomeID    string  `json:"home_id" doc:"Id of the home team"`
	Home      string  `json:"home" doc:"Home team"`
	AwayID    string  `json:"away_id" doc:"Id of the away team"`
	Away      string  `json:"away" doc:"Away team"`
	HomeGoals *int    `json:"home_goals" doc:"Goals of the home team, after extra time if there was any; null if unknown"`
	AwayGoals *int    `json:"away_goals" doc:"Goals of the away team, after extra time if there was any; null if unknown"`
	Own       bool    `json:"own,omitempty" doc:"True for a match that your organisation stored; missing for a public one"`
}

// ownText marks what comes from matches that the caller's organisation stored.
const ownText = ", stored by your organisation"

func isOwn(m *matches.Match) bool { return m.Owner != matches.Public }

// zoneOf returns the time zone of a name, or nil for "", the zone of each league.
func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return nil, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, api.FieldError("timezone", "must be an IANA time zone such as Europe/London, got %q", plain(name))
	}
	return zone, nil
}

// localTime returns the date and time of a kick-off in a zone, nil for the league's own. The
// matches of organisations have no local time, so they get theirs in UTC, with the word UTC.
func localTime(m *matches.Match, zone *time.Location) (date string, clock *string) {
	if m.KickoffAt == nil || zone == nil && m.Time != nil {
		return m.Date, m.Time
	}
	at, err := time.Parse(time.RFC3339, *m.KickoffAt)
	if err != nil {
		return m.Date, m.Time
	}
	layout := "15:04"
	if zone == nil {
		zone, layout = time.UTC, "15:04 MST"
		if at.UTC().Format(time.DateOnly) != m.Date {
			return m.Date, nil // the date is that of another zone
		}
	}
	text := at.In(zone).Format(layout)
	return at.In(zone).Format(time.DateOnly), &text
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// rowOf returns a match for structured results.
func rowOf(m *matches.Match, zone *time.Location) matchRow {
	row := matchRow{ID: m.ID, League: optional(string(m.League)), Season: optional(string(m.Season)), Round: shortOrNil(m.Round), Status: string(m.Status),
		HomeID: m.Home.ID, Home: short(m.Home.Name), AwayID: m.Away.ID, Away: short(m.Away.Name), Own: isOwn(m)}
	row.Date, row.Time = localTime(m, zone)
	if g := m.Score.Final(); g != nil {
		row.HomeGoals, row.AwayGoals = &g.Home, &g.Away
	}
	return row
}

// scoreOf returns a result such as "2-1", "1-1 (4-2 on penalties)" or "2-1 after extra time",
// or "v" before there is one.
func scoreOf(m *matches.Match) string {
	g := m.Score.Final()
	if g == nil {
		return "v"
	}
	text := fmt.Sprintf("%d-%d", g.Home, g.Away)
	switch s := m.Score; {
	case s.Penalties != nil:
		text += fmt.Sprintf(" (%d-%d on penalties)", s.Penalties.Home, s.Penalties.Away)
	case s.ExtraTime != nil:
		text += " after extra time"
	}
	return text
}

// matchLine returns a match in one line.
func matchLine(m *matches.Match, zone *time.Location) string {
	date, clock := localTime(m, zone)
	when := date
	if clock != nil {
		when += " " + *clock
	}
	status := string(m.Status)
	if m.Minute != nil {
		status += fmt.Sprintf(" %d'", *m.Minute)
	}
	if isOwn(m) {
		status += ownText
	}
	return line("%s %s [%s] %s %s [%s], %s (%s)", when, short(m.Home.Name), m.Home.ID, scoreOf(m), short(m.Away.Name), m.Away.ID, status, m.ID)
}

// maxName bounds a name in an answer, in characters, so that a row of any data has room.
const maxName = 80

// short returns a name of the data as plain text of bounded length.
func short(name string) string {
	letters := []rune(plain(name))
	if len(letters) <= maxName {
		return string(letters)
	}
	return strings.TrimRight(string(letters[:maxName-1]), " ") + "…"
}

func shortOrNil(name *string) *string {
	if name == nil {
		return nil
	}
	text := short(*name)
	return &text
}

// placeText returns where a match stands: league, season, stage, group and round.
func placeText(m *matches.Match) string {
	parts := []string{string(m.League), string(m.Season)}
	for _, one := range []*string{m.Stage, m.Group, m.Round} {
		if one != nil {
			parts = append(parts, short(*one))
		}
	}
	return plain(strings.Join(slices.DeleteFunc(slices.Compact(parts), func(part string) bool { return part == "" }), " "))
}

// fullLine returns a match in one line with all that a list shows of it.
func fullLine(m *matches.Match, zone *time.Location) string {
	text := matchLine(m, zone)
	if place := placeText(m); place != "" {
		text += ", " + place
	}
	if m.Score.HalfTime != nil {
		text += fmt.Sprintf(", half-time %d-%d", m.Score.HalfTime.Home, m.Score.HalfTime.Away)
	}
	if m.KickoffAt != nil {
		text += line(", kick-off %s", *m.KickoffAt)
	}
	return text
}

// zoneText says in which zone an answer has its dates.
func zoneText(zone *time.Location) string {
	if zone == nil {
		return "local dates and times"
	}
	return "dates and times in " + zone.String()
}

// today returns the day of a time in a zone, UTC for nil.
func today(now time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Years of matches that a date may have.
const minYear, maxYear = 1800, 2199

// dayOf returns the day of a word or date.
func dayOf(field, text string, today time.Time) (string, error) {
	switch text {
	case "today":
		return today.Format(time.DateOnly), nil
	case "yesterday":
		return today.AddDate(0, 0, -1).Format(time.DateOnly), nil
	case "tomorrow":
		return today.AddDate(0, 0, 1).Format(time.DateOnly), nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.Year() < minYear || day.Year() > maxYear {
		return "", api.FieldError(field, "must be today, yesterday, tomorrow or a date such as 2016-05-02, got %q", plain(text))
	}
	return text, nil
}
