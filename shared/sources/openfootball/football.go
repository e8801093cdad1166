// Package openfootball reads the files of the openfootball project: leagues by
// season as JSON (football.json) and clubs with their spellings as text (clubs).
// It handles their irregularities, uses no store, and reports unreadable parts by file,
// line and field; a bad row does not affect the others.
package openfootball

import (
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
)

// File is one season of a league.
type File struct {
	League, Season string
	Name           string // of the league, without the season
	Rows           []Row
	Problems       []Problem
	// ZoneUnknown reports that the league's time zone is unknown. Kick-offs without an
	// offset are then null.
	ZoneUnknown bool
}

// Row is one match of a file. Its teams have the file's spellings as names, and no ids.
type Row struct {
	Line  int
	Field string // "matches[4]"
	Match matches.Match
	// Report has the match's goals if the file lists them, or is nil.
	Report *reports.Report
}

var (
	seasonFolder = regexp.MustCompile(`^(\d{4})(?:-(\d{2}|\d{4}))?$`)
	leagueFile   = regexp.MustCompile(`^([a-z0-9]+(?:[._-][a-z0-9]+)*)\.json$`)
	otherLists   = regexp.MustCompile(`\.(?:clubs|groups|squads|stadiums|standings|teams)$`)
	leagueSeason = regexp.MustCompile(`[\s,]+\d{4}(?:\s*[-/–]\s*\d{2,4})?$`)
)

// Place returns the league and the season of a file by its path, ".../2015-16/en.1.json".
// For other files of the tree, such as lists of clubs and groups, ok is false.
func Place(file string) (league, season string, ok bool) {
	file = filepath.ToSlash(file)
	folder := seasonFolder.FindStringSubmatch(path.Base(path.Dir(file)))
	name := leagueFile.FindStringSubmatch(path.Base(file))
	if folder == nil || name == nil || otherLists.MatchString(name[1]) {
		return "", "", false
	}
	season = folder[1]
	if to := folder[2]; to != "" {
		season += "-" + to[len(to)-2:]
	}
	return name[1], season, true
}

// ParseFootball reads the file of a league's season, both as returned by [Place].
func ParseFootball(file, league, season string, data []byte) File {
	f := File{League: league, Season: season}
	zone, err := leagues.Zone(league)
	if err != nil {
		f.Problems = append(f.Problems, Problem{File: file, Message: err.Error()})
		return f
	}
	f.ZoneUnknown = zone == nil
	root, bad := parseTree(data)
	if bad != nil {
		bad.File = file
		f.Problems = append(f.Problems, *bad)
		return f
	}
	p := &rows{file: file, zone: zone, out: &f}
	switch list := root.members["matches"]; {
	case root.members == nil:
		p.problem(root, "", "want an object with name and matches, got "+root.kind())
	case list == nil || !list.isList:
		p.problem(root, "matches", "want a list, got "+list.kind())
	default:
		f.Name = p.text(root, "", "name")
		if f.Name = leagueSeason.ReplaceAllString(f.Name, ""); f.Name == "" {
			f.Name = f.League
		}
		for i, row := range list.items {
			p.row(fmt.Sprintf("matches[%d]", i), row)
		}
	}
	return f
}

// rows collects the rows and the problems of one file.
type rows struct {
	file string
	zone *time.Location // of the league; nil if it is unknown
	out  *File
}

func (p *rows) problem(at *node, field, message string) {
	line := 0
	if at != nil {
		line = at.line
	}
	p.out.Problems = append(p.out.Problems, Problem{p.file, line, field, message})
}

// row keeps a row if all of it is readable, and drops it otherwise.
func (p *rows) row(field string, n *node) {
	before := len(p.out.Problems)
	if n.members == nil {
		p.problem(n, field, "want an object, got "+n.kind())
		return
	}
	m := matches.Match{League: matches.Ref(p.out.League), Season: matches.Ref(p.out.Season), Owner: matches.Public}
	m.Home.Name = p.team(n, field, "team1")
	m.Away.Name = p.team(n, field, "team2")
	if m.Home.Name != "" && m.Home.Name == m.Away.Name {
		p.problem(n.members["team2"], field+".team2", "the team plays itself")
	}
	m.Round = optional(p.text(n, field, "round"))
	var stage, group string
	stage, group, m.Matchday = parseRound(p.out.League, p.text(n, field, "round"))
	m.Stage = optional(firstNonEmpty(p.text(n, field, "stage"), stage))
	m.Group = optional(firstNonEmpty(p.text(n, field, "group"), group))
	p.dateAndTime(n, field, &m)
	m.Score = p.score(n, field)
	m.Status = p.status(n, field, m.Score)
	m.Score.Winner = matches.Winner(m.Status, m.Score)
	report := p.report(n, field)
	if len(p.out.Problems) == before {
		p.out.Rows = append(p.out.Rows, Row{Line: n.line, Field: field, Match: m, Report: report})
	}
}

