package importer

import (
	"context"
	"fmt"
	"slices"

	"statgate/shared/sources/openfootball"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/players"
	"statgate/shared/stats/reports"
)

// PlayerCounts counts players and statistics. Total counts the players of the files who are
// in a lineup of a stored match. Matches counts the match sheets of the files, Recorded
// those that changed statistics.
type PlayerCounts struct {
	Total int
	players.Changes
	Matches, Recorded int
}

// sheets collects the match sheets of a source for stored matches.
type sheets struct {
	source string
	known  map[string]players.Stated // by the source's own id
	places []openfootball.Problem
	list   []sheet
}

type sheet struct {
	match  *matches.Match
	sheet  players.Sheet
	report *reports.Report // with the source's own ids of players; nil without a report
}

func newSheets(source string, known map[string]players.Stated) *sheets {
	return &sheets{source: source, known: known}
}

// add adds the match sheet and the report of a stored match.
func (s *sheets) add(at openfootball.Problem, m *matches.Match, from players.Sheet, r *reports.Report) {
	s.list, s.places = append(s.list, sheet{m, from, r}), append(s.places, at)
}

// putSheets stores the players of the match sheets, then the report of each match, which
// refers to them, and who played in it. It writes only changes.
func (im *run) putSheets(ctx context.Context, s *sheets) error {
	list := im.statedPlayers(s)
	im.report.Players.Total += len(list)
	ids, changes, err := im.players.Put(ctx, s.source, list)
	im.report.Players.New += changes.New
	im.report.Players.Changed += changes.Changed
	if err != nil {
		return err
	}
	for _, one := range s.list {
		if one.report != nil {
			if err := im.putReport(ctx, one.match.ID, one.report.WithPlayers(ids)); err != nil {
				return fmt.Errorf("storing a report: %w", err)
			}
		}
		m := players.Match{Source: s.source, Key: one.sheet.Key, League: string(one.match.League), Season: string(one.match.Season)}
		for team, side := range one.sides() {
			for _, p := range side {
				if id, ok := ids[p.Player]; ok && p.Played {
					a := p.Appearance
					a.Player, a.Team = id, team
					m.Appearances = append(m.Appearances, a)
				}
			}
		}
		changed, err := im.players.Record(ctx, m)
		if err != nil {
			return err
		}
		im.report.Players.Matches++
		if changed {
			im.report.Players.Recorded++
		}
	}
	return nil
}

// sides returns the lineups by team.
func (s sheet) sides() map[string][]players.Selected {
	return map[string][]players.Selected{s.match.Home.ID: s.sheet.Home, s.match.Away.ID: s.sheet.Away}
}

// statedPlayers returns the players of the match sheets, each with the team of the latest
// lineup, in the order in which they are first listed.
func (im *run) statedPlayers(s *sheets) []players.Stated {
	at := map[string]int{}
	var list []players.Stated
	for n, one := range s.list {
		for _, team := range []string{one.match.Home.ID, one.match.Away.ID} {
			for _, p := range one.sides()[team] {
				stated, ok := s.known[p.Player]
				if !ok {
					continue
				}
				i, listed := at[p.Player]
				if !listed {
					i, at[p.Player] = len(list), len(list)
					stated.Names = slices.Clone(stated.Names)
					im.clean(s.places[n], &stated)
					list = append(list, stated)
				}
				if kickoff := deref(one.match.KickoffAt, one.match.Date); kickoff > list[i].TeamAt {
					list[i].Team, list[i].TeamAt = &team, kickoff
				}
			}
		}
	}
	return list
}

// deref returns a text, or another one if it is null.
func deref(text *string, or string) string {
	if text == nil {
		return or
	}
	return *text
}
