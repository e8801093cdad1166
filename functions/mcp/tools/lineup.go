package tools

import (
	"encoding/json"
	"strings"

	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
)

// Bounds of a row with players, so that it fits into any answer.
const (
	maxPlayerName = 30   // characters
	maxPlayers    = 1500 // bytes of JSON
)

// lineupRows returns the players of each side, the starters first. A list that is too long
// for a row has further rows.
func lineupRows(l *reports.Lineups, m *matches.Match, full bool) []reportRow {
	var all []reportRow
	for _, part := range []struct {
		side, team, what string
		players          []reports.LineupPlayer
	}{
		{reports.Home, m.Home.Name, "starters", l.Home.Starters}, {reports.Home, m.Home.Name, "substitutes", l.Home.Substitutes},
		{reports.Away, m.Away.Name, "starters", l.Away.Starters}, {reports.Away, m.Away.Name, "substitutes", l.Away.Substitutes},
	} {
		for _, players := range inRows(part.players, full) {
			all = append(all, reportRow{Part: "lineups", Type: part.what, Side: &part.side, Players: players,
				line: line("%s, %s: %s", short(part.team), part.what, strings.Join(players, ", "))})
		}
	}
	return all
}

// inRows divides the texts of players into rows.
func inRows(players []reports.LineupPlayer, full bool) [][]string {
	var all [][]string
	size := 0
	for _, p := range players {
		text := lineupText(&p, full)
		raw, err := json.Marshal(text)
		if err != nil {
			continue // a string has an encoding
		}
		if size += len(raw); len(all) == 0 || size > maxPlayers {
			all, size = append(all, nil), len(raw)
		}
		all[len(all)-1] = append(all[len(all)-1], text)
	}
	return all
}

// lineupText returns a player of a lineup, in full detail with id and position.
func lineupText(p *reports.LineupPlayer, full bool) string {
	name := shortest(p.Name)
	if full {
		name = playerText(name, p.ID)
	}
	if full && p.Position != nil {
		name += " (" + shortest(*p.Position) + ")"
	}
	return name
}

// playerText returns a name with its id, if that is known.
func playerText(name string, id *string) string {
	if id == nil {
		return name
	}
	return name + line(" [%s]", *id)
}

// shortest returns a player's name in a lineup.
func shortest(name string) string {
	letters := []rune(short(name))
	if len(letters) <= maxPlayerName {
		return string(letters)
	}
	return string(letters[:maxPlayerName-1]) + "…"
}