// report reads goals1 and goals2, the goals that count for either team. A goal is such as
// {"name": "Oscar", "minute": 90, "offset": 1}, with "penalty" or "owngoal" if it was one.
// Neither list has the goals of a shoot-out.
func (p *rows) report(n *node, field string) *reports.Report {
	if n.members["goals1"].isNull() && n.members["goals2"].isNull() {
		return nil
	}
	r := &reports.Report{Types: reports.Goals}
	for _, side := range [][2]string{{"goals1", reports.Home}, {"goals2", reports.Away}} {
		name, team := side[0], side[1]
		list := n.members[name]
		if !list.isNull() && !list.isList {
			p.problem(list, join(field, name), "want a list, got "+list.kind())
			continue
		}
		if list.isNull() {
			continue
		}
		for i, goal := range list.items {
			r.Events = append(r.Events, p.goal(goal, fmt.Sprintf("%s[%d]", join(field, name), i), team))
		}
	}
	return r
}

func (p *rows) goal(n *node, field, team string) reports.Event {
	e := reports.Event{Type: reports.Goal, Team: team}
	if n.members == nil {
		p.problem(n, field, "want an object, got "+n.kind())
		return e
	}
	e.Player = optional(p.text(n, field, "name"))
	e.Minute = p.number(n.members["minute"], join(field, "minute"), "a minute")
	if at := n.members["offset"]; !at.isNull() {
		added := p.number(at, join(field, "offset"), "minutes")
		e.AddedTime = &added
	}
	switch {
	case p.boolean(n, field, "owngoal"):
		e.Type = reports.OwnGoal
	case p.boolean(n, field, "penalty"):
		e.Type = reports.Penalty
	}
	return e
}

// boolean returns a boolean member, or false if it is absent, null or of another type. The
// last case is a problem.
func (p *rows) boolean(n *node, field, name string) bool {
	v := n.members[name]
	yes, ok := v.boolean()
	if !ok {
		p.problem(v, join(field, name), "want true or false, got "+v.kind())
	}
	return yes
}

func (n *node) boolean() (yes, ok bool) {
	if n.isNull() {
		return false, true
	}
	yes, ok = n.scalar.(bool)
	return yes, ok
}

// text returns a string member, or "" if it is absent, null or of another type. The last
// case is a problem.
func (p *rows) text(n *node, field, name string) string {
	v := n.members[name]
	if v.isNull() {
		return ""
	}
	s, ok := v.scalar.(string)
	if !ok {
		p.problem(v, join(field, name), "want a string, got "+v.kind())
	}
	return strings.Join(strings.Fields(s), " ")
}

// team reads a team: a name or, in older files, an object with a name.
func (p *rows) team(n *node, field, name string) string {
	v := n.members[name]
	if v.isNull() {
		p.problem(n, join(field, name), "missing")
		return ""
	}
	before := len(p.out.Problems)
	team := ""
	if v.members != nil {
		team = p.text(v, join(field, name), "name")
	} else {
		team = p.text(n, field, name)
	}
	if team == "" && len(p.out.Problems) == before {
		p.problem(v, join(field, name), "missing")
	}
	return team
}

// dateAndTime reads date and time. Times are local to the league, or have an offset.
func (p *rows) dateAndTime(n *node, field string, m *matches.Match) {
	m.Date = p.text(n, field, "date")
	at := n.members["date"]
	if m.Date == "" {
		if at.isNull() {
			p.problem(n, join(field, "date"), "missing")
		}
		return
	}
	if _, err := time.Parse(time.DateOnly, m.Date); err != nil {
		p.problem(at, join(field, "date"), fmt.Sprintf("want a date such as 2015-08-08, got %q", m.Date))
		return
	}
	text := p.text(n, field, "time")
	if text == "" {
		return
	}
	local, instant, ok := kickoff(m.Date, text, p.zone)
	if !ok {
		p.problem(n.members["time"], join(field, "time"), fmt.Sprintf("want a time such as 9:30, 15:00 or 18:00 UTC+3, got %q", text))
		return
	}
	m.Time, m.KickoffAt = &local, instant
}

var clock = regexp.MustCompile(`^(\d{1,2}):(\d{2})(?:\s*(?:UTC|GMT)\s*(?:([+-])(\d{1,2})(?::?(\d{2}))?)?)?$`)

