package importer

import (
	"statgate/shared/sources/simulation"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
)

// Simulated returns the seasons of the simulated league, for [Put].
func Simulated(sim simulation.League) []Season {
	var seasons []Season
	for _, s := range sim.Seasons {
		one := Season{League: sim.League.ID, Name: sim.League.Name, Season: s.ID, Reports: map[int]*reports.Report{}}
		for i, m := range sim.Matches {
			if string(m.Season) == s.ID {
				if told := sim.Reports[i]; told != nil {
					one.Reports[len(one.Matches)] = told
				}
				m.League, m.Owner = matches.Ref(sim.League.ID), matches.Public
				one.Matches = append(one.Matches, m)
			}
		}
		seasons = append(seasons, one)
	}
	return seasons
}
