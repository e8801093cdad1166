// Package wyscout reads the open data set of match reports by Wyscout (Pappalardo
// et al., "A public data set of spatio-temporal match events in soccer
// competitions", Scientific Data 6, 236, 2019): lineups, cards and substitutions of
// every match of a competition and, for matches with a file of events, statistics. It uses
// no store; matches are identified by teams and kick-off.
package wyscout

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"statgate/shared/sources/openfootball"
	"statgate/shared/stats/players"
	"statgate/shared/stats/reports"
)

// Match is one match with its report.
type Match struct {
	At                       openfootball.Problem // the match's place in its file, without a message
	Home, Away               string               // the data set's spellings
	HomeCountry, AwayCountry string               // codes of the clubs' associations; "" for national teams
	Kickoff                  time.Time
	Report                   reports.Report // with the data set's ids of players
	Sheet                    players.Sheet
}

// Set is the content of a folder.
type Set struct {
	Files    int // files read
	Matches  []Match
	Players  map[string]players.Stated // by the data set's id
	Problems []openfootball.Problem
}

// spellings maps names of teams to the spelling of other open data.
var spellings = map[string]string{"Korea Republic": "South Korea"}

type team struct {
	ID   int    `json:"wyId"`
	Name string `json:"name"`
	Type string `json:"type"` // club or national
	Area area   `json:"area"`
}

type match struct {
	ID       int             `json:"wyId"`
	Duration string          `json:"duration"` // [regular], ExtraTime or Penalties
	UTC      string          `json:"dateutc"`  // 2018-07-15 15:00:00
	Teams    map[string]side `json:"teamsData"`
}

type side struct {
	Side      string    `json:"side"` // home or away
	Team      int       `json:"teamId"`
	Formation formation `json:"formation"`
}

type formation struct {
	Lineup        []selected      `json:"lineup"`
	Bench         []selected      `json:"bench"`
	Substitutions json.RawMessage `json:"substitutions"` // a list, or the string "null"
}

// regular is the duration of a match without extra time.
const regular = "Regular"

// selected is a player with the minutes of their cards, "0" without a card. Goals are
// without own goals.
type selected struct {
	Player  int    `json:"playerId"`
	Goals   string `json:"goals"`
	Assists string `json:"assists"`
	Yellow  string `json:"yellowCards"`
	Red     string `json:"redCards"`
}

type substitution struct {
	In     int `json:"playerIn"`
	Out    int `json:"playerOut"`
	Minute int `json:"minute"`
}

// folder is the state of one Read.
type folder struct {
	dir     string
	set     Set
	teams   map[int]team
	players map[int]player
}

// Read reads a folder with teams.json, players.json, matches/*.json and, for some
// matches, events/<id>.json. It reports unreadable parts as problems and
// reads the rest.
func Read(dir string) Set {
	f := &folder{dir: dir, teams: map[int]team{}, players: map[int]player{}, set: Set{Players: map[string]players.Stated{}}}
	var teams []team
	var list []player
	f.read("teams.json", &teams)
	f.read("players.json", &list)
	for _, t := range teams {
		t.Name = unescaped(t.Name)
		if other, ok := spellings[t.Name]; ok {
			t.Name = other
		}
		f.teams[t.ID] = t
	}
	for _, p := range list {
		p.decode()
		f.players[p.ID] = p
		stated := f.stated(p)
		f.set.Players[stated.Key] = stated
	}
	files, err := filepath.Glob(filepath.Join(dir, "matches", "*.json"))
	if err != nil || len(files) == 0 {
		f.problem(openfootball.Problem{File: dir}, "no file matches/*.json found")
	}
	for _, file := range files {
		name := filepath.Join("matches", filepath.Base(file))
		var list []match
		f.read(name, &list)
		for i, m := range list {
			f.match(openfootball.Problem{File: filepath.Join(dir, name), Field: fmt.Sprintf("[%d]", i)}, m)
		}
	}
	return f.set
}

// unescaped decodes names that were escaped twice ("Modri\u0107").
func unescaped(name string) string {
	if plain, err := strconv.Unquote(`"` + name + `"`); err == nil {
		name = plain
	}
	return strings.TrimSpace(name)
}

func (f *folder) problem(at openfootball.Problem, message string) {
	at.Message = message
	f.set.Problems = append(f.set.Problems, at)
}

