package simulation

import (
	"fmt"

	"statgate/shared/stats/matches"
	"statgate/shared/stats/players"
	"statgate/shared/stats/reports"
)

// Source is the name under which the simulated players and matches are stored.
const Source = "simulation"

// firstNames are common names, one for each initial.
var firstNames = []string{
	"Adam", "Ben", "Callum", "Dominic", "Ewan", "Felix", "Gareth", "Harvey", "Isaac", "Jonah", "Kit", "Lewis", "Marcus",
	"Nathan", "Oscar", "Patrick", "Quentin", "Rory", "Stefan", "Toby", "Ulric", "Victor", "Wesley", "Xavier", "Yannick", "Zachary",
}

// person is a simulated player.
type person struct {
	key, name, short string
	position         *string
	born             string
}

// squad returns a club's players, in the order of the formation. They are the same in every
// match.
func squad(club string) []person {
	offset := 0
	for _, c := range club {
		offset += int(c)
	}
	list := make([]person, len(formation))
	for i := range formation {
		first, last := firstNames[(offset+7*i)%len(firstNames)], surnames[(offset*3+i*11)%len(surnames)]
		list[i] = person{
			key: fmt.Sprintf("%s/%d", club, i+1), name: first + " " + last, short: first[:1] + ". " + last, position: &formation[i],
			born: fmt.Sprintf("%d-%02d-%02d", 1994+(offset+5*i)%13, 1+(offset+i)%12, 1+(offset*7+i*3)%28),
		}
	}
	return list
}

// addSheet adds the match sheet of a match with a report, and the players in it.
func (l *League) addSheet(i int) {
	m, r := &l.Matches[i], l.Reports[i]
	l.Sheets[i] = players.Sheet{
		Key:  fmt.Sprintf("%s/%d/%s/%s", m.Season, *m.Matchday, m.Home.ID, m.Away.ID),
		Home: l.selected(m.Home, r), Away: l.selected(m.Away, r),
	}
}

// selected returns what the players of a side did by the events of a report.
func (l *League) selected(team matches.Side, r *reports.Report) []players.Selected {
	var list []players.Selected
	for i, p := range squad(team.ID) {
		l.Players[p.key] = players.Stated{Key: p.key, Name: p.name, Names: []string{p.short}, Born: &p.born, Position: p.position}
		from, to, played := 0, 90, i < starters
		var goals, yellow, red int
		for _, e := range r.Events {
			if e.Type == reports.Substitution && *e.InID == p.key {
				from, played = e.Minute, true
			}
			if *e.PlayerID != p.key {
				continue
			}
			switch e.Type {
			case reports.Goal, reports.Penalty:
				goals++
			case reports.YellowCard:
				yellow++
			case reports.RedCard:
				red, to = red+1, min(to, e.Minute)
			case reports.Substitution:
				to = min(to, e.Minute)
			}
		}
		minutes := 0
		if played {
			minutes = max(0, to-from)
		}
		list = append(list, players.Selected{Played: played, Appearance: players.Appearance{
			Player: p.key, Minutes: &minutes, Goals: goals, YellowCards: &yellow, RedCards: &red}})
	}
	return list
}
