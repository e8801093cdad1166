package tools

import (
	"slices"
	"strings"

	"statgate/shared/stats/leagues"
	"statgate/shared/stats/players"
	"statgate/shared/stats/teams"
)

const (
	detailFull = "full"
	// usualRows is the number of rows of an answer by default: a round of most leagues.
	usualRows = 10
	// maxSpellings bounds the other spellings of a name that an answer shows.
	maxSpellings = 5
)

func leagueFound(l leagues.League) foundRow {
	row := foundRow{ID: l.ID, Name: l.Name, Country: l.Country}
	if l.CurrentSeason != nil {
		row.more = line("latest season %s", *l.CurrentSeason)
	}
	return row
}

func teamFound(t teams.Team) foundRow {
	row := foundRow{ID: t.ID, Name: t.Name, Country: t.Country}
	if also := otherSpellings(t); len(also) > 0 {
		row.more = "also " + strings.Join(also, ", ")
	}
	return row
}

func playerFound(p players.Player) foundRow {
	row := foundRow{ID: p.ID, Name: p.Name, Country: p.Country}
	row.more = strings.Join(playerFacts(p), ", ")
	return row
}

// playerFacts returns the known facts about a player besides name and country.
func playerFacts(p players.Player) []string {
	var facts []string
	if p.Position != nil {
		facts = append(facts, short(*p.Position))
	}
	if p.Born != nil {
		facts = append(facts, line("born %s", short(*p.Born)))
	}
	if p.Team != nil {
		facts = append(facts, line("of %s", short(*p.Team)))
	}
	return facts
}

// otherSpellings returns some spellings of a team's name besides the name.
func otherSpellings(t teams.Team) []string {
	var also []string
	for _, spelling := range t.Names {
		if text := short(spelling); text != short(t.Name) && !slices.Contains(also, text) && len(also) < maxSpellings {
			also = append(also, text)
		}
	}
	return also
}
