package tools

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/teams"
)

type teamInput struct {
	Team     string `json:"team" text:"line" minLength:"1" maxLength:"100" doc:"Team: its id or its name" example:"Leicester"`
	Season   string `json:"season,omitempty" text:"line" maxLength:"100" doc:"Season of record, form and matches; default: the latest seasons" example:"2015-16"`
	Timezone string `json:"timezone,omitempty" text:"id" maxLength:"100" doc:"IANA time zone of dates and times; default: the league's" example:"Europe/London"`
	Detail   string `json:"detail,omitempty" enum:"concise,full" default:"concise" doc:"full shows 10 last and 5 next matches instead of 3 and 2, and other spellings of the name"`
}

type teamAnswer struct {
	ID       string       `json:"id" doc:"Team id"`
	Name     string       `json:"name" doc:"Team name"`
	Country  *string      `json:"country" doc:"Three-letter code of the country; null if unknown"`
	Form     string       `json:"form" doc:"Results of the last played matches, the newest first: W, D, L"`
	Records  []teamRecord `json:"records" nullable:"false" doc:"Record in each league of the season"`
	Last     []matchRow   `json:"last" nullable:"false" doc:"Last played matches, newest first"`
	Next     []matchRow   `json:"next" nullable:"false" doc:"Next matches, the first one first"`
	Withheld bool         `json:"withheld" doc:"True if the key may not read matches, so that only the team is shown"`
}

type teamRecord struct {
	League string `json:"league" doc:"League id; empty without a league"`
	Season string `json:"season" doc:"Season id; empty without a season"`
	Record record `json:"record" doc:"Record of the team"`
}

const (
	// maxPlayed bounds the matches that give record and form: more than a season has.
	maxPlayed = 120
	// maxForm is the number of matches of a form.
	maxForm = 10
	// maxRecords bounds the leagues with a record.
	maxRecords = 5
	// longestMatch is how long after its kick-off a match may be live.
	longestMatch = 3 * time.Hour
)

func teamTool(d Deps) definition {
	return define("Team",
		"A team's record by league, its form, and its last and next matches: of now, or of a season. "+
			`Example: {"team": "Leicester", "season": "2015-16"}`,
		func(ctx context.Context, c *Call, in *teamInput) (string, teamAnswer, error) {
			zone, err := zoneOf(in.Timezone)
			if err != nil {
				return "", teamAnswer{}, err
			}
			team, err := d.team(ctx, c, "team", in.Team)
			if err != nil {
				return "", teamAnswer{}, err
			}
			if !c.Caller.May("matches:read") {
				return teamText(c, in, teamPage{team: team, zone: zone})
			}
			played, next, err := d.teamMatches(ctx, c, in, team.ID)
			if err != nil {
				return "", teamAnswer{}, err
			}
			return teamText(c, in, teamPage{team, zone, played, next})
		})
}

// teamMatches returns the played matches of a team, newest first, and the next ones: of a
// season, or the latest ones.
func (d Deps) teamMatches(ctx context.Context, c *Call, in *teamInput, team string) (played, next []matches.Match, err error) {
	reader, filter := d.Matches.For(c.Caller, c.Contract), matches.Filter{Team: team}
	if in.Season != "" {
		return seasonMatches(ctx, reader, filter, seasonID(in.Season), c.Now)
	}
	page, err := reader.List(ctx, filter, matches.PageRequest{Limit: maxPlayed, After: matches.Moment(c.Now), Descending: true})
	if err != nil {
		return nil, nil, api.UnavailableError("reading a team's last matches", err)
	}
	coming, err := reader.List(ctx, filter, matches.PageRequest{Limit: usualRows, After: matches.Moment(c.Now.Add(-longestMatch))})
	if err != nil {
		return nil, nil, api.UnavailableError("reading a team's next matches", err)
	}
	played, _ = split(page.Matches, c.Now)
	for _, m := range coming.Matches {
		if m.Status == matches.Live || m.Status == matches.Scheduled && !m.Over(c.Now) {
			next = append(next, m)
		}
	}
	return latestOnly(played), next, nil
}

