package importer

import (
	"statgate/shared/matches"
	"statgate/shared/simulation"
)

// Simulated is the seasons of the simulated league, for [Put].
func Simulated(sim simulation.League) []Season {
	var seasons []Season
	for _, s := range sim.Seasons {
		one := Season{League: sim.League.ID, Name: sim.League.Name, Season: s.ID}
		for _, m := range sim.Matches {
			if string(m.Season) == s.ID {
				m.League, m.Owner = matches.Ref(sim.League.ID), matches.Public
				one.Matches = append(one.Matches, m)
			}
		}
		seasons = append(seasons, one)
	}
	return seasons
}
