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

// add counts a played match of the team, and returns its letter in the form.
func (r *record) add(m *matches.Match, team string) string {
	o := m.Outcome(team)
	r.Played, r.GoalsFor, r.GoalsAgainst = r.Played+1, r.GoalsFor+o.For, r.GoalsAgainst+o.Against
	switch o.Result {
	case matches.Won:
		r.Won++
	case matches.Drawn:
		r.Drawn++
	case matches.Lost:
		r.Lost++
	}
	return string(o.Result)
}

func (r *record) text() string {
	return fmt.Sprintf("%d: won %d, drawn %d, lost %d, goals %d:%d", r.Played, r.Won, r.Drawn, r.Lost, r.GoalsFor, r.GoalsAgainst)
}