// read decodes a file of the folder. It returns false and reports a problem if the file is
// missing or unreadable.
func (f *folder) read(name string, into any) bool {
	file := filepath.Join(f.dir, name)
	raw, err := os.ReadFile(file)
	if err == nil {
		if err = json.Unmarshal(raw, into); err == nil {
			f.set.Files++
			return true
		}
		err = fmt.Errorf("unreadable JSON: %w", err)
	} else if cause := new(fs.PathError); errors.As(err, &cause) {
		err = cause.Err
	}
	f.problem(openfootball.Problem{File: file}, err.Error())
	return false
}

// match keeps a match if all its parts are readable, and otherwise drops it.
func (f *folder) match(at openfootball.Problem, m match) {
	out := Match{At: at, Report: reports.Report{Types: append(append([]reports.EventType{}, reports.Cards...), reports.Substitutions...), Lineups: &reports.Lineups{}}}
	var err error
	if out.Kickoff, err = time.Parse(time.DateTime, m.UTC); err != nil {
		f.problem(at, fmt.Sprintf("dateutc: want a time such as 2018-07-15 15:00:00, got %q", m.UTC))
		return
	}
	out.Sheet.Key = strconv.Itoa(m.ID)
	sides := map[int]string{}
	for _, s := range m.Teams {
		of, lineup := f.teams[s.Team], &out.Report.Lineups.Home
		sides[s.Team] = s.Side
		if s.Side == reports.Away {
			lineup = &out.Report.Lineups.Away
			out.Away, out.AwayCountry, out.Sheet.Away = of.Name, of.clubCountry(), sheet(s, m.Duration)
		} else {
			out.Home, out.HomeCountry, out.Sheet.Home = of.Name, of.clubCountry(), sheet(s, m.Duration)
		}
		if err := f.side(&out.Report, lineup, s, m.Duration); err != nil {
			f.problem(at, err.Error())
			return
		}
	}
	if out.Home == "" || out.Away == "" {
		f.problem(at, "a team is missing or not in teams.json")
		return
	}
	if _, err := os.Stat(filepath.Join(f.dir, "events", fmt.Sprint(m.ID, ".json"))); err == nil {
		var events []event
		if f.read(filepath.Join("events", fmt.Sprint(m.ID, ".json")), &events) {
			out.Report.Stats = count(events, sides, out.Report.Events)
		}
	}
	f.set.Matches = append(f.set.Matches, out)
}

// side reads a team's lineup, cards and substitutions.
func (f *folder) side(r *reports.Report, lineup *reports.Lineup, s side, duration string) error {
	for _, list := range []struct {
		from []selected
		to   *[]reports.LineupPlayer
	}{{s.Formation.Lineup, &lineup.Starters}, {s.Formation.Bench, &lineup.Substitutes}} {
		*list.to = make([]reports.LineupPlayer, 0, len(list.from))
		for _, sel := range list.from {
			p, ok := f.players[sel.Player]
			if !ok {
				return fmt.Errorf("player %d is not in players.json", sel.Player)
			}
			*list.to = append(*list.to, reports.LineupPlayer{Name: p.Name, ID: p.ref(), Position: position(p.Role.Name)})
			for i, minute := range []string{sel.Yellow, sel.Red} {
				if n, err := strconv.Atoi(minute); err == nil && n > 0 {
					r.Events = append(r.Events, withMinute(reports.Event{Type: reports.Cards[i], Team: s.Side, Player: &p.Name, PlayerID: p.ref()}, n, duration))
				}
			}
		}
	}
	for _, sub := range s.substitutions() {
		off, on := f.players[sub.Out], f.players[sub.In]
		if off.Name == "" || on.Name == "" {
			return fmt.Errorf("substitution: player %d or %d is not in players.json", sub.Out, sub.In)
		}
		r.Events = append(r.Events, withMinute(reports.Event{Type: reports.Substitution, Team: s.Side, Player: &off.Name, PlayerIn: &on.Name, PlayerID: off.ref(), InID: on.ref()}, sub.Minute, duration))
	}
	return nil
}

// withMinute sets the minute and the added time. The data set counts minutes beyond the
// last regular one; these become added time. Added time before half-time and before extra
// time cannot be distinguished from the minutes that follow, so those minutes are
// unchanged.
func withMinute(e reports.Event, minute int, duration string) reports.Event {
	last := 120
	if duration == regular {
		last = 90
	}
	e.Minute = min(minute, last)
	if added := minute - last; added > 0 {
		e.AddedTime = &added
	}
	return e
}

func position(role string) *string {
	name := strings.ToLower(role)
	switch name {
	case "goalkeeper", "defender", "midfielder", "forward":
		return &name
	}
	return nil
}