// seasonMatches returns the matches of one season, which begins in the year that its id
// begins with.
func seasonMatches(ctx context.Context, r matches.Reader, f matches.Filter, season string, now time.Time) (played, next []matches.Match, err error) {
	year, _, _ := strings.Cut(season, "-")
	n, err := strconv.Atoi(year)
	if err != nil || n < minYear || n > maxYear {
		return nil, nil, api.FieldError("season", "must be a season such as 2015-16 or 2018, got %q", plain(season))
	}
	from := time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -1)
	page, err := r.List(ctx, f, matches.PageRequest{Limit: 2 * maxPlayed, After: matches.Moment(from)})
	if err != nil {
		return nil, nil, api.UnavailableError("reading a team's season", err)
	}
	var of []matches.Match
	for i := len(page.Matches) - 1; i >= 0; i-- {
		if string(page.Matches[i].Season) == season {
			of = append(of, page.Matches[i])
		}
	}
	if len(of) == 0 {
		return nil, nil, api.FieldErrorOf(api.NotFound, "season",
			fmt.Sprintf("the team has no match in season %q; call matches with the team to see the seasons of its matches", plain(season)))
	}
	played, next = split(of, now)
	return played, next, nil
}

// latestOnly drops matches of earlier seasons of a league, and of leagues that the team has
// not played in within a year of its last match.
func latestOnly(played []matches.Match) []matches.Match {
	seasons := map[matches.Ref]matches.Ref{}
	var kept []matches.Match
	for _, m := range played {
		latest, known := seasons[m.League]
		if !known && m.Date >= yearBefore(played[0].Date) {
			latest, known = m.Season, true
			seasons[m.League] = latest
		}
		if known && latest == m.Season {
			kept = append(kept, m)
		}
	}
	return kept
}

func yearBefore(date string) string {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return day.AddDate(-1, 0, 0).Format(time.DateOnly)
}

// teamPage is what the text of a team shows.
type teamPage struct {
	team         *teams.Team
	zone         *time.Location
	played, next []matches.Match
}

func teamText(c *Call, in *teamInput, p teamPage) (string, teamAnswer, error) {
	full := in.Detail == detailFull
	out := teamAnswer{ID: p.team.ID, Name: short(p.team.Name), Country: shortOrNil(p.team.Country), Records: []teamRecord{}, Last: []matchRow{}, Next: []matchRow{}}
	heading := describeTeam(*p.team)
	if also := otherSpellings(*p.team); full && len(also) > 0 {
		heading += ", also " + strings.Join(also, ", ")
	}
	if !c.Caller.May("matches:read") {
		out.Withheld = true
		return heading + "\n" + lacking(c, "matches:read", "record, form and matches"), out, nil
	}
	heading += " (" + zoneText(p.zone) + ")"
	out.Records, out.Form = recordsOf(p.played, p.team.ID)
	for _, r := range out.Records {
		heading += line("\n%s: played ", strings.TrimSpace(r.League+" "+r.Season)) + r.Record.text()
	}
	if out.Form != "" {
		heading += "\nForm, newest first: " + out.Form
	}
	last, next := 3, 2
	if full {
		last, next = 10, 5
	}
	list := newRows[matchRow](last)
	list.reserve(heading, out)
	if in.Season == "" || len(p.next) > 0 {
		heading += nextText(list, p.next[:min(len(p.next), next)], p.zone, &out.Next)
	}
	if len(p.played) > 0 {
		heading += "\nLast, newest first:"
	}
	for i := range p.played {
		if !list.add(leagueLine(&p.played[i], p.zone, in.Detail), rowOf(&p.played[i], p.zone)) {
			break
		}
	}
	out.Last = list.data
	return list.text(heading, nil), out, nil
}

// recordsOf returns the records of a team by league and season, and its form, of played
// matches, the newest first.
func recordsOf(played []matches.Match, team string) (records []teamRecord, form string) {
	records = []teamRecord{}
	for i := range played {
		m := &played[i]
		at := slices.IndexFunc(records, func(r teamRecord) bool { return r.League == string(m.League) && r.Season == string(m.Season) })
		if at < 0 {
			at, records = len(records), append(records, teamRecord{League: string(m.League), Season: string(m.Season)})
		}
		letter := records[at].Record.add(m, team)
		if i < maxForm {
			form += letter
		}
	}
	return records[:min(len(records), maxRecords)], form
}
