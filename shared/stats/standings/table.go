package standings

import (
	"errors"
	"math"
	"strings"

	"statgate/shared/stats/matches"
)

// ErrNoStandings is the error for a season without a table: a knock-out, or a season
// without league matches.
var ErrNoStandings = errors.New("standings: the season has no table")

// Table is the standings of one season as the API shows them.
type Table struct {
	League string `json:"league" doc:"League id" example:"en.1"`
	Season string `json:"season" doc:"Season id" example:"2015-16"`
	AsOf   AsOf   `json:"as_of" doc:"Requested point in time; its fields are null for the latest table"`
	Data   []Row  `json:"data" doc:"Rows in table order; groups follow each other, and positions restart in each group"`
}

// AsOf is the point in time for which a table is computed. Nil fields are unbounded.
type AsOf struct {
	Round *int    `json:"round" minimum:"0" doc:"Last matchday that counts, whenever it was played; null for no bound"`
	Date  *string `json:"date" format:"date" doc:"Last local date that counts; null for no bound"`
}

// Row is one team's line.
type Row struct {
	Position       int          `json:"position" minimum:"1" doc:"Position in the table or group, from 1"`
	Group          *string      `json:"group" doc:"Group name; null if the season has no groups"`
	Team           matches.Side `json:"team" doc:"Team"`
	Played         int          `json:"played" minimum:"0" doc:"Matches played"`
	Won            int          `json:"won" minimum:"0" doc:"Matches won"`
	Drawn          int          `json:"drawn" minimum:"0" doc:"Matches drawn"`
	Lost           int          `json:"lost" minimum:"0" doc:"Matches lost"`
	GoalsFor       int          `json:"goals_for" minimum:"0" doc:"Goals scored"`
	GoalsAgainst   int          `json:"goals_against" minimum:"0" doc:"Goals conceded"`
	GoalDifference int          `json:"goal_difference" doc:"Goals scored minus goals conceded"`
	Points         int          `json:"points" doc:"Points after deductions, and after halving where the league halves points"`
	PointsPerGame  float64      `json:"points_per_game" doc:"Points divided by matches played, to three decimals; 0 before the first match"`
	Deduction      int          `json:"deduction" minimum:"0" doc:"Points deducted; already subtracted from points"`
}

// Deduction changes a team's points after a verdict. Negative points are deducted,
// positive points are returned.
type Deduction struct {
	TeamID string
	Points int
}

// Compute returns the table of one season of one league under its rules. The
// order of ms does not matter. Deductions of teams that are not listed are ignored.
// The error is [ErrNoStandings] or nil.
func Compute(rules Rules, ms []matches.Match, adj []Deduction, asOf AsOf) ([]Row, error) {
	league := make([]*matches.Match, 0, len(ms))
	for i := range ms {
		if ms[i].Group != nil || ms[i].Matchday != nil && !rules.KnockOut {
			league = append(league, &ms[i])
		}
	}
	if len(league) == 0 {
		return nil, ErrNoStandings
	}
	t := collect(rules, league, asOf)
	t.total(adj)
	t.order()
	return t.rows(), nil
}

// table is one computation. Teams are indexes of records.
type table struct {
	rules    Rules
	records  []record
	fixtures []fixture
	split    bool // a part of a split has a result
	listed   []int
}

// record has the figures of a team in one group.
type record struct {
	row          Row
	lastDate     string // date of the match from which the displayed name was taken
	listed       bool
	part         int // part of the split; the number of parts for a team in no part
	regular      int // points of the regular season
	extra        int // points of the split
	awayGoals    int
	awayConceded int // goals conceded away
	awayWins     int
	rounded      bool // half a point was lost in halving
}

// fixture is a match of the table.
type fixture struct {
	home, away int
	part       int // part of the split; -1 in the regular season
	state      state
	goals      matches.Goals
	winner     side
}

type state uint8

const (
	open      state = iota // not played yet, or not counted as of the requested round and date
	counted                // in the table
	cancelled              // will not be played
)

type side int8

const (
	away side = iota - 1
	draw
	home
)

// collect picks the matches of the table and adds up those that count.
func collect(rules Rules, league []*matches.Match, asOf AsOf) *table {
	t := &table{rules: rules, fixtures: make([]fixture, 0, len(league))}
	numbers := matchdays(league, asOf)
	within := func(i int) bool { return covers(asOf, league[i], numbers[i]) }
	regular := regularStage(rules, league, within)
	index := make(map[teamKey]int, 32)
	for i, m := range league {
		part := rules.part(stageOf(m))
		if part < 0 && stageOf(m) != regular {
			continue
		}
		f := fixture{part: part, home: t.team(index, m, &m.Home), away: t.team(index, m, &m.Away)}
		if m.Status == matches.Cancelled {
			f.state = cancelled
		} else {
			t.enlist(&t.records[f.home], m, &m.Home, part)
			t.enlist(&t.records[f.away], m, &m.Away, part)
			var known bool
			if f.goals, f.winner, known = result(m); known && within(i) {
				f.state = counted
				t.count(&f)
			}
		}
		t.fixtures = append(t.fixtures, f)
	}
	return t
}

