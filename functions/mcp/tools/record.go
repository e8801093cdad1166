package tools

import (
	"fmt"

	"statgate/shared/stats/matches"
)

// record is the record of a team in some matches.
type record struct {
	Played       int `json:"played" doc:"Matches played"`
	Won          int `json:"won" doc:"Matches won, after extra time and penalties if there were any"`
	Drawn        int `json:"drawn" doc:"Matches drawn"`
	Lost         int `json:"lost" doc:"Matches lost"`
	GoalsFor     int `json:"goals_for" doc:"Goals scored, including extra time, without penalty shoot-outs"`
	GoalsAgainst int `json:"goals_against" doc:"Goals conceded, including extra time, without penalty shoot-outs"`
}

// add counts a played match of the team, and returns its letter in the form: W, D or L.
func (r *record) add(m *matches.Match, team string) string {
	r.Played++
	home := m.Home.ID == team
	if g := goalsOf(m.Score); g != nil && home {
		r.GoalsFor, r.GoalsAgainst = r.GoalsFor+g.Home, r.GoalsAgainst+g.Away
	} else if g != nil {
		r.GoalsFor, r.GoalsAgainst = r.GoalsFor+g.Away, r.GoalsAgainst+g.Home
	}
	switch {
	case m.Score.Winner == nil:
		return "?"
	case *m.Score.Winner == "draw":
		r.Drawn++
		return "D"
	case (*m.Score.Winner == "home") == home:
		r.Won++
		return "W"
	}
	r.Lost++
	return "L"
}

func (r *record) text() string {
	return fmt.Sprintf("%d: won %d, drawn %d, lost %d, goals %d:%d", r.Played, r.Won, r.Drawn, r.Lost, r.GoalsFor, r.GoalsAgainst)
}
