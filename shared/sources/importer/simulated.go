package importer

import (
	"statgate/shared/sources/simulation"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/players"
	"statgate/shared/stats/reports"
)

// Simulated returns the seasons of the simulated league, for [Put].
func Simulated(sim simulation.League) []Season {
	var seasons []Season
	for _, s := range sim.Seasons {
		season := Season{League: sim.League.ID, Name: sim.League.Name, Season: s.ID, Reports: map[int]*reports.Report{},
			Source: simulation.Source, Sheets: map[int]players.Sheet{}, Players: sim.Players}
		for i, m := range sim.Matches {
			if string(m.Season) == s.ID {
				if report := sim.Reports[i]; report != nil {
					season.Reports[len(season.Matches)] = report
				}
				if sheet, ok := sim.Sheets[i]; ok {
					season.Sheets[len(season.Matches)] = sheet
				}
				m.League, m.Owner = matches.Ref(sim.League.ID), matches.Public
				season.Matches = append(season.Matches, m)
			}
		}
		seasons = append(seasons, season)
	}
	return seasons
}
