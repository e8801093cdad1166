package simulation

import (
	"math/rand/v2"

	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
)

// reportedMatchdays is how many of the latest finished matchdays have reports.
const reportedMatchdays = 3

// surnames are invented or very common names.
var surnames = []string{
	"Abbotsby", "Bramhale", "Corrin", "Dunlevy", "Eastgrove", "Farrowby", "Galloran", "Hartsmere", "Inglecote", "Jessop",
	"Kettleby", "Lowther", "Marchbank", "Netherby", "Ormscale", "Penhallow", "Quarrell", "Rushmere", "Saltersby", "Thornley",
	"Underhay", "Vasey", "Wexcombe", "Yarrowdale", "Ashcombe", "Birkby", "Calderside", "Drayford", "Elsmore", "Fennimore",
}

// formation lists the positions of the eleven starters, then of the bench.
var formation = []string{
	"goalkeeper", "defender", "defender", "defender", "defender", "midfielder", "midfielder", "midfielder", "midfielder", "forward", "forward",
	"goalkeeper", "defender", "defender", "midfielder", "midfielder", "forward", "forward",
}

const starters = 11

// report invents reports of the latest finished matches. It uses random numbers of its
// own, which depend only on the seed and the place of the match. So results are the same
// with and without reports.
func (l *League) report(seed int64, season, first int) {
	for i := first; i < len(l.Matches); i++ {
		m := &l.Matches[i]
		current := l.Seasons[len(l.Seasons)-1].CurrentMatchday
		if m.Status != matches.Finished || *m.Matchday <= *current-reportedMatchdays {
			continue
		}
		rng := rand.New(rand.NewPCG(uint64(seed)<<8|uint64(season), uint64(i-first)))
		l.Reports[i] = inventReport(rng, m)
		l.addSheet(i)
	}
}

// teamSheet collects the lineup and the events of one side.
type teamSheet struct {
	side    string
	players []reports.LineupPlayer
	events  []reports.Event
}

// inventReport returns a report whose goals add up to the match's result.
func inventReport(rng *rand.Rand, m *matches.Match) *reports.Report {
	home, away := newTeamSheet(reports.Home, m.Home.ID), newTeamSheet(reports.Away, m.Away.ID)
	half, full := m.Score.HalfTime, m.Score.FullTime
	home.goals(rng, away, half.Home, full.Home)
	away.goals(rng, home, half.Away, full.Away)
	r := &reports.Report{Lineups: &reports.Lineups{}, Stats: &reports.Stats{}}
	cards := map[*teamSheet]int{}
	for _, s := range []*teamSheet{home, away} {
		cards[s] = s.cards(rng)
		s.substitutions(rng)
		r.Events = append(r.Events, s.events...)
	}
	r.Types = append(append(append(r.Types, reports.Goals...), reports.Cards...), reports.Substitutions...)
	r.Lineups.Home, r.Lineups.Away = home.lineup(), away.lineup()
	r.Stats.Data = figures(rng, *full, cards[home], cards[away])
	return r
}

// newTeamSheet lists a club's players, who are the same in every match.
func newTeamSheet(side, club string) *teamSheet {
	s := &teamSheet{side: side}
	for _, p := range squad(club) {
		s.players = append(s.players, reports.LineupPlayer{Name: p.short, ID: &p.key, Position: p.position})
	}
	return s
}

func (s *teamSheet) lineup() reports.Lineup {
	return reports.Lineup{Starters: s.players[:starters], Substitutes: s.players[starters:]}
}

// goals draws the goals that count for the side: total goals, of which firstHalf are before
// half-time. About one in ten is a penalty, and one in thirty an own goal by the other side.
func (s *teamSheet) goals(rng *rand.Rand, other *teamSheet, firstHalf, total int) {
	for n := range total {
		e := reports.Event{Type: reports.Goal, Team: s.side, Minute: 46 + rng.IntN(45)}
		if n < firstHalf {
			e.Minute = 1 + rng.IntN(45)
		}
		scorer := &s.players[1+rng.IntN(starters-1)]
		switch draw := rng.IntN(30); {
		case draw == 0:
			e.Type, scorer = reports.OwnGoal, &other.players[1+rng.IntN(starters-1)]
		case draw <= 3:
			e.Type = reports.Penalty
		}
		e.Player, e.PlayerID = &scorer.Name, scorer.ID
		if e.Minute%45 == 0 {
			added := 1 + rng.IntN(4)
			e.AddedTime = &added
		}
		s.events = append(s.events, e)
	}
}

// cards draws at most one card per player, and returns their number.
func (s *teamSheet) cards(rng *rand.Rand) int {
	n := min(poisson(rng, 1.6), starters-1)
	for _, p := range rng.Perm(starters - 1)[:n] {
		kind := reports.YellowCard
		if rng.IntN(25) == 0 {
			kind = reports.RedCard
		}
		s.events = append(s.events, reports.Event{Type: kind, Team: s.side, Player: &s.players[1+p].Name, PlayerID: s.players[1+p].ID, Minute: 5 + rng.IntN(85)})
	}
	return n
}

// substitutions draws three substitutions, each of two players of the same position.
func (s *teamSheet) substitutions(rng *rand.Rand) {
	for _, pair := range [][2]int{{4, 12}, {8, 14}, {10, 16}} {
		off, on := &s.players[pair[0]], &s.players[pair[1]]
		s.events = append(s.events, reports.Event{Type: reports.Substitution, Team: s.side, Minute: 55 + rng.IntN(34),
			Player: &off.Name, PlayerIn: &on.Name, PlayerID: off.ID, InID: on.ID})
	}
}

// figures draws statistics. No side has fewer shots than goals, or fewer fouls than cards.
func figures(rng *rand.Rand, goals matches.Goals, homeCards, awayCards int) []reports.Section {
	stat := func(name string, home, away int) reports.Stat {
		return reports.Stat{Name: name, Home: home, Away: away}
	}
	on := matches.Goals{Home: goals.Home + rng.IntN(5), Away: goals.Away + rng.IntN(5)}
	return []reports.Section{
		{Section: "attack", Stats: []reports.Stat{stat("shots", on.Home+rng.IntN(9), on.Away+rng.IntN(9)), stat("shots_on_target", on.Home, on.Away)}},
		{Section: "set_pieces", Stats: []reports.Stat{stat("corners", rng.IntN(12), rng.IntN(12))}},
		{Section: "discipline", Stats: []reports.Stat{stat("fouls", homeCards+rng.IntN(12), awayCards+rng.IntN(12))}},
	}
}