type teamKey struct{ group, id string }

func (t *table) team(index map[teamKey]int, m *matches.Match, s *matches.Side) int {
	k := teamKey{id: s.ID}
	if m.Group != nil {
		k.group = *m.Group
	}
	i, ok := index[k]
	if !ok {
		i = len(t.records)
		index[k] = i
		t.records = append(t.records, record{part: len(t.rules.Split)})
		t.records[i].row.Group = m.Group
		t.records[i].row.Team.ID = s.ID
	}
	return i
}

// enlist marks a team as listed. Its name is the one in its latest match, because clubs
// are renamed.
func (t *table) enlist(r *record, m *matches.Match, s *matches.Side, part int) {
	if !r.listed || m.Date > r.lastDate || m.Date == r.lastDate && s.Name > r.row.Team.Name {
		r.lastDate, r.row.Team.Name = m.Date, s.Name
	}
	r.listed = true
	if part >= 0 {
		r.part = min(r.part, part)
	}
}

// result returns the goals and the winner of a match, and whether it counts. Only an awarded
// match may count without a known score, by its winner.
func result(m *matches.Match) (matches.Goals, side, bool) {
	var goals matches.Goals
	if m.Score.FullTime != nil {
		goals = *m.Score.FullTime
	}
	won := draw
	switch {
	case goals.Home > goals.Away:
		won = home
	case goals.Home < goals.Away:
		won = away
	}
	switch m.Status {
	case matches.Finished:
		return goals, won, m.Score.FullTime != nil
	case matches.Awarded:
		if m.Score.Winner != nil {
			won = map[string]side{"home": home, "away": away}[*m.Score.Winner]
		}
		return goals, won, m.Score.FullTime != nil || m.Score.Winner != nil
	}
	return goals, won, false
}

func (t *table) count(f *fixture) {
	h, a := &t.records[f.home], &t.records[f.away]
	t.add(h, f.goals.Home, f.goals.Away, f.winner, f.part)
	t.add(a, f.goals.Away, f.goals.Home, -f.winner, f.part)
	a.awayGoals += f.goals.Away
	a.awayConceded += f.goals.Home
	if f.winner == away {
		a.awayWins++
	}
	t.split = t.split || f.part >= 0
}

// add counts one match for one team; won is home for a win, away for a defeat.
func (t *table) add(r *record, scored, conceded int, won side, part int) {
	r.row.Played++
	r.row.GoalsFor += scored
	r.row.GoalsAgainst += conceded
	r.row.GoalDifference += scored - conceded
	switch won {
	case home:
		r.row.Won++
	case draw:
		r.row.Drawn++
	case away:
		r.row.Lost++
	}
	if part < 0 {
		r.regular += t.rules.points(won)
	} else {
		r.extra += t.rules.points(won)
	}
}

// total sets the points. Deductions apply in full after halving, because a verdict names
// points of the table.
func (t *table) total(adj []Deduction) {
	byTeam := make(map[string]int, len(adj))
	for _, d := range adj {
		byTeam[d.TeamID] += d.Points
	}
	for i := range t.records {
		r := &t.records[i]
		if t.split && t.rules.Halve {
			r.rounded = r.regular%2 != 0
			r.regular /= 2
		}
		d := byTeam[r.row.Team.ID]
		r.row.Deduction = max(0, -d)
		r.row.Points = r.regular + r.extra + d
		if r.row.Played > 0 {
			r.row.PointsPerGame = math.Round(1000*float64(r.row.Points)/float64(r.row.Played)) / 1000
		}
		if !t.split {
			r.part = 0
		}
		if r.listed {
			t.listed = append(t.listed, i)
		}
	}
}

// rows returns the ordered teams with their positions.
func (t *table) rows() []Row {
	rows := make([]Row, 0, len(t.listed))
	position := 0
	for n, i := range t.listed {
		if n > 0 && groupOf(&t.records[i]) != groupOf(&t.records[t.listed[n-1]]) {
			position = 0
		}
		position++
		row := t.records[i].row
		row.Position = position
		rows = append(rows, row)
	}
	return rows
}

func groupOf(r *record) string {
	if r.row.Group == nil {
		return ""
	}
	return *r.row.Group
}

func stageOf(m *matches.Match) string {
	if m.Stage == nil {
		return ""
	}
	return strings.TrimSpace(*m.Stage)
}