// kickoff returns the local time as HH:MM, and the instant if the zone is known.
func kickoff(date, text string, zone *time.Location) (local string, instant *string, ok bool) {
	part := clock.FindStringSubmatch(text)
	if part == nil {
		return "", nil, false
	}
	hour, _ := strconv.Atoi(part[1])
	minute, _ := strconv.Atoi(part[2])
	if hour > 23 || minute > 59 {
		return "", nil, false
	}
	local = fmt.Sprintf("%02d:%02d", hour, minute)
	if strings.ContainsAny(text, "UG") {
		h, _ := strconv.Atoi(part[4])
		m, _ := strconv.Atoi(part[5])
		offset := h*3600 + m*60
		if offset > 14*3600 || m > 59 {
			return "", nil, false
		}
		if part[3] == "-" {
			offset = -offset
		}
		zone = time.FixedZone("", offset)
	}
	if zone == nil {
		return local, nil, true
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", date+" "+local, zone)
	if err != nil {
		return "", nil, false
	}
	utc := t.UTC().Format(time.RFC3339)
	return local, &utc, true
}

// score reads {"ht": [1,0], "ft": [2,1], "et": [2,2], "p": [4,3]}, where ft is the score
// after 90 minutes. A match with {} or null has not been played. Older files have score1
// and score2, or only the full-time score.
func (p *rows) score(n *node, field string) matches.Score {
	var s matches.Score
	at := n.members["score"]
	switch {
	case at.isNull() && !n.members["score1"].isNull():
		home, away := p.number(n.members["score1"], join(field, "score1"), goals), p.number(n.members["score2"], join(field, "score2"), goals)
		s.FullTime = &matches.Goals{Home: home, Away: away}
	case at.isNull():
		return s
	case at.isList:
		s.FullTime = p.goals(at, join(field, "score"))
	case at.members == nil:
		p.problem(at, join(field, "score"), "want an object, got "+at.kind())
		return s
	default:
		in := join(field, "score")
		s.HalfTime = p.goals(at.members["ht"], join(in, "ht"))
		s.FullTime = p.goals(at.members["ft"], join(in, "ft"))
		s.ExtraTime = p.goals(at.members["et"], join(in, "et"))
		s.Penalties = p.goals(at.members["p"], join(in, "p"))
		if s.FullTime == nil && at.members["ft"].isNull() && (s.ExtraTime != nil || s.Penalties != nil) {
			p.problem(at, join(in, "ft"), "missing, but extra time or penalties are given")
		}
	}
	if s.HalfTime == nil && s.FullTime != nil && *s.FullTime == (matches.Goals{}) {
		s.HalfTime = &matches.Goals{} // no goals at full time: none at half-time either
	}
	return s
}

func (p *rows) goals(n *node, field string) *matches.Goals {
	if n.isNull() {
		return nil
	}
	if !n.isList || len(n.items) != 2 {
		p.problem(n, field, "want the goals of both teams, such as [1, 0]; got "+n.shape())
		return nil
	}
	return &matches.Goals{Home: p.number(n.items[0], field, goals), Away: p.number(n.items[1], field, goals)}
}

func (n *node) shape() string {
	if n.isList {
		return fmt.Sprintf("a list of %d", len(n.items))
	}
	return n.kind()
}

// goals describes a number of a score, for messages.
const goals = "a number of goals"

func (p *rows) number(n *node, field, what string) int {
	if n.isNull() {
		p.problem(n, field, "missing")
		return 0
	}
	text, _ := n.scalar.(json.Number)
	goals, err := strconv.Atoi(text.String())
	if err != nil || goals < 0 || goals > 999 {
		p.problem(n, field, "want "+what+", got "+n.kind())
		return 0
	}
	return goals
}

// status reads the status. Without the field, a match with a score is finished, and a match
// without one is scheduled.
func (p *rows) status(n *node, field string, s matches.Score) matches.Status {
	text := strings.ToLower(p.text(n, field, "status"))
	if text == "canceled" {
		text = string(matches.Cancelled)
	}
	switch status := matches.Status(text); {
	case status.Known():
		return status
	case text != "":
		p.problem(n.members["status"], join(field, "status"), fmt.Sprintf("unknown status %q", text))
		return ""
	case s.FullTime != nil:
		return matches.Finished
	}
	return matches.Scheduled
}

var (
	matchdayName = regexp.MustCompile(`(?i)^(?:matchday|spieltag|jornada|giornata|journée|gameweek|week|fecha) (\d{1,3})$`)
	matchdayRank = regexp.MustCompile(`(?i)^(\d{1,3})\. ?(?:round|matchday|spieltag|runde)$`)
	roundName    = regexp.MustCompile(`(?i)^round (\d{1,3})$`)
	groupName    = regexp.MustCompile(`(?i)^group [a-z0-9]{1,2}$`)
	tableLeague  = regexp.MustCompile(`\.\d+[a-z]?$`)
)

// parseRound splits a round such as "Apertura, Matchday 1". Parts that are neither a
// matchday nor a group are the stage, except for the last part. "Round 1" is a matchday in
// a league (en.1) and a knock-out round elsewhere (de.cup).
func parseRound(league, round string) (stage, group string, matchday *int) {
	parts := strings.Split(round, ",")
	var stages []string
	for i, part := range parts {
		part = strings.TrimSpace(part)
		number := matchdayName.FindStringSubmatch(part)
		if number == nil {
			number = matchdayRank.FindStringSubmatch(part)
		}
		if number == nil && tableLeague.MatchString(league) {
			number = roundName.FindStringSubmatch(part)
		}
		switch {
		case number != nil:
			n, _ := strconv.Atoi(number[1])
			matchday = &n
		case groupName.MatchString(part):
			group = "Group " + strings.ToUpper(part[len("group "):])
		case i < len(parts)-1 && part != "":
			stages = append(stages, part)
		}
	}
	return strings.Join(stages, ", "), group, matchday
}

func join(field, name string) string {
	if field == "" {
		return name
	}
	return field + "." + name
}

func firstNonEmpty(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
